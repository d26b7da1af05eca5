//! Messages about a referral, in the forms in which the office and the sender see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::binding;
use crate::error::{Error, Result};
use crate::id::{MessageId, StaffId};
use crate::referrals::messages::store::SealedMessage;
use crate::referrals::messages::{Author, MessageKind};
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse, Vault};

/// The heading of a message that tells the child's whereabouts. The sender sees nothing below it: whether they are stored would
/// tell that the register of people has a protected registration for the child.
pub const WHEREABOUTS: &str = "Ny anmälan om samma barn, mottagen som komplettering, var barnet finns";

/// A message about a referral, as the office sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralMessage)]
pub struct MessageView {
    /// The identifier of the message.
    pub id: MessageId,
    /// The kind of the message: question, answer, supplement or other message.
    pub kind: MessageKind,
    /// The text of the message.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vilka dagar har Alva varit borta?"
    #[serde(serialize_with = "vault::disclose")]
    pub text: ConfidentialProse,
    /// The party that wrote the message: the office or the sender.
    pub by: Author,
    /// The identifier of the member of staff who wrote the message. Absent if the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff_id: Option<StaffId>,
    /// When the message was written.
    pub at: Timestamp,
    /// `true` if the message is a supplement to a concern report that had ended before. The office must then say whether the
    /// supplement is a new report.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks_for_new_report: Option<bool>,
}

/// A message about a referral, as the sender sees it. A message from the office does not tell which member of staff wrote it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerMessage {
    /// The identifier of the message.
    pub id: MessageId,
    /// The kind of the message: question, answer, supplement or other message.
    pub kind: MessageKind,
    /// The text of the message.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vilka dagar har Alva varit borta?"
    #[serde(serialize_with = "vault::disclose")]
    pub text: ConfidentialProse,
    /// The party that wrote the message: the office or the sender.
    pub by: Author,
    /// When the message was written.
    pub at: Timestamp,
}

impl MessageView {
    /// Decrypts a stored message and makes the view that the office sees.
    pub fn new(message: &SealedMessage, vault: &Vault) -> Result<Self> {
        Ok(Self {
            id: message.id,
            kind: message.kind,
            text: text(message, vault)?,
            by: author(message),
            staff_id: message.staff_id,
            at: message.at,
            asks_for_new_report: message.asks_for_new_report.then_some(true),
        })
    }
}

impl PartnerMessage {
    /// Decrypts a stored message and makes the view that the sender sees.
    pub fn new(message: &SealedMessage, vault: &Vault) -> Result<Self> {
        Ok(Self {
            id: message.id,
            kind: message.kind,
            text: without_whereabouts(text(message, vault)?)?,
            by: author(message),
            at: message.at,
        })
    }
}

fn author(message: &SealedMessage) -> Author {
    if message.partner_id.is_some() { Author::Sender } else { Author::Office }
}

fn without_whereabouts(text: ConfidentialProse) -> Result<ConfidentialProse> {
    let said: &str = text.reveal().as_ref();
    if !said.starts_with(WHEREABOUTS) {
        return Ok(text);
    }
    let told = format!("{WHEREABOUTS}\n\nUppgifterna visas bara för kontoret.").parse();
    told.map(ConfidentialProse::new).map_err(|_| Error::internal("a heading breaks the rules for texts"))
}

fn text(message: &SealedMessage, vault: &Vault) -> Result<ConfidentialProse> {
    binding::check(message, vault)?;
    let text = vault.open(vault::REFERRAL_MESSAGE, message.id.uuid(), &message.text)?;
    let text = String::from_utf8(text).map_err(|_| Error::internal("a message is not valid UTF-8"))?;
    let text = text.parse().map_err(|_| Error::internal("a message breaks the rules for texts"))?;
    Ok(ConfidentialProse::new(text))
}
