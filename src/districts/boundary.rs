//! The boundary of a district, as it is written and as it must lie among the others.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::directory::geometry::Boundary;

/// A boundary as it is sent and answered: a GeoJSON geometry (RFC 7946).
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
            .description(Some("Either kind is read; answers are always a MultiPolygon."));
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
                    "Rings of positions, longitude first, in WGS 84; of a MultiPolygon, a list of such.",
                )),
            )
            .property("bbox", bbox.description(Some("Ignored; answers have none.")))
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
