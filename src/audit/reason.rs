//! The reasons for reading what belongs to another office.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A value of the header `Access-Reason`. It allows reading only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "The code list `access-reasons` tells each in Swedish and English.")]
pub enum AccessReason {
    CoverForColleague,
    JointCase,
    Supervision,
    Complaint,
    StatutoryReview,
    DataSubjectRequest,
}
crate::text_column!(AccessReason);
