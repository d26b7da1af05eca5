//! Queries on messages about referrals. They do not check who asks: a caller who may know of a referral may read its messages,
//! and that must be checked before.

use diesel::prelude::*;

use crate::binding::{self, RowCode};
use crate::db::schema::{referral_messages, referrals};
use crate::db::{DbConn, dialect, stale};
use crate::error::{Error, Result};
use crate::http::page::PageStart;
use crate::id::{MessageId, PartnerId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::on_backend;
use crate::referrals::messages::MessageKind;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse, Sealed, Vault};

/// A message about a referral, as one row of the database. Its text is sealed (encrypted).
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
    pub asks_for_new_report: bool,
    pub code: Option<RowCode>,
}

/// A position in a list of messages, from which the next page starts: the time of the last message shown, in microseconds, and
/// its identifier.
pub type MessagePosition = (i64, MessageId);

impl SealedMessage {
    /// Makes a message that the member of staff `by` writes to the sender, and seals its text.
    pub fn by_staff(
        referral_id: ReferralId,
        what: (MessageKind, &ConfidentialProse),
        by: StaffId,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        Self::new(referral_id, what, (Some(by), None), vault, moment)
    }

    /// Makes a message that the partner agency `by` writes to the office, and seals its text.
    pub fn by_sender(
        referral_id: ReferralId,
        what: (MessageKind, &ConfidentialProse),
        by: PartnerId,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        Self::new(referral_id, what, (None, Some(by)), vault, moment)
    }

    fn new(
        referral_id: ReferralId,
        (kind, text): (MessageKind, &ConfidentialProse),
        (staff_id, partner_id): (Option<StaffId>, Option<PartnerId>),
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        let id: MessageId = moment.id();
        let text = vault.seal(vault::REFERRAL_MESSAGE, id.uuid(), text.reveal().as_ref().as_bytes(), &moment.random)?;
        Ok(Self {
            id,
            referral_id,
            kind,
            staff_id,
            partner_id,
            at: moment.now,
            text,
            asks_for_new_report: false,
            code: Some(RowCode::fresh()),
        })
    }

    /// The position of the message in a list that is ordered by time.
    pub fn position(&self) -> MessagePosition {
        (self.at.micros(), self.id)
    }
}

pub fn insert(conn: &mut DbConn, message: &SealedMessage) -> Result<()> {
    let row = binding::coded(conn, message)?;
    on_backend!(conn, conn => diesel::insert_into(referral_messages::table).values(row).execute(conn))?;
    Ok(())
}

/// Locks a referral until the transaction ends. Fails as stale if its version is no longer `version`, by which it was judged
/// that a message may be written.
pub fn hold(conn: &mut DbConn, referral: ReferralId, version: i32) -> Result<()> {
    dialect::hold_referral(conn, referral)?;
    let row = referrals::table.find(referral).filter(referrals::version.eq(version)).select(referrals::id);
    let held: Option<ReferralId> = on_backend!(conn, conn => row.first(conn).optional())?;
    held.map(drop).ok_or_else(stale)
}

/// Returns one page of a referral's messages, the oldest first, starting at `from`. Returns up to one message more than
/// `limit`; the extra one tells that there is a next page. With a time, only the messages until then are there.
pub fn page(
    conn: &mut DbConn,
    (referral, until): (ReferralId, Option<Timestamp>),
    from: &PageStart<MessagePosition>,
    limit: u32,
) -> Result<Vec<SealedMessage>> {
    Ok(on_backend!(conn, conn => {
        let of_referral = referral_messages::table.filter(referral_messages::referral_id.eq(referral)).into_boxed();
        let mut rows = of_referral
            .order((referral_messages::at.asc(), referral_messages::id.asc()))
            .limit(i64::from(limit) + 1);
        rows = match from {
            PageStart::Row(row) => rows.offset(i64::try_from(*row).unwrap_or(i64::MAX)),
            PageStart::After((micros, id)) => {
                let at = Timestamp::from_micros(*micros).ok_or_else(Error::not_found)?;
                let same = referral_messages::at.eq(at).and(referral_messages::id.gt(*id));
                rows.filter(referral_messages::at.gt(at).or(same))
            }
            PageStart::Empty => return Ok(Vec::new()),
        };
        if let Some(until) = until {
            rows = rows.filter(referral_messages::at.le(until));
        }
        rows.load::<SealedMessage>(conn)
    })?)
}

/// Returns one page of a referral's messages as [`page`] does, with the number of messages on all pages if `is_counted`.
pub fn counted_page(
    conn: &mut DbConn,
    referral: (ReferralId, Option<Timestamp>),
    from: &PageStart<MessagePosition>,
    limit: u32,
    is_counted: bool,
) -> Result<(Vec<SealedMessage>, Option<u64>)> {
    let total = if is_counted { Some(count(conn, referral)?) } else { None };
    Ok((page(conn, referral, from, limit)?, total))
}

/// Counts all messages of a referral, or with a time those until then.
pub fn count(conn: &mut DbConn, (referral, until): (ReferralId, Option<Timestamp>)) -> Result<u64> {
    let count: i64 = on_backend!(conn, conn => {
        let mut rows = referral_messages::table.filter(referral_messages::referral_id.eq(referral)).into_boxed();
        if let Some(until) = until {
            rows = rows.filter(referral_messages::at.le(until));
        }
        rows.count().get_result(conn)
    })?;
    Ok(u64::try_from(count).unwrap_or(0))
}
