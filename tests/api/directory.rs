//! The directory, read by everyone: areas, districts, offices, services, and whether it is whole.

use serde_json::{Value, json};

use crate::directory_writes::change;
use crate::support::app::RECEPTION;
use crate::support::{Method, TestApp};

/// The slugs of a list, in its order.
async fn slugs(app: &TestApp, list: &str) -> Vec<String> {
    let list = app.anyone().get(list).await.expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(list["_meta"]["count"], items.len());
    items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()).collect()
}

async fn id(app: &TestApp, path: &str) -> String {
    app.anyone().get(path).await.expect(200)["id"].as_str().unwrap().to_owned()
}

on_both_databases! {
    async fn areas_are_listed_in_the_order_of_the_swedish_alphabet(app: TestApp) {
        assert_eq!(slugs(&app, "/areas").await, ["norr", "syd", "vaster", "oster"]);
        let list = app.anyone().get("/areas").await;
        assert_eq!(list.header("cache-control"), Some("private, max-age=60"));
        assert_eq!(list.json()["_meta"], json!({"limit": 20, "count": 4, "page": 1, "totalRecords": 4}));
    }

    async fn an_area_tells_its_districts_its_offices_and_how_many_live_there(app: TestApp) {
        for (area, districts, offices, population) in [("norr", 5, ["skaggetorp"], 34_861), ("syd", 10, ["bas-syd"], 41_440), ("oster", 9, ["bas-oster"], 35_933), ("vaster", 8, ["bas-vaster"], 50_817)] {
            let told = app.anyone().get(&format!("/areas/{area}")).await.expect(200);
            assert_eq!(told["districtIds"].as_array().unwrap().len(), districts, "{area}");
            let mut ids = Vec::new();
            for office in offices {
                ids.push(id(&app, &format!("/offices/{office}")).await);
            }
            assert_eq!(told["officeIds"], json!(ids));
            assert_eq!(told["population"], json!({"total": population, "asOf": "2019-12-31"}));
            assert!(told["description"]["sv"].as_str().unwrap().contains("uppskattning"), "what is approximate says so");
        }
    }

    async fn everything_answers_to_its_identifier_and_to_its_slug(app: TestApp) {
        for (list, slug) in [("areas", "norr"), ("districts", "skaggetorp-tornby"), ("offices", "skaggetorp"), ("services", "bokat-samtal")] {
            let by_slug = app.anyone().get(&format!("/{list}/{slug}")).await;
            let id = by_slug.json()["id"].as_str().unwrap().to_owned();
            let by_id = app.anyone().get(&format!("/{list}/{id}")).await;
            assert_eq!(by_id.expect(200), by_slug.expect(200));
            assert_eq!(by_id.etag(), by_slug.etag());
            assert_eq!(by_slug.link("self"), Some(format!("/{list}/{slug}")));
            for unknown in ["no-such-thing", "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e", "Norr", "norr%20", "%00"] {
                app.anyone().get(&format!("/{list}/{unknown}")).await.problem(404, "not-found");
            }
        }
    }

    async fn all_districts_are_listed_with_what_is_known_of_them(app: TestApp) {
        let districts = app.anyone().get("/districts?limit=100").await.expect(200);
        assert_eq!(districts["_meta"]["totalRecords"], 32);
        let items = districts["items"].as_array().unwrap();
        let people: i64 = items.iter().map(|district| district["population"]["total"].as_i64().unwrap()).sum();
        assert_eq!(people, 163_051, "the published figure of the municipality");
        let mut sorted: Vec<_> = items.iter().map(|district| district["code"].as_str().unwrap()).collect();
        assert_eq!(sorted.last(), Some(&"0580R032"), "Åkerbo comes last");
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 32);
        let ryd = app.anyone().get("/districts/ryd").await.expect(200);
        assert_eq!(ryd["code"], "0580R017");
        assert_eq!(ryd["name"]["sv"], "Ryd");
        assert_eq!(ryd["placeNames"], json!(["Ryd"]));
        assert_eq!(ryd["areaId"], json!(id(&app, "/areas/vaster").await));
        assert_eq!(ryd["status"], "active");
        let point = &ryd["labelPoint"]["coordinates"];
        let there = app.anyone().get(&format!("/where-to-turn?lat={}&lon={}", point[1], point[0])).await.expect(200);
        assert_eq!(there["district"]["id"], ryd["id"], "a district's name is written inside it");
    }

    async fn a_district_is_found_by_the_beginning_of_its_name_whatever_case_and_marks(app: TestApp) {
        for prefix in ["skägg", "SKÄGG", "skagg", "Skäggetorp-Tornby", "tornby", "%20skägg"] {
            assert_eq!(slugs(&app, &format!("/districts?name={prefix}")).await, ["skaggetorp-tornby"], "{prefix}");
        }
        assert_eq!(slugs(&app, "/districts?name=va").await, ["valkebo-omland", "valla-t1", "vasastaden-hunneberg", "vardnas-omland"]);
        assert_eq!(slugs(&app, "/districts?name=å").await.len(), slugs(&app, "/districts?name=a").await.len());
        assert_eq!(slugs(&app, "/districts?name=etorp").await, [""; 0]);
        assert_eq!(slugs(&app, "/districts?name=%25").await, [""; 0]);
        app.anyone().get("/districts?name=").await.problem(400, "invalid-parameter");
    }

    async fn districts_are_filtered_by_their_area(app: TestApp) {
        let norr = ["ekangen", "ljungsbro-berg", "skaggetorp-tornby", "vasastaden-hunneberg", "vreta-kloster-omland"];
        assert_eq!(slugs(&app, "/districts?areaId=norr").await, norr);
        let area = id(&app, "/areas/norr").await;
        assert_eq!(slugs(&app, &format!("/districts?areaId={area}")).await, norr);
        assert_eq!(slugs(&app, "/districts?areaId=norr&name=v").await, ["vasastaden-hunneberg", "vreta-kloster-omland"]);
        assert_eq!(slugs(&app, "/districts?areaId=nowhere").await, [""; 0]);
        app.anyone().get("/districts?areaId=N%20O").await.problem(400, "invalid-parameter");
        app.anyone().get("/districts?area=norr").await.problem(400, "invalid-parameter");
    }

    async fn a_map_gets_the_districts_as_geojson(app: TestApp) {
        let request = app.anyone().request(Method::GET, "/districts?limit=100").header("accept", "application/geo+json");
        let answer = request.send().await;
        assert_eq!(answer.header("content-type"), Some("application/geo+json"));
        let map = answer.expect(200);
        assert_eq!(map["type"], "FeatureCollection");
        let features = map["features"].as_array().unwrap();
        assert_eq!(features.len(), 32);
        for feature in features {
            assert_eq!(feature["type"], "Feature");
            assert_eq!(feature["geometry"]["type"], "MultiPolygon");
            assert_eq!(feature["id"], feature["properties"]["id"]);
            let ring = feature.pointer("/geometry/coordinates/0/0").and_then(Value::as_array).unwrap();
            assert_eq!(ring.first(), ring.last());
        }
        let request = app.anyone().request(Method::GET, "/districts?areaId=norr&limit=2").header("accept", "application/geo+json");
        let page = request.send().await;
        assert_eq!(page.json()["features"].as_array().unwrap().len(), 2);
        assert!(page.link("next").is_some());
    }

    async fn a_boundary_lies_at_a_path_of_its_own_at_full_resolution(app: TestApp) {
        let boundary = app.anyone().get("/districts/valkebo-omland/boundary").await.expect(200);
        assert_eq!(boundary["type"], "MultiPolygon");
        let rings = boundary.pointer("/coordinates/0").and_then(Value::as_array).unwrap();
        assert_eq!(rings.iter().map(|ring| ring.as_array().unwrap().len()).sum::<usize>(), 2687);
        let request = app.anyone().request(Method::GET, "/districts/ryd/boundary").header("accept", "application/geo+json");
        let answer = request.send().await;
        assert_eq!(answer.header("content-type"), Some("application/geo+json"));
        assert_eq!(answer.expect(200)["type"], "MultiPolygon");
        app.anyone().get("/districts/atlantis/boundary").await.problem(404, "not-found");
    }

    async fn offices_are_filtered_by_all_that_matters(app: TestApp) {
        let all = slugs(&app, "/offices").await;
        assert_eq!(all.len(), 8);
        let area = id(&app, "/areas/norr").await;
        for (filter, expected) in [
            ("areaId=norr".to_owned(), vec!["skaggetorp"]),
            (format!("areaId={area}"), vec!["skaggetorp"]),
            ("areaId=syd".to_owned(), vec!["bas-syd"]),
            ("districtId=skaggetorp-tornby".to_owned(), vec!["skaggetorp"]),
            ("districtId=ekangen&status=open".to_owned(), vec!["skaggetorp"]),
            ("districtId=berga&status=open".to_owned(), vec![]),
            ("serviceId=foraldrakurser".to_owned(), vec!["rad-och-stod"]),
            ("serviceId=ansokan-om-hjalp-och-stod".to_owned(), vec![RECEPTION]),
            ("kind=reception".to_owned(), vec![RECEPTION]),
            ("kind=on_call".to_owned(), vec!["sociala-jouren"]),
            ("kind=base&status=open".to_owned(), vec!["skaggetorp"]),
            ("status=planned".to_owned(), vec!["bas-syd", "bas-vaster", "bas-oster"]),
            ("status=closed".to_owned(), vec![]),
            ("openAt=2026-11-23T09:00:00Z".to_owned(), vec![]),
        ] {
            assert_eq!(slugs(&app, &format!("/offices?{filter}")).await, expected, "{filter}");
        }
        for wrong in ["kind=castle", "status=shut", "openAt=now", "office=1", "areaId="] {
            app.anyone().get(&format!("/offices?{wrong}")).await.problem(400, "invalid-parameter");
        }
    }

    async fn offices_that_are_open_at_a_time_are_those_whose_hours_are_known(app: TestApp) {
        change(&app, "/offices/skaggetorp", json!({"openingHours": "Mo-Fr 08:00-16:30; PH off"})).await;
        change(&app, "/offices/bas-syd", json!({"openingHours": "24/7"})).await;
        assert_eq!(slugs(&app, "/offices?openAt=2026-11-23T09:00:00Z").await, ["skaggetorp"]);
        assert_eq!(slugs(&app, "/offices?openAt=2026-11-23T10:00:00%2B01:00").await, ["skaggetorp"]);
        for closed in ["2026-11-23T06:59:59Z", "2026-11-23T15:30:00Z", "2026-11-28T09:00:00Z", "2026-12-24T09:00:00Z"] {
            assert_eq!(slugs(&app, &format!("/offices?openAt={closed}")).await, [""; 0], "{closed}");
        }
    }

    async fn services_are_filtered_by_need_orientation_age_language_and_office(app: TestApp) {
        assert_eq!(slugs(&app, "/services").await.len(), 10);
        let office = id(&app, "/offices/rad-och-stod").await;
        for (filter, expected) in [
            ("need=parenting&orientation=supportive".to_owned(), vec!["bokat-samtal", "stodjande-insatser"]),
            ("need=crime_exit".to_owned(), vec!["atgardande-insatser"]),
            ("need=finances".to_owned(), vec![]),
            ("officeId=rad-och-stod".to_owned(), vec!["bokat-samtal", "foraldrakurser", "telefonradgivning"]),
            (format!("officeId={office}&orientation=preventive"), vec!["foraldrakurser", "telefonradgivning"]),
            ("age=21".to_owned(), vec![]),
            ("language=so".to_owned(), vec![]),
        ] {
            assert_eq!(slugs(&app, &format!("/services?{filter}")).await, expected, "{filter}");
        }
        assert_eq!(slugs(&app, "/services?age=20").await.len(), 10);
        assert_eq!(slugs(&app, "/services?age=0&language=sv").await.len(), 10);
        change(&app, "/services/bokat-samtal", json!({"ages": {"from": 13, "to": 17}, "languages": ["sv", "so"]})).await;
        assert_eq!(slugs(&app, "/services?age=12").await.len(), 9);
        assert_eq!(slugs(&app, "/services?age=13").await.len(), 10);
        assert_eq!(slugs(&app, "/services?language=so").await, ["bokat-samtal"]);
        for wrong in ["need=money", "orientation=up", "age=121", "age=-1", "language=Swedish"] {
            app.anyone().get(&format!("/services?{wrong}")).await.problem(400, "invalid-parameter");
        }
    }

    async fn the_real_directory_lacks_only_the_bases_that_have_not_opened(app: TestApp) {
        let coverage = app.anyone().get("/directory/coverage").await.expect(200);
        assert_eq!(coverage["gaps"], json!([]));
        assert_eq!(coverage["overlaps"], json!([]));
        assert_eq!(coverage["unreachableServices"], json!([]));
        assert_eq!(coverage["districtsWithoutOpenOffice"].as_array().unwrap().len(), 27, "all but the five of norr");
        for base in ["bas-syd", "bas-oster", "bas-vaster"] {
            change(&app, &format!("/offices/{base}"), json!({"status": "open"})).await;
        }
        let coverage = app.anyone().get("/directory/coverage").await.expect(200);
        assert_eq!(coverage["districtsWithoutOpenOffice"], json!([]));
        assert_eq!(coverage["complete"], true);
        change(&app, "/offices/rad-och-stod", json!({"status": "closed"})).await;
        let coverage = app.anyone().get("/directory/coverage").await.expect(200);
        assert_eq!(coverage["unreachableServices"].as_array().unwrap().len(), 3);
        assert_eq!(coverage["complete"], false);
    }

    async fn coverage_tells_the_ground_that_a_retired_district_leaves(app: TestApp) {
        change(&app, "/districts/ryd", json!({"status": "retired"})).await;
        let coverage = app.anyone().get("/directory/coverage").await.expect(200);
        assert_eq!(coverage["gaps"].as_array().unwrap().len(), 1);
        assert!(coverage["gaps"][0]["squareMetres"].as_f64().unwrap() > 1_000_000.0);
        let point = &coverage["gaps"][0]["labelPoint"]["coordinates"];
        let there = app.anyone().get(&format!("/where-to-turn?lat={}&lon={}", point[1], point[0])).await.expect(200);
        assert_eq!(there["certainty"], "approximate");
        assert_eq!(there["outsideMunicipality"], false);
        change(&app, "/districts/ryd", json!({"status": "active"})).await;
        assert_eq!(app.anyone().get("/directory/coverage").await.expect(200)["gaps"], json!([]));
    }

    async fn long_lists_are_walked_by_pages_and_by_cursors(app: TestApp) {
        let mut walked = Vec::new();
        let mut next = Some("/districts?limit=5".to_owned());
        while let Some(path) = next {
            let page = app.anyone().get(&path).await;
            let items = page.expect(200)["items"].as_array().unwrap().clone();
            walked.extend(items.into_iter().map(|district| district["slug"].as_str().unwrap().to_owned()));
            next = page.link("next");
        }
        assert_eq!(walked, slugs(&app, "/districts?limit=100").await);
        assert_eq!(slugs(&app, "/districts?limit=5&page=7").await, walked[30..]);
        assert_eq!(slugs(&app, "/districts?limit=5&page=8").await, [""; 0]);
        assert_eq!(slugs(&app, "/districts?page=0").await, [""; 0]);
    }
}
