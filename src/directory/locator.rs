//! The search for the district in which a point lies. Every resident's question needs it, so it is fast and its result
//! is exact.
//!
//! - A point belongs to the district that covers it. A point on a shared border, or on ground that two districts cover,
//!   belongs to the district with the lowest key. The order in which the districts were given does not matter.
//! - Borders are rounded, so a crack of less than a metre can run between two districts. A point that no district
//!   covers belongs to the nearest district within a metre ([`TOLERANCE_METRES`]). If there is none, the point belongs
//!   to no district.
//! - The test whether a district covers a point is exact: the side of an edge on which the point lies is decided by
//!   geo's robust predicates, not by rounded numbers.
//!
//! A search takes less than a microsecond, in two steps. A search tree of the districts' extents leaves only a few
//! districts. In each of these, only the edges in one narrow band of latitude are tested. Nothing is allocated.

use geo::kernels::RobustKernel;
use geo::{BoundingRect, Coord, Distance, Euclidean, Kernel, Line, LinesIter, Orientation, Point, Rect};
use rstar::{AABB, RTree, RTreeObject};

use super::geometry::Boundary;
use crate::directory::geometry::measures::{Plane, TOLERANCE_METRES};

/// An index of districts for the search by point. It keeps its own copy of their edges.
#[derive(Debug, Clone)]
pub struct Locator {
    districts: RTree<DistrictBands>,
}

/// The result of the search for a point: its district, and the relation of the point to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The key of the district, as it was given to [`Locator::new`].
    pub key: usize,
    pub place: PointRelation,
}

/// The relation of a point to the district that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointRelation {
    /// The point is within the district's borders.
    Inside,
    /// The point is exactly on the district's border.
    Border,
    /// The district does not cover the point but is at most a metre from it. The point is in a crack between districts,
    /// or just outside the municipality.
    Crack,
}

impl Locator {
    /// Makes the index of these districts, each with a key. If several districts cover a point, the lowest key wins.
    pub fn new(districts: &[(usize, &Boundary)]) -> Self {
        let districts = districts.iter().filter_map(|(key, boundary)| DistrictBands::prepare(*key, boundary)).collect();
        Self { districts: RTree::bulk_load(districts) }
    }

    /// Returns the district to which a point belongs, or `None` if the point is more than a metre outside all
    /// districts.
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
            Some(Located { key, place: PointRelation::Crack })
        })
    }
}

/// The index of one district: its edges, sorted into bands of latitude of equal height from south to north.
#[derive(Debug, Clone)]
struct DistrictBands {
    key: usize,
    /// The smallest rectangle around the district, widened by the metre that cracks may have.
    extent: AABB<[f64; 2]>,
    plane: Plane,
    south: f64,
    bands_per_degree: f64,
    /// The index in `edges` at which each band starts, followed by the index at which the last band ends.
    starts: Vec<usize>,
    /// The district's edges, band by band. An edge is in each band that it passes through.
    edges: Vec<Line<f64>>,
}

impl RTreeObject for DistrictBands {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.extent
    }
}

impl DistrictBands {
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

    /// Returns the index of the band in which a latitude lies. A latitude beyond the district belongs to the first or
    /// the last band. A higher latitude never has a lower band, however it is rounded, so an edge is in the band of
    /// each of its points.
    fn band(&self, latitude: f64) -> usize {
        (((latitude - self.south) * self.bands_per_degree) as usize).min(self.starts.len() - 2)
    }

    fn edges(&self, from: f64, to: f64) -> &[Line<f64>] {
        &self.edges[self.starts[self.band(from)]..self.starts[self.band(to) + 1]]
    }

    /// Returns whether a point is inside the district or on its border, or `None` if it is outside. It follows the
    /// parallel eastward from the point. From a point inside, this line crosses the district's edges an odd number of
    /// times. An edge counts with its northern end but without its southern end, so that a corner on the parallel
    /// counts once.
    fn place(&self, at: Coord<f64>) -> Option<PointRelation> {
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
                Orientation::Collinear => return Some(PointRelation::Border),
                side => inside ^= crosses && (side == Orientation::CounterClockwise) == (line.start.y < line.end.y),
            }
        }
        inside.then_some(PointRelation::Inside)
    }

    /// Returns the distance in metres from a point to the district's nearest edge, if it is at most `TOLERANCE_METRES`.
    /// Otherwise, returns infinity or any larger distance, because edges in other bands are not tested.
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

/// Returns the number of bands for the edges of a district, chosen so that an edge is in only a few bands on average.
/// `height` is the height of the district in degrees. A parallel crosses some edges at every latitude, and long edges
/// are in many bands.
fn band_count(lines: &[Line<f64>], height: f64) -> usize {
    let crossed = lines.iter().map(|line| line.dy().abs()).sum::<f64>() / height;
    (4.0 * lines.len() as f64 / crossed).clamp(1.0, 4.0 * lines.len() as f64) as usize
}

fn latitudes(line: Line<f64>) -> (f64, f64) {
    if line.start.y < line.end.y { (line.start.y, line.end.y) } else { (line.end.y, line.start.y) }
}

#[cfg(test)]
mod tests;
