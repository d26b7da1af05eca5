//! Districts as GeoJSON (RFC 7946), for maps.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::districts::District;
use crate::districts::boundary::BoundaryBody;
use crate::districts::view::DistrictView;
use crate::http::call::Call;
use crate::http::link::Link;
use crate::http::page::Meta;
use crate::id::DistrictId;

/// The media type of GeoJSON.
pub const MEDIA_TYPE: &str = "application/geo+json";

/// A page of districts, as a GeoJSON FeatureCollection.
#[derive(Serialize, ToSchema)]
pub struct DistrictFeatures {
    /// The GeoJSON type, always `FeatureCollection`.
    r#type: CollectionType,
    /// The districts of this page, in the order of their names.
    #[schema(max_items = 100)]
    features: Vec<DistrictFeature>,
    /// The number of districts on the page and in the whole list.
    #[serde(rename = "_meta")]
    meta: Meta,
    /// Links to this page of districts and to the pages before and after it.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

/// The GeoJSON type of a page of districts.
#[derive(Serialize, ToSchema)]
enum CollectionType {
    /// A GeoJSON collection of features.
    FeatureCollection,
}

/// A district with its boundary, as a GeoJSON Feature.
#[derive(Serialize, ToSchema)]
pub struct DistrictFeature {
    /// The GeoJSON type, always `Feature`.
    r#type: FeatureType,
    /// The district's identifier, a UUID.
    id: DistrictId,
    /// The facts about the district, without its boundary.
    properties: DistrictView,
    /// The district's boundary, or null if no boundary is known (RFC 7946, section 3.2).
    ///
    /// @x-nullable true
    #[schema(required)]
    geometry: Option<BoundaryBody>,
}

/// The GeoJSON type of a district.
#[derive(Serialize, ToSchema)]
enum FeatureType {
    /// A district as a GeoJSON feature.
    Feature,
}

impl DistrictFeature {
    pub fn new(district: &District, directory: &Directory, call: &Call) -> Self {
        Self {
            r#type: FeatureType::Feature,
            id: district.id,
            properties: DistrictView::new(district, directory, call),
            geometry: directory.boundary(district).map(BoundaryBody::from),
        }
    }
}

impl DistrictFeatures {
    pub fn new(features: Vec<DistrictFeature>, meta: Meta, links: Vec<Link>) -> Self {
        Self { r#type: CollectionType::FeatureCollection, features, meta, links }
    }
}
