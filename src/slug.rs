//! The names of resources in paths and bodies: slugs, and names that are either an identifier or a slug.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::Text;
use crate::id::{AreaKind, DistrictKind, Id, OfficeKind, PartnerKind, ServiceKind};

/// A slug: the readable name of a resource in a path, of lower-case letters, digits and hyphens, and never of the form of a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(transparent)]
pub struct Slug(String);
crate::text_column!(Slug);

impl FromStr for Slug {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        let words = text
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        if words && text.len() <= 80 && uuid::Uuid::try_parse(text).is_err() {
            return Ok(Self(text.to_owned()));
        }
        Err(Text::new(
            "must be at most 80 lower-case letters a-z, digits and single hyphens between them",
            "måste vara högst 80 små bokstäver a-z, siffror och enstaka bindestreck däremellan",
        ))
    }
}

impl AsRef<str> for Slug {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Slug {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(80))
            .pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$"))
            .examples(["skaggetorp"])
            .into()
    }
}

impl utoipa::ToSchema for Slug {}

/// A kind of resource that can be named by an identifier or a slug.
pub trait Slugged {
    /// The name of the schema that such a name has in the OpenAPI document, for example `AreaName`.
    const NAME: &'static str;
    /// The slug of a resource of this kind that exists in the demo. It is the example in the OpenAPI document.
    const EXAMPLE: &'static str;
}

macro_rules! slugged {
    ($($kind:ident: $name:literal, $example:literal;)*) => { $(
        impl Slugged for $kind {
            const NAME: &'static str = $name;
            const EXAMPLE: &'static str = $example;
        }
    )* };
}

slugged! {
    AreaKind: "AreaName", "norr";
    DistrictKind: "DistrictName", "skaggetorp-tornby";
    OfficeKind: "OfficeName", "skaggetorp";
    ServiceKind: "ServiceName", "forebyggande-insatser";
    PartnerKind: "PartnerName", "school";
}

/// The name of a resource of the directory or of a partner agency: its identifier or its slug. Paths, filters and bodies accept
/// either.
pub enum IdOrSlug<Kind> {
    Id(Id<Kind>),
    Slug(Slug),
}

impl<Kind> IdOrSlug<Kind> {
    /// Whether this is the name of the resource with the identifier `id` and the slug `slug`.
    pub fn names(&self, id: Id<Kind>, slug: &Slug) -> bool {
        match self {
            Self::Id(named) => *named == id,
            Self::Slug(named) => named == slug,
        }
    }
}

impl<Kind> FromStr for IdOrSlug<Kind> {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let wrong = |_| Text::new("must be an identifier or a slug", "måste vara en identifierare eller en slug");
        text.parse().map(Self::Slug).map_err(wrong)
    }
}

impl<Kind> fmt::Display for IdOrSlug<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Slug(slug) => slug.fmt(f),
        }
    }
}

impl<Kind> fmt::Debug for IdOrSlug<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Kind> Clone for IdOrSlug<Kind> {
    fn clone(&self) -> Self {
        match self {
            Self::Id(id) => Self::Id(*id),
            Self::Slug(slug) => Self::Slug(slug.clone()),
        }
    }
}

impl<Kind> PartialEq for IdOrSlug<Kind> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Id(one), Self::Id(other)) => one == other,
            (Self::Slug(one), Self::Slug(other)) => one == other,
            _ => false,
        }
    }
}

impl<Kind> Eq for IdOrSlug<Kind> {}

impl<Kind> From<Id<Kind>> for IdOrSlug<Kind> {
    fn from(id: Id<Kind>) -> Self {
        Self::Id(id)
    }
}

impl<Kind> Serialize for IdOrSlug<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, Kind> Deserialize<'de> for IdOrSlug<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<Kind: Slugged> utoipa::PartialSchema for IdOrSlug<Kind> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(80))
            .pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$"))
            .description(Some("The identifier (a UUIDv7) or the slug of the resource."))
            .examples([Kind::EXAMPLE])
            .into()
    }
}

impl<Kind: Slugged> utoipa::ToSchema for IdOrSlug<Kind> {
    fn name() -> std::borrow::Cow<'static, str> {
        Kind::NAME.into()
    }
}

/// The identifier or the slug of an area.
pub type AreaName = IdOrSlug<AreaKind>;
/// The identifier or the slug of a district.
pub type DistrictName = IdOrSlug<DistrictKind>;
/// The identifier or the slug of an office.
pub type OfficeName = IdOrSlug<OfficeKind>;
/// The identifier or the slug of a service.
pub type ServiceName = IdOrSlug<ServiceKind>;
/// The identifier or the slug of a partner agency.
pub type PartnerName = IdOrSlug<PartnerKind>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_never_a_uuid() {
        assert!("skaggetorp-tornby".parse::<Slug>().is_ok());
        for wrong in ["", "Skäggetorp", "a--b", "-a", "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"] {
            assert!(wrong.parse::<Slug>().is_err(), "{wrong}");
        }
    }
}
