//! Messages as the office and the sender see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::id::{MessageId, StaffId};
use crate::referrals::messages::store::SealedMessage;
use crate::referrals::messages::{Author, MessageKind};
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialProse, Vault};

/// A message, for the office.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralMessage)]
pub struct MessageView {
    /// Identifies it.
    pub id: MessageId,
    /// What it is.
    pub kind: MessageKind,
    /// What was written.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vilka dagar har Alva varit borta?"
    #[serde(serialize_with = "vault::disclose")]
    pub text: ConfidentialProse,
    /// Which of the two has written.
    pub by: Author,
    /// Who of the office has, if it was the office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff_id: Option<StaffId>,
    /// When it was written.
    pub at: Timestamp,
    /// True where something was added to a report that had been decided: the office must say whether it is a new report.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks_for_new_report: Option<bool>,
}

/// A message, for the sender: whoever has written for the office, it is the office's.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerMessage {
    /// Identifies it.
    pub id: MessageId,
    /// What it is.
    pub kind: MessageKind,
    /// What was written.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vilka dagar har Alva varit borta?"
    #[serde(serialize_with = "vault::disclose")]
    pub text: ConfidentialProse,
    /// Which of the two has written.
    pub by: Author,
    /// When it was written.
    pub at: Timestamp,
}

impl MessageView {
    /// A message as the database has it.
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
    /// A message as the database has it.
    pub fn new(message: &SealedMessage, vault: &Vault) -> Result<Self> {
        Ok(Self {
            id: message.id,
            kind: message.kind,
            text: text(message, vault)?,
            by: author(message),
            at: message.at,
        })
    }
}

fn author(message: &SealedMessage) -> Author {
    if message.partner_id.is_some() { Author::Sender } else { Author::Office }
}

fn text(message: &SealedMessage, vault: &Vault) -> Result<ConfidentialProse> {
    let text = vault.open(vault::REFERRAL_MESSAGE, message.id.uuid(), &message.text)?;
    let text = String::from_utf8(text).map_err(|_| Error::internal("a message is no text"))?;
    let text = text.parse().map_err(|_| Error::internal("a message breaks the rule of texts"))?;
    Ok(ConfidentialProse::new(text))
}
