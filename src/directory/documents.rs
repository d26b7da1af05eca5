//! The directory's documents: the municipality, its outline, postal codes, holidays, other municipalities, legal
//! references and rules for deadlines. Each is stored as one JSON document, because only the snapshot of the directory
//! reads it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::{Bilingual, DeadlineRule, Holiday, HolidayKind, LegalReference};
use crate::error::{Error, Result, Text};
use crate::services::Ages;
use crate::text::Localized;

/// The parts of the directory that are stored as JSON documents, each under the name of its field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Documents {
    /// The municipality that keeps the directory. Absent before the first import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub municipality: Option<Municipality>,
    /// The outline of the municipality: the ground that the active districts covered together at the last import, as a
    /// GeoJSON geometry. Absent before the first import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outline: Option<Value>,
    pub postal_codes: Vec<PostalCodeRow>,
    pub holidays: Vec<HolidayRow>,
    /// All municipalities of Sweden, so that a resident whose place lies in another one can be told so.
    pub municipalities: Vec<OtherMunicipality>,
    pub legal_references: Vec<LegalReference>,
    /// The rules by which deadlines of referrals are counted.
    pub deadlines: Vec<DeadlineRule>,
}

/// The municipality that keeps the directory, as in its data file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Municipality {
    /// The four-digit code of the municipality in official statistics, such as `0580`.
    pub code: String,
    pub name: Localized,
    /// The time zone of the municipality's offices, by its name in the IANA database.
    #[serde(with = "time_zone")]
    pub time_zone: Tz,
    /// The ages of the people who count as children and young people in the municipality. Everybody above the highest
    /// of these ages counts as an adult.
    pub ages: Ages,
    /// The telephone number to call in an emergency, such as 112.
    pub emergency_number: String,
    /// The distance from a district's border, in metres, within which a postal code is uncertain. A postal code that is
    /// nearer to the border than this may also belong to the neighbouring district.
    #[serde(default = "default_border")]
    pub postal_code_border_metres: u32,
    /// The categories of partner agencies, such as `police`, that have a legal duty to report but are not told the
    /// decisions on their reports.
    #[serde(default = "default_without_feedback")]
    pub without_feedback: Vec<String>,
}

/// Returns the default of `postal_code_border_metres`. A postal code is a point in the data. In a town, its delivery
/// area reaches about this far from the point.
fn default_border() -> u32 {
    150
}

/// Returns the default of `without_feedback`: the police get no feedback unless the municipality decides otherwise.
/// Feedback to them can become part of a criminal case, and so be seen by the people whom the child fears.
fn default_without_feedback() -> Vec<String> {
    vec!["police".to_owned()]
}

impl Municipality {
    /// Returns a stand-in for the municipality before the first import, so that a person in danger still gets the
    /// emergency number.
    pub fn unnamed() -> Self {
        Self {
            code: "0000".to_owned(),
            name: Text::new("Unnamed municipality", "Namnlös kommun").into(),
            time_zone: Tz::Europe__Stockholm,
            ages: Ages { from: 0, to: 20 },
            emergency_number: "112".to_owned(),
            postal_code_border_metres: default_border(),
            without_feedback: default_without_feedback(),
        }
    }
}

/// A municipality of Sweden, by which a place in another municipality is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherMunicipality {
    /// The four-digit code of the municipality in official statistics, such as `0580`.
    pub code: String,
    /// The full name of the municipality, such as `Norrköpings kommun`.
    pub name: String,
    /// The name of the municipality in everyday use, such as `Norrköping`.
    pub short_name: String,
    pub county_code: String,
}

/// A postal code of the municipality, as in the data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalCodeRow {
    /// The five digits of the postal code.
    pub postal_code: String,
    /// The town or village to which the postal code belongs.
    pub locality: String,
    /// The code of the district in which the postal code's point lies. Absent for post-office boxes.
    pub district_code: Option<String>,
    /// The distance from the postal code's point to the border of that district, in metres.
    pub metres_to_border: Option<u32>,
}

/// A holiday or an eve, as in the data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayRow {
    pub date: NaiveDate,
    pub name_sv: String,
    pub name_en: String,
    pub kind: HolidayKind,
}

impl Documents {
    /// Makes the documents from their stored form, by name. A name that this program does not know is ignored.
    pub fn from_stored(stored: BTreeMap<String, Value>) -> Result<Self> {
        serde_json::from_value(Value::Object(stored.into_iter().collect())).map_err(Error::internal)
    }

    /// Returns the documents in the form in which they are stored: one JSON value for each name.
    pub fn to_stored(&self) -> Result<BTreeMap<String, Value>> {
        match serde_json::to_value(self).map_err(Error::internal)? {
            Value::Object(fields) => Ok(fields.into_iter().collect()),
            _ => Ok(BTreeMap::new()),
        }
    }

    /// Returns the holidays in the form from which a [`Calendar`](crate::calendar::Calendar) is made.
    pub fn holidays(&self) -> Vec<Holiday> {
        let holiday = |row: &HolidayRow| Holiday {
            date: row.date,
            name: Bilingual { sv: row.name_sv.clone(), en: row.name_en.clone() },
            kind: row.kind,
        };
        self.holidays.iter().map(holiday).collect()
    }
}

/// Reads and writes a time zone by its name in the IANA database.
mod time_zone {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::error::Text;

    pub fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
        let unknown = |_| {
            Text::new("must be a time zone such as Europe/Stockholm", "måste vara en tidszon såsom Europe/Stockholm")
        };
        String::deserialize(deserializer)?.parse().map_err(unknown).map_err(de::Error::custom)
    }
}
