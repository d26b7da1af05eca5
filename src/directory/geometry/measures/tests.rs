use geo::{Area, Contains, CoordsIter, MapCoords, Point, Validation};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{boundary, linkoping, refs, shape_of, small_ring, square};
use super::*;

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
    // A square with a side of a hundred metres, well inside the first district.
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

/// The district's new edge has both ends on the municipality's border, and the ground between edge and border lies
/// outside the municipality.
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
    // A lake of 200 by 200 metres with an opening of a metre and a half. Only its middle is far from land.
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

/// In Linköping, six millionths of a degree eastward are 0.35 metres, and thirty are 1.75 metres.
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

/// In this drawing, a corner of a hole and a corner of another polygon meet in the middle of the shell's longest edge.
#[test]
fn three_rings_that_meet_at_one_point_are_measured_as_they_are_drawn() {
    let ring = |corners: &[[i32; 2]]| -> Value {
        let at = |[x, y]: &[i32; 2]| [15.5 + f64::from(*x) / 256.0, 58.5 + f64::from(*y) / 256.0];
        json!(corners.iter().chain(corners.first()).map(at).collect::<Vec<_>>())
    };
    let shell = ring(&[[12, 0], [0, 12], [3, 3]]);
    let hole = ring(&[[7, 3], [6, 6], [3, 6]]);
    let other = ring(&[[10, 6], [6, 6], [11, 2], [13, 15]]);
    let multi = json!({ "type": "MultiPolygon", "coordinates": [[shell, hole], [other]] });
    let touching = Boundary::parse(&multi, None).unwrap();
    let drawn = touching.drawn_square_metres();
    let near = |measured: f64| (measured - drawn).abs() < 10.0;
    let whole = overlap_square_metres(&touching, &touching);
    assert!(near(whole), "{whole} of {drawn}");
    let all = union(&[&touching]);
    assert_eq!(Boundary::parse(&all.to_geojson(), None).as_ref(), Ok(&all));
    let all = all.drawn_square_metres();
    assert!(near(all), "{all} of {drawn}");
    assert_eq!(gaps(&touching, &[&touching]), []);
    assert_eq!(reach_outside_metres(&touching, &touching), 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Two squares share a border. One of them has an extra corner on the border, rounded as in a drawing program.
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

    /// The rings are on a coarse grid, where they often touch, and more than two of them may touch at one point.
    #[test]
    fn what_is_cut_out_and_what_is_left_are_the_whole(
        one in prop::collection::vec(prop::collection::vec(small_ring(), 1..3), 1..4),
        two in prop::collection::vec(prop::collection::vec(small_ring(), 1..3), 1..3),
    ) {
        let read = |polygons: &[Vec<Vec<[i32; 2]>>]| {
            let polygons: Vec<Value> = polygons.iter().map(|rings| shape_of(rings)).collect();
            Boundary::parse(&json!({ "type": "MultiPolygon", "coordinates": polygons }), None).ok()
        };
        let (Some(one), Some(two)) = (read(&one), read(&two)) else { return Ok(()) };
        let near = |measured: f64, drawn: f64| (measured - drawn).abs() < drawn * 1e-6 + 2.0;
        let plane = Plane::through(one.extent());
        let area = |boundary: &Boundary| plane.lay(&boundary.shape).unsigned_area();
        let both = overlap_square_metres(&one, &two);
        prop_assert!(near(overlap_square_metres(&one, &one), area(&one)), "of itself");
        prop_assert!(near(area(&union(&[&one])), area(&one)), "with nothing");
        prop_assert!(near(area(&union(&[&one, &two])) + both, area(&one) + area(&two)), "together");
        let left: f64 = gaps(&one, &[&two]).iter().map(|gap| gap.area_square_metres).sum();
        prop_assert!(near(left + both, area(&one)), "what is left");
        prop_assert!(gaps(&one, &[&one]).is_empty());
        prop_assert!(reach_outside_metres(&one, &one) <= TOLERANCE_METRES);
    }
}
