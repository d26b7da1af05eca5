//! A point well inside a shape: the middle of the widest stretch that the shape has on a parallel through the middle of
//! one of its polygons.
//!
//! It is found in one pass over the edges. geo's `InteriorPoint` compares all edges that lie above each other, so a comb
//! with ten thousand level teeth takes it a hundred million comparisons.

use geo::{BoundingRect, CoordsIter, LinesIter, MultiPolygon, Point, Polygon, Rect};

/// Returns a point well inside the shape. `None` for a shape without positions.
pub(super) fn middle(shape: &MultiPolygon<f64>) -> Option<Point<f64>> {
    let mut widest: Option<(Point<f64>, f64)> = None;
    for (point, width) in shape.iter().filter_map(middle_of_polygon) {
        if widest.is_none_or(|(_, most)| width > most) {
            widest = Some((point, width));
        }
    }
    widest.map(|(point, _)| point)
}

/// Returns a point well inside the polygon, and the width of the polygon there, from west to east.
pub(super) fn middle_of_polygon(polygon: &Polygon<f64>) -> Option<(Point<f64>, f64)> {
    let parallel = parallel(polygon, polygon.bounding_rect()?);
    let crosses = |line: &geo::Line<f64>| (line.start.y <= parallel) != (line.end.y <= parallel);
    let at = |line: geo::Line<f64>| line.start.x + (parallel - line.start.y) / line.dy() * line.dx();
    let mut crossings: Vec<f64> = polygon.lines_iter().filter(crosses).map(at).collect();
    crossings.sort_by(f64::total_cmp);
    let mut widest: Option<(f64, f64)> = None;
    // Going eastward, the parallel enters the polygon at one crossing and leaves it at the next.
    for stretch in crossings.chunks_exact(2) {
        let (west, width) = (stretch[0], stretch[1] - stretch[0]);
        if widest.is_none_or(|(_, most)| width > most) {
            widest = Some((west + width / 2.0, width));
        }
    }
    // A polygon that is too flat for a parallel to pass through it is a line, and each of its positions is on it.
    widest
        .map(|(x, width)| (Point::new(x, parallel), width))
        .or_else(|| polygon.coords_iter().next().map(|position| (position.into(), 0.0)))
}

/// Returns the latitude of the middle of the polygon's extent, moved a little if a position of the polygon lies on it.
fn parallel(polygon: &Polygon<f64>, extent: Rect<f64>) -> f64 {
    let middle = extent.center().y;
    if polygon.coords_iter().all(|position| position.y != middle) {
        return middle;
    }
    let others = polygon.coords_iter().map(|position| position.y).filter(|y| *y != middle);
    let nearest = others.min_by(|one, two| (one - middle).abs().total_cmp(&(two - middle).abs()));
    nearest.map_or(middle, |nearest| f64::midpoint(middle, nearest))
}

#[cfg(test)]
mod tests;
