//! Tests that, after any course of events, a receipt holds exactly the facts that the table in this file lists.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::TimeDelta;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use super::*;
use crate::auth::Scope;
use crate::directory::import::in_memory;
use crate::http::link::Links;
use crate::id::StaffId;
use crate::moment::Moment;
use crate::offices::{Office, OfficeKind};
use crate::referrals::course::steps::{self, ReferralStep, StepSetting, ends, feedback, work};
use crate::referrals::course::table::Caller;
use crate::referrals::disclosure::receipt::Receipt;
use crate::referrals::sending::sender::{SenderDeed, SenderDeedResult};
use crate::text::Prose;
use crate::time::Random;
use crate::vault::ConfidentialProse;

/// A word in every text of the office that the sender must not read.
const SECRET: &str = "HEMLIGT";
/// A word in the one text of the office that the sender must read.
const ADVICE: &str = "Familjerådgivningen";

fn start() -> Moment {
    Moment { now: "2026-11-23T09:00:00Z".parse().unwrap(), random: Random::system() }
}

/// Three directories that differ in the municipality's setting: no feedback to the police, feedback to all, no feedback to schools
/// and the police.
static DIRECTORIES: LazyLock<[Directory; 3]> = LazyLock::new(|| {
    [&["police"][..], &[], &["school", "police"]].map(|codes| {
        let mut directory = in_memory(&start()).unwrap();
        directory.municipality.without_feedback = codes.iter().map(|code| (*code).to_owned()).collect();
        directory
    })
});

#[derive(Debug, Clone)]
struct Sent {
    category: Category,
    is_report: bool,
    asks_for_feedback: bool,
    tells_outcome: bool,
    directory: usize,
    /// The actions to try in turn, each by its number in [`act`] and with whether the caller is a team lead. An action that is not
    /// allowed at its turn is skipped.
    course: Vec<(usize, bool)>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let categories: Vec<Category> = Category::iter().collect();
    let category = prop_oneof![
        Just(Category::School),
        Just(Category::Police),
        Just(Category::Association),
        prop::sample::select(categories),
    ];
    let course = prop::collection::vec((0..ACTIONS, any::<bool>()), 0..40);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), 0..3_usize);
    (category, flags, course).prop_map(|(category, flags, course)| {
        let (is_report, asks_for_feedback, tells_outcome, directory) = flags;
        Sent { category, is_report, asks_for_feedback, tells_outcome, directory, course }
    })
}

impl Sent {
    fn directory(&self) -> &'static Directory {
        &DIRECTORIES[self.directory]
    }

    fn receive(&self) -> Referral {
        let mut body = json!({
            "kind": if self.is_report { "concern_report" } else { "support_request" },
            "urgency": "soon",
            "senderReference": "A-1",
            "reporter": { "name": "Rektor Påhittad" },
            "child": { "givenName": "Elias", "birthYear": 2013, "placeName": "Skäggetorp" },
            "guardians": [], "siblings": [], "needs": ["school_absence"],
            "description": "Borta från skolan.",
            "guardiansInformed": { "informed": "yes" },
        });
        if self.is_report {
            body["feedbackRequested"] = json!(self.asks_for_feedback);
        } else {
            let scopes = if self.tells_outcome { json!(["referral", "outcome"]) } else { json!(["referral"]) };
            body["consent"] =
                json!({ "basis": "oral", "givenBy": ["guardian"], "givenOn": "2026-11-20", "scopes": scopes });
        }
        let new = serde_json::from_value(body).unwrap();
        let moment = start();
        Referral::receive(new, (moment.id(), self.category), None, self.directory(), &moment).unwrap()
    }
}

const ACTIONS: usize = 24;

fn stepped<S: ReferralStep + DeserializeOwned>(
    body: Value,
    before: &Referral,
    setting: &StepSetting<'_>,
) -> Option<Referral> {
    let step: S = serde_json::from_value(body).unwrap();
    steps::take(step, before, setting).ok().map(|(after, _)| after)
}

fn done(deed: &SenderDeed, before: &Referral, setting: &StepSetting<'_>) -> Option<Referral> {
    match deed.judge(before, setting.directory, setting.now()).ok()? {
        SenderDeedResult::Transition(_, after, _) => Some(*after),
        SenderDeedResult::Message(..) => None,
    }
}

/// Returns the next version of the referral after the action with this number, if the action is allowed.
fn act(number: usize, before: &Referral, setting: &StepSetting<'_>) -> Option<Referral> {
    let (now, by) = (setting.now(), setting.by);
    let text = || ConfidentialProse::new(SECRET.parse::<Prose>().unwrap());
    let other = |referral: &Referral| {
        let takes_referrals = |office: &Office| {
            office.is_in_operation() && !matches!(office.kind, OfficeKind::OnCall | OfficeKind::Switchboard)
        };
        let mut offices = setting.directory.offices.iter().filter(|office| takes_referrals(office));
        offices.find(|office| office.id != referral.office_id).map(|office| office.id)
    };
    match number {
        0 => stepped::<work::AssessProtection>(json!({ "immediateNeed": true, "measures": SECRET }), before, setting),
        1 => stepped::<work::RequestInformation>(json!({ "question": SECRET }), before, setting),
        2 => stepped::<work::SupplyInformation>(json!({ "text": SECRET }), before, setting),
        3 => stepped::<work::Assign>(json!({ "assigneeId": by }), before, setting),
        4 | 5 => stepped::<work::Accept>(json!({}), before, setting),
        6 | 7 => stepped::<work::Start>(json!({ "firstContactAt": now }), before, setting),
        8 if before.course.attempts.len() >= 3 => {
            stepped::<ends::RecordNotReached>(json!({ "note": SECRET }), before, setting)
        }
        8 => {
            let attempt = json!({ "at": now, "channel": "phone", "reached": false, "note": SECRET });
            stepped::<work::LogAttempt>(attempt, before, setting)
        }
        9 => {
            let day = setting.today() + TimeDelta::days(20);
            stepped::<work::Hold>(json!({ "reason": "other", "reviewOn": day }), before, setting)
        }
        10 => stepped::<work::Resume>(json!({}), before, setting),
        11 | 12 => {
            let choice =
                ["open_inquiry", "do_not_open", "already_ongoing"][usize::try_from(before.version).unwrap() % 3];
            let decision = json!({ "decision": choice, "rationale": SECRET, "caseReference": SECRET });
            stepped::<ends::DecideInquiry>(decision, before, setting)
        }
        13 => {
            let day = setting.today() + TimeDelta::days(60);
            let moved = json!({
                "kind": "inquiry_decision", "until": day, "reasonCode": "illness_of_child", "note": SECRET,
            });
            stepped::<work::ExtendDeadline>(moved, before, setting)
        }
        14 => {
            let to = other(before).unwrap();
            stepped::<work::Redirect>(json!({ "officeId": to, "reason": "capacity" }), before, setting)
        }
        15 => {
            let body = json!({ "reasonCode": "other", "note": SECRET, "turnTo": { "text": ADVICE } });
            stepped::<ends::Decline>(body, before, setting)
        }
        16 => {
            let of: ReferralId = setting.moment.id();
            stepped::<ends::MarkDuplicate>(json!({ "ofReferralId": of }), before, setting)
        }
        17 => {
            let body = json!({ "reasonCode": "not_wanted_now", "note": SECRET });
            stepped::<ends::RecordFamilyDeclined>(body, before, setting)
        }
        18 => stepped::<ends::Complete>(json!({ "outcome": "support_given", "note": SECRET }), before, setting),
        19 => {
            let body = json!({ "by": "guardian", "at": setting.today() });
            stepped::<ends::WithdrawConsent>(body, before, setting)
        }
        20 => match before.version % 2 {
            0 => stepped::<feedback::SendFeedback>(json!({}), before, setting),
            _ => {
                let body = json!({ "reasonCode": "otherwise_unsuitable", "note": SECRET });
                stepped::<feedback::RefuseFeedback>(body, before, setting)
            }
        },
        21 => match before.version % 3 {
            0 => stepped::<ends::EnterInError>(json!({ "reason": SECRET }), before, setting),
            _ => stepped::<ends::Reopen>(json!({ "reason": SECRET }), before, setting),
        },
        22 => match before.version % 3 {
            0 => done(&SenderDeed::Withdraw(Some(text())), before, setting),
            _ => done(&SenderDeed::Supplement(text()), before, setting),
        },
        _ => done(&SenderDeed::RequestFeedback, before, setting),
    }
}

fn receipt(referral: &Referral, directory: &Directory) -> Value {
    let links = Links::new("https://nara.test".to_owned());
    let disclosed = DisclosedReferral::of(referral, directory);
    serde_json::to_value(Receipt::new(&disclosed, &[Scope::Submit, Scope::Read], directory, &links)).unwrap()
}

/// The state that the sender is told, by a table that is written independently of the code under test.
fn told_status(referral: &Referral, tells_outcome: bool) -> &'static str {
    let withdrawn_by_sender = matches!(referral.course.state, ReferralState::Withdrawn { by: Withdrawer::Sender });
    let status = referral.status();
    let state: &str = status.as_ref();
    match (referral.kind == Kind::ConcernReport, state) {
        (_, "information_requested") => "information_requested",
        (true, _) => "received",
        (false, "withdrawn") if withdrawn_by_sender => "withdrawn",
        (false, "withdrawn" | "duplicate" | "entered_in_error") => "handled",
        (false, "received") if tells_outcome && referral.course.redirected => "redirected",
        (false, "received") => "received",
        (false, "accepted") if tells_outcome => "accepted",
        (false, "in_progress") if tells_outcome => "started",
        (false, "on_hold") if tells_outcome => "on_hold",
        (false, "accepted" | "in_progress" | "on_hold") => "received",
        (false, "declined") if tells_outcome => "declined",
        (false, "completed") if tells_outcome => "completed",
        (false, "declined_by_family") if tells_outcome => "declined_by_family",
        (false, "not_reached") if tells_outcome => "not_reached",
        (false, _) => "handled",
    }
}

/// Everything that the receipt of this referral may hold, except the time of the last change, the next step and the office.
fn expected(sent: &Sent, referral: &Referral, first_due: &Value) -> Value {
    let left_out: &[&str] = [&["police"][..], &[], &["school", "police"]][sent.directory];
    let by_duty = !["association", "other"].contains(&sent.category.as_ref());
    let learns = sent.is_report && by_duty && !left_out.contains(&sent.category.as_ref());
    let consented = referral.matter.consent.as_ref().is_some_and(|consent| consent.withdrawn_at.is_none());
    let tells_outcome = sent.tells_outcome && consented;
    let status = told_status(referral, tells_outcome);
    let mut all = json!({
        "id": referral.id, "reference": referral.reference, "senderReference": "A-1",
        "kind": referral.kind, "receivedAt": "2026-11-23T09:00:00Z", "status": status,
        "deadlines": if learns {
            json!([{ "kind": "inquiry_decision", "dueAt": first_due, "legalBasisId": "sol-20-2" }])
        } else {
            json!([])
        },
    });
    let feedback = &referral.course.feedback;
    if learns {
        all["feedback"] = json!({ "requested": sent.asks_for_feedback || feedback.asked_at.is_some() });
        if let Some(given) = &feedback.given {
            all["feedback"]["value"] = json!(given.value);
            all["feedback"]["sentAt"] = json!(given.at);
        }
    }
    if !sent.is_report && referral.status() == Status::Declined && tells_outcome {
        all["turnTo"] = json!({ "text": ADVICE });
    }
    let is_open = ["received", "information_requested", "accepted", "started", "on_hold", "redirected"];
    let mut links = vec!["GET self", "GET messages", "POST supplements", "POST messages"];
    links.extend((!sent.is_report && is_open.contains(&status)).then_some("POST withdraw"));
    links.extend((learns && all["feedback"]["requested"] == false).then_some("POST request-feedback"));
    all["_links"] = json!(links);
    all
}

/// The receipt without the fields that [`expected`] leaves out, and with its links in short form.
fn comparable(receipt: &Value) -> Value {
    let mut receipt = receipt.clone();
    let links: Vec<String> = receipt["_links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| {
            let (method, rel) = (link["method"].as_str().unwrap(), link["rel"].as_str().unwrap());
            format!("{method} {rel}")
        })
        .collect();
    let fields = receipt.as_object_mut().unwrap();
    for left in ["updatedAt", "nextStep", "office"] {
        assert!(fields.remove(left).is_some(), "{left}");
    }
    receipt["_links"] = json!(links);
    receipt
}

proptest! {
    #[test]
    fn a_receipt_holds_what_the_table_says_and_nothing_else(sent in sent()) {
        let directory = sent.directory();
        let mut referral = sent.receive();
        let first_office = receipt(&referral, directory)["office"].clone();
        let first_due = json!("2026-12-07T23:00:00Z");
        let mut before = receipt(&referral, directory);
        prop_assert_eq!(comparable(&before), expected(&sent, &referral, &first_due));
        for (index, (action, leads)) in sent.course.iter().enumerate() {
            let hours = TimeDelta::hours(i64::try_from(index).unwrap() + 1);
            let moment = Moment { now: (start().now.utc() + hours).into(), random: Random::system() };
            let by: StaffId = moment.id();
            let setting = StepSetting { directory, moment: &moment, by, caller: Caller::Staff { leads: *leads, qualified: true } };
            let Some(after) = act(*action, &referral, &setting) else { continue };
            referral = after;
            let now = receipt(&referral, directory);
            prop_assert_eq!(comparable(&now), expected(&sent, &referral, &first_due));
            // Only a sender who may know that the referral was passed on is told the new office.
            if sent.is_report || !sent.tells_outcome {
                prop_assert_eq!(&now["office"], &first_office);
            }
            let text = now.to_string();
            prop_assert!(!text.contains(SECRET) && !text.contains(&by.to_string()), "{}", text);
            // The next step follows from the disclosed facts, and the time of the last change moves only with them.
            if now["status"] == before["status"] {
                prop_assert_eq!(&now["nextStep"], &before["nextStep"]);
            }
            let same = [&now, &before].map(|receipt| (comparable(receipt), receipt["office"].clone()));
            if same[0] == same[1] {
                prop_assert_eq!(&now, &before, "the receipt does not change when something undisclosed happens");
            } else {
                prop_assert_eq!(&now["updatedAt"], &json!(moment.now));
            }
            before = now;
        }
    }
}

#[test]
fn the_courses_reach_every_state() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..3000 {
        let sent = sent().new_tree(&mut runner).unwrap().current();
        let mut referral = sent.receive();
        for (index, (action, leads)) in sent.course.iter().enumerate() {
            let hours = TimeDelta::hours(i64::try_from(index).unwrap() + 1);
            let moment = Moment { now: (start().now.utc() + hours).into(), random: Random::system() };
            let caller = Caller::Staff { leads: *leads, qualified: true };
            let setting = StepSetting { directory: sent.directory(), moment: &moment, by: moment.id(), caller };
            if let Some(after) = act(*action, &referral, &setting) {
                referral = after;
                seen.insert((referral.kind.as_ref().to_owned(), referral.status().as_ref().to_owned()));
            }
        }
    }
    // A report can be in six states and a request in twelve.
    assert_eq!(seen.len(), 18, "{seen:?}");
}

#[test]
fn a_category_that_is_misspelt_tells_nobody() {
    let mut directory = in_memory(&start()).unwrap();
    let sent = Sent {
        category: Category::School,
        is_report: true,
        asks_for_feedback: true,
        tells_outcome: false,
        directory: 0,
        course: vec![],
    };
    let referral = sent.receive();
    assert!(learns_the_decision(&referral, &directory));
    directory.municipality.without_feedback = vec!["polis".to_owned()];
    assert!(!learns_the_decision(&referral, &directory));
    assert!(receipt(&referral, &directory).get("feedback").is_none());
}

#[test]
fn where_nothing_is_settled_the_police_learn_nothing() {
    let text = include_str!("../../../data/linkoping/municipality.json");
    let mut settled: Value = serde_json::from_str(text).unwrap();
    assert_eq!(settled.as_object_mut().unwrap().remove("withoutFeedback"), Some(json!(["police"])));
    let municipality: crate::directory::Municipality = serde_json::from_value(settled).unwrap();
    assert_eq!(municipality.without_feedback, ["police"]);
}
