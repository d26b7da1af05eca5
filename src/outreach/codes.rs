//! The codes that a worker in the field chooses from. Their texts are in the code lists.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::people::Channel;

/// The party that initiated a contact.
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

/// The outcome of a contact.
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
    /// Somebody did not want to talk.
    DeclinedToTalk,
}

/// The role of a participant in the family that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ParticipantRole {
    /// A child or a young person.
    Child,
    /// A brother or sister.
    Sibling,
    /// A guardian of the child.
    Guardian,
    /// An adult who is not a guardian.
    OtherAdult,
}

/// Whether the worker knew the family before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = FamilyKnowledgeValue)]
pub enum KnowledgeValue {
    /// The family was known before.
    Known,
    /// The family was not known until now.
    NewlyKnown,
    /// Nobody can tell whether the family was known.
    Unknown,
}

/// The basis for the worker's statement that a family was known, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = FamilyKnowledgeBasis)]
pub enum KnowledgeBasis {
    /// The family said so itself.
    SelfReported,
    /// The worker says so from memory.
    StaffMemory,
    /// Somebody looked it up in a register.
    RegisterCheck,
}

/// The status of a contact: whether it counts.
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

/// The answer that somebody gave to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfferAnswer {
    /// They said yes to the offer.
    Accepted,
    /// They said no to the offer.
    Declined,
    /// They want to think about it.
    Thinking,
    /// They did not answer.
    NotAnswered,
}

/// The reason why the provider cannot give what was offered. A family that declines is recorded by its answer instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfferCloseReason {
    /// The service has no room.
    NoCapacity,
    /// The person is too young or too old.
    OutsideAge,
    /// The person lives outside the area of the service.
    OutsideArea,
    /// The matter is not what the service is for.
    NotOurMandate,
    /// The person has moved away.
    PersonMoved,
    /// The reason is another one.
    Other,
}

crate::text_column!(ContactOutcome, OfferAnswer, OfferCloseReason);
