//! The codes of outreach: what somebody in the field chooses from. Their texts are in the code lists.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::people::Channel;

/// Who took the initiative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InitiatedBy {
    /// The worker.
    Worker,
    /// The young person.
    YoungPerson,
    /// A guardian.
    Guardian,
    /// A partner agency.
    Partner,
}

/// What kind of place it was. Never which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PlaceType {
    /// A square or a street.
    Square,
    /// A school.
    School,
    /// A youth centre.
    YouthCentre,
    /// A bus, a train or a stop.
    Transport,
    /// A home.
    Home,
    /// A shop or a shopping centre.
    Shop,
    /// On the net or on the telephone.
    Online,
    /// Another place.
    Other,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ContactOutcome {
    /// Somebody was reached.
    Reached,
    /// Nobody was.
    NotReached,
    /// Somebody did not want to talk.
    DeclinedToTalk,
}

/// What somebody is in the family that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ParticipantRole {
    /// A child or a young person.
    Child,
    /// A brother or sister.
    Sibling,
    /// A guardian.
    Guardian,
    /// Another adult.
    OtherAdult,
}

/// Whether the worker knew the family before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = FamilyKnowledgeValue)]
pub enum KnowledgeValue {
    /// It was known.
    Known,
    /// It was not known until now.
    NewlyKnown,
    /// Nobody can tell.
    Unknown,
}

/// What the worker knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = FamilyKnowledgeBasis)]
pub enum KnowledgeBasis {
    /// They said so.
    SelfReported,
    /// The worker remembers.
    StaffMemory,
    /// Somebody looked it up.
    RegisterCheck,
}

/// Whether a contact counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = OutreachContactStatus)]
pub enum ContactStatus {
    /// It does.
    Recorded,
    /// It was entered in error: it stands in no list and no statistics.
    EnteredInError,
}

/// What somebody answered to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfferAnswer {
    /// Yes.
    Accepted,
    /// No.
    Declined,
    /// They want to think about it.
    Thinking,
    /// They did not answer.
    NotAnswered,
}

/// Why the provider cannot give what was offered. That the family declined is something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfferCloseReason {
    /// There is no room.
    NoCapacity,
    /// The person is too young or too old.
    OutsideAge,
    /// They live elsewhere.
    OutsideArea,
    /// It is not what the service is for.
    NotOurMandate,
    /// They have moved.
    PersonMoved,
    /// Another reason.
    Other,
}

crate::text_column!(ContactOutcome, OfferAnswer, OfferCloseReason);
