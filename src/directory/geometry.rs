//! The boundaries of districts: reading them from GeoJSON, checking them, and measuring them in metres.
//!
//! - A boundary is a Polygon or a MultiPolygon in WGS 84 degrees, longitude first. In answers it is always a MultiPolygon
//!   with counterclockwise shells (RFC 7946). A position is kept to nine decimals (a tenth of a millimetre), so that a
//!   stored boundary reads back as the same boundary.
//! - Mistakes are refused with their place and never corrected: an open ring, an altitude, swapped coordinates, a ring
//!   that crosses or touches itself, rings that cross or share a stretch, a hole outside its polygon, polygons on top of
//!   each other. Rings may touch at single points. A position that is repeated is harmless and kept, because the data of
//!   Statistics Sweden have such positions.
//! - The work of checking is bounded for any boundary. Each edge is compared only with edges near it, not with all
//!   others as in geo's `Validation`, and a drawing that still needs too many comparisons is refused. The work of
//!   measuring a boundary against the others is bounded as well (see [`effort`]).
//! - Tests of the side of a line on which a point lies are exact (geo's robust predicates). They use the decimals that
//!   were sent, because three positions in a row would nearly always be slightly out of line as binary fractions.
//!   Measures are taken on a plane through the place, which keeps straight edges straight. The error of the plane is
//!   below one percent in a municipality.

mod cutting;
pub mod drawing;
pub mod effort;
pub mod fit;
pub mod measures;
mod middle;
mod rings;

use geo::orient::Direction;
use geo::{BoundingRect, Coord, Intersects, LineString, MapCoords, MultiPolygon, Orient, Polygon, Rect};
use serde_json::{Value, json};

use crate::directory::geometry::drawing::{Drawing, flaw};
pub use drawing::BoundaryFlaw;

/// The largest number of positions in a boundary. The most detailed district of Linköping has 2,200.
pub const MOST_POSITIONS: usize = 100_000;

/// The largest number of rings in a boundary. Each ring is compared with the others.
pub const MOST_RINGS: usize = 1_000;

/// The tolerance for areas, in square metres: the largest overlap of two districts that is allowed, the largest gap
/// that is not reported, and the smallest area that a boundary may enclose.
pub const TOLERANCE_SQUARE_METRES: f64 = 1.0;

/// The ground that a district or the municipality covers: polygons in WGS 84 degrees, whose rings do not cross.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    shape: MultiPolygon<f64>,
}

impl Boundary {
    /// Reads a boundary from a GeoJSON geometry and checks it. `municipality` is the outline of the municipality, if
    /// there is one. It is needed to detect swapped coordinates.
    pub fn parse(geometry: &Value, municipality: Option<&Boundary>) -> Result<Self, BoundaryFlaw> {
        let drawing = Drawing::read(geometry)?;
        drawing.check_axes(municipality)?;
        rings::check(&drawing.in_steps())?;
        let polygons = drawing.polygons.into_iter().map(polygon_of).collect();
        let boundary = Self { shape: MultiPolygon::new(polygons).orient(Direction::Default) };
        if boundary.drawn_square_metres() < TOLERANCE_SQUARE_METRES {
            return Err(flaw(
                "",
                "The boundary covers less than a square metre.",
                "Gränsen omsluter mindre än en kvadratmeter.",
            ));
        }
        Ok(boundary)
    }

    /// Reads a boundary from its stored GeoJSON geometry, without checking its rings. [`Boundary::parse`] checked them
    /// before they were stored.
    pub fn restored(geometry: &Value) -> Result<Self, BoundaryFlaw> {
        let polygons = Drawing::read(geometry)?.polygons.into_iter().map(polygon_of).collect();
        Ok(Self { shape: MultiPolygon::new(polygons) })
    }

    /// Returns the boundary as a GeoJSON MultiPolygon.
    pub fn to_geojson(&self) -> Value {
        let ring = |ring: &LineString<f64>| -> Vec<[f64; 2]> { ring.0.iter().map(|at| [at.x, at.y]).collect() };
        let polygon = |polygon: &Polygon<f64>| -> Vec<Vec<[f64; 2]>> {
            std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect()
        };
        let coordinates: Vec<_> = self.shape.iter().map(polygon).collect();
        json!({ "type": "MultiPolygon", "coordinates": coordinates })
    }

    /// Returns the polygons of the boundary in WGS 84 degrees, with counterclockwise shells and clockwise holes.
    pub fn shape(&self) -> &MultiPolygon<f64> {
        &self.shape
    }

    /// Returns the GeoJSON `bbox` of the boundary, in degrees: west, south, east and north.
    pub fn bbox(&self) -> [f64; 4] {
        let extent = self.extent();
        [extent.min().x, extent.min().y, extent.max().x, extent.max().y]
    }

    /// Returns the smallest rectangle around the boundary, in degrees. No boundary that was parsed is empty, but the
    /// union of no districts is. Its rectangle is the point at longitude 0 and latitude 0.
    fn extent(&self) -> Rect<f64> {
        self.shape.bounding_rect().unwrap_or_else(|| Rect::new(Coord::zero(), Coord::zero()))
    }
}

impl Drawing {
    fn read(geometry: &Value) -> Result<Self, BoundaryFlaw> {
        let Some(members) = geometry.as_object() else {
            return Err(flaw("", "A GeoJSON geometry is an object.", "En GeoJSON-geometri är ett objekt."));
        };
        if let Some(name) = members.keys().find(|name| !matches!(name.as_str(), "type" | "coordinates" | "bbox")) {
            return Err(flaw(
                format!("/{}", name.replace('~', "~0").replace('/', "~1")),
                "Only type, coordinates and bbox belong in the geometry; it is always WGS 84.",
                "Bara type, coordinates och bbox hör hemma i geometrin; den är alltid WGS 84.",
            ));
        }
        let multi = match members.get("type").and_then(Value::as_str) {
            Some("Polygon") => false,
            Some("MultiPolygon") => true,
            _ => {
                return Err(flaw(
                    "/type",
                    "A boundary is a GeoJSON Polygon or MultiPolygon geometry.",
                    "En gräns är en GeoJSON-geometri av typen Polygon eller MultiPolygon.",
                ));
            }
        };
        let coordinates = members.get("coordinates").unwrap_or(&Value::Null);
        let mut reader = GeometryReader { positions_left: MOST_POSITIONS, rings_left: MOST_RINGS };
        let polygons = if multi {
            reader.each(coordinates, "/coordinates", GeometryReader::polygon)?
        } else {
            vec![reader.polygon(coordinates, "/coordinates")?]
        };
        Ok(Self { polygons, multi })
    }

    /// Returns the JSON pointer to a ring in the geometry as it was sent, by the index of its polygon and its own index
    /// there.
    fn pointer(&self, polygon: usize, ring: usize) -> String {
        if self.multi { format!("/coordinates/{polygon}/{ring}") } else { format!("/coordinates/{ring}") }
    }

    /// Returns the drawing with its positions in billionths of a degree. These are whole numbers, so the checks have no
    /// rounding errors.
    fn in_steps(&self) -> Self {
        let ring = |ring: &LineString<f64>| ring.map_coords(|at| Coord { x: in_steps(at.x), y: in_steps(at.y) });
        Self {
            polygons: self.polygons.iter().map(|rings| rings.iter().map(ring).collect()).collect(),
            multi: self.multi,
        }
    }

    /// Refuses a drawing whose latitude and longitude are swapped, which is the commonest mistake. For Sweden, both
    /// orders are possible places on earth, so they can be told apart only by the outline of the municipality.
    fn check_axes(&self, municipality: Option<&Boundary>) -> Result<(), BoundaryFlaw> {
        let all = MultiPolygon::new(self.polygons.iter().cloned().map(polygon_of).collect());
        let (Some(home), Some(drawn)) = (municipality.map(Boundary::extent), all.bounding_rect()) else {
            return Ok(());
        };
        let swap = |at: Coord<f64>| Coord { x: at.y, y: at.x };
        if !home.intersects(&drawn) && home.intersects(&Rect::new(swap(drawn.min()), swap(drawn.max()))) {
            return Err(flaw(
                "/coordinates",
                "Latitude and longitude are swapped: GeoJSON gives longitude first.",
                "Latitud och longitud är omkastade: GeoJSON anger longitud först.",
            ));
        }
        Ok(())
    }
}

/// Reads the nested arrays of a geometry's coordinates, and counts how many more rings and positions are allowed.
struct GeometryReader {
    positions_left: usize,
    rings_left: usize,
}

impl GeometryReader {
    /// Reads each item of an array with `read`, and refuses an empty array. `pointer` is the JSON pointer to the array.
    fn each<T>(
        &mut self,
        items: &Value,
        pointer: &str,
        read: fn(&mut Self, &Value, &str) -> Result<T, BoundaryFlaw>,
    ) -> Result<Vec<T>, BoundaryFlaw> {
        match items.as_array() {
            Some(items) if !items.is_empty() => {
                items.iter().enumerate().map(|(at, item)| read(self, item, &format!("{pointer}/{at}"))).collect()
            }
            _ => Err(flaw(
                pointer,
                "An array with at least one item is needed here.",
                "Här ska det stå en lista med minst ett element.",
            )),
        }
    }

    fn polygon(&mut self, rings: &Value, pointer: &str) -> Result<Vec<LineString<f64>>, BoundaryFlaw> {
        self.each(rings, pointer, Self::ring)
    }

    fn ring(&mut self, positions: &Value, pointer: &str) -> Result<LineString<f64>, BoundaryFlaw> {
        self.rings_left = self.rings_left.checked_sub(1).ok_or_else(|| {
            flaw(
                pointer,
                format!("A boundary has at most {MOST_RINGS} rings."),
                format!("En gräns har högst {MOST_RINGS} ringar."),
            )
        })?;
        let ring = self.each(positions, pointer, Self::position)?;
        if ring.len() < 4 {
            return Err(flaw(
                pointer,
                "A ring has at least four positions, the last the same as the first.",
                "En ring har minst fyra positioner, den sista samma som den första.",
            ));
        }
        if ring.first() != ring.last() {
            return Err(flaw(
                format!("{pointer}/{}", ring.len() - 1),
                "The ring is not closed: its last position must be the same as its first.",
                "Ringen är inte sluten: den sista positionen måste vara samma som den första.",
            ));
        }
        Ok(LineString::new(ring))
    }

    fn position(&mut self, position: &Value, pointer: &str) -> Result<Coord<f64>, BoundaryFlaw> {
        self.positions_left = self.positions_left.checked_sub(1).ok_or_else(|| {
            flaw(
                pointer,
                format!("A boundary has at most {MOST_POSITIONS} positions."),
                format!("En gräns har högst {MOST_POSITIONS} positioner."),
            )
        })?;
        let numbers = position.as_array().map(Vec::as_slice).unwrap_or_default();
        let [Some(x), Some(y)] = [numbers.first(), numbers.get(1)].map(|number| number.and_then(Value::as_f64)) else {
            return Err(flaw(
                pointer,
                "A position is two numbers: longitude and latitude.",
                "En position är två tal: longitud och latitud.",
            ));
        };
        if numbers.len() > 2 {
            return Err(flaw(
                pointer,
                "A position has two numbers only: leave the altitude out.",
                "En position har bara två tal: utelämna höjden.",
            ));
        }
        // A number that is not finite fails this comparison as well.
        if !(x.abs() <= 180.0 && y.abs() <= 90.0) {
            return Err(flaw(
                pointer,
                "Longitude is from -180 to 180 and latitude from -90 to 90 degrees in WGS 84; metres, as in SWEREF 99, are refused.",
                "Longitud är från -180 till 180 och latitud från -90 till 90 grader i WGS 84; meter, som i SWEREF 99, tas inte emot.",
            ));
        }
        Ok(Coord { x: to_nine_decimals(x), y: to_nine_decimals(y) })
    }
}

fn polygon_of(rings: Vec<LineString<f64>>) -> Polygon<f64> {
    let mut rings = rings.into_iter();
    let shell = rings.next().unwrap_or_else(LineString::empty);
    Polygon::new(shell, rings.collect())
}

/// Rounds a number of degrees to nine decimals. Every JSON parser writes and reads numbers of at most fifteen digits
/// exactly. Adding zero turns a negative zero, which would be written differently, into zero.
fn to_nine_decimals(degrees: f64) -> f64 {
    in_steps(degrees) / 1e9 + 0.0
}

fn in_steps(degrees: f64) -> f64 {
    (degrees * 1e9).round()
}

#[cfg(test)]
pub(super) mod tests;
