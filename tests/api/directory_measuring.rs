//! Boundaries that take long to measure: others can write meanwhile, and what has changed meanwhile is measured again.

use std::time::{Duration, Instant};

use futures_util::future::join;
use serde_json::{Value, json};

use crate::directory_writes::change;
use crate::support::fixtures::unnumbered;
use crate::support::{Answer, TestApp};

const BERGA: [f64; 2] = [15.638_24, 58.387_46];

/// The sides of a square of so many metres around a point, as degrees west, south, east and north.
fn sides([lon, lat]: [f64; 2], metres: f64) -> [f64; 4] {
    let (x, y) = (metres / 2.0 / 58_400.0, metres / 2.0 / 111_400.0);
    [lon - x, lat - y, lon + x, lat + y]
}

fn square(at: [f64; 2], metres: f64) -> Value {
    let [west, south, east, north] = sides(at, metres);
    json!([[west, south], [east, south], [east, north], [west, north], [west, south]])
}

/// A comb in a square of so many metres, whose teeth are level: they lie from west to east, one above the other.
fn level_comb(at: [f64; 2], metres: f64, teeth: usize) -> Value {
    let [west, south, east, north] = sides(at, metres);
    let (spine, step) = (west + (east - west) / 10.0, (north - south) / (2 * teeth - 1) as f64);
    let mut ring = vec![[west, south]];
    for tooth in 0..teeth {
        let (low, high) = (south + step * (2 * tooth) as f64, south + step * (2 * tooth + 1) as f64);
        if tooth > 0 {
            ring.push([spine, low]);
        }
        ring.extend([[east, low], [east, high]]);
        ring.push(if tooth + 1 < teeth { [spine, high] } else { [west, high] });
    }
    ring.push([west, south]);
    let short = |[x, y]: [f64; 2]| [(x * 1e9).round() / 1e9, (y * 1e9).round() / 1e9];
    json!(ring.into_iter().map(short).collect::<Vec<_>>())
}

/// The same comb turned by a quarter, so that its teeth stand from south to north.
fn upright_comb(at: [f64; 2], metres: f64, teeth: usize) -> Value {
    let level = level_comb([0.0, 0.0], metres, teeth);
    let ring: Vec<[f64; 2]> = serde_json::from_value(level).unwrap();
    let turned = |[x, y]: [f64; 2]| [at[0] - y * 111_400.0 / 58_400.0, at[1] + x * 58_400.0 / 111_400.0];
    let short = |[x, y]: [f64; 2]| [(x * 1e9).round() / 1e9, (y * 1e9).round() / 1e9];
    json!(ring.into_iter().map(turned).map(short).collect::<Vec<_>>())
}

fn polygon(ring: Value) -> Value {
    json!({"type": "Polygon", "coordinates": [ring]})
}

fn district(slug: &str, ring: Value) -> Value {
    json!({
        "slug": slug, "code": slug, "name": {"sv": format!("Stadsdelen {slug}")}, "placeNames": [], "areaId": "syd",
        "boundary": polygon(ring),
    })
}

/// Takes a square around its middle out of Berga, so that there is ground for others.
async fn make_room(app: &TestApp, metres: f64) {
    let administrator = app.administrator();
    let whole = administrator.get("/districts/berga/boundary").await;
    let mut coordinates = whole.json()["coordinates"].clone();
    coordinates[0].as_array_mut().unwrap().push(square(BERGA, metres));
    let holed = json!({"type": "MultiPolygon", "coordinates": coordinates});
    administrator.put("/districts/berga/boundary", holed, &whole.etag()).await.expect(200);
}

/// The result of a call, and how long it took.
async fn timed(call: impl Future<Output = Answer>) -> (Answer, Duration) {
    let begun = Instant::now();
    let response = call.await;
    (response, begun.elapsed())
}

on_both_databases! {
    async fn others_write_while_a_large_boundary_is_measured(app: TestApp) {
        let administrator = app.administrator();
        let etag = administrator.get("/districts/berga/boundary").await.etag();
        let comb = polygon(level_comb(BERGA, 200.0, 5_000));
        let done = std::cell::Cell::new(false);
        let large = async {
            let outcome = timed(administrator.put("/districts/berga/boundary", comb.clone(), &etag)).await;
            done.set(true);
            outcome
        };
        let others = async {
            let mut longest = Duration::ZERO;
            let mut count = 0;
            while !done.get() {
                let begun = Instant::now();
                change(&app, "/areas/norr", json!({"description": {"sv": format!("Norr {count}")}})).await;
                app.school().post("/partner/referrals", unnumbered()).await.expect(201);
                app.anyone().get("/where-to-turn?place=ryd").await.expect(200);
                longest = longest.max(begun.elapsed());
                count += 1;
            }
            (longest, count)
        };
        let ((drawn, took), (longest, count)) = join(large, others).await;
        assert_eq!(drawn.expect(200)["coordinates"][0][0].as_array().unwrap().len(), comb["coordinates"][0].as_array().unwrap().len());
        assert!(count > 3 && longest * 2 < took, "of {count} rounds, one took {longest:?} of {took:?}");
        assert_eq!(administrator.get("/districts/berga/boundary").await.expect(200), drawn.json());
        let [lon, lat] = BERGA;
        let here = app.anyone().get(&format!("/where-to-turn?lat={lat}&lon={lon}")).await.expect(200);
        assert!(here["directoryVersion"].as_i64().unwrap() > i64::from(count));
    }

    async fn a_boundary_is_measured_again_if_a_neighbour_was_drawn_meanwhile(app: TestApp) {
        make_room(&app, 200.0).await;
        // Each server measures by itself, so the small district is stored while the large one is measured.
        let other = app.another_server().await;
        let administrator = app.administrator();
        let large = administrator.post("/districts", district("large", level_comb(BERGA, 180.0, 4_000)));
        let small = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            other.administrator().post("/districts", district("small", square(BERGA, 20.0))).await
        };
        let (large, small) = join(large, small).await;
        let (won, lost, name) = if small.status == 201 { (small, large, "small") } else { (large, small, "large") };
        won.expect(201);
        let problem = lost.problem(422, "validation-failed");
        assert_eq!(lost.pointers(), ["#/boundary"]);
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(&format!("Stadsdelen {name}")), "{problem}");
        assert_eq!(app.anyone().get("/directory/coverage").await.expect(200)["overlaps"], json!([]));
    }
}

#[actix_web::test]
async fn a_boundary_that_crosses_others_too_often_is_refused_and_keeps_nobody_busy() {
    let app = TestApp::start_with(|_| {}).await;
    make_room(&app, 200.0).await;
    app.administrator().post("/districts", district("level", level_comb(BERGA, 150.0, 1_500))).await.expect(201);
    let upright = district("upright", upright_comb(BERGA, 150.0, 1_500));
    let (refused, took) = timed(app.administrator().post("/districts", upright)).await;
    let problem = refused.problem(422, "validation-failed");
    assert_eq!(refused.pointers(), ["#/boundary"]);
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("too intricate"), "{problem}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    app.anyone().get("/districts/upright").await.problem(404, "not-found");
}
