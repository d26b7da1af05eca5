//! The boundary of a district, in the form that it has in requests and answers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::directory::geometry::Boundary;

/// The boundary of a district in requests and answers: a GeoJSON geometry (RFC 7946).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BoundaryBody(pub Value);

impl From<&Boundary> for BoundaryBody {
    fn from(boundary: &Boundary) -> Self {
        Self(boundary.to_geojson())
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
                    "For a Polygon, a list of rings. A ring is a list of positions in WGS 84, longitude first. For a MultiPolygon, a list of such lists.",
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
