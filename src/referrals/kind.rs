//! Kinds of matters, and where each stands, how soon it must be looked at and where it comes from.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{OutreachContactId, PartnerId};

/// The kind of a referral, which decides its rules and deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ReferralKind)]
pub enum Kind {
    /// A report made under a legal duty, or by anyone who is worried about a child. It needs no consent.
    ConcernReport,
    /// A request for support, with the family's consent.
    SupportRequest,
    /// A request that a young person or a guardian makes for themselves.
    SelfRequest,
    /// A referral that staff make from an outreach contact.
    Internal,
}

/// The state of a referral at its office.
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

/// The time within which somebody must look at a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Urgency {
    /// The referral is looked at in its turn.
    Routine,
    /// The referral is looked at within days.
    Soon,
    /// The referral is looked at now.
    Immediate,
}

crate::text_column!(Kind, Status, Urgency);

/// The source of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Partner(PartnerId),
    /// Staff made it from a contact in the field.
    Contact(OutreachContactId),
    /// A young person or a guardian asked for support themselves.
    SelfRequest,
    /// Staff took it down for a private person.
    Private,
}

impl Origin {
    /// The agency, if one sent the referral.
    pub fn partner(self) -> Option<PartnerId> {
        match self {
            Self::Partner(id) => Some(id),
            _ => None,
        }
    }

    /// The contact in the field, if the referral was made from one.
    pub fn contact(self) -> Option<OutreachContactId> {
        match self {
            Self::Contact(id) => Some(id),
            _ => None,
        }
    }
}
