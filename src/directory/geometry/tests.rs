use geo::{Area, Validation};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Returns the boundaries of the districts of Linköping with the districts' codes, in the order of the file.
pub(in crate::directory) fn linkoping() -> Vec<(String, Boundary)> {
    let collection: Value = serde_json::from_str(include_str!("../../../data/linkoping/boundaries.geojson")).unwrap();
    let district = |feature: &Value| {
        let code = feature["id"].as_str().unwrap().to_owned();
        (code, Boundary::parse(&feature["geometry"], None).unwrap())
    };
    collection["features"].as_array().unwrap().iter().map(district).collect()
}

pub(super) fn refs(districts: &[(String, Boundary)]) -> Vec<&Boundary> {
    districts.iter().map(|(_, boundary)| boundary).collect()
}

pub(super) fn polygon(rings: Value) -> Value {
    json!({ "type": "Polygon", "coordinates": rings })
}

/// Returns the ring of a square, from its south-western corner and the length of its side in degrees.
pub(super) fn square(west: f64, south: f64, side: f64) -> Value {
    let (east, north) = (west + side, south + side);
    json!([[west, south], [east, south], [east, north], [west, north], [west, south]])
}

pub(super) fn boundary(rings: Value) -> Boundary {
    Boundary::parse(&polygon(rings), None).unwrap()
}

/// Returns the JSON pointer and the English reason with which the geometry is refused.
fn refusal(geometry: Value) -> (String, String) {
    let flaw = Boundary::parse(&geometry, None).unwrap_err();
    assert!(!flaw.reason.sv.is_empty());
    assert!(flaw.pointer.is_empty() || geometry.pointer(&flaw.pointer).is_some() || flaw.pointer == "/type");
    (flaw.pointer, flaw.reason.en.into_owned())
}

#[track_caller]
fn refused(geometry: Value, pointer: &str, reason: &str) {
    let (at, why) = refusal(geometry);
    assert_eq!(at, pointer, "{why}");
    assert!(why.contains(reason), "{why}");
}

#[test]
fn a_polygon_is_answered_as_a_multipolygon_with_a_counterclockwise_shell() {
    let clockwise = json!([[15.0, 58.0], [15.0, 59.0], [16.0, 59.0], [15.0, 58.0]]);
    let answer = boundary(json!([clockwise])).to_geojson();
    assert_eq!(
        answer,
        json!({ "type": "MultiPolygon", "coordinates": [[[[15.0, 58.0], [16.0, 59.0], [15.0, 59.0], [15.0, 58.0]]]] })
    );
}

#[test]
fn every_real_district_reads_back_as_it_was_answered() {
    for (code, boundary) in linkoping() {
        let text = boundary.to_geojson().to_string();
        let again = Boundary::parse(&serde_json::from_str(&text).unwrap(), None).unwrap();
        assert_eq!(again, boundary, "{code}");
        assert!(boundary.shape().is_valid(), "{code}");
    }
}

#[test]
fn only_a_bare_polygon_or_multipolygon_is_a_boundary() {
    refused(json!(null), "", "is an object");
    refused(json!([]), "", "is an object");
    refused(json!({}), "/type", "Polygon or MultiPolygon");
    refused(json!({ "type": "Point", "coordinates": [15.0, 58.0] }), "/type", "Polygon or MultiPolygon");
    let feature = json!({ "type": "Feature", "geometry": polygon(json!([square(15.0, 58.0, 1.0)])) });
    refused(feature, "/geometry", "Only type");
    let crs = json!({ "type": "Polygon", "coordinates": [square(15.0, 58.0, 1.0)], "crs": {} });
    refused(crs, "/crs", "WGS 84");
    let bbox = json!({ "type": "Polygon", "coordinates": [square(15.0, 58.0, 1.0)], "bbox": [15, 58, 16, 59] });
    assert!(Boundary::parse(&bbox, None).is_ok());
}

#[test]
fn what_is_not_a_ring_of_positions_is_pointed_at() {
    let missing = Boundary::parse(&json!({ "type": "Polygon" }), None).unwrap_err();
    assert_eq!(missing.pointer, "/coordinates");
    refused(polygon(json!([])), "/coordinates", "at least one");
    refused(polygon(json!([[]])), "/coordinates/0", "at least one");
    refused(json!({ "type": "MultiPolygon", "coordinates": [[]] }), "/coordinates/0", "at least one");
    refused(polygon(json!([[1.0, 2.0]])), "/coordinates/0/0", "two numbers");
    refused(polygon(json!([[[15.0, 58.0], ["15", 58.0]]])), "/coordinates/0/1", "two numbers");
    refused(polygon(json!([[[15.0, 58.0], [15.0]]])), "/coordinates/0/1", "two numbers");
    refused(polygon(json!([[[15.0, 58.0, 70.0]]])), "/coordinates/0/0", "altitude");
    refused(polygon(json!([[[537_000, 6_474_000]]])), "/coordinates/0/0", "SWEREF");
    refused(polygon(json!([[[15.0, 58.0], [16.0, 58.0], [15.0, 58.0]]])), "/coordinates/0", "four positions");
    let open = json!([[15.0, 58.0], [16.0, 58.0], [16.0, 59.0], [15.0, 59.0]]);
    refused(polygon(json!([open])), "/coordinates/0/3", "not closed");
    refused(json!({ "type": "MultiPolygon", "coordinates": [[open]] }), "/coordinates/0/0/3", "not closed");
}

#[test]
fn nesting_without_end_and_size_without_bound_are_refused() {
    let mut deep = json!(1.0);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    refused(polygon(deep), "/coordinates/0/0", "two numbers");
    let long: Vec<_> = (0..=MOST_POSITIONS).map(|_| [15.0, 58.0]).collect();
    refused(polygon(json!([long])), "/coordinates/0/100000", "at most 100000");
    let many: Vec<_> = (0..=MOST_RINGS).map(|_| square(15.0, 58.0, 1.0)).collect();
    refused(polygon(json!(many)), "/coordinates/1000", "at most 1000");
}

#[test]
fn swapped_coordinates_are_recognised_by_the_municipality() {
    let home = boundary(json!([square(15.0, 58.0, 1.0)]));
    let swapped = polygon(json!([square(58.4, 15.4, 0.1)]));
    assert!(Boundary::parse(&swapped, None).is_ok());
    let flaw = Boundary::parse(&swapped, Some(&home)).unwrap_err();
    assert_eq!(flaw.pointer, "/coordinates");
    assert!(flaw.reason.en.contains("swapped"));
    assert!(Boundary::parse(&polygon(json!([square(15.4, 58.4, 0.1)])), Some(&home)).is_ok());
    assert!(Boundary::parse(&polygon(json!([square(1.0, 2.0, 0.1)])), Some(&home)).is_ok());
}

#[test]
fn a_ring_that_crosses_or_touches_itself_is_refused_at_the_edge() {
    let bow_tie = json!([[15.0, 58.0], [16.0, 59.0], [16.0, 58.0], [15.0, 59.0], [15.0, 58.0]]);
    refused(polygon(json!([bow_tie])), "/coordinates/0/0", "crosses the edge that starts at /coordinates/0/2");
    let touching =
        json!([[15.0, 58.0], [16.0, 58.0], [15.5, 58.5], [16.0, 59.0], [15.0, 59.0], [15.5, 58.5], [15.0, 58.0]]);
    refused(polygon(json!([touching])), "/coordinates/0/1", "within one ring");
    let spike = json!([[15.0, 58.0], [17.0, 58.0], [16.0, 58.0], [16.0, 59.0], [15.0, 58.0]]);
    refused(polygon(json!([spike])), "/coordinates/0/0", "runs back");
    let flat = json!([[15.0, 58.0], [16.0, 58.0], [17.0, 58.0], [15.0, 58.0]]);
    refused(polygon(json!([flat])), "/coordinates/0/1", "runs back");
    let point = json!([[15.0, 58.0], [15.0, 58.0], [15.0, 58.0], [15.0, 58.0]]);
    refused(polygon(json!([point])), "/coordinates/0", "three different");
    refused(polygon(json!([square(15.0, 58.0, 0.000_001)])), "", "less than a square metre");
    // The positions are in a row as they are drawn, although not as binary fractions. Then one position is a step out of line.
    let row = |end: f64| polygon(json!([[[15.555, 58.415], [15.535, 58.44], [15.515, end], [15.555, 58.415]]]));
    refused(row(58.465), "/coordinates/0/1", "runs back");
    refused(row(58.465_000_001), "", "less than a square metre");
}

#[test]
fn a_hole_lies_in_its_polygon_and_may_touch_it_at_points_only() {
    let shell = square(15.0, 58.0, 1.0);
    let at = "/coordinates/1";
    refused(polygon(json!([shell, square(17.0, 58.0, 0.1)])), at, "outside its polygon");
    refused(polygon(json!([shell, square(14.0, 57.0, 3.0)])), at, "outside its polygon");
    refused(polygon(json!([shell, square(15.9, 58.4, 0.2)])), "/coordinates/0/1", "crosses");
    refused(polygon(json!([shell, square(15.8, 58.4, 0.2)])), "/coordinates/0/1", "shares a stretch");
    refused(polygon(json!([shell, shell])), "/coordinates/0/0", "shares a stretch");
    let two = json!([shell, square(15.2, 58.2, 0.6), square(15.4, 58.4, 0.1)]);
    refused(polygon(two), "/coordinates/2", "another hole");
    let diamond = json!([[15.5, 58.0], [16.0, 58.5], [15.5, 59.0], [15.0, 58.5], [15.5, 58.0]]);
    assert!(Boundary::parse(&polygon(json!([shell, diamond])), None).is_ok());
    // The ring goes through a corner of the shell, so that every pair of edges only touches.
    let through = json!([[15.5, 58.5], [16.0, 58.0], [16.5, 57.5], [16.5, 58.5], [15.5, 58.5]]);
    assert!(Boundary::parse(&polygon(json!([shell, through])), None).is_err());
}

#[test]
fn polygons_of_one_boundary_do_not_cover_each_other() {
    let multi = |polygons: Value| json!({ "type": "MultiPolygon", "coordinates": polygons });
    let shell = square(15.0, 58.0, 1.0);
    refused(multi(json!([[shell], [square(15.4, 58.4, 0.1)]])), "/coordinates/1/0", "on top of");
    refused(multi(json!([[square(15.4, 58.4, 0.1)], [shell]])), "/coordinates/1/0", "on top of");
    refused(multi(json!([[shell], [square(15.5, 58.5, 1.0)]])), "/coordinates/0/0/1", "crosses");
    refused(multi(json!([[shell], [square(16.0, 58.0, 1.0)]])), "/coordinates/0/0/1", "shares a stretch");
    let island = json!([[shell, square(15.2, 58.2, 0.6)], [square(15.4, 58.4, 0.1)]]);
    assert!(Boundary::parse(&multi(island), None).is_ok());
    let corner = json!([[shell], [square(16.0, 59.0, 1.0)]]);
    assert!(Boundary::parse(&multi(corner), None).is_ok());
}

/// The boundary has ten thousand long edges side by side that do not cross. Each of them lies in the extents of all
/// others.
#[test]
fn a_comb_that_would_cost_too_much_to_judge_is_refused() {
    let teeth = 5_000;
    let edge = |tooth: i32| f64::from(tooth) / f64::from(teeth);
    let mut ring: Vec<[f64; 2]> = Vec::new();
    for tooth in 0..teeth {
        let (this, next) = (edge(tooth), edge(tooth) + 0.5 / f64::from(teeth));
        ring.extend([[this, 0.0], [50.0 + this, 50.0], [50.0 + next, 50.0], [next, 0.0]]);
    }
    ring.extend([[1.0, -1.0], [0.0, -1.0], [0.0, 0.0]]);
    refused(polygon(json!([ring])), "", "too intricate");
}

pub(super) fn shape_of(rings: &[Vec<[i32; 2]>]) -> Value {
    let ring = |ring: &Vec<[i32; 2]>| -> Vec<[f64; 2]> {
        ring.iter().chain(ring.first()).map(|[x, y]| [15.0 + f64::from(*x) / 8.0, 58.0 + f64::from(*y) / 8.0]).collect()
    };
    json!(rings.iter().map(ring).collect::<Vec<_>>())
}

pub(super) fn small_ring() -> impl Strategy<Value = Vec<[i32; 2]>> {
    prop_oneof![
        prop::collection::vec([0..6, 0..6], 3..7),
        // Stars around a middle point are often simple.
        ([1..5, 1..5], prop::collection::vec(1..3, 4)).prop_map(|([x, y], arms)| {
            vec![[x + arms[0], y], [x, y + arms[1]], [x - arms[2], y], [x, y - arms[3]]]
        }),
    ]
}

/// Whether a ring of the drawing encloses nothing, because it goes out and back on the same line. Geo treats such a
/// ring as valid.
fn flat(drawing: &Drawing) -> bool {
    drawing.polygons.iter().flatten().any(|ring| polygon_of(vec![ring.clone()]).unsigned_area() == 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The rings are on a coarse grid, where nearly all edges touch or cross. These are the cases that are hard to
    /// judge.
    #[test]
    fn the_verdict_on_a_polygon_is_geos(rings in prop::collection::vec(small_ring(), 1..4)) {
        let coordinates = shape_of(&rings);
        let drawing = Drawing::read(&polygon(coordinates.clone())).unwrap();
        let oracle = polygon_of(drawing.polygons[0].clone());
        let verdict = Boundary::parse(&polygon(coordinates), None);
        prop_assert_eq!(verdict.is_ok(), oracle.is_valid() && !flat(&drawing), "{:?} and {:?}", verdict, oracle.check_validation());
    }

    #[test]
    fn the_verdict_on_a_multipolygon_is_geos(shells in prop::collection::vec(small_ring(), 2..4)) {
        let polygons: Vec<_> = shells.iter().map(|shell| shape_of(std::slice::from_ref(shell))).collect();
        let geometry = json!({ "type": "MultiPolygon", "coordinates": polygons });
        let drawing = Drawing::read(&geometry).unwrap();
        let oracle = MultiPolygon::new(drawing.polygons.iter().cloned().map(polygon_of).collect());
        let verdict = Boundary::parse(&geometry, None);
        prop_assert_eq!(verdict.is_ok(), oracle.is_valid() && !flat(&drawing), "{:?} and {:?}", verdict, oracle.check_validation());
    }

    #[test]
    fn what_is_accepted_reads_back_the_same(
        corners in prop::collection::vec((15.0..16.0, 58.0..59.0), 3..5)
    ) {
        let mut ring: Vec<[f64; 2]> = corners.iter().map(|(x, y)| [*x, *y]).collect();
        ring.push(ring[0]);
        if let Ok(boundary) = Boundary::parse(&polygon(json!([ring])), None) {
            let text = boundary.to_geojson().to_string();
            prop_assert_eq!(Boundary::parse(&serde_json::from_str(&text).unwrap(), None).unwrap(), boundary);
        }
    }
}
