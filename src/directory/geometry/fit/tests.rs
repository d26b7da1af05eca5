use geo::MapCoords;
use serde_json::{Value, json};

use super::super::measures::{overlap_square_metres, overlaps, union};
use super::super::tests::{boundary, linkoping, refs, square};
use super::*;

/// Returns the ring of a comb with this number of teeth, each a degree long. The teeth of an upright comb cross those of a
/// level one.
fn comb(teeth: u32, is_upright: bool) -> Value {
    let step = 1.0 / f64::from(2 * teeth);
    let mut ring = vec![[-0.1, 0.0]];
    for tooth in 0..teeth {
        let low = step * f64::from(2 * tooth);
        ring.extend([[0.0, low], [1.0, low], [1.0, low + step], [0.0, low + step]]);
    }
    ring.extend([[-0.1, 1.0], [-0.1, 0.0]]);
    let place = |[x, y]: [f64; 2]| if is_upright { [15.0 + 1.0 - y, 58.0 + x] } else { [15.0 + x, 58.0 + y] };
    json!(ring.into_iter().map(place).collect::<Vec<_>>())
}

#[test]
fn real_districts_fit_with_little_effort() {
    let districts = linkoping();
    let municipality = union(&refs(&districts));
    for (code, boundary) in &districts {
        let others: Vec<&Boundary> =
            districts.iter().filter(|(other, _)| other != code).map(|(_, other)| other).collect();
        let fit = measure(boundary, &others, Some(&municipality), &mut Effort::of(2_000_000)).unwrap();
        assert_eq!(fit.overlaps, [], "{code}");
        assert!(fit.reach_metres < 0.001, "{code}: {}", fit.reach_metres);
    }
}

#[test]
fn the_overlaps_are_those_of_each_pair() {
    let districts = linkoping();
    for (code, moved) in districts.iter().take(6) {
        let shape = moved.shape().map_coords(|at| geo::Coord { x: at.x + 0.003, y: at.y + 0.001 });
        let moved = Boundary { shape };
        let all = refs(&districts);
        let fit = measure(&moved, &all, None, &mut Effort::default()).unwrap();
        let pairs: Vec<(usize, f64)> = all
            .iter()
            .map(|other| overlap_square_metres(&moved, other))
            .enumerate()
            .filter(|(_, area)| *area > 1.0)
            .collect();
        assert_eq!(fit.overlaps.len(), pairs.len(), "{code}");
        for ((found, area), (index, expected)) in fit.overlaps.iter().zip(&pairs) {
            assert!(found == index && (area - expected).abs() < 1.0, "{code}: {area} and {expected}");
        }
        assert!(fit.overlaps.len() > 1, "{code}");
    }
}

#[test]
fn combs_across_each_other_are_refused_before_they_are_cut() {
    let [level, upright] = [false, true].map(|is_upright| boundary(json!([comb(1_000, is_upright)])));
    // Each of 2,000 long edges crosses each of 2,000 others.
    assert_eq!(measure(&upright, &[&level], None, &mut Effort::default()), Err(TooIntricate));
    let beside = boundary(json!([square(17.0, 58.0, 0.1)]));
    assert_eq!(measure(&upright, &[&beside], None, &mut Effort::default()).unwrap().overlaps, []);
}

#[test]
fn some_of_very_many_overlaps_are_enough() {
    let [level, far] = [boundary(json!([comb(50, false)])), boundary(json!([square(15.0, 58.0, 0.9)]))];
    let whole = |steps| measure(&far, &[&level, &far, &level], None, &mut Effort::of(steps));
    let all = whole(1_000_000).unwrap().overlaps;
    assert_eq!(all.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2]);
    let fewest = (0..).map(|steps| steps * 100).find_map(|steps| whole(steps).ok()).unwrap();
    assert!((1..3).contains(&fewest.overlaps.len()), "{fewest:?}");
}

#[test]
fn pairs_are_found_in_their_order() {
    let squares: Vec<Boundary> =
        (0..6).map(|number| boundary(json!([square(15.0 + f64::from(5 - number) * 0.01, 58.0, 0.015)]))).collect();
    let found: Vec<(usize, usize)> =
        overlaps(&refs_of(&squares)).iter().map(|(one, other, _)| (*one, *other)).collect();
    assert_eq!(found, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
}

fn refs_of(boundaries: &[Boundary]) -> Vec<&Boundary> {
    boundaries.iter().collect()
}
