//! Checks that the rings of a boundary do not cross, and that holes and polygons lie as they should.
//!
//! The edges are checked first. Edges that cross, fold back or share a stretch are refused, so that afterwards rings meet
//! only at single points. Then each ring lies wholly on one side of every other ring, and one of its points is enough to
//! find out on which side.

use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{
    BoundingRect, Contains, Coord, Kernel, Line, LineString, Orientation, Rect,
    coordinate_position::{CoordPos, coord_pos_relative_to_ring},
    kernels::RobustKernel,
};
use rstar::{RTree, RTreeObject, primitives::GeomWithData};

use super::{BoundaryFlaw, Drawing, flaw};

/// The largest effort that the check of one drawing may take, in comparisons of two edges. That many comparisons take a
/// tenth of a second. A real district needs about four for each of its edges. Only a comb of hundreds of long, slanting
/// teeth needs more than this.
const MOST_EFFORT: usize = 2_000_000;

/// The number of comparisons that one touch of two edges counts as. A later walk around a ring may have to pass over
/// every touch.
const TOUCH_EFFORT: usize = 2_000;

pub(super) fn check(drawing: &Drawing) -> Result<(), BoundaryFlaw> {
    Edges::of(drawing)?.check(drawing)?;
    let framed = |ring| Framed { ring, frame: ring.bounding_rect() };
    let polygons: Vec<Vec<Framed>> = drawing.polygons.iter().map(|rings| rings.iter().map(framed).collect()).collect();
    polygons.iter().enumerate().try_for_each(|(at, rings)| check_holes(drawing, at, rings))?;
    check_polygons(drawing, &polygons)
}

/// A ring with the smallest rectangle around it. Every ring is compared with every other one, so the rectangle is worked
/// out once and not for each comparison.
struct Framed<'a> {
    ring: &'a LineString<f64>,
    frame: Option<Rect<f64>>,
}

/// One edge of a ring. Its length is never zero, because repeated positions are skipped. `before` and `after` are the
/// indices in [`Edges`] of the neighbouring edges in the same ring.
struct Edge {
    polygon: usize,
    ring: usize,
    /// The index of the edge's first position among the positions of the ring.
    position: usize,
    line: Line<f64>,
    before: usize,
    after: usize,
}

/// All edges of a drawing, ring by ring.
struct Edges(Vec<Edge>);

impl Edges {
    fn of(drawing: &Drawing) -> Result<Self, BoundaryFlaw> {
        let mut edges = Vec::new();
        for (polygon, rings) in drawing.polygons.iter().enumerate() {
            for (ring, line_string) in rings.iter().enumerate() {
                let first = edges.len();
                let lines = line_string.lines().enumerate().filter(|(_, line)| line.start != line.end);
                for (index, (position, line)) in (first..).zip(lines) {
                    edges.push(Edge { polygon, ring, position, line, before: index.max(1) - 1, after: index + 1 });
                }
                let count = edges.len() - first;
                if count < 3 {
                    return Err(flaw(
                        drawing.pointer(polygon, ring),
                        "The ring encloses nothing: it has fewer than three different positions.",
                        "Ringen omsluter ingenting: den har färre än tre olika positioner.",
                    ));
                }
                edges[first].before = first + count - 1;
                edges[first + count - 1].after = first;
            }
        }
        Ok(Self(edges))
    }

    fn check(&self, drawing: &Drawing) -> Result<(), BoundaryFlaw> {
        let lines = self.0.iter().enumerate().map(|(index, edge)| GeomWithData::new(edge.line, index)).collect();
        let nearby = RTree::bulk_load(lines);
        let mut effort = 0;
        // A ring that folds back also touches itself. Neighbouring edges are checked first, so that the error is about
        // the fold.
        for (index, edge) in self.0.iter().enumerate() {
            self.touch(drawing, edge, index, edge.after)?;
        }
        for (index, edge) in self.0.iter().enumerate() {
            for other in nearby.locate_in_envelope_intersecting(&edge.line.envelope()) {
                effort += 1;
                if other.data > index && self.touch(drawing, edge, index, other.data)? {
                    effort += TOUCH_EFFORT;
                }
                if effort > MOST_EFFORT {
                    return Err(flaw(
                        "",
                        "The boundary is too intricate: too many of its edges run beside or touch each other.",
                        "Gränsen är för invecklad: för många av dess kanter löper intill eller rör vid varandra.",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Returns whether two edges of different rings touch at a point, which is allowed. Fails if the two edges cross,
    /// share a stretch, run back along each other, or touch within one ring.
    fn touch(&self, drawing: &Drawing, edge: &Edge, index: usize, other: usize) -> Result<bool, BoundaryFlaw> {
        let (neighbours, other) = (edge.before == other || edge.after == other, &self.0[other]);
        let same_ring = (edge.polygon, edge.ring) == (other.polygon, other.ring);
        let refuse = |en: &'static str, sv: &'static str| {
            let other = format!("{}/{}", drawing.pointer(other.polygon, other.ring), other.position);
            Err(flaw(
                format!("{}/{}", drawing.pointer(edge.polygon, edge.ring), edge.position),
                format!("The edge that starts here {en} the edge that starts at {other}."),
                format!("Kanten som börjar här {sv} kanten som börjar vid {other}."),
            ))
        };
        match line_intersection(edge.line, other.line) {
            None => Ok(false),
            Some(LineIntersection::Collinear { .. }) if neighbours => refuse("runs back along", "löper tillbaka längs"),
            Some(LineIntersection::Collinear { .. }) => refuse("shares a stretch with", "har en sträcka gemensam med"),
            Some(LineIntersection::SinglePoint { .. }) if neighbours => Ok(false),
            Some(LineIntersection::SinglePoint { is_proper: true, .. }) => refuse("crosses", "korsar"),
            Some(LineIntersection::SinglePoint { .. }) if same_ring => {
                refuse("touches, within one ring,", "rör inom samma ring vid")
            }
            Some(LineIntersection::SinglePoint { intersection: at, .. }) => {
                let ours = self.arms(&self.0[index], at);
                if parts(at, ours, self.arms(other, at)) { refuse("crosses", "korsar") } else { Ok(true) }
            }
        }
    }

    /// Returns the two positions to which a ring goes on, in both directions, from the point `at` on its edge `edge`.
    fn arms(&self, edge: &Edge, at: Coord<f64>) -> [Coord<f64>; 2] {
        let Line { start, end } = edge.line;
        if at == start {
            [self.0[edge.before].line.start, end]
        } else if at == end {
            [start, self.0[edge.after].line.end]
        } else {
            [start, end]
        }
    }
}

/// Whether two paths that meet at the point `at` cross each other there: one arm of the second path lies between the
/// arms of the first, and the other arm does not. No two arms have the same direction, because that would be a shared
/// stretch.
fn parts(at: Coord<f64>, [from, to]: [Coord<f64>; 2], other: [Coord<f64>; 2]) -> bool {
    let left_of =
        |of: Coord<f64>, point: Coord<f64>| RobustKernel::orient2d(at, of, point) == Orientation::CounterClockwise;
    let between = |point| match RobustKernel::orient2d(at, from, to) {
        Orientation::CounterClockwise => left_of(from, point) && left_of(point, to),
        Orientation::Clockwise => !(left_of(to, point) && left_of(point, from)),
        Orientation::Collinear => left_of(from, point),
    };
    between(other[0]) != between(other[1])
}

/// Refuses a polygon with a hole that lies outside the shell or in another hole. `polygon` is the index of the polygon
/// in the drawing.
fn check_holes(drawing: &Drawing, polygon: usize, rings: &[Framed<'_>]) -> Result<(), BoundaryFlaw> {
    let Some((shell, holes)) = rings.split_first() else { return Ok(()) };
    for (at, hole) in holes.iter().enumerate() {
        if !inside(hole, shell) {
            return Err(flaw(
                drawing.pointer(polygon, at + 1),
                "The hole lies outside its polygon.",
                "Hålet ligger utanför sin polygon.",
            ));
        }
        if holes[..at].iter().any(|other| inside(hole, other) || inside(other, hole)) {
            return Err(flaw(
                drawing.pointer(polygon, at + 1),
                "The hole and another hole of the same polygon lie in each other.",
                "Hålet och ett annat hål i samma polygon ligger i varandra.",
            ));
        }
    }
    Ok(())
}

/// Refuses a drawing in which a polygon covers ground of another polygon.
fn check_polygons(drawing: &Drawing, polygons: &[Vec<Framed<'_>>]) -> Result<(), BoundaryFlaw> {
    let covers = |rings: &[Framed<'_>], ring: &Framed<'_>| {
        rings
            .split_first()
            .is_some_and(|(shell, holes)| inside(ring, shell) && !holes.iter().any(|hole| inside(ring, hole)))
    };
    for (at, polygon) in polygons.iter().enumerate() {
        let overlapped =
            polygons[..at].iter().position(|other| covers(other, &polygon[0]) || covers(polygon, &other[0]));
        if let Some(other) = overlapped {
            let other = drawing.pointer(other, 0);
            return Err(flaw(
                drawing.pointer(at, 0),
                format!("This polygon lies on top of the one at {other}."),
                format!("Den här polygonen ligger ovanpå den vid {other}."),
            ));
        }
    }
    Ok(())
}

/// Whether the ring `ring` lies inside the ring `other`, which it does not cross. This is decided by the first point of
/// `ring` that is not on `other`: a position, or the middle of an edge if all positions are on `other`.
fn inside(ring: &Framed<'_>, other: &Framed<'_>) -> bool {
    let (Some(ours), Some(theirs)) = (ring.frame, other.frame) else { return false };
    if !theirs.contains(&ours) {
        return false;
    }
    let (ring, other) = (ring.ring, other.ring);
    let middles = ring.lines().map(|line| (line.start + line.end) / 2.0);
    ring.coords()
        .copied()
        .chain(middles)
        .map(|point| coord_pos_relative_to_ring(point, other))
        .find(|side| *side != CoordPos::OnBoundary)
        .is_some_and(|side| side == CoordPos::Inside)
}
