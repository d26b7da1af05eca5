//! The fit of a boundary among the other districts: its overlaps with them, and the distance that it reaches outside the
//! municipality. The effort is bounded for any boundary.
//!
//! - Shapes are cut against each other only after the edges that lie near each other have been counted. Where many
//!   edges cross, as in two combs laid across each other, a cut takes as many steps as there are crossings, and as much
//!   memory.
//! - The boundary is cut once, against all districts together. Only what they cover together is cut against the single
//!   districts, to find out which of them it belongs to.

use geo::{Area, BoundingRect, CoordsIter, Intersects, Line, LinesIter, MultiPolygon};
use rstar::{RTree, RTreeObject};

use super::Boundary;
use super::cutting;
use super::effort::{Effort, TooIntricate};
use super::measures::{Plane, reach_outside_metres};
use crate::directory::geometry::TOLERANCE_SQUARE_METRES;

/// The number of steps that a pair of edges counts as which touch or cross. Cutting makes a corner of it.
const TOUCH_STEPS: usize = 10;

/// The number of steps that an edge counts as each time it takes part in a cut.
const CUT_STEPS: usize = 4;

/// The fit of a boundary among other districts.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The other districts that the boundary overlaps by more than `TOLERANCE_SQUARE_METRES`, by their indices in the
    /// list, with the size of the overlap in square metres. If the boundary is very intricate, only the first of them.
    pub overlaps: Vec<(usize, f64)>,
    /// The distance in metres that the boundary reaches outside the municipality.
    pub reach_metres: f64,
}

/// Measures the fit of a boundary among the `others`, inside the municipality, if there is an outline of it. Fails if
/// that takes more than the effort that is allowed.
pub fn measure(
    boundary: &Boundary,
    others: &[&Boundary],
    municipality: Option<&Boundary>,
    effort: &mut Effort,
) -> Result<Fit, TooIntricate> {
    let extent = boundary.extent();
    let near = |(_, other): &(usize, &&Boundary)| other.extent().intersects(&extent);
    let near: Vec<(usize, &Boundary)> =
        others.iter().enumerate().filter(near).map(|(index, other)| (index, *other)).collect();
    let shapes = near.iter().map(|(_, other)| &other.shape).chain(municipality.map(|outline| &outline.shape));
    count_edges(&boundary.shape, shapes, effort)?;
    let plane = Plane::through(extent);
    let near: Vec<(usize, MultiPolygon)> =
        near.into_iter().map(|(index, other)| (index, plane.lay(&other.shape))).collect();
    let shared = cutting::intersection_with_all(&plane.lay(&boundary.shape), near.iter().map(|(_, other)| other));
    let overlaps =
        if shared.unsigned_area() > TOLERANCE_SQUARE_METRES { attribute(&shared, &near, effort)? } else { Vec::new() };
    let reach_metres = municipality.map_or(0.0, |outline| reach_outside_metres(boundary, outline));
    Ok(Fit { overlaps, reach_metres })
}

/// Takes the effort for cutting a shape against the others: a step for each edge and for each pair of edges whose extents
/// meet, and more for each pair that touches.
fn count_edges<'a>(
    ours: &MultiPolygon,
    others: impl Iterator<Item = &'a MultiPolygon>,
    effort: &mut Effort,
) -> Result<(), TooIntricate> {
    let mut theirs: Vec<Line<f64>> = Vec::new();
    for shape in others {
        effort.spend(CUT_STEPS * shape.coords_count())?;
        theirs.extend(shape.lines_iter().filter(|line| line.start != line.end));
    }
    let theirs = RTree::bulk_load(theirs);
    for line in ours.lines_iter() {
        effort.spend(CUT_STEPS)?;
        for other in theirs.locate_in_envelope_intersecting(&line.envelope()) {
            effort.spend(if line.intersects(other) { TOUCH_STEPS } else { 1 })?;
        }
    }
    Ok(())
}

/// Finds out to which districts the ground `shared` belongs, which the boundary shares with them. If the effort does not
/// suffice for all, returns those that were found, and fails if there are none.
fn attribute(
    shared: &MultiPolygon,
    districts: &[(usize, MultiPolygon)],
    effort: &mut Effort,
) -> Result<Vec<(usize, f64)>, TooIntricate> {
    let mut found = Vec::new();
    for (index, district) in districts {
        let Some(extent) = district.bounding_rect() else { continue };
        let meets = |piece: &&geo::Polygon| piece.bounding_rect().is_some_and(|piece| piece.intersects(&extent));
        let pieces: MultiPolygon = shared.iter().filter(meets).cloned().collect();
        match effort.spend(CUT_STEPS * (shared.coords_count() + pieces.coords_count() + district.coords_count())) {
            Ok(()) => {}
            Err(_) if !found.is_empty() => break,
            Err(too_intricate) => return Err(too_intricate),
        }
        let overlap = cutting::intersection(&pieces, district).unsigned_area();
        if overlap > TOLERANCE_SQUARE_METRES {
            found.push((*index, overlap));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
