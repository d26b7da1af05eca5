//! Every query on messages. Who may read them is who may know of their referral, which is looked for before.

use diesel::prelude::*;

use crate::db::DbConn;
use crate::db::schema::referral_messages;
use crate::error::Result;
use crate::id::{MessageId, PartnerId, ReferralId, StaffId};
use crate::on_backend;
use crate::referrals::messages::MessageKind;
use crate::time::{Moment, Timestamp};
use crate::vault::{self, ConfidentialProse, Sealed, Vault};

/// A message as the database holds it: what was written is sealed.
#[expect(missing_docs, reason = "The fields are those of a message.")]
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = referral_messages, treat_none_as_default_value = false)]
pub struct SealedMessage {
    pub id: MessageId,
    pub referral_id: ReferralId,
    pub kind: MessageKind,
    pub staff_id: Option<StaffId>,
    pub partner_id: Option<PartnerId>,
    pub at: Timestamp,
    pub text: Sealed,
}

impl SealedMessage {
    /// What a member of staff writes.
    pub fn by_staff(
        referral_id: ReferralId,
        (kind, text): (MessageKind, &ConfidentialProse),
        by: StaffId,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        let id: MessageId = moment.id();
        let text = vault.seal(vault::REFERRAL_MESSAGE, id.uuid(), text.reveal().as_ref().as_bytes(), &moment.random)?;
        Ok(Self { id, referral_id, kind, staff_id: Some(by), partner_id: None, at: moment.now, text })
    }
}

/// Adds a message.
pub fn insert(conn: &mut DbConn, message: &SealedMessage) -> Result<()> {
    on_backend!(conn, conn => diesel::insert_into(referral_messages::table).values(message).execute(conn))?;
    Ok(())
}
