//! Kinds of matters, and where each stands, how soon it must be looked at and where it comes from.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{OutreachContactId, PartnerId};

/// What kind of matter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ReferralKind)]
pub enum Kind {
    /// A report under a legal duty, or by anyone who is worried; needs no consent.
    ConcernReport,
    /// A request for support, with consent.
    SupportRequest,
    /// A young person or a guardian asks.
    SelfRequest,
    /// From an outreach contact.
    Internal,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ReferralStatus)]
#[expect(missing_docs, reason = "The code list `referral-statuses` tells each in Swedish and English.")]
pub enum Status {
    Received,
    InformationRequested,
    Accepted,
    InProgress,
    OnHold,
    HandedOver,
    ClosedNoInquiry,
    Declined,
    Duplicate,
    Completed,
    DeclinedByFamily,
    NotReached,
    Withdrawn,
    EnteredInError,
}

/// How soon somebody must look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Urgency {
    /// In its turn.
    Routine,
    /// Within days.
    Soon,
    /// Now.
    Immediate,
}

crate::text_column!(Kind, Status, Urgency);

/// Where a referral comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A partner agency sent it.
    Partner(PartnerId),
    /// Staff made it of a contact in the field.
    Contact(OutreachContactId),
    /// A young person or a guardian asked for it themselves.
    SelfRequest,
    /// Staff took it down for a private person.
    Private,
}

impl Origin {
    /// The agency, if one sent it.
    pub fn partner(self) -> Option<PartnerId> {
        match self {
            Self::Partner(id) => Some(id),
            _ => None,
        }
    }

    /// The contact, if it was made of one.
    pub fn contact(self) -> Option<OutreachContactId> {
        match self {
            Self::Contact(id) => Some(id),
            _ => None,
        }
    }
}
