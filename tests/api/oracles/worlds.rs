//! Worlds that differ only in who bears an identity number.

use serde_json::{Value, json};

use super::transcript::Transcript;
use crate::people::{cleared, path};
use crate::support::app::RECEPTION;
use crate::support::fixtures::CHILD;
use crate::support::{Actor, TestApp};

/// Whoever bears the number [`CHILD`] in a world. None of them is known to the office of those who ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    Nobody,
    Elsewhere,
    Marked,
    ProtectedRegistration,
}

/// Everybody of whom nothing may be told, nobody first.
pub const ALL: [Bearer; 4] = [Bearer::Nobody, Bearer::Elsewhere, Bearer::Marked, Bearer::ProtectedRegistration];

/// Those who are told like nobody where a number that is registered elsewhere is answered with its person.
pub const HIDDEN: [Bearer; 3] = [Bearer::Nobody, Bearer::Marked, Bearer::ProtectedRegistration];

/// A world, and where its audit began.
pub struct World {
    pub app: TestApp,
    pub bearer: Bearer,
    records_before: usize,
}

impl World {
    /// Makes a world on the same kind of database as `like`.
    pub async fn of(bearer: Bearer, like: &TestApp) -> Self {
        let app = TestApp::fresh_with(like.backend(), |_| {}).await.expect("the same database is there");
        let reception = cleared(&app, &[RECEPTION]);
        let family = reception.post("/families", json!({ "memberIds": [] })).await.expect(201);
        let body = json!({
            "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": CHILD, "familyId": family["id"],
        });
        let protected = |protection: &str| {
            let mut body = body.clone();
            body["protection"] = json!(protection);
            body
        };
        match bearer {
            Bearer::Nobody => {}
            Bearer::Elsewhere => _ = reception.post("/people", body).await.expect(201),
            Bearer::Marked => _ = reception.post("/people", protected("marked")).await.expect(201),
            Bearer::ProtectedRegistration => {
                reception.post("/people", protected("protected_registration")).await.expect(201);
            }
        }
        // What was recorded so far comes before what is recorded from now on.
        app.clock.advance(std::time::Duration::from_secs(1));
        Self { records_before: done(&app).await.len(), app, bearer }
    }

    /// The records that the calls since the beginning left, without the ids that differ. What hides a referral is an action of its
    /// own, in the place of the one that says that a number was compared: that auditors see it is meant.
    async fn records(&self) -> Vec<String> {
        let all = done(&self.app).await;
        let told = |(actor, action, ids): &(String, String, Value)| {
            let action = action.replace("referral.hidden", "referral.number_compared");
            let actor = actor.split(':').next().unwrap_or_default().to_owned();
            format!("{actor} {action} {}", ids.as_array().map_or(0, Vec::len))
        };
        let mut records: Vec<String> = all[self.records_before..].iter().map(told).collect();
        // The clock stands still, so the records of a moment have no order.
        records.sort();
        records
    }
}

/// The records of what was done. Those of calls that failed come when they come.
async fn done(app: &TestApp) -> Vec<(String, String, Value)> {
    use diesel::prelude::*;
    use nara::audit::AuditOutcome;
    use nara::db::columns::Json;
    use nara::db::schema::audit_records;
    let read = |conn: &mut nara::db::DbConn| {
        let columns = (audit_records::actor, audit_records::action, audit_records::resource_ids);
        let rows = audit_records::table.filter(audit_records::outcome.eq(AuditOutcome::Done));
        let rows = rows.order((audit_records::at, audit_records::id)).select(columns);
        let rows: Vec<(String, String, Json<Value>)> = rows.load(conn)?;
        Ok(rows.into_iter().map(|(actor, action, ids)| (actor, action, ids.0)).collect())
    };
    app.db().read(read).await.expect("the audit can be read")
}

/// Checks that a caller is told the same in the world of each bearer, and that the same records are left.
pub async fn are_alike(like: &TestApp, bearers: &[Bearer], script: impl AsyncFn(&TestApp, &mut Transcript)) {
    let mut first: Option<(Bearer, Vec<String>)> = None;
    for &bearer in bearers {
        let world = World::of(bearer, like).await;
        let mut seen = Transcript::default();
        script(&world.app, &mut seen).await;
        for record in world.records().await {
            seen.noted(&record);
        }
        let seen = seen.lines();
        let Some((nobody, expected)) = &first else {
            first = Some((world.bearer, seen));
            continue;
        };
        for (line, (expected, seen)) in expected.iter().zip(&seen).enumerate() {
            assert_eq!(expected, seen, "line {line} tells {nobody:?} from {bearer:?}");
        }
        assert_eq!(expected.len(), seen.len(), "{nobody:?} and {bearer:?}");
    }
}

/// Reads everything of a referral, and everything in which it may stand.
pub async fn look_at_referral(prober: &Actor, referral: &Value, seen: &mut Transcript) {
    let there = format!("/referrals/{}", referral["id"].as_str().expect("a referral has an id"));
    for part in ["", "/history?total=true", "/related?total=true", "/messages?total=true", "/partner-view"] {
        let part = format!("{there}{part}");
        seen.saw(part.rsplit('/').next().unwrap_or_default(), &prober.get(&part).await);
    }
    let search = prober.post("/referrals/search", json!({ "reference": referral["reference"] })).await;
    seen.saw("search", &search);
    look_around(prober, seen).await;
}

/// Reads the lists of a prober.
pub async fn look_around(prober: &Actor, seen: &mut Transcript) {
    for list in [
        "/referrals?total=true",
        "/referrals?total=true&sort=receivedAt&limit=1",
        "/referrals?total=true&sort=nextDueAt&limit=1&page=2",
        "/referrals?status=received&overdue=false",
        "/outreach-contacts?total=true",
        "/follow-ups?total=true",
    ] {
        seen.saw(list, &prober.get(list).await);
    }
    let number = json!({ "personalIdentityNumber": CHILD });
    seen.saw("people", &prober.post("/people/search", number).await);
    seen.saw("people", &prober.post("/people/search", json!({ "name": "Påhittad" })).await);
}

/// Reads a person whom the prober knows.
pub async fn look_at_person(prober: &Actor, person: &Value, seen: &mut Transcript) {
    let there = path(person);
    seen.saw("person", &prober.get(&there).await);
    seen.saw("timeline", &prober.get(&format!("{there}/timeline?total=true")).await);
    look_around(prober, seen).await;
}
