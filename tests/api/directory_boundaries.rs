//! The boundaries of districts, drawn anew: what is wrong is refused with its place, and nothing changes.

use serde_json::{Value, json};

use crate::directory_writes::{change, changes};
use crate::support::TestApp;

/// A square around a point, with sides of about so many metres, as the rings of a polygon.
fn square([lon, lat]: [f64; 2], metres: f64) -> Value {
    let (x, y) = (metres / 2.0 / 58_400.0, metres / 2.0 / 111_400.0);
    json!([[[lon - x, lat - y], [lon + x, lat - y], [lon + x, lat + y], [lon - x, lat + y], [lon - x, lat - y]]])
}

fn multi_polygon(polygons: &[Value]) -> Value {
    json!({"type": "MultiPolygon", "coordinates": polygons})
}

/// Points well inside two districts that are neighbours, and one far from all.
const BERGA: [f64; 2] = [15.638_24, 58.387_46];
const VIMANSHALL: [f64; 2] = [15.652_18, 58.392_75];
const STOCKHOLM: [f64; 2] = [18.0686, 59.3293];

/// Refused at these pointers, with this in the English words, and nothing is another than before.
async fn refused(app: &TestApp, boundary: Value, pointers: &[&str], words: &str) {
    let administrator = app.administrator();
    let before = administrator.get("/districts/berga/boundary").await;
    let answer = administrator.put("/districts/berga/boundary", boundary, &before.etag()).await;
    let problem = answer.problem(422, "validation-failed");
    assert_eq!(answer.pointers(), pointers);
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{detail}");
    let after = administrator.get("/districts/berga/boundary").await;
    assert_eq!((after.etag(), after.json()), (before.etag(), before.json()));
    assert_eq!(changes(app).await, [""; 0]);
}

/// The district that a point lies in.
async fn there(app: &TestApp, [lon, lat]: [f64; 2]) -> Value {
    app.anyone().get(&format!("/where-to-turn?lat={lat}&lon={lon}")).await.expect(200)["district"]["slug"].clone()
}

on_both_databases! {
    async fn a_shape_that_is_no_boundary_is_refused_where_it_is_wrong(app: TestApp) {
        let [x, y] = BERGA;
        let bow = json!([[[x, y], [x + 0.002, y + 0.002], [x + 0.002, y], [x, y + 0.002], [x, y]]]);
        let open = json!([[[x, y], [x + 0.002, y], [x + 0.002, y + 0.002], [x, y + 0.002]]]);
        let high = json!([[[x, y, 60], [x + 0.002, y], [x + 0.002, y + 0.002], [x, y]]]);
        for (boundary, pointer, words) in [
            (multi_polygon(std::slice::from_ref(&bow)), "#/coordinates/0/0/0", "crosses"),
            (json!({"type": "Polygon", "coordinates": bow}), "#/coordinates/0/0", "crosses"),
            (multi_polygon(&[square(BERGA, 100.0), open]), "#/coordinates/1/0/3", "not closed"),
            (multi_polygon(&[high]), "#/coordinates/0/0/0", "altitude"),
            (multi_polygon(&[json!([[[y, x], [y, x + 0.002], [y + 0.002, x], [y, x]]])]), "#/coordinates", "swapped"),
            (multi_polygon(&[json!([[[537_000, 6_474_000], [537_100, 6_474_000], [537_100, 6_474_100], [537_000, 6_474_000]]])]), "#/coordinates/0/0/0", "SWEREF"),
            (multi_polygon(&[square(BERGA, 100.0), square(BERGA, 50.0)]), "#/coordinates/1/0", "on top"),
            (multi_polygon(&[json!([square(BERGA, 50.0)[0], square(BERGA, 100.0)[0]])]), "#/coordinates/0/1", "outside"),
            (multi_polygon(&[json!([[[x, y], [x + 0.002, y], [x, y]]])]), "#/coordinates/0/0", "four positions"),
            (multi_polygon(&[]), "#/coordinates", "at least one"),
            (multi_polygon(&[json!([[["15.6", y], [x, y], [x, y], [x, y]]])]), "#/coordinates/0/0/0", "two numbers"),
            (json!({"type": "Point", "coordinates": [x, y]}), "#/type", "Polygon"),
            (json!({"type": "Polygon", "coordinates": square(BERGA, 100.0), "crs": {}}), "#/crs", "WGS 84"),
            (json!([]), "#", "object"),
            (multi_polygon(&[square(BERGA, 0.5)]), "#", "square metre"),
        ] {
            refused(&app, boundary, &[pointer], words).await;
        }
    }

    async fn a_boundary_outside_the_municipality_is_refused(app: TestApp) {
        refused(&app, multi_polygon(&[square(STOCKHOLM, 1000.0)]), &["#"], "leaves the municipality").await;
        refused(&app, multi_polygon(&[square(BERGA, 100.0), square([16.1924, 58.5877], 100.0)]), &["#"], "leaves the municipality").await;
    }

    async fn a_boundary_that_overlaps_a_neighbour_is_refused_by_the_neighbours_name(app: TestApp) {
        refused(&app, multi_polygon(&[square(BERGA, 100.0), square(VIMANSHALL, 10.0)]), &["#"], "Vimanshäll").await;
        // Three squares in three districts: each is named.
        let many = multi_polygon(&[square(VIMANSHALL, 10.0), square([15.675_06, 58.380_17], 10.0), square([15.562_85, 58.415_63], 10.0)]);
        refused(&app, many, &["#", "#", "#"], "overlaps the district").await;
    }

    async fn a_square_metre_of_overlap_is_let_pass_and_two_are_not(app: TestApp) {
        refused(&app, multi_polygon(&[square(BERGA, 100.0), square(VIMANSHALL, 1.5)]), &["#"], "Vimanshäll").await;
        let administrator = app.administrator();
        let etag = administrator.get("/districts/berga/boundary").await.etag();
        let boundary = multi_polygon(&[square(BERGA, 100.0), square(VIMANSHALL, 0.9)]);
        administrator.put("/districts/berga/boundary", boundary, &etag).await.expect(200);
        assert_eq!(app.anyone().get("/directory/coverage").await.expect(200)["overlaps"], json!([]));
    }

    async fn a_district_gives_ground_away_and_another_takes_it(app: TestApp) {
        let administrator = app.administrator();
        let tick = || app.clock.advance(std::time::Duration::from_secs(1));
        let whole = administrator.get("/districts/berga/boundary").await;
        assert_eq!(there(&app, BERGA).await, "berga");
        // Berga keeps all of its ground but a square around its middle.
        let mut coordinates = whole.json()["coordinates"].clone();
        coordinates[0].as_array_mut().unwrap().push(square(BERGA, 200.0)[0].clone());
        let holed = json!({"type": "MultiPolygon", "coordinates": coordinates});
        let given = administrator.put("/districts/berga/boundary", holed, &whole.etag()).await;
        given.expect(200);
        assert_eq!(given.etag(), administrator.get("/districts/berga/boundary").await.etag());
        administrator.put("/districts/berga/boundary", whole.json(), &whole.etag()).await.problem(412, "stale-version");
        assert!(there(&app, BERGA).await.is_null(), "nobody has it for the moment");
        let coverage = app.anyone().get("/directory/coverage").await.expect(200);
        assert_eq!(coverage["gaps"].as_array().unwrap().len(), 1);
        let gap = coverage["gaps"][0]["squareMetres"].as_f64().unwrap();
        assert!((39_000.0..41_000.0).contains(&gap), "{gap}");

        let district = json!({
            "slug": "berga-centrum", "code": "X1", "name": {"sv": "Berga centrum"}, "placeNames": ["Berga torg"], "areaId": "syd",
            "boundary": {"type": "Polygon", "coordinates": square(BERGA, 200.0)},
        });
        tick();
        let created = administrator.post("/districts", district).await;
        assert!(created.expect(201).get("population").is_none());
        assert_eq!(there(&app, BERGA).await, "berga-centrum");
        assert_eq!(app.anyone().get("/directory/coverage").await.expect(200)["gaps"], json!([]));
        let answer = app.anyone().get("/where-to-turn?place=berga%20torg").await.expect(200);
        assert_eq!(answer["district"]["id"], created.json()["id"]);
        assert!(app.anyone().get("/areas/syd").await.expect(200).get("population").is_none(), "a sum of unknowns is unknown");

        // Berga cannot have it back before the new district is gone.
        let etag = administrator.get("/districts/berga/boundary").await.etag();
        let problem = administrator.put("/districts/berga/boundary", whole.json(), &etag).await.problem(422, "validation-failed");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("Berga centrum"));
        tick();
        change(&app, "/districts/berga-centrum", json!({"status": "retired"})).await;
        tick();
        administrator.put("/districts/berga/boundary", whole.json(), &etag).await.expect(200);
        assert_eq!(there(&app, BERGA).await, "berga");
        // Nor can the new one be taken back now.
        let etag = administrator.get("/districts/berga-centrum").await.etag();
        let refused = administrator.patch("/districts/berga-centrum", json!({"status": "active"}), &etag).await;
        refused.problem(422, "validation-failed");
        assert_eq!(refused.pointers(), ["#/status"]);
        tick();
        administrator.delete("/districts/berga-centrum", &etag).await.expect(204);
        assert_eq!(
            changes(&app).await,
            ["district.boundary_replaced", "district.created", "district.changed", "district.boundary_replaced", "district.deleted"]
        );
    }

    async fn a_boundary_comes_back_as_it_was_sent(app: TestApp) {
        let administrator = app.administrator();
        for slug in ["vreta-kloster-omland", "akerbo-omland", "skaggetorp-tornby"] {
            let path = format!("/districts/{slug}/boundary");
            let before = administrator.get(&path).await;
            let after = administrator.put(&path, before.json(), &before.etag()).await;
            assert_eq!(after.expect(200), before.json());
            assert_eq!(administrator.get(&path).await.expect(200), before.json());
        }
        assert_eq!(app.anyone().get("/directory/coverage").await.expect(200)["overlaps"], json!([]));
    }

    async fn a_new_district_that_breaks_a_rule_is_refused_with_its_pointers(app: TestApp) {
        let district = |boundary: Value| {
            json!({"slug": "ny", "code": "X2", "name": {"sv": "Ny"}, "placeNames": [], "areaId": "syd", "boundary": boundary})
        };
        let with = |field: &str, value: Value| {
            let mut body = district(multi_polygon(&[square(BERGA, 100.0)]));
            body[field] = value;
            body
        };
        for (body, pointer) in [
            (district(multi_polygon(&[square(BERGA, 100.0)])), "#/boundary"),
            (district(json!({"type": "Polygon", "coordinates": [[[15.6, 58.4], [15.7, 58.4], [15.7, 58.5], [15.6, 58.5]]]})), "#/boundary/coordinates/0/3"),
            (district(multi_polygon(&[square(STOCKHOLM, 100.0)])), "#/boundary"),
            (with("areaId", json!("nowhere")), "#/areaId"),
            (with("placeNames", json!(["A", "A"])), "#/placeNames/1"),
            (with("population", json!({"total": 1, "asOf": "2026-11-24"})), "#/population/asOf"),
            (with("population", json!({"total": -1, "asOf": "2025-12-31"})), "#/population/total"),
            (with("code", json!(" ")), "#/code"),
            (with("labelPoint", json!({})), "#/labelPoint"),
        ] {
            let answer = app.administrator().post("/districts", body.clone()).await;
            answer.problem(422, "validation-failed");
            assert_eq!(answer.pointers(), [pointer], "{body}");
        }
        app.anyone().get("/districts/ny").await.problem(404, "not-found");
        assert_eq!(changes(&app).await, [""; 0]);
    }
}
