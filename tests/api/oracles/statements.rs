//! One road for every identity number: the database gets the same statements, in the same order, whoever bears it. The times of single
//! answers say little; `proof/oracles` measures them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use serde_json::{Value, json};

use super::worlds::{ALL, Bearer, HIDDEN, World};
use crate::referrals::{path, submit};
use crate::support::fixtures::{CHILD, concern_report, contact, person, private_report, with, without};
use crate::support::{Answer, TestApp};

/// The statements of the databases that are listened to, by the beginning of a database's address.
static HEARD: LazyLock<Mutex<HashMap<String, Vec<String>>>> = LazyLock::new(|| {
    // Each new connection of this process gets an ear; it writes down what its database is listened to for.
    set_default_instrumentation(|| Some(Box::new(Ear(LAST_URL.with_borrow(String::clone)))))
        .expect("nothing else listens");
    Mutex::default()
});

thread_local! {
    /// The address of the connection that this thread opened last. A connection gets a second ear once it is open.
    static LAST_URL: RefCell<String> = RefCell::default();
}

struct Ear(String);

impl Instrumentation for Ear {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                LAST_URL.with_borrow_mut(|last| url.clone_into(last));
                url.clone_into(&mut self.0);
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
                let of_this = heard.iter_mut().find(|(address, _)| self.0.starts_with(address.as_str()));
                if let Some((_, statements)) = of_this {
                    let text = query.to_string();
                    let text = text.split("-- binds").next().unwrap_or_default().trim();
                    statements.extend(is_of_cases(text).then(|| text.to_owned()));
                }
            }
            _ => {}
        }
    }
}

/// Whether a statement is about people and their cases. What the server does by itself, such as sealing the audit, comes at any time.
fn is_of_cases(statement: &str) -> bool {
    let statement = statement.replace(['"', '`'], "");
    let by_itself = ["audit_seals", "unmarked_due_at <", "expires_at <=", "until <="];
    let about = ["people", "person_", "famil", "referral", "outreach", "follow_ups", "advisory", "INSERT"];
    !by_itself.iter().any(|own| statement.contains(own)) && about.iter().any(|noun| statement.contains(noun))
}

fn address(app: &TestApp) -> String {
    let url = &app.database().url;
    url.strip_prefix("sqlite://").unwrap_or(url).to_owned()
}

/// The statements of one call.
async fn heard(app: &TestApp, call: impl AsyncFnOnce() -> Answer) -> (u16, Vec<String>) {
    HEARD.lock().unwrap().insert(address(app), Vec::new());
    let status = call().await.status;
    (status, HEARD.lock().unwrap().remove(&address(app)).unwrap_or_default())
}

/// Checks that a call makes the same statements in the world of each bearer.
async fn is_one_road(
    like: &TestApp,
    bearers: &[Bearer],
    before: impl AsyncFn(&TestApp) -> Value,
    call: impl AsyncFn(&TestApp, Value) -> Answer,
) {
    LazyLock::force(&HEARD);
    let mut first: Option<(u16, Vec<String>)> = None;
    for &bearer in bearers {
        let world = World::of(bearer, like).await;
        let there = before(&world.app).await;
        // Callers sign in, and statements are prepared, before it counts: the road is tried on something else.
        world.app.caseworker().post("/referrals", private_report()).await.expect(201);
        world.app.outreach_worker().get("/referrals").await.expect(200);
        let heard = heard(&world.app, async || call(&world.app, there).await).await;
        assert!(heard.0 < 300 && heard.1.len() > 1, "{bearer:?}: {heard:?}");
        let expected = first.get_or_insert_with(|| heard.clone());
        for (index, (one, other)) in expected.1.iter().zip(&heard.1).enumerate() {
            assert_eq!(one, other, "statement {index} of {bearer:?}");
        }
        assert_eq!(expected.1.len(), heard.1.len(), "{bearer:?}: {expected:?} {heard:?}");
        assert_eq!(expected.0, heard.0);
    }
}

fn child() -> Value {
    json!({ "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": CHILD, "placeName": "Skäggetorp" })
}

async fn nothing(_: &TestApp) -> Value {
    Value::Null
}

on_both_databases! {
    async fn an_agency_learns_nothing_by_the_way_a_report_takes(app: TestApp) {
        let report = with(concern_report(), "/child", child());
        is_one_road(&app, &ALL, nothing, async |world, _| world.school().post("/partner/referrals", report.clone()).await).await;
    }

    async fn staff_learn_nothing_by_the_way_a_referral_takes(app: TestApp) {
        let report = with(private_report(), "/child", child());
        is_one_road(&app, &ALL, nothing, async |world, _| world.caseworker().post("/referrals", report.clone()).await).await;
        let sent = async |world: &TestApp| {
            let unknown = json!({ "givenName": "Elias", "placeName": "Skäggetorp" });
            submit(&world.school(), with(concern_report(), "/child", unknown)).await
        };
        let number = json!({ "child": { "personalIdentityNumber": CHILD } });
        is_one_road(&app, &ALL, sent, async |world, sent| world.caseworker().patch(&path(&sent), number.clone(), "*").await).await;
        let made = async |world: &TestApp| world.caseworker().post("/referrals", report.clone()).await.expect(201);
        is_one_road(&app, &ALL, made, async |world, made| world.caseworker().get(&path(&made)).await).await;
    }

    async fn staff_learn_nothing_by_the_way_a_contact_takes(app: TestApp) {
        let urgent = with(with(contact(), "/urgency", json!("immediate")), "/child", child());
        is_one_road(&app, &ALL, nothing, async |world, _| world.outreach_worker().post("/outreach-contacts", urgent.clone()).await).await;
    }

    async fn staff_learn_nothing_by_the_way_a_person_takes(app: TestApp) {
        let new = json!({ "personalIdentityNumber": CHILD, "givenName": "Elias" });
        is_one_road(&app, &HIDDEN, nothing, async |world, _| world.caseworker().post("/people", new.clone()).await).await;
        let own = async |world: &TestApp| world.caseworker().post("/people", without(person(), "/birthYear")).await.expect(201);
        let number = json!({ "personalIdentityNumber": CHILD });
        let change = async |world: &TestApp, own: Value| world.caseworker().patch(&crate::people::path(&own), number.clone(), "*").await;
        is_one_road(&app, &HIDDEN, own, change).await;
        let search = async |world: &TestApp, _: Value| world.caseworker().post("/people/search", number.clone()).await;
        is_one_road(&app, &ALL, nothing, search).await;
    }
}
