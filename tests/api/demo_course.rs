//! What has become of the demo's referrals: something of everything, and nothing that the rules would not let happen.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Duration;
use diesel::prelude::*;
use nara::db::columns::Json;
use nara::db::schema::{referral_events, referral_messages, referrals};
use nara::id::{OutreachContactId, PartnerId, ReferralId, StaffId};
use nara::referrals::course::table::Action;
use nara::referrals::{Kind, Status};
use nara::time::{Clock, Timestamp};
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use crate::demo::{Demo, open};
use crate::program::Folder;
use crate::support::Actor;

/// The actions of staff, as a link and a path call them.
const ACTIONS: [&str; 22] = [
    "assess-protection",
    "request-information",
    "supply-information",
    "assign",
    "accept",
    "start",
    "log-attempt",
    "hold",
    "resume",
    "decide-inquiry",
    "extend-deadline",
    "redirect",
    "decline",
    "mark-duplicate",
    "record-family-declined",
    "record-not-reached",
    "complete",
    "withdraw-consent",
    "send-feedback",
    "refuse-feedback",
    "reopen",
    "enter-in-error",
];

#[actix_web::test]
async fn the_referrals_of_a_demo_are_of_every_kind_and_in_every_state() {
    type Row = (Kind, Status, Option<PartnerId>, Option<OutreachContactId>, Option<StaffId>);
    let folder = Folder::new();
    Demo::start(&folder).stop().await;
    let mut conn = open(&folder);
    let rows: Vec<Row> = referrals::table
        .select((referrals::kind, referrals::status, referrals::partner_id, referrals::contact_id, referrals::made_by))
        .load(&mut conn)
        .unwrap();
    assert_eq!(rows.len(), 600);
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    rows.iter().for_each(|row| *states.entry(row.1.as_ref()).or_default() += 1);
    assert_eq!(states.len(), Status::iter().count(), "{states:?}");
    assert!(states.values().all(|count| *count >= 2), "{states:?}");
    let senders: BTreeSet<String> = rows.iter().filter_map(|row| row.2).map(|sender| sender.to_string()).collect();
    assert_eq!(senders.len(), 4, "each agency has sent some");
    let of = |kind: Kind, is_so: &dyn Fn(bool, bool) -> bool| {
        rows.iter().filter(|row| row.0 == kind && is_so(row.2.is_some(), row.3.is_some())).count()
    };
    for (what, count) in [
        ("reports of agencies", of(Kind::ConcernReport, &|agency, _| agency)),
        ("reports out of the field", of(Kind::ConcernReport, &|_, contact| contact)),
        ("reports of private persons", of(Kind::ConcernReport, &|agency, contact| !agency && !contact)),
        ("requests of agencies", of(Kind::SupportRequest, &|agency, _| agency)),
        ("requests out of the field", of(Kind::Internal, &|_, contact| contact)),
        ("requests of the family's own", of(Kind::SelfRequest, &|agency, contact| !agency && !contact)),
    ] {
        assert!(count >= 10, "{count} {what}");
    }
    assert!(rows.iter().all(|row| row.2.is_some() != row.4.is_some()), "an agency has sent it, or staff have made it");
}

#[actix_web::test]
async fn the_history_of_a_demo_is_whole_and_its_clocks_run() {
    type Row = (ReferralId, i32, Timestamp, Timestamp, Status, Timestamp, Json<Value>);
    let folder = Folder::new();
    Demo::start(&folder).stop().await;
    let mut conn = open(&folder);
    let now = Clock::system().now();
    let mut events: HashMap<ReferralId, Vec<(i32, Action, Timestamp)>> = HashMap::new();
    let columns =
        (referral_events::referral_id, referral_events::version, referral_events::action, referral_events::at);
    let all: Vec<(ReferralId, i32, Action, Timestamp)> =
        referral_events::table.order(referral_events::version).select(columns).load(&mut conn).unwrap();
    let taken: BTreeSet<&str> = all.iter().map(|(_, _, action, _)| action.as_ref()).collect();
    assert!(ACTIONS.iter().all(|action| taken.contains(action)), "{taken:?}");
    for (id, version, action, at) in &all {
        events.entry(*id).or_default().push((*version, *action, *at));
    }
    let columns = (
        referrals::id,
        referrals::version,
        referrals::received_at,
        referrals::updated_at,
        referrals::status,
        referrals::next_due_at,
        referrals::deadlines,
    );
    let rows: Vec<Row> = referrals::table.select(columns).load(&mut conn).unwrap();
    let (mut overdue, mut running, mut extended) = (0, 0, 0);
    for (id, version, received_at, updated_at, status, next_due_at, deadlines) in &rows {
        let happened = events.remove(id).unwrap_or_default();
        let versions: Vec<i32> = happened.iter().map(|(version, ..)| *version).collect();
        assert_eq!(versions, (2..=*version).collect::<Vec<_>>(), "each version but the first has its event");
        let times: Vec<Timestamp> = happened.iter().map(|(.., at)| *at).collect();
        assert!(times.is_sorted() && times.iter().all(|at| received_at <= at && *at <= now));
        assert_eq!(times.last().unwrap_or(received_at), updated_at);
        if *next_due_at < now {
            overdue += 1;
        } else if next_due_at.utc() < now.utc() + Duration::days(400) {
            running += 1;
        }
        assert!(!matches!(status, Status::EnteredInError | Status::Completed) || *next_due_at > now);
        extended +=
            usize::from(deadlines.0.as_array().unwrap().iter().any(|deadline| deadline.get("firstDueAt").is_some()));
    }
    assert!(events.is_empty());
    assert!((10..120).contains(&overdue) && running >= 30 && extended >= 5, "{overdue} {running} {extended}");
    let messages: i64 = referral_messages::table.count().get_result(&mut conn).unwrap();
    assert!(messages >= 30, "{messages} questions to senders");
}

/// What an action asks for, of this referral.
fn body(action: &str, referral: &Value, me: &Value, reception: &Value, other: &Value) -> Value {
    let days_ahead = |days: i64| json!((Clock::system().now().utc() + Duration::days(days)).date_naive());
    let received = &referral["receivedAt"];
    match action {
        "assess-protection" => json!({ "immediateNeed": false }),
        "request-information" => json!({ "question": "Sedan när?" }),
        "supply-information" => json!({ "text": "Sedan september." }),
        "assign" => json!({ "assigneeId": me }),
        "start" => json!({ "firstContactAt": received }),
        "log-attempt" => json!({ "at": received, "channel": "phone", "reached": false }),
        "hold" => json!({ "reason": "other", "reviewOn": days_ahead(10) }),
        "decide-inquiry" => json!({ "decision": "do_not_open" }),
        "extend-deadline" => {
            let deadlines = referral["deadlines"].as_array().unwrap();
            let mut kinds = ["inquiry_decision", "first_contact", "review"].into_iter();
            let runs =
                |kind: &&str| deadlines.iter().any(|known| known["kind"] == *kind && known.get("metAt").is_none());
            let kind = kinds.find(runs).expect("some deadline can be extended");
            json!({ "kind": kind, "until": days_ahead(100), "reasonCode": "illness_of_child", "note": "Barnet ligger på sjukhus." })
        }
        "redirect" => json!({ "officeId": reception, "reason": "moved" }),
        "decline" => json!({ "reasonCode": "no_capacity", "turnTo": { "text": "Familjerådgivningen" } }),
        "mark-duplicate" => json!({ "ofReferralId": other }),
        "record-family-declined" => json!({ "reasonCode": "practical" }),
        "complete" => json!({ "outcome": "support_given" }),
        "withdraw-consent" => json!({ "by": "guardian", "at": days_ahead(0) }),
        "refuse-feedback" => json!({ "reasonCode": "harms_inquiry", "note": "Skulle skada utredningen." }),
        "reopen" | "enter-in-error" => json!({ "reason": "Nya uppgifter." }),
        _ => json!({}),
    }
}

/// The identifiers of everything in somebody's queue.
async fn queue(of: &Actor) -> Vec<Value> {
    let mut ids = Vec::new();
    let mut next = Some("/referrals?limit=100".to_owned());
    while let Some(path) = next {
        let page = of.get(&path).await;
        ids.extend(page.expect(200)["items"].as_array().unwrap().iter().map(|row| row["id"].clone()));
        next = page.link("next");
    }
    ids
}

#[actix_web::test]
async fn each_action_that_a_referral_of_a_demo_links_to_can_be_taken() {
    let folder = Folder::new();
    let demo = Demo::start(&folder);
    let lead = demo.token("teamLead");
    let me = lead.get("/me").await.expect(200)["staffId"].clone();
    let reception = lead.get("/offices/mottagning-barn-unga").await.expect(200)["id"].clone();
    let ids = queue(&lead).await;
    let mut left: BTreeSet<&str> = ACTIONS.into_iter().collect();
    // A duplicate is one of a report if it is a report, and of a request if it is a request.
    let mut others = [Value::Null, Value::Null];
    for id in &ids {
        let answer = lead.get(&format!("/referrals/{}", id.as_str().unwrap())).await;
        let referral = answer.expect(200);
        let other = &mut others[usize::from(referral["kind"] == "concern_report")];
        let offered =
            |action: &&&str| answer.link(action).is_some() && (**action != "mark-duplicate" || !other.is_null());
        if let Some(action) = left.iter().find(offered).copied() {
            let path = answer.link(action).unwrap();
            let body = body(action, &referral, &me, &reception, other);
            let taken = lead.post(&path, body.clone()).await.expect(200);
            assert_eq!(taken["version"], json!(referral["version"].as_i64().unwrap() + 1), "{action}");
            left.remove(action);
            if action == "log-attempt" {
                // After three of them the family may count as not reached, whoever of the demo had got so far by today.
                for _ in 0..2 {
                    lead.post(&path, body.clone()).await.expect(200);
                }
                let path = path.replace("log-attempt", "record-not-reached");
                lead.post(&path, json!({})).await.expect(200);
                left.remove("record-not-reached");
            }
        } else if referral["status"] == "received" {
            *other = id.clone();
        }
        if left.is_empty() {
            break;
        }
    }
    assert!(left.is_empty(), "no referral of {} offers {left:?}", ids.len());
    demo.stop().await;
}
