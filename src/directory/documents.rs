//! What is kept whole, because only the snapshot reads it: the municipality, its outline, postal codes, holidays, other
//! municipalities, legal references and deadlines.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::{Bilingual, DeadlineRule, Holiday, HolidayKind, LegalReference};
use crate::error::{Error, Result, Text};
use crate::services::Ages;
use crate::text::Localized;

/// The documents, each stored under the name of its field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Documents {
    /// The municipality; none before the first import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub municipality: Option<Municipality>,
    /// The ground that its districts covered when they were imported, as a GeoJSON geometry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outline: Option<Value>,
    /// Its postal codes.
    pub postal_codes: Vec<PostalCodeRow>,
    /// The days with a name.
    pub holidays: Vec<HolidayRow>,
    /// All Swedish municipalities.
    pub municipalities: Vec<OtherMunicipality>,
    /// The law, dated.
    pub legal_references: Vec<LegalReference>,
    /// How deadlines are counted.
    pub deadlines: Vec<DeadlineRule>,
}

/// A municipality that keeps a directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Municipality {
    /// Its four-digit code.
    pub code: String,
    /// Its name.
    pub name: Localized,
    /// The time zone that its offices live by.
    #[serde(with = "time_zone")]
    pub time_zone: Tz,
    /// For which ages these services are.
    pub ages: Ages,
    /// The number to call when there is danger.
    pub emergency_number: String,
    /// A postal code nearer than this to a border may belong to the neighbour as well, in metres.
    #[serde(default = "default_border")]
    pub postal_code_border_metres: u32,
    /// The categories of agencies that report by duty and are all the same not told what was decided on their reports.
    #[serde(default = "default_without_feedback")]
    pub without_feedback: Vec<String>,
}

/// A code is a point in the data; in a town its delivery area reaches about this far.
fn default_border() -> u32 {
    150
}

/// What the police learn can become a part of their case, and come before those whom the child fears. Where nothing is settled, they
/// learn nothing.
fn default_without_feedback() -> Vec<String> {
    vec!["police".to_owned()]
}

impl Municipality {
    /// The municipality before one was imported: whoever is in danger is answered all the same.
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

/// A municipality to which people may have to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherMunicipality {
    /// Its four-digit code.
    pub code: String,
    /// Its name, such as `Norrköpings kommun`.
    pub name: String,
    /// What people say, such as `Norrköping`.
    pub short_name: String,
    /// The code of its county.
    pub county_code: String,
}

/// A postal code as the data have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalCodeRow {
    /// Five digits.
    pub postal_code: String,
    /// The town or village.
    pub locality: String,
    /// The district that its point lies in; none for boxes.
    pub district_code: Option<String>,
    /// How far its point is from the border of that district.
    pub metres_to_border: Option<u32>,
}

/// A holiday as the data have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayRow {
    /// Which day.
    pub date: NaiveDate,
    /// What it is called in Swedish.
    pub name_sv: String,
    /// What it is called in English.
    pub name_en: String,
    /// What makes it special.
    pub kind: HolidayKind,
}

impl Documents {
    /// Puts together what is stored under several names. A name that this program does not know is left aside.
    pub fn from_stored(stored: BTreeMap<String, Value>) -> Result<Self> {
        serde_json::from_value(Value::Object(stored.into_iter().collect())).map_err(Error::internal)
    }

    /// What to store under which name.
    pub fn to_stored(&self) -> Result<BTreeMap<String, Value>> {
        match serde_json::to_value(self).map_err(Error::internal)? {
            Value::Object(fields) => Ok(fields.into_iter().collect()),
            _ => Ok(BTreeMap::new()),
        }
    }

    /// The holidays, for a calendar.
    pub fn holidays(&self) -> Vec<Holiday> {
        let holiday = |row: &HolidayRow| Holiday {
            date: row.date,
            name: Bilingual { sv: row.name_sv.clone(), en: row.name_en.clone() },
            kind: row.kind,
        };
        self.holidays.iter().map(holiday).collect()
    }
}

/// A time zone by its name in the IANA database.
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
