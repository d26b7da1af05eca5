//! The rules of a referral: each that breaks is named by its pointer, and nothing is stored.

use serde_json::{Value, json};

use crate::directory_writes::change;
use crate::support::TestApp;
use crate::support::fixtures::{CHILD, concern_report, support_request, with, without};

/// Refused at exactly these pointers; nothing is stored, and nothing that was sent is told back.
async fn refused(app: &TestApp, body: Value, pointers: &[&str]) {
    refused_as(app, "validation-failed", body, pointers).await;
}

/// The same by a rule that has a problem of its own.
async fn refused_as(app: &TestApp, problem: &str, body: Value, pointers: &[&str]) {
    let before = (app.stored_referrals().await, app.audit().await.len());
    let answer = app.school().post("/partner/referrals", body.clone()).await;
    answer.problem(422, problem);
    assert_eq!(answer.pointers(), pointers, "{body}\n{answer:?}");
    // The trace is random digits, among which any year can stand.
    let told = without(answer.json(), "/traceId").to_string();
    for personal in ["Elias", "Påhittad", "2013", "Rektor", "2399"] {
        assert!(!told.contains(personal), "{personal}: {answer:?}");
    }
    assert_eq!((app.stored_referrals().await, app.audit().await.len()), before);
}

async fn accepted(app: &TestApp, body: Value) {
    app.school().post("/partner/referrals", body).await.expect(201);
}

/// A fact about birth, who consents, to which services, and whether that holds.
type Row = (&'static str, Value, &'static [&'static str], Vec<Value>, bool);

/// A concern report about a child of whom only this is known.
fn child(known: Value) -> Value {
    with(concern_report(), "/child", known)
}

/// A support request for somebody born then, who or whose guardian consents.
fn consenting(born: (&str, Value), givers: &[&str], services: &[Value]) -> Value {
    let mut body = with(support_request(), "/child", json!({"givenName": "Elias", "placeName": "Skäggetorp"}));
    body["child"][born.0] = born.1;
    body["consent"]["givenBy"] = json!(givers);
    if !services.is_empty() {
        body["requestedServiceIds"] = json!(services);
    }
    body
}

async fn service(app: &TestApp, slug: &str) -> Value {
    app.anyone().get(&format!("/services/{slug}")).await.expect(200)["id"].clone()
}

on_both_databases! {
    async fn a_body_of_another_shape_is_refused_at_the_first_place(app: TestApp) {
        for (body, pointer) in [
            (with(concern_report(), "/colour", json!("red")), "#/colour"),
            (with(concern_report(), "/child/shoeSize", json!(38)), "#/child/shoeSize"),
            (with(concern_report(), "/guardians/0/email", json!("a@b.se")), "#/guardians/0/email"),
            (with(concern_report(), "/guardiansInformed/when", json!("igår")), "#/guardiansInformed/when"),
            (without(concern_report(), "/urgency"), "#/urgency"),
            (without(concern_report(), "/description"), "#/description"),
            (without(concern_report(), "/siblings/0/alsoConcerned"), "#/siblings/0/alsoConcerned"),
            (with(concern_report(), "/urgency", json!("yesterday")), "#/urgency"),
            (with(concern_report(), "/kind", json!("self_request")), "#/kind"),
            (with(concern_report(), "/kind", json!("internal")), "#/kind"),
            (with(concern_report(), "/needs", json!(["money"])), "#/needs/0"),
            (with(concern_report(), "/description", json!(" ")), "#/description"),
            (with(concern_report(), "/description", json!("a\u{0}b")), "#/description"),
            (with(concern_report(), "/description", json!(7)), "#/description"),
            (with(concern_report(), "/reporter/name", json!("")), "#/reporter/name"),
            (with(concern_report(), "/child/street", Value::Null), "#/child/street"),
            (with(concern_report(), "/child/birthYear", json!("2013")), "#/child/birthYear"),
            (with(concern_report(), "/child/birthDate", json!("2013-02-30")), "#/child/birthDate"),
            (with(concern_report(), "/child/districtId", json!("skaggetorp")), "#/child/districtId"),
            (with(concern_report(), "/child/protectedIdentity", json!("secret")), "#/child/protectedIdentity"),
            (with(concern_report(), "/guardians", json!({})), "#/guardians"),
            // What only staff write, for themselves or for a private person.
            (with(concern_report(), "/source", json!({"private": {"anonymous": true}})), "#/source"),
            (with(concern_report(), "/officeId", json!("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e")), "#/officeId"),
            (with(concern_report(), "/child/personId", json!("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e")), "#/child/personId"),
        ] {
            refused(&app, body, &[pointer]).await;
        }
        accepted(&app, with(concern_report(), "/description", json!("å".repeat(10_000)))).await;
    }

    async fn a_text_that_is_too_long_is_a_problem_of_its_own(app: TestApp) {
        for (pointer, text) in [
            ("/description", "å".repeat(10_001)),
            ("/description", "å".repeat(100_000)),
            ("/senderReference", "7".repeat(201)),
            ("/child/school", "S".repeat(201)),
            ("/siblings/0/name", "S".repeat(201)),
        ] {
            let answer = app.school().post("/partner/referrals", with(concern_report(), pointer, json!(text))).await;
            let problem = answer.problem(422, "text-too-long");
            assert_eq!(answer.pointers(), [format!("#{pointer}")]);
            assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(if text.len() < 300 { "200" } else { "10000" }));
        }
        assert_eq!(app.stored_referrals().await, 0);
    }

    async fn an_identity_number_must_be_right_to_its_last_digit(app: TestApp) {
        for wrong in ["20130315-2390", "201303152390", "130315-2399", "1303152399", "20130230-2399", "20130315+2399", "2013-0315-2399", "", "ett"] {
            refused(&app, with(concern_report(), "/child/personalIdentityNumber", json!(wrong)), &["#/child/personalIdentityNumber"]).await;
        }
        refused(&app, with(concern_report(), "/guardians/0/personalIdentityNumber", json!("19900101-0000")), &["#/guardians/0/personalIdentityNumber"]).await;
        accepted(&app, with(concern_report(), "/child/personalIdentityNumber", json!("201303152399"))).await;
        let read = app.caseworker().get("/referrals").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        let read = app.caseworker().get(&format!("/referrals/{read}")).await.expect(200);
        assert_eq!(read["child"]["personalIdentityNumber"], CHILD, "it is always told in one form");
    }

    async fn nobody_is_born_in_the_future_nor_at_two_times(app: TestApp) {
        let known = |field: &str, value: Value| {
            let mut known = json!({"givenName": "Elias", "placeName": "Skäggetorp"});
            known[field] = value;
            child(known)
        };
        for (field, value) in [
            ("birthDate", json!("2026-11-24")),
            ("birthDate", json!("1899-12-31")),
            ("birthYear", json!(2027)),
            ("birthYear", json!(1899)),
        ] {
            refused(&app, known(field, value), &[&format!("#/child/{field}")]).await;
        }
        accepted(&app, known("birthDate", json!("2026-11-23"))).await;
        accepted(&app, known("birthYear", json!(2026))).await;
        refused(&app, with(concern_report(), "/child/birthDate", json!("2013-03-16")), &["#/child/birthDate"]).await;
        refused(&app, with(concern_report(), "/child/birthYear", json!(2012)), &["#/child/birthYear"]).await;
        refused(&app, with(concern_report(), "/siblings/0/birthYear", json!(2027)), &["#/siblings/0/birthYear"]).await;
        // Before that child is born, its number lies in the future.
        app.clock.set("2013-03-14T22:59:59Z");
        refused(&app, with(concern_report(), "/siblings", json!([])), &["#/child/personalIdentityNumber"]).await;
        app.clock.set("2013-03-14T23:00:00Z");
        accepted(&app, with(concern_report(), "/siblings", json!([]))).await;
    }

    async fn the_child_must_be_possible_to_find(app: TestApp) {
        for known in [
            json!({}),
            json!({"givenName": "Elias"}),
            json!({"givenName": "Elias", "familyName": "Påhittad", "birthYear": 2013}),
            json!({"school": "Skola"}),
            json!({"placeName": "Skäggetorp"}),
            json!({"birthYear": 2013}),
            json!({"street": "Nygatan 1", "postalCode": "58643"}),
            json!({"whereNow": "I skolan"}),
        ] {
            refused(&app, child(known), &["#/child"]).await;
        }
        let district = app.anyone().get("/districts/ryd").await.expect(200)["id"].clone();
        for known in [
            json!({"personalIdentityNumber": CHILD}),
            json!({"givenName": "Elias", "school": "Skola"}),
            json!({"familyName": "Påhittad", "placeName": "Skäggetorp"}),
            json!({"givenName": "Elias", "districtId": district}),
            json!({"birthYear": 2013, "street": "Nygatan 1"}),
            json!({"birthDate": "2013-03-15", "street": "Nygatan 1", "postalCode": "58643"}),
        ] {
            accepted(&app, child(known)).await;
        }
    }

    async fn a_district_must_be_one_that_is_in_use(app: TestApp) {
        let ryd = app.anyone().get("/districts/ryd").await.expect(200)["id"].clone();
        let unknown = json!("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e");
        refused(&app, with(concern_report(), "/child/districtId", unknown.clone()), &["#/child/districtId"]).await;
        accepted(&app, with(concern_report(), "/child/districtId", ryd.clone())).await;
        change(&app, "/districts/ryd", json!({"status": "retired"})).await;
        refused(&app, with(concern_report(), "/child/districtId", ryd), &["#/child/districtId"]).await;
    }

    async fn all_rules_that_break_are_named_and_not_only_the_first(app: TestApp) {
        let mut body = without(concern_report(), "/reporter");
        body["child"] = json!({"birthYear": 2027});
        body["guardians"] = json!([{}, {}, {}]);
        body["siblings"][0]["birthYear"] = json!(1800);
        body["requestedServiceIds"] = json!([]);
        refused(&app, body, &["#/child/birthYear", "#/child", "#/guardians", "#/siblings/0/birthYear", "#/reporter", "#/requestedServiceIds"]).await;
        let unknown = json!("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e");
        let body = with(without(concern_report(), "/reporter"), "/child/districtId", unknown);
        refused(&app, body, &["#/child/districtId", "#/reporter"]).await;
    }

    async fn an_agency_reports_in_somebodys_name_and_needs_no_consent(app: TestApp) {
        refused(&app, without(concern_report(), "/reporter"), &["#/reporter"]).await;
        refused(&app, with(concern_report(), "/consent", support_request()["consent"].clone()), &["#/consent"]).await;
        let service = service(&app, "stodjande-insatser").await;
        refused(&app, with(concern_report(), "/requestedServiceIds", json!([service])), &["#/requestedServiceIds"]).await;
        accepted(&app, without(concern_report(), "/reporter/title")).await;
    }

    async fn lists_have_their_limits(app: TestApp) {
        let guardian = json!({"givenName": "Alva"});
        accepted(&app, with(concern_report(), "/guardians", json!([guardian, guardian]))).await;
        refused(&app, with(concern_report(), "/guardians", json!([guardian, guardian, guardian])), &["#/guardians"]).await;
        let sibling = json!({"alsoConcerned": false});
        accepted(&app, with(concern_report(), "/siblings", json!(vec![sibling.clone(); 20]))).await;
        refused(&app, with(concern_report(), "/siblings", json!(vec![sibling; 21])), &["#/siblings"]).await;
    }

    async fn a_support_request_needs_consent(app: TestApp) {
        refused(&app, without(support_request(), "/consent"), &["#/consent"]).await;
        for (pointer, value, refused_at) in [
            ("/consent/givenOn", json!("2026-11-24"), "#/consent/givenOn"),
            ("/consent/scopes", json!(["outcome"]), "#/consent/scopes"),
            ("/consent/scopes", json!([]), "#/consent/scopes"),
            ("/consent/givenBy", json!(["teacher"]), "#/consent/givenBy/0"),
            ("/consent/basis", json!("silent"), "#/consent/basis"),
            ("/consent/note", json!("x"), "#/consent/note"),
            ("/feedbackRequested", json!(true), "#/feedbackRequested"),
            ("/willingToMeet", json!(true), "#/willingToMeet"),
            ("/requestedServiceIds", json!(["01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"]), "#/requestedServiceIds/0"),
        ] {
            refused(&app, with(support_request(), pointer, value), &[refused_at]).await;
        }
        for (pointer, value, problem) in [
            ("/consent/withdrawnAt", json!("2026-11-21"), "consent-withdrawn"),
            ("/consent/withdrawnAt", json!("2026-11-20"), "consent-withdrawn"),
            ("/consent/withdrawnAt", json!("2026-11-19"), "consent-order"),
            ("/consent/givenBy", json!([]), "consent-giver"),
        ] {
            refused_as(&app, problem, with(support_request(), pointer, value), &[&format!("#{pointer}")]).await;
        }
        accepted(&app, with(support_request(), "/consent/givenOn", json!("2026-11-23"))).await;
        accepted(&app, without(support_request(), "/reporter")).await;
    }

    async fn who_consents_follows_from_the_age_of_the_child(app: TestApp) {
        let assessed = service(&app, "ansokan-om-hjalp-och-stod").await;
        let open = service(&app, "stodjande-insatser").await;
        let (date, year) = (|text: &str| json!(text), |year: i32| json!(year));
        let rows: [Row; 25] = [
            // Eleven: a guardian.
            ("birthDate", date("2014-11-24"), &["guardian"], vec![], true),
            ("birthDate", date("2014-11-24"), &["child"], vec![], false),
            ("birthDate", date("2014-11-24"), &["child"], vec![assessed.clone()], false),
            ("birthDate", date("2014-11-24"), &["child", "guardian"], vec![], true),
            // Twelve today: the child alone where all that is asked for needs an assessment.
            ("birthDate", date("2014-11-23"), &["child"], vec![assessed.clone()], true),
            ("birthDate", date("2014-11-23"), &["child"], vec![assessed.clone(), open.clone()], false),
            ("birthDate", date("2014-11-23"), &["child"], vec![open.clone()], false),
            ("birthDate", date("2014-11-23"), &["child"], vec![], false),
            ("birthDate", date("2014-11-23"), &["guardian"], vec![open.clone()], true),
            // Fourteen until tomorrow.
            ("birthDate", date("2011-11-24"), &["child"], vec![], false),
            ("birthDate", date("2011-11-24"), &["child"], vec![assessed.clone()], true),
            // Fifteen today: the child suffices.
            ("birthDate", date("2011-11-23"), &["child"], vec![open.clone()], true),
            ("birthDate", date("2008-11-24"), &["guardian"], vec![], true),
            // Eighteen today: only the person.
            ("birthDate", date("2008-11-23"), &["guardian"], vec![], false),
            ("birthDate", date("2008-11-23"), &["child"], vec![], true),
            ("birthDate", date("2008-11-23"), &["guardian", "child"], vec![], true),
            // A birth year alone counts as the lower possible age.
            ("birthYear", year(2014), &["child"], vec![assessed.clone()], false),
            ("birthYear", year(2013), &["child"], vec![assessed], true),
            ("birthYear", year(2011), &["child"], vec![], false),
            ("birthYear", year(2010), &["child"], vec![], true),
            ("birthYear", year(2008), &["guardian"], vec![], true),
            ("birthYear", year(2007), &["guardian"], vec![], false),
            // The number tells the day.
            ("personalIdentityNumber", json!(CHILD), &["child"], vec![open], false),
            // Of whom nothing is known may be a small child.
            ("school", json!("Skola"), &["child"], vec![], false),
            ("school", json!("Skola"), &["guardian"], vec![], true),
        ];
        for (field, value, givers, services, holds) in rows {
            let body = consenting((field, value), givers, &services);
            if holds {
                accepted(&app, body).await;
            } else {
                refused_as(&app, "consent-giver", body, &["#/consent/givenBy"]).await;
            }
        }
        // A birthday begins at midnight in Linköping.
        let twelve = consenting(("birthDate", json!("2014-11-24")), &["child"], &[service(&app, "ansokan-om-hjalp-och-stod").await]);
        app.clock.set("2026-11-23T22:59:59Z");
        refused_as(&app, "consent-giver", twelve.clone(), &["#/consent/givenBy"]).await;
        app.clock.set("2026-11-23T23:00:00Z");
        accepted(&app, twelve).await;
    }

    async fn the_child_is_none_of_its_siblings(app: TestApp) {
        let siblings = |siblings: Value| with(concern_report(), "/siblings", siblings);
        let sibling = |name: &str| json!({ "name": name, "alsoConcerned": true });
        for name in ["Elias Påhittad", "påhittad, ELIAS", "Pa\u{30a}hittad Elias"] {
            refused_as(&app, "sibling-is-the-child", siblings(json!([sibling("Saga Påhittad"), sibling(name)])), &["#/siblings/1"]).await;
        }
        let of_year = |year: u16| with(sibling("Elias Påhittad"), "/birthYear", json!(year));
        refused_as(&app, "sibling-is-the-child", siblings(json!([of_year(2013)])), &["#/siblings/0"]).await;
        accepted(&app, siblings(json!([of_year(2014), sibling("Elias"), { "alsoConcerned": false }]))).await;
        let person = with(concern_report(), "/child/personId", json!("01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"));
        refused(&app, person, &["#/child/personId"]).await;
        refused(&app, with(concern_report(), "/source", json!({ "selfRequest": true })), &["#/source"]).await;
    }

    async fn what_is_no_json_is_no_referral(app: TestApp) {
        for (body, status, slug) in [("{\"kind\":", 400, "malformed-json"), ("", 400, "malformed-json"), ("[]", 422, "validation-failed"), ("\"text\"", 422, "validation-failed")] {
            let request = app.school().request(crate::support::Method::POST, "/partner/referrals").header("content-type", "application/json");
            request.body(body).send().await.problem(status, slug);
        }
        assert_eq!(app.stored_referrals().await, 0);
    }
}
