//! Boundaries of districts: what is taken is one clean surface that reads back as itself and can be measured.

use nara::directory::geometry::Boundary;
use nara::directory::geometry::measures::{distance_metres, gaps, overlap_square_metres, reach_outside_metres, union};
use serde_json::{Value, json};

use super::text;

/// The bytes are a GeoJSON geometry; or pairs of steps on a small grid, whose rings end where one stands twice.
pub fn check(data: &[u8]) {
    match text(data).and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        Some(geometry) => judge(&geometry),
        None => judge(&drawn(data)),
    }
}

fn judge(geometry: &Value) {
    let boundary = match Boundary::parse(geometry, None) {
        Ok(boundary) => boundary,
        Err(flaw) => {
            let parent = flaw.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            let is_there = geometry.pointer(&flaw.pointer).or_else(|| geometry.pointer(parent)).is_some();
            assert!(is_there, "{} points nowhere", flaw.pointer);
            return;
        }
    };
    let written = boundary.to_geojson();
    assert_eq!(Boundary::parse(&written, None).as_ref(), Ok(&boundary), "it does not read back");
    assert_eq!(Boundary::restored(&written).as_ref(), Ok(&boundary));
    let [west, south, east, north] = boundary.bbox();
    assert!(-180.0 <= west && west < east && east <= 180.0 && -90.0 <= south && south < north && north <= 90.0);
    let [lon, lat] = boundary.label_point();
    assert!(lon.is_finite() && lat.is_finite() && distance_metres([lon, lat], [west, south]).is_finite());
    assert!(boundary.area_km2() >= 0.0);
    // The plane that measures are taken on is for a municipality, and so is the work that they may take.
    let is_local = east - west < 0.4 && north - south < 0.2 && (55.0..70.0).contains(&lat);
    if is_local && positions(&written) < 200 {
        measure(&boundary);
    }
}

fn measure(boundary: &Boundary) {
    let whole = overlap_square_metres(boundary, boundary);
    let ground = boundary.area_km2() * 1e6;
    // On the ellipsoid an edge is not straight, and has some ground on one side of it.
    let bent = 5_000.0 * positions(&boundary.to_geojson()) as f64;
    assert!((whole - ground).abs() <= ground * 0.02 + bent, "it covers {ground} m², and {whole} m² of itself");
    assert!(reach_outside_metres(boundary, boundary) <= 1.0, "it reaches out of itself");
    let all = union(&[boundary]);
    assert!(
        (overlap_square_metres(&all, boundary) - whole).abs() <= whole * 0.02 + 2.0,
        "its union with nothing is another"
    );
    assert!(gaps(boundary, &[boundary]).is_empty(), "it leaves something of itself open");
}

fn positions(geometry: &Value) -> usize {
    match geometry {
        Value::Array(items) if items.iter().all(Value::is_number) => 1,
        Value::Array(items) => items.iter().map(positions).sum(),
        Value::Object(fields) => fields.get("coordinates").map_or(0, positions),
        _ => 0,
    }
}

/// Polygons on a grid of a few hundred metres around a square in Linköping, so that edges meet often.
fn drawn(data: &[u8]) -> Value {
    let position = |step: &[u8]| {
        let on_grid = |byte: u8| f64::from(byte % 16) * 0.005;
        json!([15.5 + on_grid(step[0]), 58.4 + on_grid(step[1])])
    };
    let ring = |steps: &[u8]| {
        let mut ring: Vec<Value> = steps.chunks_exact(2).map(position).collect();
        ring.extend(ring.first().cloned());
        ring
    };
    // A byte with all its bits set parts rings, and two of them part polygons.
    let mut polygons: Vec<Vec<Vec<Value>>> = vec![Vec::new()];
    for steps in data.split(|byte| *byte == 0xff) {
        match (steps.is_empty(), polygons.last_mut()) {
            (false, Some(rings)) => rings.push(ring(steps)),
            _ => polygons.push(Vec::new()),
        }
    }
    polygons.retain(|rings| !rings.is_empty());
    json!({ "type": "MultiPolygon", "coordinates": polygons })
}
