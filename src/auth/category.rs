//! The categories of partner agencies: one of the 22 kinds of organisations that SoL (2025:400) 19 kap. 1 § obliges to report, an
//! association, or another. Also the status that says whether an agency may call at present.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator;
use utoipa::ToSchema;

/// The kind of organisation that a partner agency is, in the order of the law (SoL 19 kap. 1 §).
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = PartnerCategory)]
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

/// The status of a partner agency, which says whether the agency may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PartnerStatus {
    /// The agency may call, with those of its API keys that are valid.
    #[default]
    Active,
    /// The agency may not call: none of its keys is valid until the agency is active again.
    Suspended,
}
crate::text_column!(Category, PartnerStatus);

impl Category {
    /// Whether the law obliges agencies of this category to report children who may be in need (SoL 19 kap. 1 §).
    pub fn is_mandatory_reporter(self) -> bool {
        !matches!(self, Self::Association | Self::Other)
    }
    /// Returns the code of the legal reference under which agencies of this category report: the duty to report (SoL 19 kap. 1 §),
    /// or everybody's right to report (SoL 19 kap. 4 §).
    pub fn legal_reference(self) -> &'static str {
        if self.is_mandatory_reporter() { "sol-19-1" } else { "sol-19-4" }
    }

    /// Returns the number of this category's point in SoL 19 kap. 1 §, if it has one.
    pub fn point(self) -> Option<u8> {
        let place = Self::iter().position(|category| category == self).filter(|_| self.is_mandatory_reporter());
        place.and_then(|place| u8::try_from(place + 1).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_categories_are_those_of_the_law_in_its_order() {
        let listed: serde_json::Value = serde_json::from_str(include_str!("../../data/referral_sources.json")).unwrap();
        let listed: Vec<_> = listed.as_array().unwrap().iter().collect();
        assert_eq!(listed.len(), Category::iter().count());
        for (category, source) in Category::iter().zip(listed) {
            assert_eq!(source["code"], category.as_ref());
            assert_eq!(source["mandatoryReporter"], category.is_mandatory_reporter(), "{source}");
            assert_eq!(source["number"].as_u64(), category.point().map(u64::from), "{source}");
        }
    }

    #[test]
    fn what_is_said_of_a_category_rests_on_a_legal_reference_that_there_is() {
        let references = include_str!("../../data/linkoping/legal_references.json");
        for category in Category::iter() {
            assert!(references.contains(&format!("\"id\": \"{}\"", category.legal_reference())), "{category:?}");
        }
    }
}
