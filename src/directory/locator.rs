//! Which district has a point? Asked for every resident's question, so it is fast and always sure.
//!
//! - A point belongs to the district that covers it. One on a shared border, or on ground that two
//!   districts cover, belongs to the one with the lowest key: always the same, in whatever order
//!   the districts were given.
//! - Borders are rounded, so that a crack of less than a metre can run between two districts. A point
//!   that no district covers belongs to the nearest one within a metre; beyond that, to none.
//! - The test is exact: orientation is decided by geo's robust predicates, not by rounding.
//!
//! Two steps keep it under a microsecond: an R-tree of extents leaves a few districts, and in each
//! only the edges of one narrow band of latitude are looked at. Nothing is allocated.

use geo::kernels::RobustKernel;
use geo::{BoundingRect, Coord, Distance, Euclidean, Kernel, Line, LinesIter, Orientation, Point, Rect};
use rstar::{AABB, RTree, RTreeObject};

use super::geometry::Boundary;
use crate::directory::geometry::measures::{Plane, TOLERANCE_METRES};

/// The index over all districts. It keeps its own copy of their edges.
#[derive(Debug, Clone)]
pub struct Locator {
    districts: RTree<District>,
}

/// Where a point was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The key the district was given with.
    pub key: usize,
    /// How the point lies to it.
    pub place: Place,
}

/// How a point lies to its district.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Within its borders.
    Inside,
    /// Exactly on its border.
    Border,
    /// In a crack beside it, or just outside the municipality.
    Crack,
}

impl Locator {
    /// Prepares the districts. Keys are the caller's, and decide ties.
    pub fn new(districts: &[(usize, &Boundary)]) -> Self {
        let districts = districts.iter().filter_map(|(key, boundary)| District::prepare(*key, boundary)).collect();
        Self { districts: RTree::bulk_load(districts) }
    }

    /// The one district of a point, or none outside the municipality.
    pub fn locate(&self, lon: f64, lat: f64) -> Option<Located> {
        if !(lon.is_finite() && lat.is_finite()) {
            return None;
        }
        let at = Coord { x: lon, y: lat };
        let here = AABB::from_point([lon, lat]);
        let nearby = || self.districts.locate_in_envelope_intersecting(&here);
        let covering = nearby().filter_map(|district| Some(Located { key: district.key, place: district.place(at)? }));
        covering.min_by_key(|located| located.key).or_else(|| {
            let distances = nearby().map(|district| (district.metres_to_border(at), district.key));
            let (_, key) = distances
                .filter(|(metres, _)| *metres <= TOLERANCE_METRES)
                .min_by(|one, two| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1)))?;
            Some(Located { key, place: Place::Crack })
        })
    }
}

/// One district, its edges sorted into bands of equal height from south to north.
#[derive(Debug, Clone)]
struct District {
    key: usize,
    /// Its extent, wider by what a crack may measure.
    extent: AABB<[f64; 2]>,
    plane: Plane,
    south: f64,
    bands_per_degree: f64,
    /// Where in `edges` each band starts, and at last where the last one ends.
    starts: Vec<usize>,
    /// An edge stands in each band that it passes through.
    edges: Vec<Line<f64>>,
}

impl RTreeObject for District {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.extent
    }
}

impl District {
    fn prepare(key: usize, boundary: &Boundary) -> Option<Self> {
        let extent = boundary.shape().bounding_rect()?;
        let plane = Plane::through(extent);
        let reach = plane.widen(extent, TOLERANCE_METRES);
        let lines: Vec<_> = boundary.shape().lines_iter().filter(|line| line.start != line.end).collect();
        let bands = band_count(&lines, extent.height());
        let mut district = Self {
            key,
            extent: AABB::from_corners(reach.min().into(), reach.max().into()),
            plane,
            south: extent.min().y,
            bands_per_degree: bands as f64 / extent.height(),
            starts: vec![0; bands + 1],
            edges: Vec::new(),
        };
        let mut placed: Vec<(usize, Line<f64>)> = Vec::new();
        for line in lines {
            let (low, high) = latitudes(line);
            placed.extend((district.band(low)..=district.band(high)).map(|band| (band, line)));
        }
        placed.sort_by_key(|(band, _)| *band);
        for (band, start) in district.starts.iter_mut().enumerate() {
            *start = placed.partition_point(|(other, _)| *other < band);
        }
        district.edges = placed.into_iter().map(|(_, line)| line).collect();
        Some(district)
    }

    /// The band of a latitude; beyond the extent the first or the last. A higher latitude never has
    /// a lower band, whatever the rounding, so an edge stands in the band of each of its points.
    fn band(&self, latitude: f64) -> usize {
        (((latitude - self.south) * self.bands_per_degree) as usize).min(self.starts.len() - 2)
    }

    fn edges(&self, from: f64, to: f64) -> &[Line<f64>] {
        &self.edges[self.starts[self.band(from)]..self.starts[self.band(to) + 1]]
    }

    /// Follows the parallel eastward from a point: inside, it leaves the district an odd number of
    /// times. An edge counts with its northern end and without its southern, so that a corner on the
    /// parallel counts once.
    fn place(&self, at: Coord<f64>) -> Option<Place> {
        let mut inside = false;
        for line in self.edges(at.y, at.y) {
            let (low, high) = latitudes(*line);
            let (west, east) =
                if line.start.x < line.end.x { (line.start.x, line.end.x) } else { (line.end.x, line.start.x) };
            if at.y < low || at.y > high || at.x > east {
                continue;
            }
            let crosses = low < at.y;
            if at.x < west {
                inside ^= crosses;
                continue;
            }
            match RobustKernel::orient2d(line.start, line.end, at) {
                Orientation::Collinear => return Some(Place::Border),
                side => inside ^= crosses && (side == Orientation::CounterClockwise) == (line.start.y < line.end.y),
            }
        }
        inside.then_some(Place::Inside)
    }

    /// The distance to the nearest edge, if it is within the tolerance; infinite or any larger
    /// distance otherwise, as edges in other bands are not looked at.
    fn metres_to_border(&self, at: Coord<f64>) -> f64 {
        let margin = self.plane.widen(Rect::new(at, at), TOLERANCE_METRES);
        let point = Point::from(self.plane.metres(at));
        let distance = |line: &Line<f64>| {
            let line = Line::new(self.plane.metres(line.start), self.plane.metres(line.end));
            Euclidean.distance(&point, &line)
        };
        self.edges(margin.min().y, margin.max().y).iter().map(distance).fold(f64::INFINITY, f64::min)
    }
}

/// As many bands as keep the copies of long edges to a few for each edge: a parallel crosses some
/// edges wherever it runs, and those stand in every band.
fn band_count(lines: &[Line<f64>], height: f64) -> usize {
    let crossed = lines.iter().map(|line| line.dy().abs()).sum::<f64>() / height;
    (4.0 * lines.len() as f64 / crossed).clamp(1.0, 4.0 * lines.len() as f64) as usize
}

fn latitudes(line: Line<f64>) -> (f64, f64) {
    if line.start.y < line.end.y { (line.start.y, line.end.y) } else { (line.end.y, line.start.y) }
}

#[cfg(test)]
mod tests;
