//! Very much about one child: everything that follows from a person's referrals and contacts works however many there are, and one
//! agency's further reports become supplements. No duty to report is refused.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use nara::binding::{RowCode, StoredRow};
use nara::bound_tables;
use nara::db::DbConn;
use serde_json::{Value, json};

use crate::people::{cleared, recorded};
use crate::referrals::{partner_path, path, submit};
use crate::support::app::SKAGGETORP;
use crate::support::fixtures::{
    CHILD, concern_report, contact, person, private_report, support_request, unnumbered, with,
};
use crate::support::{Actor, Answer, Method, TestApp, credentials};

/// More than a statement of SQLite has variables (32,766).
const VERY_MANY: usize = 33_000;

/// Copies each row of a bound table so many times, under identifiers of their own and with their own codes. What is sealed in a
/// copy cannot be opened.
async fn multiply(app: &TestApp, table: &'static str, times: usize) {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let write = move |conn: &mut DbConn| {
        let names = match conn {
            DbConn::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
            DbConn::Postgres(_) => {
                format!("SELECT column_name::text AS name FROM information_schema.columns WHERE table_name = '{table}'")
            }
        };
        let names: Vec<Name> = nara::on_backend!(&mut *conn, conn => sql_query(names).load(conn))?;
        let names: Vec<String> = names.into_iter().map(|name| name.name).collect();
        let (fresh, numbers) = match conn {
            DbConn::Sqlite(_) => (
                "randomblob(16)",
                format!(
                    "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times}) SELECT i FROM n) AS n"
                ),
            ),
            DbConn::Postgres(_) => ("gen_random_uuid()", format!("generate_series(1, {times}) AS n (i)")),
        };
        let value = |name: &String| match name.as_str() {
            "id" => fresh.to_owned(),
            "reference" => reference_of("n.i"),
            other => format!("t.{other}"),
        };
        let values: Vec<String> = names.iter().map(value).collect();
        let copy = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table} AS t, {numbers}",
            names.join(", "),
            values.join(", ")
        );
        nara::on_backend!(&mut *conn, conn => sql_query(copy).execute(conn))?;
        bind_all(conn, table)
    };
    app.db().write(write).await.unwrap();
}

/// The SQL expression of a valid reference that is made of a number below a million. Its last letter is the check character.
fn reference_of(number: &str) -> String {
    let digit = |by: u32| format!("({number} / {by} % 32)");
    let letter = |value: &str| format!("substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', {value} + 1, 1)");
    let digits = [32_768, 1_024, 32, 1].map(digit);
    let sum: Vec<String> =
        digits.iter().zip([7, 9, 11, 13]).map(|(digit, weight)| format!("{digit} * {weight}")).collect();
    let [first, second, third, fourth] = digits.each_ref().map(|digit| letter(digit));
    let check = letter(&format!("({}) % 32", sum.join(" + ")));
    format!("'R-000' || {first} || '-' || {second} || {third} || {fourth} || {check}")
}

/// Makes the codes of all rows of a table. Writes many codes by one statement, since there are very many rows.
fn bind_all(conn: &mut DbConn, table: &'static str) -> nara::error::Result<()> {
    let (vault, is_sqlite) = (credentials::vault(), matches!(conn, DbConn::Sqlite(_)));
    let bound = *bound_tables::ALL.iter().find(|bound| bound.name() == table).unwrap();
    let written = |row: &StoredRow| {
        let code = RowCode::new(table, row.place().1, row.cells.as_ref().unwrap(), &vault);
        let code: String = code.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        match is_sqlite {
            true => format!("(x'{}', x'{code}')", row.name.replace('-', "")),
            false => format!("('{}'::uuid, '\\x{code}'::bytea)", row.name),
        }
    };
    let mut last: Option<String> = None;
    loop {
        let rows = bound.after(conn, last.as_deref(), 500)?;
        let Some(row) = rows.last() else { return Ok(()) };
        last = Some(row.name.clone());
        let codes: Vec<String> = rows.iter().map(written).collect();
        // Both databases name the columns of such a list so.
        let renew = format!(
            "UPDATE {table} SET code = made.column2 FROM (VALUES {}) AS made WHERE {table}.id = made.column1",
            codes.join(", ")
        );
        nara::on_backend!(&mut *conn, conn => conn.batch_execute(&renew))?;
    }
}

async fn run(app: &TestApp, change: &'static str) {
    app.db()
        .write(move |conn| Ok(nara::on_backend!(conn, conn => sql_query(change).execute(conn)).map(drop)?))
        .await
        .unwrap();
}

async fn register(actor: &Actor) -> Value {
    actor.post("/people", json!({ "givenName": "Elias", "personalIdentityNumber": CHILD })).await.expect(201)
}

/// The report with other words.
fn further(words: &str) -> Value {
    with(with(concern_report(), "/description", json!(words)), "/senderReference", json!("2026-118"))
}

async fn messages(actor: &Actor, there: &str) -> Vec<Value> {
    actor.get(&format!("{there}/messages")).await.expect(200)["items"].as_array().unwrap().clone()
}

async fn many_reports(app: &TestApp, sender: &Actor) -> Vec<Value> {
    let mut receipts = Vec::new();
    for _ in 0..50 {
        app.clock.advance(Duration::from_secs(1));
        receipts.push(submit(sender, concern_report()).await);
    }
    receipts
}

/// The answer to a report that was taken as a supplement to the report of this receipt.
async fn taken_as_supplement(sender: &Actor, body: Value, to: &Value) -> Answer {
    let answer = sender.post("/partner/referrals", body).await;
    let told = answer.expect(200);
    assert_eq!((&told["id"], &told["takenAsSupplement"]), (&to["id"], &json!(true)), "{told}");
    answer
}

on_both_databases! {
    async fn somebody_with_more_referrals_than_a_statement_has_variables_is_changed_and_stays_hidden(app: TestApp) {
        let all_seeing = cleared(&app, &[SKAGGETORP]);
        let child = all_seeing.post("/people", json!({ "givenName": "Elias", "personalIdentityNumber": CHILD, "protection": "marked" })).await.expect(201);
        submit(&app.school(), concern_report()).await;
        multiply(&app, "referrals", VERY_MANY).await;
        let changed = all_seeing.patch(&crate::people::path(&child), json!({ "givenName": "Elias Adam" }), "*").await.expect(200);
        assert_eq!(changed["givenName"], "Elias Adam");
        assert_eq!(app.caseworker().get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
    }

    async fn somebody_who_was_met_more_often_than_a_statement_has_variables_has_a_timeline(app: TestApp) {
        let id = app.person().await;
        let met = with(contact(), "/participants", json!([{ "personId": id }]));
        app.caseworker().post("/outreach-contacts", met).await.expect(201);
        multiply(&app, "outreach_contacts", VERY_MANY).await;
        run(&app, "INSERT INTO outreach_participants (person_id, contact_id)
            SELECT p.person_id, c.id FROM outreach_participants AS p, outreach_contacts AS c WHERE c.id <> p.contact_id").await;
        let there = format!("/people/{id}/timeline?limit=50&total=true");
        let timeline = app.caseworker().get(&there).await.expect(200);
        assert_eq!(timeline["_meta"]["totalRecords"], VERY_MANY + 2, "all of them, and the registration");
        assert_eq!(timeline["items"].as_array().unwrap().len(), 50);
    }

    async fn all_of_many_referrals_are_hidden_at_once_and_recorded_in_parts(app: TestApp) {
        let known = app.caseworker().post("/people", person()).await.expect(201);
        let body = with(private_report(), "/child", json!({ "personId": known["id"], "placeName": "Skäggetorp" }));
        let worker = app.caseworker();
        let made = futures_util::future::join_all((0..130).map(|_| worker.post("/referrals", body.clone()))).await;
        let first = made[0].expect(201);
        let total = async |actor: Actor| actor.get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"].clone();
        assert_eq!(total(app.team_lead()).await, 130);
        assert_eq!(app.caseworker().patch(&crate::people::path(&known), json!({ "protection": "protected_registration" }), "*").await.status, 204);
        assert_eq!(total(app.team_lead()).await, 0, "only their maker reads them for a day, as they were written");
        assert_eq!(total(app.protected_identity_caseworker()).await, 130);
        let read = app.protected_identity_caseworker().get(&path(&first)).await.expect(200);
        assert!(read["child"].get("placeName").is_none() && read["version"] == 2, "{read}");
        let rerouted = recorded(&app, "referral.rerouted").await;
        let mut named: Vec<Value> = rerouted.iter().flat_map(|(_, ids)| ids.as_array().unwrap().clone()).collect();
        assert!(rerouted.len() == 2 && rerouted.iter().all(|(_, ids)| ids.as_array().unwrap().len() <= 100), "{}", rerouted.len());
        named.sort_by_key(Value::to_string);
        named.dedup();
        assert_eq!(named.len(), 130);
    }

    async fn reports_that_came_before_the_child_was_registered_are_linked_and_recorded_in_parts(app: TestApp) {
        let senders = [app.school(), app.police(), app.healthcare()];
        for sender in &senders {
            many_reports(&app, sender).await;
        }
        let hidden = json!({ "personalIdentityNumber": CHILD, "protection": "marked" });
        let child = cleared(&app, &["bas-syd"]).post("/people", hidden).await.expect(201);
        assert_eq!(app.caseworker().get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"], 0);
        let linked = recorded(&app, "referral.linked").await;
        // Records of one moment have no order.
        let mut sizes: Vec<usize> = linked.iter().map(|(_, ids)| ids.as_array().unwrap().len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [51, 101], "each names the child as well");
        assert!(linked.iter().all(|(_, ids)| ids.as_array().unwrap().contains(&child["id"])));
    }

    async fn related_referrals_are_read_and_recorded_page_by_page(app: TestApp) {
        let mut receipts = many_reports(&app, &app.school()).await;
        let first = receipts.remove(0);
        let there = format!("{}/related", path(&first));
        let page = app.caseworker().get(&format!("{there}?limit=8&total=true")).await;
        assert_eq!(page.expect(200)["_meta"]["totalRecords"], 49);
        let ids = |answer: &Answer| -> Vec<Value> { answer.json()["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect() };
        let newest: Vec<Value> = receipts.iter().rev().map(|receipt| receipt["id"].clone()).collect();
        assert_eq!(ids(&page), newest[..8]);
        let (_, named) = recorded(&app, "referral.related_read").await.remove(0);
        let shown: Vec<Value> = std::iter::once(first["id"].clone()).chain(ids(&page)).collect();
        assert_eq!(named, json!(shown), "what was shown, and no other");
        // What comes meanwhile moves nothing.
        submit(&app.police(), concern_report()).await;
        let next = app.caseworker().get(&page.link("next").unwrap()).await;
        assert_eq!(ids(&next), newest[8..16]);
        assert_eq!(ids(&app.caseworker().get(&format!("{there}?limit=10&page=5")).await), newest[39..49]);
        app.caseworker().get(&format!("{there}?limit=100&page=102")).await.problem(400, "page-too-deep");
    }

    async fn a_report_after_fifty_open_ones_is_a_supplement_and_says_so(app: TestApp) {
        for is_registered in [false, true] {
            let school = app.school();
            if is_registered {
                register(&app.caseworker()).await;
                // So that only what is open counts, those of the first round end.
                for row in app.team_lead().get("/referrals?limit=100&status=received").await.expect(200)["items"].as_array().unwrap() {
                    app.team_lead().post(&format!("{}/enter-in-error", path(row)), json!({ "reason": "Samma." })).await.expect(200);
                }
            }
            let receipts = many_reports(&app, &school).await;
            let (newest, stored) = (receipts.last().unwrap(), app.stored_referrals().await);
            let before = app.caseworker().get(&path(newest)).await.expect(200);
            let send = || school.request(Method::POST, "/partner/referrals").header("idempotency-key", format!("again-{is_registered}")).json(&further("Nu med blåmärken.")).send();
            let answer = send().await;
            let told = answer.expect(200);
            assert_eq!((&told["id"], &told["reference"], &told["takenAsSupplement"]), (&newest["id"], &newest["reference"], &json!(true)));
            let receipt = school.get(&partner_path(newest)).await;
            assert!(receipt.expect(200).get("takenAsSupplement").is_none());
            assert_eq!((answer.etag(), answer.header("location")), (receipt.etag(), None));
            assert_eq!(app.stored_referrals().await, stored);
            assert_eq!(app.caseworker().get(&path(newest)).await.expect(200), before, "its deadlines and its version stay");
            // The words are there, for the office and for the sender, and are recorded.
            for said in [messages(&app.caseworker(), &path(newest)).await, messages(&school, &partner_path(newest)).await] {
                assert_eq!(said.len(), 2, "the words, and the child's whereabouts");
                assert!(said.iter().all(|said| said["kind"] == "supplement" && said["by"] == "sender"), "{said:?}");
                let text = said[0]["text"].as_str().unwrap();
                for words in ["Nu med blåmärken.", "Rektor Påhittad", "Barnet, förnamn: Elias", "2026-118", "school_absence", CHILD] {
                    assert!(text.contains(words), "{words}: {text}");
                }
            }
            let last = app.audit().await.into_iter().rev().find(|(_, action, _)| action == "referral.supplemented").unwrap();
            assert!(last.0.starts_with("partner:") && last.2 == json!([newest["id"]]), "{last:?}");
            let again = send().await;
            assert_eq!((again.header("idempotent-replayed"), again.expect(200)), (Some("true"), told));
            assert_eq!(messages(&school, &partner_path(newest)).await.len(), 2);
        }
    }

    async fn what_may_not_wait_behind_others_is_a_report_of_its_own(app: TestApp) {
        let school = app.school();
        let receipts = many_reports(&app, &school).await;
        let newest = receipts.last().unwrap();
        // Another's, another child's or nobody's number, a request: none of it counts.
        submit(&app.police(), concern_report()).await;
        submit(&school, with(concern_report(), "/child/personalIdentityNumber", json!("20030101-2381"))).await;
        submit(&school, unnumbered()).await;
        submit(&school, support_request()).await;
        taken_as_supplement(&school, with(further("Mer."), "/urgency", json!("routine")), newest).await;
        // More urgent, and then once more: then the urgent one is the newest that is as urgent. Reports of one moment have no order.
        app.clock.advance(Duration::from_secs(1));
        let urgent = submit(&school, with(concern_report(), "/urgency", json!("immediate"))).await;
        taken_as_supplement(&school, with(further("Mer."), "/urgency", json!("immediate")), &urgent).await;
        taken_as_supplement(&school, further("Mer."), &urgent).await;
        // So with a protection that no other report states.
        app.clock.advance(Duration::from_secs(1));
        let marked = submit(&school, with(concern_report(), "/child/protectedIdentity", json!("marked"))).await;
        app.caseworker().get(&path(&marked)).await.problem(404, "not-found");
        taken_as_supplement(&school, with(further("Mer."), "/child/protectedIdentity", json!("marked")), &marked).await;
    }

    async fn long_words_and_an_awaited_answer_reach_the_office_in_order(app: TestApp) {
        let school = app.school();
        let receipts = many_reports(&app, &school).await;
        let newest = receipts.last().unwrap();
        app.step(newest["id"].as_str().unwrap(), "request-information").await;
        // Later than the question: messages of one moment have no order.
        app.clock.advance(Duration::from_secs(1));
        let long = "Ä".repeat(9_990);
        let answer = taken_as_supplement(&school, with(further(&long), "/existingSupport", json!("Ö".repeat(9_990))), newest).await;
        assert_eq!(answer.json()["status"], "received", "the office waited for words, and they came");
        assert_eq!(app.caseworker().get(&path(newest)).await.expect(200)["status"], "received");
        let said = messages(&app.caseworker(), &path(newest)).await;
        let texts: Vec<&str> = said[1..].iter().map(|message| message["text"].as_str().unwrap()).collect();
        let (whereabouts, texts) = texts.split_last().unwrap();
        assert!(whereabouts.contains("Barnet, plats: Skäggetorp"), "{whereabouts}");
        let parts = texts.len();
        assert!(parts > 2 && texts.iter().enumerate().all(|(index, text)| text.contains(&format!("del {} av {parts}", index + 1))), "{texts:?}");
        assert_eq!(texts.concat().matches('Ä').count(), 9_990);
        assert_eq!(texts.concat().matches('Ö').count(), 9_990);
    }

    async fn an_open_report_fewer_and_the_next_is_a_report_again(app: TestApp) {
        let school = app.school();
        let receipts = many_reports(&app, &school).await;
        taken_as_supplement(&school, further("Mer."), receipts.last().unwrap()).await;
        for action in ["assess-protection", "decide-inquiry"] {
            app.step(receipts[7]["id"].as_str().unwrap(), action).await;
        }
        app.clock.advance(Duration::from_secs(1));
        let own = submit(&school, further("Mer.")).await;
        assert!(own.get("takenAsSupplement").is_none());
        taken_as_supplement(&school, further("Mer."), &own).await;
    }

    async fn the_whereabouts_in_a_further_report_are_kept_and_told_as_its_child_may_be_found(app: TestApp) {
        let school = app.school();
        let receipts = many_reports(&app, &school).await;
        let newest = receipts.last().unwrap();
        let there = path(newest);
        let moved = with(further("Har flyttat."), "/child/whereNow", json!("Hos mormor i Påhittsberga"));
        let moved = with(moved, "/child/placeName", json!("Påhittsberga"));
        taken_as_supplement(&school, moved.clone(), newest).await;
        let known = messages(&app.caseworker(), &there).await;
        let texts = |said: &[Value]| -> Vec<String> { said.iter().map(|said| said["text"].as_str().unwrap().to_owned()).collect() };
        assert!(texts(&known)[1].contains("Hos mormor i Påhittsberga") && texts(&known)[1].contains("Barnet, plats: Påhittsberga"), "{known:?}");
        // What does not tell where the child is stands among the other words.
        assert!(texts(&known)[0].contains("Skäggetorps grundskola") && !texts(&known)[0].contains("Påhittsberga"), "{known:?}");
        let told_before = texts(&messages(&school, &partner_path(newest)).await);
        let protected = json!({ "personalIdentityNumber": CHILD, "protection": "protected_registration" });
        let reader = app.protected_identity_caseworker();
        reader.post("/people", protected).await.expect(201);
        app.clock.advance(Duration::from_secs(1));
        taken_as_supplement(&school, moved, newest).await;
        let said = messages(&reader, &there).await;
        assert_eq!(said.len(), 4);
        assert!(texts(&said[2..]).iter().all(|text| !text.contains("Påhittsberga")), "{said:?}");
        assert!(texts(&said)[2].contains("Har flyttat.") && texts(&said)[3].contains("skyddad folkbokföring"), "{said:?}");
        // The agency reads the same as before, so it learns nothing about the register.
        let told = texts(&messages(&school, &partner_path(newest)).await);
        assert_eq!((&told[..2], &told[2..]), (&told_before[..], &told_before[..]));
        assert!(told.iter().all(|text| !text.contains("Påhittsberga") && !text.contains("folkbokföring")), "{told:?}");
    }
}
