//! The transaction of a sender's action: it writes the referral's next version, or only a message.

use crate::audit::Actor;
use crate::db::DbConn;
use crate::error::Result;
use crate::id::PartnerId;
use crate::moment::Moment;
use crate::referrals::Referral;
use crate::referrals::course::act::Transition;
use crate::referrals::messages::store::{self as message_store, SealedMessage};
use crate::referrals::sending::sender::SenderDeedResult;
use crate::vault::Vault;

/// The sealed change that a sender's action writes: a transition of the referral, or only a message.
pub enum DeedWriting {
    Transition(Box<Transition>),
    /// A message, with the version of its referral at the time when the message was judged to be allowed.
    Message {
        message: Box<SealedMessage>,
        version: i32,
    },
}

impl DeedWriting {
    /// Seals the effect of an action that the partner agency `sender` takes on the referral `before`, ready to be written.
    pub fn new(
        before: &Referral,
        effect: &SenderDeedResult,
        sender: PartnerId,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        Ok(match effect {
            SenderDeedResult::Transition(action, after, said) => {
                let by = Actor::Partner(sender);
                Self::Transition(Box::new(Transition::new(*action, (before, after), by, said, vault, moment)?))
            }
            SenderDeedResult::Message(kind, text, asks_for_new_report) => {
                let message = SealedMessage::by_sender(before.id, (*kind, text), sender, vault, moment)?;
                let message = SealedMessage { asks_for_new_report: *asks_for_new_report, ..message };
                Self::Message { message: Box::new(message), version: before.version }
            }
        })
    }

    /// The message that the action writes, if there is one.
    pub fn message(&self) -> Option<&SealedMessage> {
        match self {
            Self::Transition(transition) => transition.message(),
            Self::Message { message, .. } => Some(message),
        }
    }

    /// Writes the change. Fails as stale if the referral no longer has the version by which the action was judged.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        match self {
            Self::Transition(transition) => transition.write(conn),
            Self::Message { message, version } => {
                message_store::hold(conn, message.referral_id, *version)?;
                message_store::insert(conn, message)
            }
        }
    }
}
