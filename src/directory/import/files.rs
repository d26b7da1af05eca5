//! The files of a municipality's directory: reading them from a folder, and parsing them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::areas::NewArea;
use crate::directory::documents::Documents;
use crate::directory::geometry::Boundary;
use crate::districts::DistrictDetails;
use crate::error::{Error, Result, ViolationPlace};
use crate::http::body;
use crate::offices::NewOffice;
use crate::services::NewService;

/// The names of the files of which a municipality's directory consists, with the texts for Linköping, which are built
/// into the program.
const LINKOPING: [(&str, &str); 11] = [
    ("municipality.json", include_str!("../../../data/linkoping/municipality.json")),
    ("areas.json", include_str!("../../../data/linkoping/areas.json")),
    ("districts.json", include_str!("../../../data/linkoping/districts.json")),
    ("boundaries.geojson", include_str!("../../../data/linkoping/boundaries.geojson")),
    ("services.json", include_str!("../../../data/linkoping/services.json")),
    ("offices.json", include_str!("../../../data/linkoping/offices.json")),
    ("postal_codes.csv", include_str!("../../../data/linkoping/postal_codes.csv")),
    ("holidays.csv", include_str!("../../../data/linkoping/holidays.csv")),
    ("municipalities.csv", include_str!("../../../data/linkoping/municipalities.csv")),
    ("legal_references.json", include_str!("../../../data/linkoping/legal_references.json")),
    ("deadlines.json", include_str!("../../../data/linkoping/deadlines.json")),
];

/// The texts of a directory's files, by the names of the files.
pub type Texts = HashMap<&'static str, Cow<'static, str>>;

/// The parsed contents of a directory's files.
#[derive(Debug, Clone)]
pub struct Data {
    /// The documents of the directory, without the outline of the municipality, which the import makes from the
    /// districts.
    pub documents: Documents,
    pub areas: Vec<NewArea>,
    pub districts: Vec<(DistrictDetails, Boundary)>,
    pub services: Vec<NewService>,
    pub offices: Vec<NewOffice>,
}

/// Returns the files of Linköping's directory, which are built into the program.
pub fn linkoping() -> Texts {
    LINKOPING.into_iter().map(|(name, text)| (name, Cow::Borrowed(text))).collect()
}

/// Reads all files of a directory from a folder. Fails with a message if one of them cannot be read.
pub fn read(folder: &Path) -> std::result::Result<Texts, String> {
    let read = |(name, _): (&'static str, &str)| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((name, Cow::Owned(text)))
    };
    LINKOPING.into_iter().map(read).collect()
}

impl Data {
    pub fn parse(texts: &Texts) -> Result<Self> {
        let documents = Documents {
            municipality: Some(json(texts, "municipality.json")?),
            outline: None,
            postal_codes: csv(texts, "postal_codes.csv")?,
            holidays: csv(texts, "holidays.csv")?,
            municipalities: csv(texts, "municipalities.csv")?,
            legal_references: json(texts, "legal_references.json")?,
            deadlines: json(texts, "deadlines.json")?,
        };
        Ok(Self {
            documents,
            areas: json(texts, "areas.json")?,
            districts: districts(texts)?,
            services: json(texts, "services.json")?,
            offices: json(texts, "offices.json")?,
        })
    }
}

fn text<'a>(texts: &'a Texts, file: &str) -> &'a str {
    texts.get(file).map_or("", AsRef::as_ref)
}

fn json<T: DeserializeOwned>(texts: &Texts, file: &str) -> Result<T> {
    body::parse(text(texts, file).as_bytes()).map_err(|error| misplaced(file, "", &error))
}

fn csv<T: DeserializeOwned>(texts: &Texts, file: &str) -> Result<Vec<T>> {
    let rows = csv::Reader::from_reader(text(texts, file).as_bytes())
        .into_deserialize()
        .collect::<std::result::Result<_, _>>();
    rows.map_err(|error| Error::internal(format!("{file}: {error}")))
}

/// Makes an error about the file `file` from `error`, with the location and the text of each mistake. `within` is the
/// JSON pointer to the part of the file that `error` is about.
pub fn misplaced(file: &str, within: &str, error: &Error) -> Error {
    let place = |place: &ViolationPlace| match place {
        ViolationPlace::Pointer(pointer) | ViolationPlace::Span { pointer, .. } => format!("{file}#{within}{pointer}"),
        ViolationPlace::Parameter(_) | ViolationPlace::Header(_) => file.to_owned(),
    };
    let told =
        error.violations().iter().map(|violation| format!("{}: {}", place(&violation.place), violation.detail.en));
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return Error::internal(format!("{file}#{within}: {error}"));
    }
    Error::internal(told.join("; "))
}

/// The GeoJSON FeatureCollection of `boundaries.geojson`. Only the codes and the geometries of its features are read.
#[derive(Deserialize)]
struct Features {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Value,
}

#[derive(Deserialize)]
struct Properties {
    code: String,
}

fn districts(texts: &Texts) -> Result<Vec<(DistrictDetails, Boundary)>> {
    let details: Vec<DistrictDetails> = json(texts, "districts.json")?;
    let collection: Features = json(texts, "boundaries.geojson")?;
    let by_code: HashMap<&str, (usize, &Value)> = collection
        .features
        .iter()
        .enumerate()
        .map(|(index, feature)| (feature.properties.code.as_str(), (index, &feature.geometry)))
        .collect();
    let with_boundary = |details: DistrictDetails| {
        let code = details.code.as_ref();
        let missing =
            || Error::internal(format!("boundaries.geojson: no feature has the code {code} of districts.json"));
        let (index, geometry) = by_code.get(code).ok_or_else(missing)?;
        let boundary = Boundary::parse(geometry, None).map_err(|flaw| {
            let pointer = &flaw.pointer;
            Error::internal(format!("boundaries.geojson#/features/{index}/geometry{pointer}: {}", flaw.reason.en))
        })?;
        Ok((details, boundary))
    };
    details.into_iter().map(with_boundary).collect()
}
