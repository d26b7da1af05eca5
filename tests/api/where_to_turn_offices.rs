//! The resident's question: from a district and a wish to the one office, and when it is open.

use serde_json::{Value, json};

use crate::directory_writes::change;
use crate::support::TestApp;
use crate::support::app::RECEPTION;
use crate::where_to_turn::{ask, rules, words};

fn slugs(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["slug"].as_str().unwrap()).collect()
}

/// Closes offices for good, one after the other.
async fn close(app: &TestApp, offices: &[&str]) {
    for office in offices {
        change(app, &format!("/offices/{office}"), json!({"status": "closed"})).await;
    }
}

/// A question's open state at a time.
async fn state_at(app: &TestApp, at: &str) -> Value {
    ask(app, &format!("place=Skäggetorp&at={at}")).await["openState"].clone()
}

fn open_until(closes_at: &str) -> Value {
    json!({"openNow": true, "closesAt": closes_at})
}

fn closed_until(opens_at: &str) -> Value {
    json!({"openNow": false, "opensAt": opens_at})
}

on_both_databases! {
    async fn the_office_is_told_whole_with_all_that_is_known_of_it(app: TestApp) {
        let answer = ask(&app, "place=Skäggetorp").await;
        let office = &answer["office"];
        assert_eq!(office["name"]["sv"], "Nära socialtjänst Skäggetorp");
        assert_eq!(office["kind"], "base");
        assert_eq!(office["status"], "open");
        assert_eq!(office["address"], json!({"street": "Skäggetorps Centrum 1", "postalCode": "58644", "locality": "Linköping"}));
        assert_eq!(office["location"], json!({"type": "Point", "coordinates": [15.5837, 58.4275]}));
        assert_eq!(office["openedOn"], "2022-08");
        assert!(office.get("phone").is_none(), "nobody found one, so none is made up");
        let alone = app.anyone().get("/offices/skaggetorp").await.expect(200);
        assert_eq!(*office, alone);
        let services = ["atgardande-insatser", "faltverksamhet-och-omradesteam", "forebyggande-insatser", "stodjande-insatser"];
        let mut told = slugs(&answer["services"]);
        told.sort_unstable();
        assert_eq!(told, services);
    }

    async fn a_planned_office_never_answers_and_is_named_with_the_reason(app: TestApp) {
        for (place, planned) in [("Berga", "bas syd"), ("Hjulsbro", "bas öster"), ("Ryd", "bas väster")] {
            let answer = ask(&app, &format!("place={place}")).await;
            assert_eq!(answer["office"]["slug"], RECEPTION, "{place}");
            assert_eq!(rules(&answer), ["place_by_name", "office_is_planned", "reception"]);
            assert!(words(&answer, "office_is_planned").contains(planned));
            assert!(words(&answer, "reception").contains("Mottagningen för barn och unga"));
        }
    }

    async fn a_planned_base_answers_from_the_moment_it_opens(app: TestApp) {
        change(&app, "/offices/bas-syd", json!({"status": "open", "name": {"sv": "Nära socialtjänst Berga"}})).await;
        let answer = ask(&app, "place=Berga").await;
        assert_eq!(answer["office"]["slug"], "bas-syd");
        assert_eq!(rules(&answer), ["place_by_name", "office_of_area"]);
    }

    async fn a_need_leads_to_the_office_that_answers_it(app: TestApp) {
        let answer = ask(&app, "place=Berga&need=parenting").await;
        assert_eq!(answer["office"]["slug"], "rad-och-stod");
        assert_eq!(rules(&answer), ["place_by_name", "office_is_planned", "office_of_municipality"]);
        let mut services = slugs(&answer["services"]);
        services.sort_unstable();
        assert_eq!(services, ["bokat-samtal", "foraldrakurser", "telefonradgivning"]);
        // The area's own office comes first where it gives the same.
        let answer = ask(&app, "place=Skäggetorp&need=parenting").await;
        assert_eq!(answer["office"]["slug"], "skaggetorp");
        assert_eq!(slugs(&answer["services"]).len(), 2);
        assert_eq!(slugs(&answer["alternatives"]), ["rad-och-stod"]);
        // And where it does not, the one of the municipality that does.
        let answer = ask(&app, "place=Skäggetorp&need=mental_health").await;
        assert_eq!(answer["office"]["slug"], RECEPTION);
        assert_eq!(slugs(&answer["services"]), ["ansokan-om-hjalp-och-stod"]);
    }

    async fn a_wish_that_nobody_meets_leads_to_the_base_or_the_reception(app: TestApp) {
        for wish in ["need=finances", "language=so", "age=40", "age=20&need=parenting&language=ar"] {
            let answer = ask(&app, &format!("place=Skäggetorp&{wish}")).await;
            assert_eq!(answer["office"]["slug"], "skaggetorp", "{wish}");
            assert_eq!(rules(&answer), ["place_by_name", "no_office_fits", "base_of_area"]);
            assert_eq!(slugs(&answer["services"]), [""; 0]);
            let answer = ask(&app, &format!("place=Berga&{wish}")).await;
            assert_eq!(answer["office"]["slug"], RECEPTION, "{wish}");
            assert_eq!(rules(&answer), ["place_by_name", "office_is_planned", "no_office_fits", "reception"]);
        }
    }

    async fn age_and_language_narrow_the_services(app: TestApp) {
        change(&app, "/services/forebyggande-insatser", json!({"ages": {"from": 13, "to": 20}, "languages": ["sv", "so"]})).await;
        let services = async |wish: &str| {
            let answer = ask(&app, &format!("place=Skäggetorp&{wish}")).await;
            slugs(&answer["services"]).contains(&"forebyggande-insatser")
        };
        for wish in ["age=13", "age=20", "language=so", "age=15&language=so&need=leisure"] {
            assert!(services(wish).await, "{wish}");
        }
        for wish in ["age=12", "age=21", "language=ar", "age=12&language=so"] {
            assert!(!services(wish).await, "{wish}");
        }
        let answer = ask(&app, "place=Skäggetorp&language=so").await;
        assert_eq!(answer["office"]["slug"], "skaggetorp");
        assert_eq!(slugs(&answer["services"]), ["forebyggande-insatser"]);
    }

    async fn a_retired_service_is_not_given(app: TestApp) {
        for service in ["bokat-samtal", "foraldrakurser", "telefonradgivning"] {
            change(&app, &format!("/services/{service}"), json!({"status": "retired"})).await;
        }
        let answer = ask(&app, "place=Berga&need=parenting").await;
        assert_eq!(answer["office"]["slug"], RECEPTION);
        assert!(rules(&answer).contains(&"no_office_fits"));
    }

    async fn when_offices_close_the_next_one_answers_and_says_why(app: TestApp) {
        change(&app, "/offices/skaggetorp", json!({"status": "temporarily_closed"})).await;
        let answer = ask(&app, "place=Skäggetorp").await;
        assert_eq!(answer["office"]["slug"], RECEPTION);
        assert_eq!(rules(&answer), ["place_by_name", "reception"]);
        let answer = ask(&app, "place=Skäggetorp&need=parenting").await;
        assert_eq!(answer["office"]["slug"], "rad-och-stod");

        close(&app, &[RECEPTION]).await;
        let answer = ask(&app, "place=Skäggetorp").await;
        assert_eq!(answer["office"]["slug"], "linkopings-kommun-vaxel");
        assert_eq!(rules(&answer), ["place_by_name", "switchboard"]);
        assert!(words(&answer, "switchboard").contains("växel"));
        assert_eq!(app.anyone().get("/where-to-turn").await.expect(200)["office"]["slug"], "linkopings-kommun-vaxel");

        change(&app, "/offices/skaggetorp", json!({"status": "open"})).await;
        assert_eq!(ask(&app, "place=Skäggetorp").await["office"]["slug"], "skaggetorp");
    }

    async fn there_is_still_exactly_one_office_when_nearly_all_are_closed(app: TestApp) {
        close(&app, &["skaggetorp", RECEPTION, "linkopings-kommun-vaxel", "rad-och-stod"]).await;
        for question in ["place=Skäggetorp", "place=Berga&need=parenting", "lat=0&lon=0", "age=3"] {
            let answer = ask(&app, question).await;
            assert_eq!(answer["office"]["slug"], "sociala-jouren", "{question}");
            assert_eq!(slugs(&answer["alternatives"]), [""; 0]);
        }
    }

    async fn alternatives_are_at_most_three_and_never_the_office_itself(app: TestApp) {
        let answer = ask(&app, "place=Skäggetorp").await;
        assert_eq!(slugs(&answer["alternatives"]), [RECEPTION, "rad-och-stod"]);
        let answer = ask(&app, "place=Berga").await;
        assert_eq!(slugs(&answer["alternatives"]), ["rad-och-stod"]);
        for number in 1..=4 {
            let office = json!({
                "slug": format!("drop-in-{number}"), "name": {"sv": format!("Öppet hus {number}")}, "kind": "drop_in", "status": "open",
                "areaIds": ["norr"], "languages": ["sv"], "accessibility": [], "serviceIds": [],
            });
            app.administrator().post("/offices", office).await.expect(201);
        }
        let answer = ask(&app, "place=Skäggetorp").await;
        let alternatives = slugs(&answer["alternatives"]);
        assert_eq!(alternatives.len(), 3);
        assert!(!alternatives.contains(&answer["office"]["slug"].as_str().unwrap()));
    }

    async fn a_tie_between_offices_goes_by_distance_and_then_by_name(app: TestApp) {
        let office = |slug: &str, name: &str, lon: f64| {
            json!({
                "slug": slug, "name": {"sv": name}, "kind": "satellite", "status": "open", "areaIds": ["norr"],
                "location": {"type": "Point", "coordinates": [lon, 58.47]},
                "languages": ["sv"], "accessibility": [], "serviceIds": ["forebyggande-insatser"],
            })
        };
        app.administrator().post("/offices", office("ekangen-a", "Ängen", 15.64)).await.expect(201);
        app.administrator().post("/offices", office("ekangen-b", "Bäcken", 15.64)).await.expect(201);
        // Both stand at one spot in Ekängen: there the name decides, and Skäggetorp's base is farther.
        let answer = ask(&app, "lat=58.4702&lon=15.6404&need=leisure").await;
        assert_eq!(answer["office"]["slug"], "ekangen-b");
        assert_eq!(slugs(&answer["alternatives"]), ["ekangen-a", "skaggetorp"]);
        // In Skäggetorp the base is the nearest.
        let answer = ask(&app, "lat=58.431618&lon=15.575486&need=leisure").await;
        assert_eq!(answer["office"]["slug"], "skaggetorp");
        assert_eq!(slugs(&answer["alternatives"]), ["ekangen-b", "ekangen-a"]);
    }

    async fn the_on_call_line_and_112_are_always_told(app: TestApp) {
        for question in ["place=Skäggetorp", "place=Berga&need=finances", "lat=0&lon=0", "postalCode=99999"] {
            let answer = ask(&app, question).await;
            assert_eq!(answer["onCall"]["slug"], "sociala-jouren", "{question}");
            assert_eq!(answer["onCall"]["phone"], "+46 13 20 75 26");
            assert_eq!(answer["emergency"], json!({"number": "112"}));
        }
        close(&app, &["sociala-jouren"]).await;
        let answer = ask(&app, "place=Skäggetorp").await;
        assert!(answer.get("onCall").is_none());
        assert_eq!(answer["emergency"], json!({"number": "112"}));
    }

    async fn hours_that_nobody_stated_are_unknown_and_not_closed(app: TestApp) {
        let answer = ask(&app, "place=Skäggetorp").await;
        assert_eq!(answer["openState"], json!({"openNow": null}));
        assert_eq!(answer["onCall"]["openState"], json!({"openNow": null}));
        assert_eq!(state_at(&app, "2026-12-24T10:00:00Z").await, json!({"openNow": null}));
    }

    async fn the_open_state_is_right_before_during_and_after_hours(app: TestApp) {
        change(&app, "/offices/skaggetorp", json!({"openingHours": "Mo-Fr 08:00-12:00,13:00-16:30; PH off"})).await;
        // It is Monday at ten.
        let answer = ask(&app, "place=Skäggetorp").await;
        assert_eq!(answer["openState"], open_until("2026-11-23T11:00:00Z"));
        assert_eq!(answer["office"]["openState"], answer["openState"]);
        app.clock.set("2026-11-23T15:30:00Z");
        assert_eq!(ask(&app, "place=Skäggetorp").await["openState"], closed_until("2026-11-24T07:00:00Z"));

        assert_eq!(state_at(&app, "2026-11-23T06:59:59Z").await, closed_until("2026-11-23T07:00:00Z"));
        assert_eq!(state_at(&app, "2026-11-23T07:00:00Z").await, open_until("2026-11-23T11:00:00Z"));
        assert_eq!(state_at(&app, "2026-11-23T11:30:00Z").await, closed_until("2026-11-23T12:00:00Z"));
        assert_eq!(state_at(&app, "2026-11-23T15:29:59Z").await, open_until("2026-11-23T15:30:00Z"));
        assert_eq!(state_at(&app, "2026-11-27T20:00:00Z").await, closed_until("2026-11-30T07:00:00Z"));
        // Any offset is accepted.
        assert_eq!(state_at(&app, "2026-11-23T08:30:00%2B01:00").await, open_until("2026-11-23T11:00:00Z"));
        let answer = ask(&app, "place=Skäggetorp&at=2026-11-28T12:00:00Z").await;
        assert_eq!(answer["office"]["openState"], answer["openState"], "one answer speaks of one time");
    }

    async fn the_open_state_knows_eves_holidays_and_the_days_on_which_the_clock_changes(app: TestApp) {
        change(&app, "/offices/skaggetorp", json!({"openingHours": "Mo-Su 10:00-14:00; PH off"})).await;
        // Christmas Eve is a Thursday; Christmas Day and Boxing Day follow, and then a Sunday.
        assert_eq!(state_at(&app, "2026-12-23T12:00:00Z").await, open_until("2026-12-23T13:00:00Z"));
        assert_eq!(state_at(&app, "2026-12-24T10:00:00Z").await, closed_until("2026-12-27T09:00:00Z"));
        // Maundy Thursday is custom and not law.
        assert_eq!(state_at(&app, "2027-03-25T10:00:00Z").await, open_until("2027-03-25T13:00:00Z"));
        assert_eq!(state_at(&app, "2027-03-26T10:00:00Z").await, closed_until("2027-03-27T09:00:00Z"));
        // Summer time ends between Saturday and Sunday in October, and begins in March.
        assert_eq!(state_at(&app, "2026-10-24T12:30:00Z").await, closed_until("2026-10-25T09:00:00Z"));
        assert_eq!(state_at(&app, "2026-10-25T12:30:00Z").await, open_until("2026-10-25T13:00:00Z"));
        assert_eq!(state_at(&app, "2026-03-28T13:30:00Z").await, closed_until("2026-03-29T08:00:00Z"));
        assert_eq!(state_at(&app, "2026-03-29T11:59:00Z").await, open_until("2026-03-29T12:00:00Z"));
    }

    async fn an_office_that_is_not_in_operation_is_closed_whatever_its_hours(app: TestApp) {
        let closed = change(&app, "/offices/skaggetorp", json!({"openingHours": "24/7", "status": "temporarily_closed"})).await;
        assert_eq!(closed["openState"], json!({"openNow": false}));
        let open = change(&app, "/offices/skaggetorp", json!({"status": "open"})).await;
        assert_eq!(open["openState"], json!({"openNow": true}));
    }

    async fn three_hundred_questions_have_exactly_one_open_office_each_and_a_reason(app: TestApp) {
        let mut chance = 20_261_123_u64;
        let mut below = move |end: usize| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(chance >> 33).unwrap() % end
        };
        let places = ["Skäggetorp", "Berga", "Norrköping", "Ulrika", "Atlantis", "Vreta Kloster", "T1", "å", "%F0%9F%8F%99"];
        let needs = ["parenting", "finances", "substance_use", "honour_related", "loneliness", "crime_exit"];
        for _ in 0..300 {
            let mut parts = Vec::new();
            if below(2) == 0 {
                parts.push(format!("lat={}.{:05}&lon={}.{:05}", 58 + below(2), below(100_000), 15 + below(2), below(100_000)));
            }
            if below(4) == 0 {
                parts.push(format!("district={}", ["berga", "Ryd", "skaggetorp-tornby", "nowhere"][below(4)]));
            }
            if below(3) == 0 {
                parts.push(format!("place={}", places[below(places.len())]));
            }
            if below(3) == 0 {
                parts.push(format!("postalCode={}", 58_000 + below(1000)));
            }
            if below(2) == 0 {
                parts.push(format!("age={}", below(121)));
            }
            if below(2) == 0 {
                parts.push(format!("need={}", needs[below(needs.len())]));
            }
            if below(3) == 0 {
                parts.push(format!("language={}", ["sv", "so", "ar", "xyz"][below(4)]));
            }
            if below(3) == 0 {
                parts.push(format!("at=20{}-{:02}-{:02}T{:02}:30:00Z", 26 + below(5), 1 + below(12), 1 + below(28), below(24)));
            }
            let question = parts.join("&");
            let answer = ask(&app, &question).await;
            assert_eq!(answer["office"]["status"], "open", "{question}");
            assert!(answer["office"]["slug"].is_string());
            assert!(rules(&answer).len() >= 2, "{question}: the place and the office each have a reason");
            let office = answer["office"]["slug"].as_str().unwrap();
            let alternatives = slugs(&answer["alternatives"]);
            assert!(alternatives.len() <= 3 && !alternatives.contains(&office), "{question}");
            assert_eq!(answer["onCall"]["slug"], "sociala-jouren");
            assert_eq!(answer["district"].is_object(), answer["area"].is_object());
            assert!(answer["outsideMunicipality"] == false || answer["district"].is_null());
        }
    }
}
