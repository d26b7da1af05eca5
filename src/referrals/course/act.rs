//! Writing of a referral's next version, with the event in its history and the message that belongs to it, in one transaction.
//!
//! If two callers act on a referral at the same time, only one of them writes the next version. A caller that named the version
//! it had read is told that this version is stale. For a caller that named none, the step is judged again by the referral's new
//! state.

use crate::audit::Actor;
use crate::db::{DbConn, dialect};
use crate::error::Result;
use crate::families;
use crate::id::ResourceId;
use crate::moment::Moment;
use crate::referrals::course::events::{self, SealedEvent};
use crate::referrals::course::steps::StepNote;
use crate::referrals::course::table::Action;
use crate::referrals::messages::store as message_store;
use crate::referrals::messages::store::SealedMessage;
use crate::referrals::person::of_person;
use crate::referrals::store::{self, SealedReferral};
use crate::referrals::{Referral, Status};
use crate::vault::Vault;

/// The change from one version of a referral to the next, sealed (encrypted) and ready to be written: the new version, the
/// event and the message, if there is one.
#[derive(Clone)]
pub struct Transition {
    referral: SealedReferral,
    event: SealedEvent,
    message: Option<SealedMessage>,
    /// Whether the referral goes to another office, whose staff may know of the person from then on.
    moved: bool,
    was_or_is_in_error: bool,
}

impl Transition {
    /// Makes and seals the change by `action` from the version `before` of a referral to the version `after`. `said` has the
    /// reason for the event and the text of the message.
    pub fn new(
        action: Action,
        (before, after): (&Referral, &Referral),
        by: Actor,
        said: &StepNote,
        vault: &Vault,
        moment: &Moment,
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
            moved: before.office_id != after.office_id && !after.linked_silently,
            was_or_is_in_error: [before, after].iter().any(|referral| referral.status() == Status::EnteredInError),
        })
    }

    /// The message between office and sender that is written together with the change, if there is one.
    pub fn message(&self) -> Option<&SealedMessage> {
        self.message.as_ref()
    }

    /// Leaves it to the caller to note that an office has met the person.
    pub fn linked_apart(self) -> Self {
        Self { moved: false, ..self }
    }

    /// The new version of the referral, sealed.
    pub fn referral(&self) -> &SealedReferral {
        &self.referral
    }

    /// Writes the new version, the event and the message, and updates which offices have met the person and how the family was
    /// first reached. Fails as stale if somebody else wrote the next version first.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let referral = &self.referral;
        if let Some(person) = referral.person_id.filter(|_| self.moved || self.was_or_is_in_error) {
            // The person is locked before the referral, in the same order as in a change of the person, so that no two
            // transactions wait for each other.
            dialect::hold_people(conn, &[person])?;
        }
        store::update(conn, referral)?;
        events::insert(conn, &self.event)?;
        if let Some(message) = &self.message {
            message_store::insert(conn, message)?;
        }
        let source = ResourceId::from_uuid(referral.id.uuid());
        if referral.status == Status::EnteredInError {
            // A referral that was a mistake is no reason to know of anybody.
            families::links::forget(conn, source)?;
        }
        if let Some(person) = referral.person_id {
            if self.moved {
                families::store::meet_person(conn, person, referral.office_id, referral.protected, source)?;
            }
            if self.was_or_is_in_error {
                of_person::is_no_fact_any_more(conn, person)?;
            }
        }
        Ok(())
    }
}
