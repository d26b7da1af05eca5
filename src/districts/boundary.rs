//! The boundary of a district: its form in requests and answers, and the rules for its place among the other boundaries.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::directory::Directory;
use crate::directory::geometry::{
    Boundary, TOLERANCE_METRES, TOLERANCE_SQUARE_METRES, overlap_square_metres, reach_outside_metres,
};
use crate::districts::District;
use crate::error::{Error, Result, Text, Violation};
use crate::id::DistrictId;

/// A boundary in requests and answers: a GeoJSON geometry (RFC 7946).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BoundaryBody(pub Value);

impl From<&Boundary> for BoundaryBody {
    fn from(boundary: &Boundary) -> Self {
        Self(boundary.to_geojson())
    }
}

impl BoundaryBody {
    /// Reads and checks the boundary. `pointer` is the place of the boundary in the request, for the errors.
    pub fn parse(&self, directory: &Directory, pointer: &str) -> Result<Boundary> {
        Boundary::parse(&self.0, directory.outline())
            .map_err(|flaw| Error::invalid_at(format!("{pointer}{}", flaw.pointer), flaw.reason))
    }
}

impl utoipa::PartialSchema for BoundaryBody {
    fn schema() -> RefOr<Schema> {
        let kind = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["Polygon", "MultiPolygon"]))
            .description(Some("Requests may use either type. Answers always use MultiPolygon."));
        let array = |items: RefOr<Schema>, least| {
            ArrayBuilder::new().items(items).min_items(Some(least)).max_items(Some(100_000))
        };
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let position: RefOr<Schema> = ArrayBuilder::new().items(number).min_items(Some(2)).max_items(Some(2)).into();
        let polygon = || array(array(position.clone(), 4).into(), 1);
        let coordinates = OneOfBuilder::new().item(polygon()).item(array(polygon().into(), 1));
        let bbox = ArrayBuilder::new()
            .items(ObjectBuilder::new().schema_type(Type::Number))
            .min_items(Some(4))
            .max_items(Some(4));
        ObjectBuilder::new()
            .property("type", kind)
            .property(
                "coordinates",
                coordinates.description(Some(
                    "A list of rings. A ring is a list of positions in WGS 84, longitude first. A MultiPolygon has a list of such lists.",
                )),
            )
            .property("bbox", bbox.description(Some("Ignored in requests and absent from answers.")))
            .required("type")
            .required("coordinates")
            .description(Some("A boundary: a GeoJSON geometry (RFC 7946) with simple rings that do not cross."))
            .examples([json!({
                "type": "MultiPolygon",
                "coordinates": [[[[15.57, 58.42], [15.6, 58.42], [15.6, 58.44], [15.57, 58.44], [15.57, 58.42]]]]
            })])
            .into()
    }
}

impl utoipa::ToSchema for BoundaryBody {
    fn name() -> std::borrow::Cow<'static, str> {
        "Boundary".into()
    }
}

/// Checks that an active district does not overlap its neighbours or reach outside the municipality. `pointer` is the
/// place in the request that decides where the district lies, for the errors.
pub fn check_boundary(directory: &Directory, id: DistrictId, pointer: &str) -> Result<()> {
    let Some(district) = directory.district(id).filter(|district| district.is_active()) else { return Ok(()) };
    let Some(boundary) = directory.boundary(district) else { return Ok(()) };
    let others = directory.districts.iter().filter(|other| other.is_active() && other.id != id);
    let mut violations: Vec<Violation> = Vec::new();
    for (other, theirs) in others.filter_map(|other| Some((other, directory.boundary(other)?))) {
        let overlap = overlap_square_metres(boundary, theirs);
        if overlap > TOLERANCE_SQUARE_METRES {
            violations.push(Violation::at(pointer, overlaps(other, overlap)));
        }
    }
    let reach = directory.outline().map_or(0.0, |outline| reach_outside_metres(boundary, outline));
    if reach > TOLERANCE_METRES {
        violations.push(Violation::at(pointer, leaves(reach)));
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
}

fn overlaps(other: &District, square_metres: f64) -> Text {
    let name = other.name.sv();
    Text::new(
        format!("overlaps the district {name} by {square_metres:.0} m²; at most 1 m² is accepted"),
        format!("överlappar stadsdelen {name} med {square_metres:.0} m²; högst 1 m² släpps igenom"),
    )
}

fn leaves(metres: f64) -> Text {
    Text::new(
        format!("leaves the municipality by {metres:.0} m; at most 1 m is accepted"),
        format!("lämnar kommunen med {metres:.0} m; högst 1 m släpps igenom"),
    )
}
