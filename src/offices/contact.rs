//! The ways to reach an office: its address, its position on the map, its telephone number and its e-mail address.

use std::fmt;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::error::Text;
use crate::text::Line;

/// A street address in Sweden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// The name of the street and the street number.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Skäggetorps Centrum 1")]
    pub street: Line,
    /// The Swedish postal code of the address.
    pub postal_code: PostalCode,
    /// The town or village of the address.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Linköping")]
    pub locality: Line,
}

/// A Swedish postal code of five digits. Requests may have a space after the third digit. Answers never have one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[0-9]{3} ?[0-9]{2}$", min_length = 5, max_length = 6, example = "58644")]
pub struct PostalCode(String);

impl TryFrom<String> for PostalCode {
    type Error = Text;

    fn try_from(text: String) -> Result<Self, Text> {
        let digits = match text.split_once(' ') {
            Some((first, last)) if first.len() == 3 => format!("{first}{last}"),
            _ => text,
        };
        match digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit()) {
            true => Ok(Self(digits)),
            false => Err(Text::new("must be five digits such as 586 44", "måste vara fem siffror såsom 586 44")),
        }
    }
}

impl AsRef<str> for PostalCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A position on the map, as a GeoJSON Point in WGS 84 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Point, example = json!({ "type": "Point", "coordinates": [15.5837, 58.4275] }))]
pub struct Location {
    /// The GeoJSON type, always `Point`.
    pub r#type: PointType,
    /// The longitude and the latitude in degrees, in this order.
    #[serde(deserialize_with = "on_earth")]
    #[schema(value_type = Vec<f64>, min_items = 2, max_items = 2, example = json!([15.5837, 58.4275]))]
    pub coordinates: [f64; 2],
}

/// The GeoJSON type of a position on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PointType {
    /// A single position on the map.
    Point,
}

impl Location {
    /// Makes a location from a longitude and a latitude in degrees, in this order.
    pub fn at(coordinates: [f64; 2]) -> Self {
        Self { r#type: PointType::Point, coordinates }
    }
}

fn on_earth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; 2], D::Error> {
    match Vec::<f64>::deserialize(deserializer)?.as_slice() {
        // A number that is not finite fails these comparisons as well.
        [lon, lat] if lon.abs() <= 180.0 && lat.abs() <= 90.0 => Ok([*lon, *lat]),
        _ => Err(de::Error::custom(Text::new(
            "must be a longitude from -180 to 180 and a latitude from -90 to 90, in this order",
            "måste vara en longitud från -180 till 180 och en latitud från -90 till 90, i den ordningen",
        ))),
    }
}

/// An international telephone number (E.164): a plus sign and 7 to 15 digits, which single spaces may separate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^\\+[1-9][0-9]*( [0-9]+)*$", min_length = 8, max_length = 24)]
#[schema(example = "+46 13 20 60 00")]
pub struct Phone(String);

impl std::str::FromStr for Phone {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        let groups = text.strip_prefix('+').unwrap_or_default().split(' ');
        let whole = groups.clone().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
        let digits: usize = groups.map(str::len).sum();
        match whole && (7..=15).contains(&digits) && !text.starts_with("+0") && text.len() <= 24 {
            true => Ok(Self(text.to_owned())),
            false => Err(Text::new(
                "must be an international number such as +46 13 20 60 00",
                "måste vara ett internationellt nummer såsom +46 13 20 60 00",
            )),
        }
    }
}

/// An e-mail address. Only its form is checked, not whether mail can be delivered to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(try_from = "String")]
#[schema(value_type = String, format = "email", min_length = 6, max_length = 254, example = "skaggetorp@example.se")]
pub struct Email(String);

impl std::str::FromStr for Email {
    type Err = Text;

    fn from_str(text: &str) -> Result<Self, Text> {
        let (local, domain) = text.rsplit_once('@').unwrap_or_default();
        let graphic = text.len() <= 254 && text.bytes().all(|b| b.is_ascii_graphic());
        let labels = domain.split('.');
        let dotted = domain.contains('.') && labels.clone().all(|label| !label.is_empty() && !label.starts_with('-'));
        let plain = domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
        let bare = !local.is_empty() && local.len() <= 64 && !local.bytes().any(|b| b"@,;:<>()[]\\\"".contains(&b));
        match graphic && dotted && plain && bare {
            true => Ok(Self(text.to_owned())),
            false => Err(Text::new(
                "must be an e-mail address such as skaggetorp@example.se",
                "måste vara en e-postadress såsom skaggetorp@example.se",
            )),
        }
    }
}

macro_rules! texts {
    ($($text:ty),*) => { $(
        impl TryFrom<String> for $text {
            type Error = Text;

            fn try_from(text: String) -> Result<Self, Text> {
                text.parse()
            }
        }

        impl AsRef<str> for $text {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $text {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

texts!(Phone, Email);
crate::text_column!(Phone, Email);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_telephone_number_is_international() {
        for right in ["+46 13 20 60 00", "+46132060000", "+4613206188"] {
            assert!(right.parse::<Phone>().is_ok(), "{right}");
        }
        for wrong in [
            "013-20 60 00",
            "112",
            "+46",
            "+46  13 206",
            "+46-13-206188",
            "+046 13 20 60 00",
            "+46 13 20 60 00 ",
            "+1234567890123456",
        ] {
            assert!(wrong.parse::<Phone>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_e_mail_address_has_a_name_and_a_domain() {
        for right in ["skaggetorp@example.se", "a.b+c@x-y.example.se"] {
            assert!(right.parse::<Email>().is_ok(), "{right}");
        }
        for wrong in [
            "",
            "@example.se",
            "a@",
            "a@b",
            "a b@example.se",
            "a@@example.se",
            "<a@example.se>",
            "a@example..se",
            "å@example.se",
        ] {
            assert!(wrong.parse::<Email>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_postal_code_loses_its_space() {
        assert_eq!(PostalCode::try_from("586 44".to_owned()).unwrap().as_ref(), "58644");
        for wrong in ["5864", "58 644", "586  44", "58644 ", "5864a", "٥٨٦٤٤"] {
            assert!(PostalCode::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_location_is_a_point_with_the_longitude_first() {
        let location: Location = serde_json::from_str(r#"{"type":"Point","coordinates":[15.5837,58.4275]}"#).unwrap();
        assert_eq!(location, Location::at([15.5837, 58.4275]));
        for wrong in [
            r#"{"type":"Point","coordinates":[15.5,95]}"#,
            r#"{"type":"Point","coordinates":[1,2,3]}"#,
            r#"{"type":"LineString","coordinates":[1,2]}"#,
        ] {
            assert!(serde_json::from_str::<Location>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_kept_as_it_is(text in "\\PC{0,40}") {
            if let Ok(phone) = text.parse::<Phone>() {
                prop_assert_eq!(phone.as_ref(), &text);
            }
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.as_ref(), &text);
            }
        }
    }
}
