//! Intersections, differences and unions of shapes, and shapes with a margin. All numbers are in the unit of the given
//! shapes.
//!
//! This module does the work of geo's `BooleanOps` and `Buffer`, with a newer release of the crate that geo uses for it. The
//! release that geo 0.33 requires (i_overlay 4.5) loses ground or panics if a hole and another polygon touch a shell at
//! the same point (its issues 70, 72 and 77). Positions snap to a grid of 2^30 steps over all given shapes. The results are
//! valid: no ring touches itself.

use geo::{Coord, LineString, MultiPolygon, Polygon};
use i_overlay::{
    core::{fill_rule::FillRule, overlay_rule::OverlayRule, solver::Solver},
    float::overlay::{FloatOverlay, OverlayOptions},
    mesh::float::{
        outline::offset::OutlineOffset,
        style::{LineJoin, OutlineStyle},
    },
};

/// The angle between two corners of an arc that is drawn with straight edges, in radians.
const ARC_STEP: f64 = 0.2;

/// The number of positions from which on shapes are cut in columns. The library's own choice is to do that from 32,000 on, and
/// before to sort edges by a tree over the whole height of the shapes. In a frame that is much larger than a comb with level
/// teeth, the tree does not tell the teeth apart: 30,000 positions in a municipality took 1.6 s, and in columns 13 ms.
const FEWEST_IN_COLUMNS: usize = 2_000;

/// A ring of a polygon in the form of i_overlay: the last position is not a copy of the first.
type OpenRing = Vec<[f64; 2]>;

/// Returns the ground that both shapes cover.
pub(super) fn intersection(one: &MultiPolygon, two: &MultiPolygon) -> MultiPolygon {
    cut(one, two, OverlayRule::Intersect)
}

/// Returns the ground that the first shape covers and at least one of the others covers, too. The shells of all shapes are
/// counterclockwise and their holes clockwise.
pub(super) fn intersection_with_all<'a>(
    one: &MultiPolygon,
    others: impl IntoIterator<Item = &'a MultiPolygon>,
) -> MultiPolygon {
    let one: Vec<OpenRing> = rings(one).collect();
    let others: Vec<OpenRing> = others.into_iter().flat_map(rings).collect();
    overlay(&one, &others, OverlayRule::Intersect, FillRule::Positive)
}

/// Returns the ground of the first shape that the second does not cover.
pub(super) fn difference(one: &MultiPolygon, two: &MultiPolygon) -> MultiPolygon {
    cut(one, two, OverlayRule::Difference)
}

/// Returns the ground that at least one of the shapes covers. Shells are counterclockwise and holes clockwise.
pub(super) fn union<'a>(shapes: impl IntoIterator<Item = &'a MultiPolygon>) -> MultiPolygon {
    let rings: Vec<OpenRing> = shapes.into_iter().flat_map(rings).collect();
    let mut overlay = FloatOverlay::<_>::from_subj_custom(&rings, OverlayOptions::ogc(), solver(&rings, &[]));
    shape(overlay.overlay(OverlayRule::Subject, FillRule::Positive))
}

/// Returns the ground that the shape covers and all ground that is at most the distance `by` from it, with round
/// corners.
pub(super) fn widened(shape_of: &MultiPolygon, by: f64) -> MultiPolygon {
    let style = OutlineStyle::new(by).line_join(LineJoin::Round(ARC_STEP));
    let rings: Vec<OpenRing> = rings(shape_of).collect();
    shape(rings.outline_custom(&style, OverlayOptions::ogc()))
}

fn cut(one: &MultiPolygon, two: &MultiPolygon, rule: OverlayRule) -> MultiPolygon {
    let [one, two]: [Vec<OpenRing>; 2] = [rings(one).collect(), rings(two).collect()];
    overlay(&one, &two, rule, FillRule::EvenOdd)
}

fn overlay(one: &[OpenRing], two: &[OpenRing], rule: OverlayRule, fill: FillRule) -> MultiPolygon {
    let mut overlay = FloatOverlay::<_>::from_subj_and_clip_custom(one, two, OverlayOptions::ogc(), solver(one, two));
    shape(overlay.overlay(rule, fill))
}

fn solver(one: &[OpenRing], two: &[OpenRing]) -> Solver {
    let positions: usize = one.iter().chain(two).map(Vec::len).sum();
    if positions < FEWEST_IN_COLUMNS { Solver::AUTO } else { Solver::FRAG }
}

fn rings(shape: &MultiPolygon) -> impl Iterator<Item = OpenRing> {
    let rings = shape.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
    rings.map(|ring| ring.coords().skip(1).map(|at| [at.x, at.y]).collect())
}

fn shape(polygons: Vec<Vec<OpenRing>>) -> MultiPolygon {
    let ring = |ring: OpenRing| ring.into_iter().map(Coord::from).collect::<LineString>();
    let polygon = |rings: Vec<OpenRing>| {
        let mut rings = rings.into_iter().map(ring);
        rings.next().map(|shell| Polygon::new(shell, rings.collect()))
    };
    polygons.into_iter().filter_map(polygon).collect()
}
