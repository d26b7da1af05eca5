//! What the sender of a referral sees. Every answer to a partner agency about its referral is made here and nowhere else, of what
//! [`crate::referrals::disclosure`] lets through.
//!
//! It follows from what the sender is and from what has been disclosed, never from what the office knows: so its ETag is a hash
//! of it, and nothing in it moves when something undisclosed happens.

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::calendar::DeadlineKind;
use crate::directory::Directory;
use crate::error::Text;
use crate::http::link::{Link, Linking};
use crate::id::{OfficeId, ReferralId};
use crate::referrals::Kind;
use crate::referrals::course::TurnTo;
use crate::referrals::course::codes::{DisclosedStatus, FeedbackValue};
use crate::referrals::disclosure::{Disclosed, DisclosedFeedback, SenderAction};
use crate::referrals::reference::Reference;
use crate::text::Localized;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine, ConfidentialProse};

/// A referral as its sender may know it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Receipt)]
pub struct Receipt {
    /// Identifies it to programs.
    pub id: ReferralId,
    /// Identifies it to people.
    pub reference: Reference,
    /// The sender's own reference.
    ///
    /// @example "2026-117"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub sender_reference: Option<ConfidentialLine>,
    /// What kind of matter it is.
    pub kind: Kind,
    /// Where it stands, as far as the sender may know.
    pub status: DisclosedStatus,
    /// When it was received.
    pub received_at: Timestamp,
    /// When something that stands here changed last.
    pub updated_at: Timestamp,
    /// The office to turn to about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<ReceivingOffice>,
    /// What happens next.
    ///
    /// @example {"en": "The office assesses at once whether the child needs protection now, and then decides whether to open an \
    /// inquiry. If it is acute, do not wait: call the office, the on-call line or 112.", "sv": "Kontoret bedömer genast om barnet \
    /// behöver skydd nu, och beslutar sedan om en utredning ska inledas. Vänta inte om det är akut: ring kontoret, socialjouren \
    /// eller 112."}
    pub next_step: Localized,
    /// The deadlines that concern the sender.
    #[schema(max_items = 5)]
    pub deadlines: Vec<DisclosedDeadline>,
    /// Whether a mandatory reporter asked to know if an inquiry is opened, and what was told (SoL 19 kap. 6 §).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    /// Where to turn instead, if the office declined.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_to: Option<Instead>,
    /// This receipt's own address, and what the sender may do now.
    #[serde(rename = "_links")]
    #[schema(max_items = 20)]
    pub links: Vec<Link>,
}

/// An office, as far as a sender needs it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceivingOffice {
    /// What it is called.
    ///
    /// @example {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}
    pub name: Localized,
    /// Its telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 24, pattern = "^\\+[1-9][0-9]*( [0-9]+)*$", example = "+46 13 20 60 00")]
    pub phone: Option<String>,
}

impl ReceivingOffice {
    fn of(id: OfficeId, directory: &Directory) -> Option<Self> {
        let office = directory.office(id)?;
        Some(Self { name: office.name.clone(), phone: office.phone.as_ref().map(ToString::to_string) })
    }
}

/// Where to turn instead: an office, or in words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instead {
    /// The office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<ReceivingOffice>,
    /// Where else, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjerådgivningen tar emot utan remiss."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub text: Option<ConfidentialProse>,
}

/// A deadline that the sender may know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DisclosedDeadline {
    /// What is due.
    ///
    /// @example "inquiry_decision"
    pub kind: DeadlineKind,
    /// By when it is due.
    ///
    /// @example "2026-12-05T23:00:00Z"
    pub due_at: Timestamp,
    /// The legal reference that it rests on.
    #[schema(max_length = 100, example = "sol-20-2")]
    pub legal_basis_id: String,
}

/// Feedback to a mandatory reporter.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Feedback {
    /// Whether it was asked for.
    pub requested: bool,
    /// What the office has told, if it has.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<FeedbackValue>,
    /// When the office told it.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
}

impl Receipt {
    /// Tells what has been disclosed, to a sender whose key has these scopes.
    pub fn new(disclosed: &Disclosed<'_>, scopes: &[Scope], directory: &Directory, linking: &impl Linking) -> Self {
        let deadlines = disclosed.decision_due.iter().map(|due| DisclosedDeadline {
            kind: DeadlineKind::InquiryDecision,
            due_at: due.at.into(),
            legal_basis_id: due.legal_basis_id.to_owned(),
        });
        Self {
            id: disclosed.id,
            reference: disclosed.reference.clone(),
            sender_reference: disclosed.sender_reference.cloned(),
            kind: disclosed.kind,
            status: disclosed.status,
            received_at: disclosed.received_at,
            updated_at: disclosed.changed_at,
            office: ReceivingOffice::of(disclosed.office, directory),
            next_step: next_step(disclosed.kind, disclosed.status).into(),
            deadlines: deadlines.collect(),
            feedback: disclosed.feedback.map(|DisclosedFeedback { requested, told }| {
                let (value, sent_at) = told.unzip();
                Feedback { requested, value, sent_at }
            }),
            turn_to: disclosed.turn_to.map(|turn_to| Instead::of(turn_to, directory)),
            links: links(disclosed, scopes, linking),
        }
    }
}

impl Instead {
    fn of(TurnTo { office_id, text }: &TurnTo, directory: &Directory) -> Self {
        Self { office: office_id.and_then(|id| ReceivingOffice::of(id, directory)), text: text.clone() }
    }
}

/// Where the referral is for its sender.
pub fn path(id: ReferralId) -> String {
    format!("/partner/referrals/{id}")
}

/// What a key with these scopes may do with the referral now.
fn links(disclosed: &Disclosed<'_>, scopes: &[Scope], linking: &impl Linking) -> Vec<Link> {
    let path = path(disclosed.id);
    let below = |name: &'static str, method: &'static str| linking.link(name, method, &format!("{path}/{name}"));
    let mut links = vec![linking.link("self", "GET", &path)];
    if scopes.contains(&Scope::Read) {
        links.push(below(SenderAction::Messages.into(), "GET"));
    }
    if scopes.contains(&Scope::Submit) {
        links.extend(disclosed.actions().into_iter().map(|action| below(action.into(), "POST")));
    }
    links
}

/// What is told of a request in this state follows from the state alone.
fn next_step(kind: Kind, status: DisclosedStatus) -> Text {
    if kind == Kind::ConcernReport {
        return match status {
            DisclosedStatus::InformationRequested => Text::new(
                "The office asks for more information: read its messages, and answer there. If it is acute, do not wait: call the office, the on-call line or 112.",
                "Kontoret behöver fler uppgifter: läs dess meddelanden och svara där. Vänta inte om det är akut: ring kontoret, socialjouren eller 112.",
            ),
            _ => Text::new(
                "The office assesses at once whether the child needs protection now, and then decides whether to open an inquiry. If it is acute, do not wait: call the office, the on-call line or 112.",
                "Kontoret bedömer genast om barnet behöver skydd nu, och beslutar sedan om en utredning ska inledas. Vänta inte om det är akut: ring kontoret, socialjouren eller 112.",
            ),
        };
    }
    match status {
        DisclosedStatus::Received => Text::new(
            "The office reads the request and answers whether it can help.",
            "Kontoret läser förfrågan och svarar om det kan hjälpa.",
        ),
        DisclosedStatus::InformationRequested => Text::new(
            "The office asks for more information: read its messages, and answer there.",
            "Kontoret behöver fler uppgifter: läs dess meddelanden och svara där.",
        ),
        DisclosedStatus::Accepted => Text::new(
            "The office has taken on the request, and contacts the family.",
            "Kontoret har tagit sig an förfrågan och kontaktar familjen.",
        ),
        DisclosedStatus::Started => {
            Text::new("The office has begun to work with the family.", "Kontoret har börjat arbeta med familjen.")
        }
        DisclosedStatus::OnHold => Text::new(
            "The work waits for now. The office takes it up again.",
            "Arbetet vilar för tillfället. Kontoret tar upp det igen.",
        ),
        DisclosedStatus::Redirected => Text::new(
            "The request has gone to another office, which reads it and answers whether it can help.",
            "Förfrågan har lämnats till ett annat kontor, som läser den och svarar om det kan hjälpa.",
        ),
        DisclosedStatus::Declined => Text::new(
            "The office cannot help, and says where to turn instead.",
            "Kontoret kan inte hjälpa och säger vart man kan vända sig i stället.",
        ),
        DisclosedStatus::Handled => Text::new("The request has been handled.", "Förfrågan är hanterad."),
        DisclosedStatus::Completed => Text::new("The work has come to its end.", "Arbetet är avslutat."),
        DisclosedStatus::DeclinedByFamily => {
            Text::new("The family did not want the support.", "Familjen ville inte ha stödet.")
        }
        DisclosedStatus::NotReached => {
            Text::new("The office could not reach the family.", "Kontoret fick inte tag på familjen.")
        }
        DisclosedStatus::Withdrawn => Text::new("The request has been taken back.", "Förfrågan är återtagen."),
    }
}
