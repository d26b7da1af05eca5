use std::collections::HashMap;

use geo::{Contains, CoordsIter, Intersects};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::directory::geometry::measures::union;
use crate::directory::geometry::tests::linkoping;

fn locator(districts: &[(String, Boundary)]) -> Locator {
    Locator::new(&districts.iter().map(|(_, boundary)| boundary).enumerate().collect::<Vec<_>>())
}

/// Returns pseudo-random numbers from 0 to 1 that are the same in every run with the same seed.
fn numbers(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

#[test]
fn every_school_lies_in_its_district() {
    let districts = linkoping();
    let locator = locator(&districts);
    let mut schools = csv::Reader::from_reader(include_str!("../../../tests/api/data/schools.csv").as_bytes());
    let mut asked = 0;
    for school in schools.deserialize::<HashMap<String, String>>() {
        let school = school.unwrap();
        // In the official register, Skeda skola has the coordinates of Slaka skola by mistake.
        if !school["coordinate_quality"].starts_with("official") || school["name"] == "Skeda skola" {
            continue;
        }
        let located = locator.locate(school["lon"].parse().unwrap(), school["lat"].parse().unwrap()).unwrap();
        assert_eq!(districts[located.key].0, school["regso_code"], "{}", school["name"]);
        assert_eq!(located.place, PointRelation::Inside);
        asked += 1;
    }
    assert_eq!(asked, 29);
}

#[test]
fn the_registers_error_is_placed_where_its_coordinates_say() {
    let districts = linkoping();
    let located = locator(&districts).locate(15.557_252, 58.370_022).unwrap();
    assert_eq!(districts[located.key].0, "0580R011");
}

#[test]
fn ten_thousand_points_in_the_municipality_have_one_district_each() {
    let districts = linkoping();
    let locator = locator(&districts);
    let municipality = union(&districts.iter().map(|(_, boundary)| boundary).collect::<Vec<_>>());
    let [west, south, east, north] = municipality.bbox();
    let extents: Vec<_> = districts.iter().map(|(_, boundary)| boundary.shape().bounding_rect().unwrap()).collect();
    let covers = |key: usize, at: &Point<f64>| extents[key].intersects(at) && districts[key].1.shape().intersects(at);
    let mut numbers = numbers(1);
    let mut asked = 0;
    while asked < 10_000 {
        let (Some(x), Some(y)) = (numbers.next(), numbers.next()) else { unreachable!() };
        let at = Point::new(west + x * (east - west), south + y * (north - south));
        let located = locator.locate(at.x(), at.y());
        if !municipality.shape().contains(&at) {
            assert_eq!(located.filter(|located| located.place != PointRelation::Crack), None);
            continue;
        }
        let located = located.unwrap();
        let holders: Vec<_> = (0..districts.len()).filter(|key| covers(*key, &at)).collect();
        assert_eq!(holders, [located.key], "{at:?}");
        asked += 1;
    }
}

#[test]
fn every_corner_has_one_district_whatever_the_order() {
    let districts = linkoping();
    let straight = locator(&districts);
    let mut shuffled: Vec<_> = districts.iter().map(|(_, boundary)| boundary).enumerate().collect();
    shuffled.rotate_left(11);
    shuffled.reverse();
    let shuffled = Locator::new(&shuffled);
    for (own, (_, boundary)) in districts.iter().enumerate() {
        for line in boundary.shape().lines_iter() {
            let corner = straight.locate(line.start.x, line.start.y).unwrap();
            assert_eq!(corner.place, PointRelation::Border);
            assert!(corner.key <= own);
            assert!(districts[corner.key].1.shape().intersects(&Point::from(line.start)));
            let middle = (line.start + line.end) / 2.0;
            for at in [line.start, middle] {
                let first = straight.locate(at.x, at.y).unwrap();
                assert_eq!(straight.locate(at.x, at.y), Some(first));
                assert_eq!(shuffled.locate(at.x, at.y), Some(first));
            }
        }
    }
}

#[test]
fn a_corner_of_several_districts_belongs_to_the_lowest_key() {
    let districts = linkoping();
    let locator = locator(&districts);
    let mut owners: HashMap<(u64, u64), Vec<usize>> = HashMap::new();
    for (own, (_, boundary)) in districts.iter().enumerate() {
        for at in boundary.shape().coords_iter() {
            owners.entry((at.x.to_bits(), at.y.to_bits())).or_default().push(own);
        }
    }
    let shared = owners.values().filter(|owners| owners.first() != owners.last()).count();
    assert!(shared > 6_000, "{shared}");
    for ((x, y), owners) in owners {
        let located = locator.locate(f64::from_bits(x), f64::from_bits(y)).unwrap();
        assert_eq!(Some(&located.key), owners.iter().min());
    }
}

#[test]
fn points_outside_and_points_that_are_none_have_no_district() {
    let locator = locator(&linkoping());
    // Norrköping, Stockholm, the sea, and numbers that are not a place.
    for (lon, lat) in [(16.1924, 58.5877), (18.0686, 59.3293), (0.0, 0.0), (58.41, 15.62), (500.0, -500.0)] {
        assert_eq!(locator.locate(lon, lat), None);
    }
    for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(locator.locate(none, 58.4), None);
        assert_eq!(locator.locate(15.6, none), None);
    }
    assert_eq!(Locator::new(&[]).locate(15.6, 58.4), None);
}

fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Boundary {
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    Boundary::parse(&json!({ "type": "Polygon", "coordinates": [ring] }), None).unwrap()
}

#[test]
fn a_crack_belongs_to_the_nearest_district_and_a_gap_to_none() {
    // A hundred-thousandth of a degree of longitude is 0.58 metres here.
    let west = rectangle(15.5, 58.4, 15.6, 58.5);
    let east = rectangle(15.600_01, 58.4, 15.7, 58.5);
    let locator = Locator::new(&[(4, &west), (7, &east)]);
    let crack = |key| Some(Located { key, place: PointRelation::Crack });
    assert_eq!(locator.locate(15.600_002, 58.45), crack(4));
    assert_eq!(locator.locate(15.600_008, 58.45), crack(7));
    assert_eq!(locator.locate(15.600_01, 58.45), Some(Located { key: 7, place: PointRelation::Border }));
    assert_eq!(locator.locate(15.700_01, 58.45), crack(7));
    assert_eq!(locator.locate(15.700_03, 58.45), None);
    assert_eq!(locator.locate(15.55, 58.500_005), crack(4));
    assert_eq!(locator.locate(15.55, 58.500_02), None);
}

#[test]
fn a_district_in_a_hole_of_another_is_itself() {
    let districts = linkoping();
    let locator = locator(&districts);
    let holes: Vec<_> =
        districts.iter().filter(|(_, boundary)| !boundary.shape().0[0].interiors().is_empty()).collect();
    assert_eq!(holes.len(), 4);
    for (code, boundary) in &districts {
        let [lon, lat] = boundary.label_point();
        assert_eq!(&districts[locator.locate(lon, lat).unwrap().key].0, code);
    }
}

/// Makes star-shaped boundaries on a coarse grid. The points that the test asks about lie on a grid of the same kind,
/// so they are often corners, or lie on borders or on the parallels of corners.
fn star() -> impl Strategy<Value = Boundary> {
    ([3..6, 3..6], prop::collection::vec(1..4, 8)).prop_map(|([x, y], arms)| {
        let around = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];
        let mut ring: Vec<[f64; 2]> = around
            .iter()
            .zip(arms)
            .map(|([dx, dy], arm): (&[i32; 2], i32)| [f64::from(x + dx * arm) / 8.0, f64::from(y + dy * arm) / 8.0])
            .collect();
        ring.push(ring[0]);
        Boundary::parse(&json!({ "type": "Polygon", "coordinates": [ring] }), None).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_lowest_key_among_those_that_geo_says_intersect_is_found(stars in prop::collection::vec(star(), 1..4)) {
        let locator = Locator::new(&stars.iter().enumerate().collect::<Vec<_>>());
        for (x, y) in (-2..40).flat_map(|x| (-2..40).map(move |y| (x, y))) {
            let at = Point::new(f64::from(x) / 32.0, f64::from(y) / 32.0);
            let key = stars.iter().position(|star| star.shape().intersects(&at));
            let place = key.map(|key| if stars[key].shape().contains(&at) { PointRelation::Inside } else { PointRelation::Border });
            let located = locator.locate(at.x(), at.y());
            prop_assert_eq!(located.map(|located| located.key), key, "{:?}", at);
            prop_assert_eq!(located.map(|located| located.place), place, "{:?}", at);
        }
    }
}
