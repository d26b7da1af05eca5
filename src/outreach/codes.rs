//! The codes that a worker in the field chooses from for contacts and offers. Their texts are in the code lists.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::people::Channel;

/// The party that initiated an outreach contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InitiatedBy {
    /// The worker initiated the contact.
    Worker,
    /// The young person initiated the contact.
    YoungPerson,
    /// A guardian initiated the contact.
    Guardian,
    /// A partner agency initiated the contact.
    Partner,
}

/// The kind of place where a contact took place. The place itself is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PlaceType {
    /// The contact took place in a square or a street.
    Square,
    /// The contact took place at a school.
    School,
    /// The contact took place at a youth centre.
    YouthCentre,
    /// The contact took place on a bus or a train, or at a stop.
    Transport,
    /// The contact took place in a home.
    Home,
    /// The contact took place in a shop or a shopping centre.
    Shop,
    /// The contact took place on the net or on the telephone.
    Online,
    /// The contact took place somewhere else.
    Other,
}

/// The outcome of an outreach contact: whether somebody was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ContactOutcome {
    /// The worker reached somebody.
    Reached,
    /// The worker reached nobody.
    NotReached,
    /// Somebody was met but did not want to talk.
    DeclinedToTalk,
}

/// The role of a participant in the family that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ParticipantRole {
    /// A child or a young person in the family.
    Child,
    /// A brother or sister of the child.
    Sibling,
    /// A guardian of the child.
    Guardian,
    /// An adult who is not a guardian.
    OtherAdult,
}

/// Whether the worker knew the family before the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = FamilyKnowledgeValue)]
pub enum KnowledgeValue {
    /// The worker knew the family before the contact.
    Known,
    /// The family was not known before the contact.
    NewlyKnown,
    /// The worker cannot tell whether the family was known.
    Unknown,
}

/// The basis for the worker's statement that a family was known before, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = FamilyKnowledgeBasis)]
pub enum KnowledgeBasis {
    /// The family itself said whether it was known.
    SelfReported,
    /// The worker says it from memory.
    StaffMemory,
    /// Somebody looked the family up in a register.
    RegisterCheck,
}

/// The status of an outreach contact: recorded, or entered in error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = OutreachContactStatus)]
pub enum ContactStatus {
    /// The contact is recorded and counts.
    Recorded,
    /// The contact was entered in error: it is in no list and no statistics.
    EnteredInError,
}

/// The answer that a person or a family gave to the offer of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfferAnswer {
    /// The person or family said yes to the offer.
    Accepted,
    /// The person or family said no to the offer.
    Declined,
    /// The person or family wants to think about the offer.
    Thinking,
    /// The person or family did not answer when asked.
    NotAnswered,
}

/// The reason why the provider cannot give the service that was offered. A family that declines is recorded by its answer instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfferCloseReason {
    /// The service has no room.
    NoCapacity,
    /// The person is too young or too old for the service.
    OutsideAge,
    /// The person lives outside the area of the service.
    OutsideArea,
    /// The person's matter is not what the service is for.
    NotOurMandate,
    /// The person has moved away.
    PersonMoved,
    /// The provider has another reason.
    Other,
}

crate::text_column!(ContactOutcome, OfferAnswer, OfferCloseReason);
