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

/// A page of districts, as a FeatureCollection.
#[derive(Serialize, ToSchema)]
pub struct DistrictFeatures {
    /// Always `FeatureCollection`.
    r#type: CollectionType,
    /// The districts of this page, in order.
    #[schema(max_items = 100)]
    features: Vec<DistrictFeature>,
    /// About the page.
    #[serde(rename = "_meta")]
    meta: Meta,
    /// Where to go from here.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

/// The GeoJSON type of a page of districts.
#[derive(Serialize, ToSchema)]
enum CollectionType {
    /// A collection of features.
    FeatureCollection,
}

/// A district with its boundary.
#[derive(Serialize, ToSchema)]
pub struct DistrictFeature {
    /// Always `Feature`.
    r#type: FeatureType,
    /// The district's identifier.
    id: DistrictId,
    /// The district.
    properties: DistrictView,
    /// Its boundary; null where none is known (RFC 7946, 3.2).
    ///
    /// @x-nullable true
    #[schema(required)]
    geometry: Option<BoundaryBody>,
}

/// The GeoJSON type of a district.
#[derive(Serialize, ToSchema)]
enum FeatureType {
    /// A feature.
    Feature,
}

impl DistrictFeature {
    /// A district with its boundary.
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
    /// The features of one page.
    pub fn new(features: Vec<DistrictFeature>, meta: Meta, links: Vec<Link>) -> Self {
        Self { r#type: CollectionType::FeatureCollection, features, meta, links }
    }
}
