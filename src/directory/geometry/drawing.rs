//! Drawings of boundaries before they are judged, and the flaws that are found in them.

use geo::LineString;

use crate::error::Text;

/// A mistake for which a boundary is refused, and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {}", reason.en)]
pub struct BoundaryFlaw {
    /// A JSON pointer inside the boundary, such as `/coordinates/0/0/3`. Empty for the whole boundary.
    pub pointer: String,
    /// The explanation of the mistake, for the person who drew the boundary.
    pub reason: Text,
}

/// A geometry as it was drawn: its positions in order, with the means to make pointers to them.
pub(super) struct Drawing {
    pub(super) polygons: Vec<Vec<LineString<f64>>>,
    /// Whether the coordinates have the extra level of a MultiPolygon.
    pub(super) multi: bool,
}

pub(super) fn flaw(
    pointer: impl Into<String>,
    en: impl Into<std::borrow::Cow<'static, str>>,
    sv: impl Into<std::borrow::Cow<'static, str>>,
) -> BoundaryFlaw {
    BoundaryFlaw { pointer: pointer.into(), reason: Text::new(en, sv) }
}
