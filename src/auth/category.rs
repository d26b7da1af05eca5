//! What kind of organisation a partner agency is: one of the 22 that SoL (2025:400) 19 kap. 1 § obliges to report, an
//! association, or another.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The categories, in the order of the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = PartnerCategory)]
#[expect(missing_docs, reason = "The code list `partner-categories` tells each in Swedish and English.")]
pub enum Category {
    HealthDentalAuthority,
    SocialServicesAuthority,
    LssAuthority,
    School,
    Mediator,
    PublicOrderGuard,
    Arbetsformedlingen,
    Ekobrottsmyndigheten,
    Forsakringskassan,
    Kriminalvarden,
    Kronofogden,
    Kustbevakningen,
    Lansstyrelsen,
    Migrationsverket,
    Police,
    Rattsmedicinalverket,
    Skatteverket,
    Sapo,
    Tullverket,
    Aklagarmyndigheten,
    OtherAuthorityChildren,
    PrivateProfessional,
    Association,
    Other,
}
crate::text_column!(Category);

impl Category {
    /// Whether the law obliges it to report (SoL 19 kap. 1 §).
    pub fn is_mandatory_reporter(self) -> bool {
        !matches!(self, Self::Association | Self::Other)
    }
}
