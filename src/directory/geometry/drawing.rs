//! Boundaries as they were sent, before they are checked, and the mistakes that are found in them.

use geo::LineString;

use crate::error::Text;

/// A mistake for which a boundary is refused, with its location in the geometry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {}", reason.en)]
pub struct BoundaryFlaw {
    /// A JSON pointer to the mistake inside the geometry, such as `/coordinates/0/0/3`. Empty if the mistake is about
    /// the whole boundary.
    pub pointer: String,
    /// The explanation of the mistake, for the person who drew the boundary.
    pub reason: Text,
}

/// The rings of a GeoJSON geometry as they were sent, polygon by polygon. The first ring of a polygon is its shell and
/// the others are its holes.
pub(super) struct Drawing {
    pub(super) polygons: Vec<Vec<LineString<f64>>>,
    /// Whether the geometry is a MultiPolygon, whose coordinates have one level of lists more than those of a Polygon.
    pub(super) multi: bool,
}

pub(super) fn flaw(
    pointer: impl Into<String>,
    en: impl Into<std::borrow::Cow<'static, str>>,
    sv: impl Into<std::borrow::Cow<'static, str>>,
) -> BoundaryFlaw {
    BoundaryFlaw { pointer: pointer.into(), reason: Text::new(en, sv) }
}
