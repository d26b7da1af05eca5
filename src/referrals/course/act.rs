//! Writing a step down: the next version, the event, the message, and what the audit remembers, in one transaction.
//!
//! Two who act at once: one version has one transition. Who named the version that they had read is told that it is stale; for who did
//! not, the state decides, so their step is judged anew by what the referral has become.

use crate::audit::{self, Actor, Entry};
use crate::db::{DbConn, dialect};
use crate::error::Result;
use crate::families;
use crate::moment::Moment;
use crate::referrals::course::events::{self, SealedEvent};
use crate::referrals::course::steps::Said;
use crate::referrals::course::table::Action;
use crate::referrals::messages::store as message_store;
use crate::referrals::messages::store::SealedMessage;
use crate::referrals::person::of_person;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::{Referral, Status};
use crate::vault::Vault;

/// A transition, sealed.
#[derive(Clone)]
pub struct Transition {
    referral: SealedReferral,
    event: SealedEvent,
    message: Option<SealedMessage>,
    moved: bool,
    was_or_is_in_error: bool,
    entry: Entry,
}

impl Transition {
    /// Seals what has made `after` of `before`.
    pub fn new(
        action: Action,
        (before, after): (&Referral, &Referral),
        by: Actor,
        said: &Said,
        vault: &Vault,
        moment: &Moment,
        entry: Entry,
    ) -> Result<Self> {
        let message = match (&said.message, by) {
            (Some((kind, text)), Actor::Staff(by)) => {
                Some(SealedMessage::by_staff(after.id, (*kind, text), by, vault, moment)?)
            }
            (Some((kind, text)), Actor::Partner(by)) => {
                Some(SealedMessage::by_sender(after.id, (*kind, text), by, vault, moment)?)
            }
            _ => None,
        };
        Ok(Self {
            referral: SealedReferral::new(after, vault, &moment.random)?,
            event: SealedEvent::new(action, (before, after), by, said, vault, moment)?,
            message,
            moved: before.office_id != after.office_id,
            was_or_is_in_error: [before, after].iter().any(|referral| referral.status() == Status::EnteredInError),
            entry,
        })
    }

    /// The message that goes with it, if one does.
    pub fn message(&self) -> Option<&SealedMessage> {
        self.message.as_ref()
    }

    /// Writes it down, unless somebody else wrote the next version first.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let referral = &self.referral;
        if let Some(person) = referral.person_id.filter(|_| self.moved || self.was_or_is_in_error) {
            // Before the referral, as whoever changes the person does, so that no two wait for each other.
            dialect::hold_people(conn, &[person])?;
        }
        store::update(conn, referral)?;
        events::insert(conn, &self.event)?;
        if let Some(message) = &self.message {
            message_store::insert(conn, message)?;
        }
        if let Some(person) = referral.person_id {
            if self.moved {
                families::store::meet_person(conn, person, referral.office_id, referral.protected)?;
            }
            if self.was_or_is_in_error {
                of_person::is_no_fact_any_more(conn, person)?;
            }
        }
        audit::record(conn, &self.entry)
    }
}
