//! The receipt: a referral as its sender sees it. Every view of a referral for a partner agency is made here and nowhere else, from
//! what [`crate::referrals::disclosure`] lets through.
//!
//! A receipt follows from the sender's category and from what has been disclosed, never from what only the office knows. Its ETag
//! is a hash of the receipt, and so does not change when something undisclosed happens.

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
use crate::referrals::disclosure::{DisclosedFeedback, DisclosedReferral, SenderAction};
use crate::referrals::reference::Reference;
use crate::text::Localized;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine, ConfidentialProse};

/// A referral, as far as its sender may know it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Receipt)]
pub struct Receipt {
    /// The referral's identifier, for use by programs.
    pub id: ReferralId,
    /// The referral's reference, a short code for use by people.
    pub reference: Reference,
    /// The sender's own reference to the referral.
    ///
    /// @example "2026-117"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub sender_reference: Option<ConfidentialLine>,
    /// The kind of the referral.
    pub kind: Kind,
    /// The referral's state, as far as the sender may know it.
    pub status: DisclosedStatus,
    /// When the referral was received.
    pub received_at: Timestamp,
    /// When something in this receipt last changed.
    pub updated_at: Timestamp,
    /// The office that the sender can turn to about the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<ReceivingOffice>,
    /// The next step with the referral, in words for the sender.
    ///
    /// @example {"en": "The office assesses at once whether the child needs protection now, and then decides whether to open an \
    /// inquiry. If it is acute, do not wait: call the office, the on-call line or 112.", "sv": "Kontoret bedömer genast om barnet \
    /// behöver skydd nu, och beslutar sedan om en utredning ska inledas. Vänta inte om det är akut: ring kontoret, socialjouren \
    /// eller 112."}
    pub next_step: Localized,
    /// The office's deadlines that the sender may know, at most five.
    #[schema(max_items = 5)]
    pub deadlines: Vec<DisclosedDeadline>,
    /// Whether a mandatory reporter asked to know if an inquiry is opened, and what was told (SoL 19 kap. 6 §). Absent if the
    /// sender may not learn the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<ReceiptFeedback>,
    /// The place to turn to instead, if the office declined the referral and the consent lets the sender learn how the request
    /// ends.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_to: Option<TurnToInstead>,
    /// `true` in the answer to a further report that was taken as a supplement to the report of this receipt, because the agency
    /// has very many open reports about the child. Absent otherwise.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_as_supplement: Option<bool>,
    /// The address of this receipt, and links to the actions that the sender may take now.
    #[serde(rename = "_links")]
    #[schema(max_items = 20)]
    pub links: Vec<Link>,
}

/// An office, with the name and telephone number that a sender needs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceivingOffice {
    /// The office's name in Swedish and English.
    ///
    /// @example {"sv": "Nära socialtjänst Skäggetorp", "en": "Nära socialtjänst Skäggetorp"}
    pub name: Localized,
    /// The office's telephone number, in international form.
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

/// The place to turn to instead of an office that declined a referral: another office, or a description in words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Instead)]
pub struct TurnToInstead {
    /// The other office that the sender can turn to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<ReceivingOffice>,
    /// The other place to turn to, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjerådgivningen tar emot utan remiss."
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub text: Option<ConfidentialProse>,
}

/// A deadline of the office that the sender of the referral may know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DisclosedDeadline {
    /// The kind of the deadline, which tells what the office must do.
    ///
    /// @example "inquiry_decision"
    pub kind: DeadlineKind,
    /// The time by which the office must act.
    ///
    /// @example "2026-12-05T23:00:00Z"
    pub due_at: Timestamp,
    /// The identifier of the legal reference that sets the deadline.
    #[schema(max_length = 100, example = "sol-20-2")]
    pub legal_basis_id: String,
}

/// The feedback on the inquiry decision that a mandatory reporter may get.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Feedback)]
pub struct ReceiptFeedback {
    /// Whether the reporter asked for feedback.
    pub requested: bool,
    /// The answer that the office has given on whether an inquiry is opened, if it has given one.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<FeedbackValue>,
    /// When the office gave that answer to the reporter.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
}

impl Receipt {
    /// Makes the receipt from what is disclosed of a referral. `scopes` are the rights of the sender's key, by which links to
    /// actions are chosen.
    pub fn new(
        disclosed: &DisclosedReferral<'_>,
        scopes: &[Scope],
        directory: &Directory,
        linking: &impl Linking,
    ) -> Self {
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
                ReceiptFeedback { requested, value, sent_at }
            }),
            turn_to: disclosed.turn_to.map(|turn_to| TurnToInstead::of(turn_to, directory)),
            taken_as_supplement: None,
            links: links(disclosed, scopes, linking),
        }
    }

    /// Says that a further report was taken as a supplement to the report of this receipt.
    pub fn of_supplemented(self) -> Self {
        Self { taken_as_supplement: Some(true), ..self }
    }
}

impl TurnToInstead {
    fn of(TurnTo { office_id, text }: &TurnTo, directory: &Directory) -> Self {
        Self { office: office_id.and_then(|id| ReceivingOffice::of(id, directory)), text: text.clone() }
    }
}

/// The path of a referral's receipt in this API.
pub fn path(id: ReferralId) -> String {
    format!("/partner/referrals/{id}")
}

/// Links to the actions that a key with these scopes may take on the referral now.
fn links(disclosed: &DisclosedReferral<'_>, scopes: &[Scope], linking: &impl Linking) -> Vec<Link> {
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

/// The next step with a referral, in words for its sender. It depends only on the kind of the referral and its disclosed state.
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
