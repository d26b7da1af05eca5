//! Measures of boundaries: areas, overlaps, gaps, and the distance that a boundary reaches outside the municipality.
//!
//! Cutting shapes (see `cutting`) moves positions to a grid. Over a municipality, the grid has steps of a tenth of a
//! millimetre. If the positions of a shared border agree, both sides are moved alike and nothing is left between them.
//! Otherwise, the ground that is left between them is far below the tolerances.

use geo::{
    Area, Contains, Coord, CoordsIter, Distance, GeodesicArea, Haversine, Intersects, LinesIter, MapCoords,
    MultiPolygon, Orient, Point, Polygon, Rect, orient::Direction,
};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{PointDistance, RTree, RTreeObject};

use super::{Boundary, cutting, middle};

use crate::directory::geometry::TOLERANCE_SQUARE_METRES;

/// The largest distance in metres that a district may reach outside the municipality. A point that no district covers
/// is also counted to a district within this distance.
pub const TOLERANCE_METRES: f64 = 1.0;

/// The largest area in square metres that may lie more than `TOLERANCE_METRES` outside and still be ignored. So much
/// can be left because circles are drawn with straight edges.
const SPECK_SQUARE_METRES: f64 = 0.01;

/// The largest distance in degrees (about a millimetre) by which the grid can have moved a position. A true crossing of
/// borders that is this near to a corner can be treated as the corner.
const SNAP_DEGREES: f64 = 1e-8;

/// A piece of ground in the municipality that belongs to no district.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    pub area_square_metres: f64,
    /// A point inside the gap, as longitude and latitude in degrees.
    pub label_point: [f64; 2],
}

impl Boundary {
    /// Returns the area that the boundary encloses on the earth's ellipsoid, in square kilometres.
    pub fn area_km2(&self) -> f64 {
        self.square_metres() / 1e6
    }

    fn square_metres(&self) -> f64 {
        // For a sliver, the signed area may have the wrong sign. The unsigned area would then be the rest of the earth.
        self.shape.geodesic_area_signed().abs()
    }

    /// Returns the area in square metres that the boundary encloses on a plane, where the edges are straight as they
    /// are drawn. On the ellipsoid, even three positions in a row would enclose some ground.
    pub(super) fn drawn_square_metres(&self) -> f64 {
        Plane::through(self.extent()).lay(&self.shape).unsigned_area()
    }

    /// Returns a point well inside the boundary, as longitude and latitude, where a map can write the district's name.
    pub fn label_point(&self) -> [f64; 2] {
        label_point(&self.shape)
    }
}

/// Returns the distance along the earth's surface between two points, in metres. The points are longitude and latitude
/// in degrees.
pub fn distance_metres(from: [f64; 2], to: [f64; 2]) -> f64 {
    Haversine.distance(Point::from(from), Point::from(to))
}

/// Returns the size of the ground that both boundaries cover, in square metres.
pub fn overlap_square_metres(one: &Boundary, two: &Boundary) -> f64 {
    let (ours, theirs) = (one.extent(), two.extent());
    if !ours.intersects(&theirs) {
        return 0.0;
    }
    let plane = Plane::through(ours);
    cutting::intersection(&plane.lay(&one.shape), &plane.lay(&two.shape)).unsigned_area()
}

/// Returns the pairs of boundaries that cover the same ground, by their indices in the list, with the size of that
/// ground in square metres. Overlaps of at most `TOLERANCE_SQUARE_METRES` are left out.
pub fn overlaps(boundaries: &[&Boundary]) -> Vec<(usize, usize, f64)> {
    let extent = |(index, boundary): (usize, &&Boundary)| {
        let extent = boundary.extent();
        GeomWithData::new(Rectangle::from_corners(extent.min().into(), extent.max().into()), index)
    };
    let extents: Vec<GeomWithData<Rectangle<[f64; 2]>, usize>> = boundaries.iter().enumerate().map(extent).collect();
    let nearby = RTree::bulk_load(extents.clone());
    let mut found = Vec::new();
    for (index, extent) in extents.iter().enumerate() {
        let near = nearby.locate_in_envelope_intersecting(&extent.envelope()).map(|near| near.data);
        let mut others: Vec<usize> = near.filter(|other| *other > index).collect();
        others.sort_unstable();
        for other in others {
            let overlap = overlap_square_metres(boundaries[index], boundaries[other]);
            if overlap > TOLERANCE_SQUARE_METRES {
                found.push((index, other, overlap));
            }
        }
    }
    found
}

/// Returns the ground that the boundaries cover together. If a corner of the union comes from a boundary, it has
/// exactly the position that it has there. A hole of less than a square metre is a crack between two rounded borders
/// and is closed. A crack that reaches the outer border at both ends stays open, and is within the tolerance.
pub fn union(boundaries: &[&Boundary]) -> Boundary {
    let snapped = cutting::union(boundaries.iter().map(|boundary| &boundary.shape));
    let corners = boundaries.iter().flat_map(|boundary| boundary.shape.coords_iter()).map(Point::from).collect();
    let corners = RTree::bulk_load(corners);
    let mut shape = snapped.map_coords(|at| match corners.nearest_neighbor(&Point::from(at)) {
        Some(corner) if corner.distance_2(&Point::from(at)) < SNAP_DEGREES * SNAP_DEGREES => corner.0,
        _ => at,
    });
    for polygon in &mut shape {
        *polygon = without_cracks(polygon);
    }
    Boundary { shape: shape.orient(Direction::Default) }
}

fn without_cracks(polygon: &Polygon<f64>) -> Polygon<f64> {
    let wide = |hole: &&geo::LineString<f64>| {
        Polygon::new((*hole).clone(), Vec::new()).geodesic_area_unsigned() >= TOLERANCE_SQUARE_METRES
    };
    Polygon::new(polygon.exterior().clone(), polygon.interiors().iter().filter(wide).cloned().collect())
}

/// Returns the gaps: the pieces of ground of the municipality that no boundary covers and that are larger than
/// `TOLERANCE_SQUARE_METRES`. The largest gap comes first.
pub fn gaps(municipality: &Boundary, boundaries: &[&Boundary]) -> Vec<Gap> {
    let plane = Plane::through(municipality.extent());
    let laid: Vec<_> = boundaries.iter().map(|boundary| plane.lay(&boundary.shape)).collect();
    let bare = cutting::difference(&plane.lay(&municipality.shape), &cutting::union(&laid));
    let mut gaps: Vec<Gap> = bare
        .into_iter()
        .map(|piece| (piece.unsigned_area(), piece))
        .filter(|(area, _)| *area > TOLERANCE_SQUARE_METRES)
        .map(|(area_square_metres, piece)| {
            let piece = piece.map_coords(|at| plane.degrees(at));
            Gap { area_square_metres, label_point: label_point(&MultiPolygon::new(vec![piece])) }
        })
        .collect();
    gaps.sort_by(|one, two| two.area_square_metres.total_cmp(&one.area_square_metres));
    gaps
}

/// Returns the distance in metres that a boundary reaches outside the municipality. It is at most `TOLERANCE_METRES` if
/// and only if all of the boundary lies that near, except specks. If it is larger, it is the distance of the farthest
/// corner or middle of the ground outside.
pub fn reach_outside_metres(boundary: &Boundary, municipality: &Boundary) -> f64 {
    let plane = Plane::through(municipality.extent());
    let home = plane.lay(&municipality.shape);
    let outside = cutting::difference(&plane.lay(&boundary.shape), &home);
    if outside.0.is_empty() {
        return 0.0;
    }
    let border = RTree::bulk_load(home.lines_iter().collect());
    let farthest = |shape: &MultiPolygon<f64>| {
        let middles = shape.iter().filter_map(middle::middle_of_polygon).map(|(point, _)| point);
        let distance =
            |point: Point<f64>| border.nearest_neighbor_iter_with_distance_2(&point).next().map(|near| near.1);
        shape.coords_iter().map(Point::from).chain(middles).filter_map(distance).fold(0.0, f64::max).sqrt()
    };
    let reach = farthest(&outside);
    if reach > TOLERANCE_METRES {
        return reach;
    }
    // All corners of a piece can be near the municipality while its middle is far away, for example if a border is drawn
    // straight across a bay.
    let beyond = cutting::difference(&outside, &cutting::widened(&home, TOLERANCE_METRES));
    if beyond.unsigned_area() < SPECK_SQUARE_METRES { reach } else { farthest(&beyond).max(TOLERANCE_METRES.next_up()) }
}

/// Returns the middle of the widest stretch of a shape, as longitude and latitude, rounded to a tenth of a metre if the
/// rounded point is still inside.
fn label_point(shape: &MultiPolygon<f64>) -> [f64; 2] {
    let Some(point) = middle::middle(shape) else { return [0.0, 0.0] };
    let short = point.map_coords(|at| Coord { x: (at.x * 1e6).round() / 1e6, y: (at.y * 1e6).round() / 1e6 });
    if shape.contains(&short) { short.into() } else { point.into() }
}

/// A flat plane in metres that touches the earth in the middle of a rectangle of degrees. Straight edges stay straight,
/// so borders that coincide in degrees also coincide on the plane.
#[derive(Debug, Clone, Copy)]
pub(in crate::directory) struct Plane {
    middle: Coord<f64>,
    metres: Coord<f64>,
}

impl Plane {
    pub(in crate::directory) fn through(extent: Rect<f64>) -> Self {
        let middle = extent.center();
        let latitude = middle.y.to_radians();
        // The lengths of one degree on the WGS 84 ellipsoid, by the usual series, exact to a centimetre.
        let y = 111_132.92 - 559.82 * (2.0 * latitude).cos() + 1.175 * (4.0 * latitude).cos();
        let x = 111_412.84 * latitude.cos() - 93.5 * (3.0 * latitude).cos() + 0.118 * (5.0 * latitude).cos();
        Self { middle, metres: Coord { x, y } }
    }

    pub(in crate::directory) fn metres(&self, at: Coord<f64>) -> Coord<f64> {
        Coord { x: (at.x - self.middle.x) * self.metres.x, y: (at.y - self.middle.y) * self.metres.y }
    }

    fn degrees(&self, at: Coord<f64>) -> Coord<f64> {
        Coord { x: at.x / self.metres.x + self.middle.x, y: at.y / self.metres.y + self.middle.y }
    }

    /// Returns the rectangle `extent`, in degrees, with a margin of `metres` on all sides.
    pub(in crate::directory) fn widen(&self, extent: Rect<f64>, metres: f64) -> Rect<f64> {
        let margin = Coord { x: metres / self.metres.x, y: metres / self.metres.y };
        Rect::new(extent.min() - margin, extent.max() + margin)
    }

    pub(super) fn lay(&self, shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
        shape.map_coords(|at| self.metres(at))
    }
}

#[cfg(test)]
mod tests;
