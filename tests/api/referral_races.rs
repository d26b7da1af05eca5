//! Sixteen people act on one referral at once, through one server or through two: of each version there is one next, and nothing that was
//! answered as done is lost.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::referral_cells::scene::{Named, act, body, history, read, staff_id};
use crate::support::app::SKAGGETORP;
use crate::support::credentials::claims;
use crate::support::fixtures::{concern_report, support_request};
use crate::support::{Actor, Answer, Method, TestApp};

const MANY: usize = 16;

/// Sixteen qualified team leads of one office, who call two servers in turn.
struct Crowd {
    actors: Vec<Actor>,
    ids: Vec<Value>,
    elsewhere: Value,
    reception: Actor,
}

impl Crowd {
    async fn new(app: &TestApp, other: &TestApp) -> Self {
        let mut crowd = Self {
            actors: Vec::new(),
            ids: Vec::new(),
            elsewhere: app.anyone().get("/offices/mottagning-barn-unga").await.expect(200)["id"].clone(),
            reception: app.staff("team_lead", &["mottagning-barn-unga"]),
        };
        for number in 0..MANY {
            let mut claims = claims(&format!("lead {number}"), "team_lead", &[SKAGGETORP]);
            claims["qualified"] = json!(true);
            let server = if number % 2 == 0 { app } else { other };
            let actor = server.with_claims(claims);
            crowd.ids.push(staff_id(&actor).await);
            crowd.actors.push(actor);
        }
        crowd
    }

    /// The first of them.
    fn one(&self) -> &Actor {
        &self.actors[0]
    }

    fn body(&self, number: usize, act: &str, twin: &Value) -> Value {
        body(act, &Named { me: &self.ids[number], elsewhere: &self.elsewhere, twin, state: "" })
    }

    /// Each does the act of their number at once.
    async fn all(&self, id: &Value, acts: &[&str], twin: &Value, version: Option<&str>) -> Vec<Answer> {
        let calls = self.actors.iter().enumerate().map(|(number, actor)| {
            let act = acts[number % acts.len()];
            let path = format!("/referrals/{}/{}", id.as_str().unwrap(), act.split(' ').next().unwrap());
            let request = actor.request(Method::POST, &path).json(&self.body(number, act, twin));
            match version {
                Some(version) => request.header("if-match", version),
                None => request,
            }
        });
        let requests: Vec<_> = calls.collect();
        join_all(requests.into_iter().map(|request| request.send())).await
    }

    async fn prepare(&self, app: &TestApp, kind: &str, steps: &[&str]) -> Value {
        let report = if kind == "concern_report" { concern_report() } else { support_request() };
        let id = json!(app.submitted(report).await);
        for step in steps {
            act(self.one(), &id, step, self.body(0, step, &id)).await.expect(200);
        }
        id
    }

    /// The history of a referral at whichever office has it: it must lead from step to step.
    async fn course(&self, id: &Value) -> (Value, Vec<Value>) {
        let here = read(self.one(), id).await;
        let reader = if here.status == 200 { self.one() } else { &self.reception };
        let (now, entries) = (read(reader, id).await.expect(200), history(reader, id).await);
        for pair in entries.windows(2) {
            assert_eq!(pair[1]["from"], pair[0]["to"], "{entries:?}");
        }
        assert_eq!(entries.last().unwrap()["to"], now["status"], "{entries:?}");
        assert_eq!(entries.len(), now["version"], "each version is one thing that was done: {entries:?}");
        (now, entries)
    }
}

fn won(answers: &[Answer]) -> Vec<usize> {
    (0..answers.len()).filter(|number| answers[*number].status == 200).collect()
}

/// Exactly one has done it; all others are told why they have not.
fn one_won(answers: &[Answer], status: u16, problem: &str) -> usize {
    let [winner] = won(answers)[..] else { panic!("{answers:?}") };
    for (number, answer) in answers.iter().enumerate() {
        if number != winner {
            answer.problem(status, problem);
        }
    }
    winner
}

async fn states_decide(app: &TestApp, crowd: &Crowd) {
    for (kind, before, act, to) in [
        ("support_request", &[][..], "accept", "accepted"),
        ("support_request", &["accept"], "start", "in_progress"),
        ("support_request", &["accept", "start"], "complete", "completed"),
        ("support_request", &["accept"], "hold", "on_hold"),
        ("support_request", &[], "decline", "declined"),
        ("concern_report", &["assess-protection"], "decide-inquiry open_inquiry", "handed_over"),
        ("concern_report", &["assess-protection", "decide-inquiry do_not_open"], "reopen", "received"),
        ("concern_report", &[], "request-information", "information_requested"),
        ("concern_report", &[], "enter-in-error", "entered_in_error"),
    ] {
        let id = crowd.prepare(app, kind, before).await;
        let answers = crowd.all(&id, &[act], &id, None).await;
        let winner = one_won(&answers, 409, "action-not-allowed");
        let (now, entries) = crowd.course(&id).await;
        assert_eq!(now["status"], to, "{act}");
        assert_eq!(entries.len(), before.len() + 2, "{act}: {entries:?}");
        assert_eq!(entries.last().unwrap()["by"], format!("staff:{}", crowd.ids[winner].as_str().unwrap()), "{act}");
    }
    // Feedback leaves the state as it is, and is given once all the same.
    let id = crowd.prepare(app, "concern_report", &["assess-protection", "decide-inquiry open_inquiry"]).await;
    one_won(&crowd.all(&id, &["send-feedback", "refuse-feedback"], &id, None).await, 409, "feedback-given");
    // Who comes after a redirect finds nothing.
    let id = crowd.prepare(app, "concern_report", &[]).await;
    one_won(&crowd.all(&id, &["redirect"], &id, None).await, 404, "not-found");
    assert_eq!(crowd.course(&id).await.0["officeId"], crowd.elsewhere);
}

async fn one_version_has_one_next(app: &TestApp, crowd: &Crowd) {
    for (kind, before, act, rounds) in [
        ("support_request", &["accept"][..], "log-attempt", 3),
        ("support_request", &[], "accept", 1),
        ("support_request", &[], "assign", 3),
        ("concern_report", &[], "assess-protection", 2),
        ("concern_report", &[], "extend-deadline", 1),
    ] {
        let id = crowd.prepare(app, kind, before).await;
        for round in 0..rounds {
            let version = read(crowd.one(), &id).await.etag();
            let answers = crowd.all(&id, &[act], &id, Some(&version)).await;
            let winner = one_won(&answers, 412, "stale-version");
            let (now, entries) = crowd.course(&id).await;
            assert_eq!(answers[winner].json()["version"], now["version"], "{act}");
            assert_ne!(answers[winner].etag(), version, "{act}");
            assert_eq!(entries.len(), before.len() + 2 + round, "{act}: {entries:?}");
        }
    }
}

async fn nothing_is_lost(app: &TestApp, crowd: &Crowd) {
    let id = crowd.prepare(app, "support_request", &["accept"]).await;
    let answers = crowd.all(&id, &["log-attempt"], &id, None).await;
    let mut versions: Vec<u64> = answers.iter().map(|answer| answer.expect(200)["version"].as_u64().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (3..3 + MANY as u64).collect::<Vec<_>>(), "each has a version of its own");
    let (now, entries) = crowd.course(&id).await;
    assert_eq!(now["version"], 2 + MANY);
    let mut who: Vec<&str> = entries[2..].iter().map(|entry| entry["by"].as_str().unwrap()).collect();
    let mut expected: Vec<String> = crowd.ids.iter().map(|id| format!("staff:{}", id.as_str().unwrap())).collect();
    who.sort_unstable();
    expected.sort_unstable();
    assert_eq!(who, expected);
    assert_eq!(now["attempts"].as_array().map(Vec::len), Some(MANY), "{now}");
    act(crowd.one(), &id, "record-not-reached", json!({})).await.expect(200);
}

async fn all_kinds_of_things(app: &TestApp, crowd: &Crowd) {
    let twin = crowd.prepare(app, "support_request", &[]).await;
    for (kind, before, acts) in [
        (
            "support_request",
            &[][..],
            &["accept", "decline", "request-information", "redirect", "mark-duplicate", "assign", "withdraw-consent"][..],
        ),
        (
            "support_request",
            &["accept", "log-attempt", "log-attempt", "log-attempt"],
            &[
                "start",
                "hold",
                "log-attempt",
                "record-not-reached",
                "record-family-declined",
                "resume",
                "enter-in-error",
            ],
        ),
        (
            "concern_report",
            &["assess-protection"],
            &[
                "decide-inquiry open_inquiry",
                "decide-inquiry do_not_open",
                "redirect",
                "assess-protection",
                "request-information",
            ],
        ),
    ] {
        for _ in 0..4 {
            let id = crowd.prepare(app, kind, before).await;
            let answers = crowd.all(&id, acts, &twin, None).await;
            assert!(answers.iter().all(|answer| [200, 404, 409].contains(&answer.status)), "{answers:?}");
            let (_, entries) = crowd.course(&id).await;
            let mut done: Vec<Value> =
                entries[1 + before.len()..].iter().map(|entry| json!([entry["action"], entry["by"]])).collect();
            let mut told: Vec<Value> = won(&answers)
                .into_iter()
                .map(|number| {
                    let act = acts[number % acts.len()].split(' ').next().unwrap();
                    json!([act, format!("staff:{}", crowd.ids[number].as_str().unwrap())])
                })
                .collect();
            done.sort_by_key(Value::to_string);
            told.sort_by_key(Value::to_string);
            assert!(!told.is_empty());
            assert_eq!(done, told, "what was answered as done is what was done: {entries:?}");
        }
    }
}

async fn no_two_are_duplicates_of_each_other(app: &TestApp, crowd: &Crowd) {
    for _ in 0..6 {
        let pair = [crowd.prepare(app, "support_request", &[]).await, crowd.prepare(app, "support_request", &[]).await];
        let calls = crowd.actors.iter().enumerate().map(|(number, actor)| {
            // Each server is asked for both.
            let (one, other) = (&pair[number / 2 % 2], &pair[(number / 2 + 1) % 2]);
            act(actor, one, "mark-duplicate", json!({ "ofReferralId": other }))
        });
        let answers = join_all(calls.collect::<Vec<_>>()).await;
        assert_eq!(won(&answers).len(), 1, "{answers:?}");
        let mut states = [Value::Null, Value::Null];
        for (state, id) in states.iter_mut().zip(&pair) {
            *state = crowd.course(id).await.0["status"].clone();
        }
        states.sort_by_key(Value::to_string);
        assert_eq!(states, [json!("duplicate"), json!("received")], "one of the two goes on");
    }
}

async fn once_for_one_key(app: &TestApp, crowd: &Crowd) {
    let id = crowd.prepare(app, "support_request", &["accept"]).await;
    let path = format!("/referrals/{}/log-attempt", id.as_str().unwrap());
    let body = crowd.body(0, "log-attempt", &id);
    let calls = (0..MANY)
        .map(|_| crowd.one().request(Method::POST, &path).header("idempotency-key", "one-attempt").json(&body).send());
    let answers = join_all(calls.collect::<Vec<_>>()).await;
    for answer in &answers {
        match answer.status {
            200 => assert_eq!(answer.json()["version"], 3),
            _ => drop(answer.problem(409, "idempotency-key-in-use")),
        }
    }
    assert_eq!(crowd.course(&id).await.1.len(), 3);
}

crate::on_both_databases! {
    async fn of_sixteen_who_act_at_once_one_wins_each_version_and_none_is_lost(app: TestApp) {
        let crowd = Crowd::new(&app, &app).await;
        states_decide(&app, &crowd).await;
        one_version_has_one_next(&app, &crowd).await;
        nothing_is_lost(&app, &crowd).await;
        all_kinds_of_things(&app, &crowd).await;
        no_two_are_duplicates_of_each_other(&app, &crowd).await;
        once_for_one_key(&app, &crowd).await;
    }

    async fn so_it_is_through_two_servers_on_one_database(app: TestApp) {
        let other = app.another_server().await;
        let crowd = Crowd::new(&app, &other).await;
        states_decide(&app, &crowd).await;
        one_version_has_one_next(&app, &crowd).await;
        nothing_is_lost(&app, &crowd).await;
        all_kinds_of_things(&app, &crowd).await;
        no_two_are_duplicates_of_each_other(&app, &crowd).await;
    }
}
