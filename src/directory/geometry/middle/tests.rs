use geo::{Contains, InteriorPoint};
use proptest::prelude::*;
use serde_json::json;

use super::super::Boundary;
use super::super::tests::{linkoping, shape_of, small_ring};
use super::*;

#[test]
fn the_middles_of_the_real_districts_are_those_of_geo() {
    for (code, boundary) in linkoping() {
        let (ours, theirs) = (middle(boundary.shape()).unwrap(), boundary.shape().interior_point().unwrap());
        assert!((ours - theirs).x().hypot((ours - theirs).y()) < 1e-9, "{code}: {ours:?} and {theirs:?}");
    }
}

#[test]
fn a_comb_with_ten_thousand_level_teeth_has_its_middle_at_once() {
    let begun = std::time::Instant::now();
    let mut ring = vec![[14.9, 58.0]];
    for tooth in 0..10_000 {
        let low = 58.0 + f64::from(tooth) / 10_000.0;
        ring.extend([[15.0, low], [16.0, low], [16.0, low + 0.000_05], [15.0, low + 0.000_05]]);
    }
    ring.extend([[14.9, 59.0], [14.9, 58.0]]);
    let shape = MultiPolygon::new(vec![Polygon::new(ring.into_iter().map(geo::Coord::from).collect(), Vec::new())]);
    assert!(shape.contains(&middle(&shape).unwrap()));
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// The rings are on a coarse grid, so their positions often lie on the parallel through the middle.
    #[test]
    fn a_middle_lies_inside(polygons in prop::collection::vec(prop::collection::vec(small_ring(), 1..3), 1..4)) {
        let polygons: Vec<_> = polygons.iter().map(|rings| shape_of(rings)).collect();
        let read = Boundary::parse(&json!({ "type": "MultiPolygon", "coordinates": polygons }), None);
        let Ok(boundary) = read else { return Ok(()) };
        prop_assert!(boundary.shape().contains(&middle(boundary.shape()).unwrap()));
        for polygon in boundary.shape() {
            prop_assert!(polygon.contains(&middle_of_polygon(polygon).unwrap().0));
        }
    }
}
