//! How a referral finds its office: by where the child lives, never by the school; and a protected identity tells nothing.

use diesel::prelude::*;
use nara::db::DbConn;
use nara::vault::{self, Sealed};
use serde_json::{Value, json};

use crate::directory_writes::change;
use crate::referrals::{office, partner_path, path, submit};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{concern_report, with};
use crate::support::{TestApp, credentials};
use crate::where_to_turn::{rules, words};

/// A concern report about a child of whom this is known, beside a name and a school in Skäggetorp.
fn about(known: Value) -> Value {
    let mut child =
        json!({"givenName": "Elias", "familyName": "Påhittad", "school": "Skäggetorps grundskola (påhittad)"});
    child.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
    with(concern_report(), "/child", child)
}

/// The routing of a referral as the one who works with it sees it.
async fn routed(app: &TestApp, known: Value, to: &str) -> Value {
    let receipt = submit(&app.school(), about(known)).await;
    let read = app.staff("caseworker", &[to]).get(&path(&receipt)).await.expect(200);
    assert_eq!(read["routing"]["officeId"], office(app, to).await["id"]);
    assert_eq!(read["officeId"], read["routing"]["officeId"]);
    read["routing"].clone()
}

async fn district(app: &TestApp, slug: &str) -> Value {
    app.anyone().get(&format!("/districts/{slug}")).await.expect(200)
}

/// What the database holds of a referral, as the sender wrote it.
async fn stored(app: &TestApp, receipt: &Value) -> String {
    use nara::db::schema::referrals;
    let id: nara::id::ReferralId = receipt["id"].as_str().unwrap().parse().unwrap_or_else(|_| panic!("an identifier"));
    let read = move |conn: &mut DbConn| {
        let columns = (referrals::matter, referrals::routing, referrals::district_id.is_null());
        let row: (Sealed, Sealed, bool) = referrals::table.find(id).select(columns).first(conn)?;
        let (vault, at) = (credentials::vault(), id.uuid());
        let matter: Value = vault.open_json(vault::REFERRAL_MATTER, at, &row.0)?;
        let routing: Value = vault.open_json(vault::REFERRAL_ROUTING, at, &row.1)?;
        Ok(format!("{matter} {routing} {}", row.2))
    };
    app.db().read(read).await.expect("it is stored")
}

on_both_databases! {
    async fn the_childs_place_leads_to_the_office_of_its_area_with_an_explanation(app: TestApp) {
        let district = district(&app, "skaggetorp-tornby").await;
        let routing = routed(&app, json!({"placeName": "skaggetorp"}), SKAGGETORP).await;
        assert_eq!(routing["districtId"], district["id"]);
        assert_eq!(routing["areaId"], district["areaId"]);
        assert_eq!(rules(&routing), ["place_by_name", "office_of_area"]);
        let version = app.anyone().get("/where-to-turn").await.expect(200)["directoryVersion"].clone();
        assert_eq!(routing["directoryVersion"], version);
    }

    async fn the_district_goes_before_the_place_and_the_place_before_the_postal_code(app: TestApp) {
        let skaggetorp = district(&app, "skaggetorp-tornby").await["id"].clone();
        let berga = district(&app, "berga").await["id"].clone();
        for (known, rule, office, contradictions) in [
            (json!({"districtId": skaggetorp}), "place_by_district", SKAGGETORP, 0),
            (json!({"postalCode": "586 43"}), "place_by_postal_code", SKAGGETORP, 0),
            (json!({"districtId": skaggetorp, "placeName": "Tornby", "postalCode": "58643"}), "place_by_district", SKAGGETORP, 0),
            (json!({"districtId": skaggetorp, "placeName": "Berga", "postalCode": "58736"}), "place_by_district", SKAGGETORP, 2),
            (json!({"districtId": berga, "placeName": "Skäggetorp"}), "place_by_district", RECEPTION, 1),
            (json!({"placeName": "Skäggetorp", "postalCode": "58736"}), "place_by_name", SKAGGETORP, 1),
            (json!({"placeName": "Berga", "postalCode": "58643"}), "place_by_name", RECEPTION, 1),
            (json!({"placeName": "Gatan utan namn", "postalCode": "58643"}), "place_by_postal_code", SKAGGETORP, 0),
        ] {
            let routing = routed(&app, known.clone(), office).await;
            assert!(rules(&routing).contains(&rule), "{known}: {routing}");
            let told = rules(&routing).iter().filter(|rule| **rule == "contradiction").count();
            assert_eq!(told, contradictions, "{known}: {routing}");
        }
    }

    async fn where_nothing_is_known_the_reception_takes_it_and_the_school_decides_nothing(app: TestApp) {
        for known in [json!({}), json!({"postalCode": "99999"}), json!({"postalCode": "58002"}), json!({"placeName": "Okänd", "street": "Skäggetorps Centrum 1"})] {
            let routing = routed(&app, known, RECEPTION).await;
            assert!(routing.get("districtId").is_none() && routing.get("areaId").is_none());
            assert_eq!(rules(&routing).last(), Some(&"reception"));
        }
        let routing = routed(&app, json!({"placeName": "Berga"}), RECEPTION).await;
        assert_eq!(rules(&routing), ["place_by_name", "office_is_planned", "reception"]);
        assert_eq!(routing["districtId"], district(&app, "berga").await["id"]);
    }

    async fn a_child_from_another_municipality_is_accepted_all_the_same(app: TestApp) {
        let receipt = submit(&app.police(), with(about(json!({"placeName": "Norrköping"})), "/urgency", json!("immediate"))).await;
        assert_eq!(receipt["office"]["phone"], "+46 13 20 61 88");
        let read = app.reception_caseworker().get(&path(&receipt)).await.expect(200);
        assert_eq!(read["urgency"], "immediate");
        assert!(words(&read["routing"], "outside_municipality").contains("Norrköping"));
    }

    async fn what_was_routed_keeps_its_office_and_the_version_it_was_routed_by(app: TestApp) {
        let before = submit(&app.school(), concern_report()).await;
        change(&app, "/offices/skaggetorp", json!({"status": "temporarily_closed"})).await;
        let after = submit(&app.school(), concern_report()).await;
        let kept = app.caseworker().get(&path(&before)).await.expect(200);
        let moved = app.reception_caseworker().get(&path(&after)).await.expect(200);
        assert_eq!(moved["routing"]["directoryVersion"].as_i64(), kept["routing"]["directoryVersion"].as_i64().map(|version| version + 1));
        assert_eq!(rules(&kept["routing"]), ["place_by_name", "office_of_area"]);
        app.caseworker().get(&path(&after)).await.problem(404, "not-found");
    }

    async fn a_protected_identity_goes_to_the_reception_and_its_route_tells_nothing(app: TestApp) {
        let skaggetorp = district(&app, "skaggetorp-tornby").await["id"].clone();
        for protection in ["marked", "protected_registration"] {
            let known = json!({"protectedIdentity": protection, "districtId": skaggetorp, "placeName": "Skäggetorp", "postalCode": "58643"});
            let receipt = submit(&app.school(), about(known)).await;
            assert_eq!(receipt["office"]["name"]["sv"], "Mottagningen för barn och unga");
            assert_eq!(app.school().get(&partner_path(&receipt)).await.expect(200), receipt);
            let read = app.protected_identity_caseworker().get(&path(&receipt)).await.expect(200);
            assert_eq!(rules(&read["routing"]), ["protected_identity", "reception"]);
            assert!(read["routing"].get("districtId").is_none() && read["routing"].get("areaId").is_none());
            assert!(!read["routing"].to_string().contains("Skäggetorp"));
            assert_eq!(read["child"]["protectedIdentity"], protection);
        }
    }

    async fn a_protected_identity_exists_only_for_those_who_are_cleared(app: TestApp) {
        let ordinary = submit(&app.school(), about(json!({"placeName": "Berga"}))).await;
        let marked = submit(&app.school(), about(json!({"placeName": "Berga", "protectedIdentity": "marked"}))).await;
        let hidden = submit(&app.school(), about(json!({"placeName": "Berga", "protectedIdentity": "protected_registration"}))).await;
        let none = submit(&app.school(), about(json!({"placeName": "Berga", "protectedIdentity": "none"}))).await;
        let seen = async |list: &str, by: &crate::support::Actor| {
            let list = by.get(list).await.expect(200);
            let count = list["_meta"]["totalRecords"].as_u64().unwrap();
            assert_eq!(list["items"].as_array().unwrap().len() as u64, count);
            count
        };
        let (cleared, other) = (app.protected_identity_caseworker(), app.reception_caseworker());
        for filter in ["", "&status=received", "&kind=concern_report", "&overdue=false", "&sort=nextDueAt", "&receivedFrom=2026-11-23T00:00:00Z"] {
            assert_eq!(seen(&format!("/referrals?total=true{filter}"), &cleared).await, 4, "{filter}");
            assert_eq!(seen(&format!("/referrals?total=true{filter}"), &other).await, 2, "{filter}");
        }
        for visible in [&ordinary, &none] {
            other.get(&path(visible)).await.expect(200);
        }
        let unknown = other.get("/referrals/01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e").await.problem(404, "not-found");
        for protected in [&marked, &hidden] {
            cleared.get(&path(protected)).await.expect(200);
            let problem = other.get(&path(protected)).await.problem(404, "not-found");
            assert_eq!((&problem["title"], &problem["detail"]), (&unknown["title"], &unknown["detail"]));
            app.team_lead().get(&path(protected)).await.problem(404, "not-found");
        }
        // Clearance opens one's own office and no other.
        let mut claims = crate::support::credentials::claims("cleared", "caseworker", &[SKAGGETORP]);
        claims["protectedIdentity"] = json!(true);
        app.with_claims(claims).get(&path(&marked)).await.problem(404, "not-found");
    }

    async fn of_a_protected_registration_no_address_is_stored_at_all(app: TestApp) {
        let known = json!({
            "placeName": "Hemligby", "postalCode": "58736", "street": "Hemliga gatan 1", "locality": "Hemligstad", "whereNow": "Hos hemliga mormor",
            "districtId": district(&app, "berga").await["id"],
        });
        let with_protection = |protection: &str| with(about(known.clone()), "/child/protectedIdentity", json!(protection));
        let receipt = submit(&app.school(), with_protection("protected_registration")).await;
        let (held, read) = (stored(&app, &receipt).await, app.protected_identity_caseworker().get(&path(&receipt)).await.expect(200));
        for text in [held.clone(), read.to_string().replace(receipt["id"].as_str().unwrap(), "")] {
            for address in ["emlig", "58736", known["districtId"].as_str().unwrap(), "Berga"] {
                assert!(!text.contains(address), "{address}: {text}");
            }
        }
        assert!(held.ends_with("true"), "no district");
        let receipt = submit(&app.school(), with_protection("marked")).await;
        let read = app.protected_identity_caseworker().get(&path(&receipt)).await.expect(200);
        assert_eq!(read["child"]["street"], "Hemliga gatan 1");
        assert!(stored(&app, &receipt).await.ends_with("true"), "not even a marked one is counted in a district");
    }
}
