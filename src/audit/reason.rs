//! The reasons that staff can state for reading what belongs to another office.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A reason for access, as the header `Access-Reason` states it. It allows its sender to read what belongs to another office, and
/// never to change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::IntoStaticStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccessReason {
    CoverForColleague,
    JointCase,
    Supervision,
    Complaint,
    StatutoryReview,
    DataSubjectRequest,
}
crate::text_column!(AccessReason);
