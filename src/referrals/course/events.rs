//! The history of a referral: events that changed it, such as a step by staff or a passed deadline, each with its actor and its
//! reason.
//!
//! The receipt is not stored as an event, since the referral itself tells when it was received.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::audit::Actor;
use crate::auth::CaseScope;
use crate::binding::{self, RowCode};
use crate::db::DbConn;
use crate::db::schema::{referral_events, referrals};
use crate::error::{Error, Result};
use crate::id::{OfficeId, PartnerId, ReferralEventId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::on_backend;
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::Action;
use crate::referrals::{Referral, Status};
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse, Sealed, Vault};

/// An event in the history of a referral, as one row of the database. Its reason is sealed (encrypted).
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = referral_events, treat_none_as_default_value = false)]
pub struct SealedEvent {
    pub id: ReferralEventId,
    pub referral_id: ReferralId,
    pub version: i32,
    pub action: Action,
    pub from_status: Status,
    pub to_status: Status,
    pub office_id: OfficeId,
    pub to_office_id: Option<OfficeId>,
    pub staff_id: Option<StaffId>,
    pub partner_id: Option<PartnerId>,
    pub at: Timestamp,
    pub told: Option<Sealed>,
    pub code: Option<RowCode>,
}

/// The reason for an event in the history of a referral: a code, words, both or neither.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventReason {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub words: Option<ConfidentialProse>,
}

impl SealedEvent {
    /// Makes the event by which `action` turned the version `before` of a referral into the version `after`, and seals its
    /// reason.
    pub fn new(
        action: Action,
        (before, after): (&Referral, &Referral),
        by: Actor,
        said: &StepNote,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        let id: ReferralEventId = moment.id();
        let told = EventReason { code: said.code.map(str::to_owned), words: said.words.clone() };
        let told = match (&told.code, &told.words) {
            (None, None) => None,
            _ => Some(vault.seal_json(vault::REFERRAL_EVENT, id.uuid(), &told, &moment.random)?),
        };
        let (staff_id, partner_id) = match by {
            Actor::Staff(id) => (Some(id), None),
            Actor::Partner(id) => (None, Some(id)),
            Actor::System => (None, None),
        };
        Ok(Self {
            id,
            referral_id: after.id,
            version: after.version,
            action,
            from_status: before.status(),
            to_status: after.status(),
            office_id: before.office_id,
            to_office_id: Some(after.office_id).filter(|office| *office != before.office_id),
            staff_id,
            partner_id,
            at: moment.now,
            told,
            code: Some(RowCode::fresh()),
        })
    }

    /// Makes the event that a referral was sent to another office because an identity became protected. Returns `None` if the
    /// referral stayed at its office.
    pub fn of_rerouting(
        (before, after): (&Referral, &Referral),
        by: StaffId,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Option<Self>> {
        if before.office_id == after.office_id {
            return Ok(None);
        }
        Self::new(Action::Reroute, (before, after), Actor::Staff(by), &StepNote::default(), vault, moment).map(Some)
    }

    /// The actor who caused the event: a member of staff, the partner agency that sent the referral, or the service itself.
    pub fn by(&self) -> Actor {
        match (self.staff_id, self.partner_id) {
            (Some(id), _) => Actor::Staff(id),
            (None, Some(id)) => Actor::Partner(id),
            (None, None) => Actor::System,
        }
    }

    /// Decrypts the reason for the event. It is empty if the event was stored without a reason.
    pub fn told(&self, vault: &Vault) -> Result<EventReason> {
        binding::check(self, vault)?;
        match &self.told {
            Some(told) => vault.open_json(vault::REFERRAL_EVENT, self.id.uuid(), told),
            None => Ok(EventReason::default()),
        }
    }
}

pub fn insert(conn: &mut DbConn, event: &SealedEvent) -> Result<()> {
    let row = binding::coded(conn, event)?;
    on_backend!(conn, conn => diesel::insert_into(referral_events::table).values(row).execute(conn))?;
    Ok(())
}

/// Returns the stored events of a referral, ordered by the version that each made.
pub fn of_referral(conn: &mut DbConn, referral: ReferralId) -> Result<Vec<SealedEvent>> {
    Ok(on_backend!(conn, conn => referral_events::table
        .filter(referral_events::referral_id.eq(referral))
        .order(referral_events::version)
        .load(conn))?)
}

/// Returns those of a referral's `events` that a reader knows who reads only their own words: the events up to the time `written`
/// of the words.
pub fn until_own(mut events: Vec<SealedEvent>, written: Timestamp) -> Vec<SealedEvent> {
    events.retain(|event| event.at <= written);
    events
}

/// Checks that an action by the member of staff `by` has sent this referral to another office, and that the referral is not
/// protected unless `sight` includes protected identities. Fails as not found otherwise.
pub fn check_sent_away(conn: &mut DbConn, sight: &CaseScope, referral: ReferralId, by: StaffId) -> Result<()> {
    let cleared = referrals::protected.eq(false).or(referrals::protected.eq(sight.protected_identity));
    let sent = referral_events::table
        .inner_join(referrals::table)
        .filter(referral_events::referral_id.eq(referral))
        .filter(referral_events::staff_id.eq(by))
        .filter(referral_events::to_office_id.is_not_null())
        .filter(cleared);
    let count: i64 = on_backend!(conn, conn => sent.count().get_result(conn))?;
    if count > 0 { Ok(()) } else { Err(Error::not_found()) }
}
