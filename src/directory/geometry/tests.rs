use geo::{Area, Contains, CoordsIter, MapCoords, Point, Validation};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The districts of Linköping, in the order of the file.
pub(in crate::directory) fn linkoping() -> Vec<(String, Boundary)> {
    let collection: Value = serde_json::from_str(include_str!("../../../data/linkoping/boundaries.geojson")).unwrap();
    let district = |feature: &Value| {
        let code = feature["id"].as_str().unwrap().to_owned();
        (code, Boundary::parse(&feature["geometry"], None).unwrap())
    };
    collection["features"].as_array().unwrap().iter().map(district).collect()
}

fn refs(districts: &[(String, Boundary)]) -> Vec<&Boundary> {
    districts.iter().map(|(_, boundary)| boundary).collect()
}

fn polygon(rings: Value) -> Value {
    json!({ "type": "Polygon", "coordinates": rings })
}

/// A square with its south-western corner and side in degrees.
fn square(west: f64, south: f64, side: f64) -> Value {
    let (east, north) = (west + side, south + side);
    json!([[west, south], [east, south], [east, north], [west, north], [west, south]])
}

fn boundary(rings: Value) -> Boundary {
    Boundary::parse(&polygon(rings), None).unwrap()
}

/// Where the geometry is refused, and the English reason.
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
    // In a row as they are drawn, whatever binary fractions make of it; and a step beside it, whatever the ellipsoid does.
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
    // Through a corner of the shell, so that every pair of edges only touches.
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

/// Ten thousand long edges side by side, none crossing: each lies in the extents of all others.
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

#[test]
fn the_real_districts_partition_the_municipality() {
    let districts = linkoping();
    let all = refs(&districts);
    assert_eq!(overlaps(&all), []);
    let municipality = union(&all);
    assert_eq!(municipality.shape().0.len(), 1);
    assert_eq!(municipality.shape().0[0].interiors().len(), 0);
    assert_eq!(gaps(&municipality, &all), []);
    let sum: f64 = all.iter().map(|boundary| boundary.area_km2()).sum();
    assert!((sum - municipality.area_km2()).abs() < 1e-6, "{sum} and {}", municipality.area_km2());
    // SCB measures on the plane of SWEREF 99, where Linköping is 0.08 percent smaller than on earth.
    assert!((sum * 0.9992 - 1_575.6).abs() < 0.1, "{sum}");
    for (code, boundary) in &districts {
        let reach = reach_outside_metres(boundary, &municipality);
        assert!(reach < 0.001, "{code} reaches {reach}");
    }
}

#[test]
fn the_union_has_only_positions_of_its_districts() {
    use std::collections::HashSet;
    let districts = linkoping();
    let all = refs(&districts);
    let bits = |at: geo::Coord<f64>| (at.x.to_bits(), at.y.to_bits());
    let given: HashSet<_> = all.iter().flat_map(|boundary| boundary.shape().coords_iter()).map(bits).collect();
    let municipality = union(&all);
    assert!(municipality.shape().coords_iter().all(|at| given.contains(&bits(at))));
    assert!(municipality.shape().is_valid());
}

#[test]
fn a_missing_district_is_a_gap_with_a_point_in_it() {
    let districts = linkoping();
    let municipality = union(&refs(&districts));
    for missing in 0..districts.len() {
        let mut rest = refs(&districts);
        let lost = rest.remove(missing);
        let found = gaps(&municipality, &rest);
        assert_eq!(found.len(), 1);
        let error = found[0].area_square_metres / (lost.area_km2() * 1e6) - 1.0;
        assert!(error.abs() < 0.01, "{error}");
        assert!(lost.shape().contains(&Point::from(found[0].label_point)));
    }
}

#[test]
fn a_district_drawn_again_over_its_neighbours_is_found_with_its_measure() {
    let districts = linkoping();
    let mut all = refs(&districts);
    let (lon, lat) = (districts[0].1.label_point()[0], districts[0].1.label_point()[1]);
    // A hundred metres square, well inside the first district.
    let patch = boundary(json!([[
        [lon, lat],
        [lon + 0.001_709, lat],
        [lon + 0.001_709, lat + 0.000_898],
        [lon, lat + 0.000_898],
        [lon, lat]
    ]]));
    all.push(&patch);
    let found = overlaps(&all);
    let total: f64 = found.iter().map(|found| found.2).sum();
    assert!((total - 10_000.0).abs() < 100.0, "{found:?}");
    assert!(found.iter().all(|(_, other, _)| *other == 32));
}

#[test]
fn reach_is_the_distance_to_the_farthest_ground_outside() {
    let home = boundary(json!([square(15.0, 58.0, 0.1)]));
    let reach = |west: f64, side: f64| reach_outside_metres(&boundary(json!([square(west, 58.02, side)])), &home);
    assert_eq!(reach(15.02, 0.02), 0.0);
    // A degree of longitude is 59,000 metres here.
    assert!(reach(15.080_01, 0.02) <= TOLERANCE_METRES);
    assert!(reach(15.080_02, 0.02) > TOLERANCE_METRES);
    assert!((reach(15.09, 0.02) - 590.0).abs() < 10.0, "{}", reach(15.09, 0.02));
    assert!((reach(15.2, 0.01) - 6_480.0).abs() < 100.0, "{}", reach(15.2, 0.01));
}

/// Both ends of the new edge lie on the municipality's border, and all it encloses lies outside.
#[test]
fn a_border_drawn_straight_over_a_bay_is_seen() {
    let bay = json!([
        [15.0, 58.0],
        [15.1, 58.0],
        [15.1, 58.1],
        [15.06, 58.1],
        [15.05, 58.05],
        [15.04, 58.1],
        [15.0, 58.1],
        [15.0, 58.0]
    ]);
    let home = boundary(json!([bay]));
    assert!(reach_outside_metres(&boundary(json!([square(15.0, 58.0, 0.1)])), &home) > 100.0);
    // A lake of 200 by 200 metres, open by a metre and a half: only its middle is far from land.
    let (shore, inland) = (58.099_999, 58.098);
    let (from, to) = ([15.0, 58.1], [15.1, 58.1]);
    let mouth = [[15.05, 58.1], [15.05, shore], [15.052, shore], [15.052, inland]];
    let bank = [[15.048, inland], [15.048, shore], [15.049_98, shore], [15.049_98, 58.1]];
    let lake = [&[[15.0, 58.0], [15.1, 58.0], to][..], &mouth, &bank, &[from, [15.0, 58.0]]].concat();
    let home = boundary(json!([lake]));
    assert!(reach_outside_metres(&boundary(json!([square(15.0, 58.0, 0.1)])), &home) > 90.0);
    let enclave = boundary(json!([square(15.0, 58.0, 0.1), square(15.04, 58.04, 0.02)]));
    assert!(reach_outside_metres(&boundary(json!([square(15.0, 58.0, 0.1)])), &enclave) > 500.0);
}

/// Eastward by six millionths of a degree is 0.35 metres here, by thirty 1.75 metres.
#[test]
fn a_real_district_moved_by_less_than_a_metre_is_forgiven() {
    let districts = linkoping();
    let municipality = union(&refs(&districts));
    let moved = |boundary: &Boundary, millionths: f64| {
        let shape = boundary.shape().map_coords(|at| Coord { x: at.x + millionths / 1e6, y: at.y });
        Boundary::parse(&Boundary { shape }.to_geojson(), Some(&municipality)).unwrap()
    };
    let mut leaving = 0;
    for (code, boundary) in &districts {
        let near = reach_outside_metres(&moved(boundary, 6.0), &municipality);
        let far = reach_outside_metres(&moved(boundary, 30.0), &municipality);
        assert!(near < 0.36, "{code}: {near}");
        assert!(far == 0.0 || (near..1.76).contains(&far), "{code}: {far}");
        leaving += usize::from(far > TOLERANCE_METRES);
    }
    assert!(leaving > 3, "{leaving}");
}

#[test]
fn measures_agree_with_the_official_ones() {
    let districts = linkoping();
    let berga = &districts[0].1;
    assert!((berga.area_km2() * 0.9992 - 2.017).abs() < 0.001, "{}", berga.area_km2());
    for (code, boundary) in &districts {
        assert!(boundary.shape().contains(&Point::from(boundary.label_point())), "{code}");
    }
    let [linkoping, norrkoping] = [[15.6214, 58.4109], [16.1924, 58.5877]];
    assert!((distance_metres(linkoping, norrkoping) - 38_600.0).abs() < 300.0);
}

fn shape_of(rings: &[Vec<[i32; 2]>]) -> Value {
    let ring = |ring: &Vec<[i32; 2]>| -> Vec<[f64; 2]> {
        ring.iter().chain(ring.first()).map(|[x, y]| [15.0 + f64::from(*x) / 8.0, 58.0 + f64::from(*y) / 8.0]).collect()
    };
    json!(rings.iter().map(ring).collect::<Vec<_>>())
}

fn small_ring() -> impl Strategy<Value = Vec<[i32; 2]>> {
    prop_oneof![
        prop::collection::vec([0..6, 0..6], 3..7),
        // Stars around a middle are often simple.
        ([1..5, 1..5], prop::collection::vec(1..3, 4)).prop_map(|([x, y], arms)| {
            vec![[x + arms[0], y], [x, y + arms[1]], [x - arms[2], y], [x, y - arms[3]]]
        }),
    ]
}

/// A ring that goes there and back again: geo takes it for valid.
fn flat(drawing: &Drawing) -> bool {
    drawing.polygons.iter().flatten().any(|ring| polygon_of(vec![ring.clone()]).unsigned_area() == 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// On a coarse grid nearly everything touches or crosses, which is what has to be judged right.
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

    /// Two squares share a border that one of them has an extra corner on, rounded as a drawing
    /// program rounds.
    #[test]
    fn a_corner_on_a_neighbours_edge_is_no_overlap(part in 0.01..0.99f64, slant in -0.05..0.05f64) {
        let (foot, head) = ([15.5, 58.0], [15.5 + slant, 58.2]);
        let middle = [foot[0] + slant * part, 58.0 + 0.2 * part];
        let west = boundary(json!([[[15.3, 58.0], foot, head, [15.3, 58.2], [15.3, 58.0]]]));
        let east = boundary(json!([[foot, [15.7, 58.0], [15.7, 58.2], head, middle, foot]]));
        prop_assert!(overlap_square_metres(&west, &east) < TOLERANCE_SQUARE_METRES);
        let both = union(&[&west, &east]);
                prop_assert!(gaps(&both, &[&west, &east]).is_empty());
        prop_assert!(reach_outside_metres(&west, &both) < TOLERANCE_METRES);
    }
}
