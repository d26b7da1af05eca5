//! The resident's question: from what is said about a place to a district. Which office follows is in
//! `where_to_turn_offices.rs`.

use serde_json::{Value, json};

use crate::directory_writes::change;
use crate::support::TestApp;

/// The answer to a question in a query.
pub async fn ask(app: &TestApp, question: &str) -> Value {
    app.anyone().get(&format!("/where-to-turn?{question}")).await.expect(200)
}

/// The rules of the steps that led to the office.
pub fn rules(answer: &Value) -> Vec<&str> {
    answer["explanation"].as_array().unwrap().iter().map(|step| step["rule"].as_str().unwrap()).collect()
}

/// The Swedish words of the step that followed a rule.
pub fn words<'a>(answer: &'a Value, rule: &str) -> &'a str {
    let step = answer["explanation"].as_array().unwrap().iter().find(|step| step["rule"] == rule);
    step.and_then(|step| step["text"]["sv"].as_str()).unwrap_or_else(|| panic!("no {rule} in {answer}"))
}

/// How the place was found, how sure it is, and the district; an empty text where there is none.
fn place(answer: &Value) -> [&str; 3] {
    [&answer["resolvedBy"], &answer["certainty"], &answer["district"]["slug"]]
        .map(|part| part.as_str().unwrap_or_default())
}

/// All that a question could leave behind.
async fn remembered(app: &TestApp) -> (usize, i64, Value) {
    let directory = app.anyone().get("/where-to-turn").await.expect(200)["directoryVersion"].clone();
    (app.audit().await.len(), app.stored_referrals().await, directory)
}

const IN_SKAGGETORP: &str = "lat=58.431618&lon=15.575486";
const IN_BERGA: &str = "lat=58.38746&lon=15.63824";

on_both_databases! {
    async fn coordinates_lead_to_the_district_that_they_lie_in(app: TestApp) {
        let answer = ask(&app, IN_SKAGGETORP).await;
        assert_eq!(place(&answer), ["coordinates", "exact", "skaggetorp-tornby"]);
        assert_eq!(answer["area"]["slug"], "norr");
        assert_eq!(answer["office"]["slug"], "skaggetorp");
        assert_eq!(answer["outsideMunicipality"], false);
        assert_eq!(rules(&answer), ["place_by_coordinates", "office_of_area"]);
        assert!(words(&answer, "place_by_coordinates").contains("Skäggetorp-Tornby"));
        assert!(answer["directoryVersion"].as_i64().unwrap() > 0);
    }

    async fn every_school_lies_in_the_district_that_the_official_register_gives_it(app: TestApp) {
        let mut schools = csv::Reader::from_reader(include_str!("data/schools.csv").as_bytes());
        let column = |name: &str| -> usize {
            let headers = csv::StringRecord::from(include_str!("data/schools.csv").lines().next().unwrap().split(',').collect::<Vec<_>>());
            headers.iter().position(|header| header == name).unwrap()
        };
        let (quality, name, lat, lon, code) = (column("coordinate_quality"), column("name"), column("lat"), column("lon"), column("regso_code"));
        let districts = app.anyone().get("/districts?limit=100").await.expect(200);
        let mut found = 0;
        for school in schools.records().map(|school| school.unwrap()) {
            // The register gives Skeda skola the coordinates of Slaka skola.
            if !school[quality].starts_with("official") || &school[name] == "Skeda skola" {
                continue;
            }
            let answer = ask(&app, &format!("lat={}&lon={}", &school[lat], &school[lon])).await;
            let district = districts["items"].as_array().unwrap().iter().find(|district| district["code"] == school[code]);
            assert_eq!(answer["district"]["id"], district.unwrap()["id"], "{}", &school[name]);
            assert_eq!(answer["certainty"], "exact");
            found += 1;
        }
        assert!(found >= 25, "only {found} schools have coordinates");
    }

    async fn a_point_on_a_border_always_lies_in_the_same_district(app: TestApp) {
        let boundary = app.anyone().get("/districts/berga/boundary").await.expect(200);
        let ring = boundary.pointer("/coordinates/0/0").unwrap();
        let corners: Vec<String> = ring.as_array().unwrap().iter().step_by(9).map(|at| format!("lat={}&lon={}", at[1], at[0])).collect();
        let mut before = Vec::new();
        for corner in &corners {
            before.push(ask(&app, corner).await["district"]["slug"].clone());
        }
        assert!(before.iter().all(Value::is_string), "a border is inside the municipality: {before:?}");
        // A new snapshot of the directory must not change its mind.
        change(&app, "/districts/berga", json!({"population": {"total": 7000, "asOf": "2020-12-31"}})).await;
        for (corner, before) in corners.iter().zip(before) {
            assert_eq!(ask(&app, corner).await["district"]["slug"], before, "{corner}");
        }
    }

    async fn a_district_is_known_by_its_identifier_its_slug_and_its_name(app: TestApp) {
        let id = app.anyone().get("/districts/berga").await.expect(200)["id"].as_str().unwrap().to_owned();
        for named in [id.as_str(), "berga", "Berga", "BERGA"] {
            let answer = ask(&app, &format!("district={named}")).await;
            assert_eq!(place(&answer), ["district", "exact", "berga"], "{named}");
            assert_eq!(answer["area"]["slug"], "syd");
            assert!(words(&answer, "place_by_district").contains("Berga"));
        }
    }

    async fn a_place_is_known_by_its_name_whatever_its_case_and_marks(app: TestApp) {
        for (named, district) in [
            ("Skäggetorp", "skaggetorp-tornby"),
            ("SKAGGETORP", "skaggetorp-tornby"),
            ("Tornby", "skaggetorp-tornby"),
            ("skäggetorp-tornby", "skaggetorp-tornby"),
            ("Ulrika", "valkebo-omland"),
            ("lilla torget", "lilla-torget-sankt-lars"),
        ] {
            let answer = ask(&app, &format!("place={named}")).await;
            assert_eq!(place(&answer), ["place", "exact", district], "{named}");
        }
    }

    async fn a_name_that_two_places_have_means_neither(app: TestApp) {
        change(&app, "/districts/ryd", json!({"placeNames": ["Ryd", "Tornby"]})).await;
        assert_eq!(place(&ask(&app, "place=Tornby").await), ["municipality", "unknown", ""]);
        // The name of a district goes before the place names of another.
        change(&app, "/districts/ryd", json!({"placeNames": ["Ryd", "Berga"]})).await;
        assert_eq!(place(&ask(&app, "place=Berga").await), ["place", "exact", "berga"]);
        assert_eq!(place(&ask(&app, "place=Tornby").await), ["place", "exact", "skaggetorp-tornby"]);
    }

    async fn a_postal_code_well_inside_a_district_is_exact(app: TestApp) {
        for written in ["58643", "586%2043"] {
            let answer = ask(&app, &format!("postalCode={written}")).await;
            assert_eq!(place(&answer), ["postal_code", "exact", "skaggetorp-tornby"]);
            assert_eq!(answer["office"]["slug"], "skaggetorp");
        }
    }

    async fn a_postal_code_near_a_border_is_approximate_and_says_so(app: TestApp) {
        // Its point lies five metres from the border.
        let answer = ask(&app, "postalCode=58733").await;
        assert_eq!(place(&answer), ["postal_code", "approximate", "berga"]);
        assert!(words(&answer, "place_by_postal_code").contains("gräns"));
    }

    async fn a_postal_code_of_boxes_is_of_the_municipality_and_of_no_district(app: TestApp) {
        let answer = ask(&app, "postalCode=58002").await;
        assert_eq!(place(&answer), ["postal_code", "approximate", ""]);
        assert_eq!(answer["outsideMunicipality"], false);
        assert_eq!(answer["office"]["slug"], "mottagning-barn-unga");
        assert_eq!(rules(&answer), ["place_by_postal_code", "reception"]);
    }

    async fn an_unknown_postal_code_is_answered_by_the_fallback_and_explained(app: TestApp) {
        for unknown in ["99999", "123", "Skäggetorp"] {
            let answer = ask(&app, &format!("postalCode={unknown}")).await;
            assert_eq!(place(&answer), ["municipality", "unknown", ""], "{unknown}");
            assert_eq!(answer["office"]["slug"], "mottagning-barn-unga");
            assert_eq!(rules(&answer), ["place_not_known", "reception"]);
            assert!(answer.get("district").is_none() && answer.get("area").is_none());
        }
    }

    async fn nothing_given_leads_to_the_reception(app: TestApp) {
        let answer = app.anyone().get("/where-to-turn").await.expect(200);
        assert_eq!(place(&answer), ["municipality", "unknown", ""]);
        assert_eq!(answer["office"]["slug"], "mottagning-barn-unga");
        assert_eq!(rules(&answer), ["no_place_given", "reception"]);
    }

    async fn an_unknown_place_is_answered_too(app: TestApp) {
        for question in ["place=Atlantis", "district=atlantis", "district=01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"] {
            let answer = ask(&app, question).await;
            assert_eq!(place(&answer), ["municipality", "unknown", ""], "{question}");
            assert_eq!(rules(&answer), ["place_not_known", "reception"]);
        }
    }

    async fn the_first_way_that_is_given_decides_and_a_contradiction_is_told(app: TestApp) {
        let ways = [(IN_SKAGGETORP, "coordinates"), ("district=skaggetorp-tornby", "district"), ("place=Skäggetorp", "place"), ("postalCode=58643", "postal_code")];
        let others = [IN_BERGA, "district=berga", "place=Berga", "postalCode=58736"];
        for (index, (way, resolved_by)) in ways.iter().enumerate() {
            for (other_index, (agreeing, _)) in ways.iter().enumerate().filter(|(other, _)| *other > index) {
                let agreeing = ask(&app, &format!("{way}&{agreeing}")).await;
                assert_eq!(place(&agreeing), [*resolved_by, "exact", "skaggetorp-tornby"]);
                assert!(!rules(&agreeing).contains(&"contradiction"));
                // The order in which the parameters stand means nothing.
                let contradicting = ask(&app, &format!("{}&{way}", others[other_index])).await;
                assert_eq!(place(&contradicting), [*resolved_by, "exact", "skaggetorp-tornby"]);
                assert_eq!(contradicting["office"]["slug"], "skaggetorp");
                assert!(words(&contradicting, "contradiction").contains("Berga"));
            }
        }
    }

    async fn a_place_in_another_municipality_contradicts_a_district_of_this_one(app: TestApp) {
        let answer = ask(&app, "district=skaggetorp-tornby&place=Norrköping").await;
        assert_eq!(place(&answer), ["district", "exact", "skaggetorp-tornby"]);
        assert!(rules(&answer).contains(&"contradiction"), "{:?}", rules(&answer));
        let answer = ask(&app, "lat=59.3293&lon=18.0686&place=Skäggetorp").await;
        assert_eq!(answer["outsideMunicipality"], true);
        assert!(words(&answer, "contradiction").contains("Skäggetorp-Tornby"));
    }

    async fn what_is_unknown_gives_way_to_what_is_known(app: TestApp) {
        let answer = ask(&app, "district=atlantis&place=Atlantis&postalCode=58643").await;
        assert_eq!(place(&answer), ["postal_code", "exact", "skaggetorp-tornby"]);
        assert_eq!(rules(&answer), ["place_not_known", "place_not_known", "place_by_postal_code", "office_of_area"]);
    }

    async fn outside_the_municipality_there_is_an_answer_all_the_same(app: TestApp) {
        // Norrköping, Stockholm, null island, both poles.
        for question in ["lat=58.5877&lon=16.1924", "lat=59.3293&lon=18.0686", "lat=0&lon=0", "lat=90&lon=180", "lat=-90&lon=-180"] {
            let answer = ask(&app, question).await;
            assert_eq!(place(&answer), ["coordinates", "exact", ""], "{question}");
            assert_eq!(answer["outsideMunicipality"], true);
            assert!(words(&answer, "outside_municipality").contains("utanför kommunen"));
            assert_eq!(answer["office"]["slug"], "mottagning-barn-unga");
            assert_eq!(answer["onCall"]["slug"], "sociala-jouren");
            assert_eq!(answer["emergency"], json!({"number": "112"}));
        }
    }

    async fn the_name_of_another_municipality_lies_outside(app: TestApp) {
        for named in ["Norrköping", "norrkoping", "Norrköpings kommun", "Mjölby"] {
            let answer = ask(&app, &format!("place={named}")).await;
            assert_eq!(place(&answer), ["place", "exact", ""], "{named}");
            assert_eq!(answer["outsideMunicipality"], true);
            assert_eq!(answer["office"]["slug"], "mottagning-barn-unga");
        }
        assert_eq!(ask(&app, "place=Linköping").await["outsideMunicipality"], false);
    }

    async fn a_retired_district_is_no_answer_any_more(app: TestApp) {
        change(&app, "/districts/berga", json!({"status": "retired"})).await;
        for question in ["district=berga", "place=Berga"] {
            assert_eq!(place(&ask(&app, question).await), ["municipality", "unknown", ""], "{question}");
        }
        // The ground is the municipality's still, in no district.
        let answer = ask(&app, IN_BERGA).await;
        assert_eq!(place(&answer), ["coordinates", "approximate", ""]);
        assert_eq!(answer["outsideMunicipality"], false);
        assert_eq!(place(&ask(&app, "postalCode=58736").await), ["postal_code", "approximate", ""]);
    }

    async fn a_question_in_a_body_gets_the_same_answer(app: TestApp) {
        for (query, body) in [
            ("lat=58.431618&lon=15.575486&need=parenting", json!({"lat": 58.431618, "lon": 15.575486, "need": "parenting"})),
            ("district=berga&age=14", json!({"district": "berga", "age": 14})),
            ("place=Norrköping", json!({"place": "Norrköping"})),
            ("postalCode=58733&language=sv&at=2026-12-24T10:00:00Z", json!({"postalCode": "58733", "language": "sv", "at": "2026-12-24T10:00:00Z"})),
            ("", json!({})),
        ] {
            let posted = app.anyone().post("/where-to-turn", body).await;
            assert_eq!(posted.header("cache-control"), Some("no-store"));
            assert_eq!(posted.expect(200), ask(&app, query).await, "{query}");
        }
    }

    async fn nobody_may_keep_a_question_and_nothing_of_it_is_stored(app: TestApp) {
        let before = remembered(&app).await;
        let answer = app.anyone().get(&format!("/where-to-turn?{IN_SKAGGETORP}&postalCode=58643&age=14")).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("etag"), None);
        let answer = answer.expect(200);
        assert!(answer.get("_links").is_none(), "a self link would hold the question");
        let told = answer.to_string();
        assert!(!told.contains("where-to-turn") && !told.contains("58.431618") && !told.contains("58643"));
        app.anyone().post("/where-to-turn", json!({"lat": 58.431618, "lon": 15.575486})).await.expect(200);
        assert_eq!(remembered(&app).await, before);
    }

    async fn a_question_that_cannot_be_read_is_refused_by_the_name_of_its_parameter(app: TestApp) {
        for (question, parameter) in [
            ("lat=58.4", "lon"),
            ("lon=15.6", "lat"),
            ("lat=90.1&lon=15.6", "lat"),
            ("lat=-91&lon=15.6", "lat"),
            ("lat=58.4&lon=180.5", "lon"),
            ("lat=58.4&lon=-181", "lon"),
            ("lat=NaN&lon=15.6", "lat"),
            ("lat=58.4&lon=nan", "lon"),
            ("lat=inf&lon=15.6", "lat"),
            ("lat=58.4&lon=-inf", "lon"),
            ("lat=1e999&lon=15.6", "lat"),
            ("lat=north&lon=15.6", "lat"),
            ("lat=&lon=15.6", "lat"),
            ("lat=58,4&lon=15.6", "lat"),
            ("age=200", "age"),
            ("age=121", "age"),
            ("age=-1", "age"),
            ("age=14.5", "age"),
            ("need=money", "need"),
            ("language=svenska", "language"),
            ("language=SV", "language"),
            ("at=tomorrow", "at"),
            ("at=2026-11-23", "at"),
            ("place=", "place"),
            ("latt=58.4", "latt"),
            ("district=berga&district=ryd", "district"),
        ] {
            let problem = app.anyone().get(&format!("/where-to-turn?{question}")).await.problem(400, "invalid-parameter");
            assert_eq!(problem["errors"][0]["parameter"], parameter, "{question}");
            assert_eq!(problem["errors"].as_array().unwrap().len(), 1);
            assert!(!problem.to_string().contains("58.4"), "what was asked is not told back");
        }
    }

    async fn a_body_that_breaks_a_rule_is_refused_with_its_pointer(app: TestApp) {
        for (body, pointer) in [
            (json!({"lat": 58.4}), "#/lon"),
            (json!({"lon": 15.6}), "#/lat"),
            (json!({"lat": 91, "lon": 15.6}), "#/lat"),
            (json!({"lat": 58.4, "lon": -180.1}), "#/lon"),
            (json!({"lat": "58.4", "lon": 15.6}), "#/lat"),
            (json!({"lat": null, "lon": 15.6}), "#/lat"),
            (json!({"age": 200}), "#/age"),
            (json!({"age": 300}), "#/age"),
            (json!({"need": "money"}), "#/need"),
            (json!({"place": " "}), "#/place"),
            (json!({"placeName": "Berga"}), "#/placeName"),
            (json!({"at": "soon"}), "#/at"),
        ] {
            let answer = app.anyone().post("/where-to-turn", body.clone()).await;
            assert_eq!(answer.pointers(), [pointer], "{body}");
            answer.problem(422, "validation-failed");
        }
        app.anyone().post("/where-to-turn", json!([])).await.problem(422, "validation-failed");
    }
}
