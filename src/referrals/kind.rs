//! The kind of a referral, its state, its urgency and its source.

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
    /// A report of concern about a child (orosanmälan), made under a legal duty or by anyone who is worried. It needs no consent.
    ConcernReport,
    /// A request for support (förfrågan om stöd) that a partner agency sends with the family's consent.
    SupportRequest,
    /// A request for help that a young person or a guardian makes for themselves.
    SelfRequest,
    /// A referral that staff make from an outreach contact, with consent.
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

/// The urgency of a referral: how soon somebody must look at it. The more urgent one is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Urgency {
    /// The referral is looked at in its turn.
    Routine,
    /// The referral is looked at within days.
    Soon,
    /// Somebody must look at the referral at once.
    Immediate,
}

crate::text_column!(Kind, Status, Urgency);

/// The source of a referral: a partner agency, an outreach contact, a young person or a guardian who asks for help, or a private
/// person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Partner(PartnerId),
    /// Staff made the referral from this outreach contact.
    Contact(OutreachContactId),
    /// A young person or a guardian asked for help themselves.
    SelfRequest,
    /// Staff took the referral down for a private person who reported a concern.
    Private,
}

impl Origin {
    /// The identifier of the partner agency that sent the referral, if one did.
    pub fn partner(self) -> Option<PartnerId> {
        match self {
            Self::Partner(id) => Some(id),
            _ => None,
        }
    }

    /// The identifier of the outreach contact that the referral was made from, if it was made from one.
    pub fn contact(self) -> Option<OutreachContactId> {
        match self {
            Self::Contact(id) => Some(id),
            _ => None,
        }
    }
}
