//! Tests of the deadline for telling a reporter the decision (SoL 19 kap. 6 §), in every way in which it can start.

use serde_json::json;

use super::*;
use crate::auth::Category;
use crate::directory::import::in_memory;
use crate::moment::Moment;
use crate::referrals::course::{InquiryDecision, ReferralState};
use crate::time::Random;

const DECIDED: &str = "2026-11-24T10:00:00Z";
const LATER: &str = "2026-11-26T10:00:00Z";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn moment() -> Moment {
    Moment { now: at("2026-11-23T09:00:00Z"), random: Random::system() }
}

fn directory() -> Directory {
    in_memory(&moment()).unwrap()
}

/// Makes a school's concern report that was decided at [`DECIDED`]. None of its deadlines is met.
fn decided(choice: InquiryChoice, feedback_requested: bool, directory: &Directory) -> Referral {
    let moment = moment();
    let new = serde_json::from_value(json!({
        "kind": "concern_report", "urgency": "soon", "reporter": { "name": "Rektor Påhittad" },
        "child": { "givenName": "Elias", "birthYear": 2013, "placeName": "Skäggetorp" },
        "guardians": [], "siblings": [], "needs": ["school_absence"], "description": "Borta från skolan.",
        "guardiansInformed": { "informed": "yes" }, "feedbackRequested": feedback_requested,
    }));
    let sender = (moment.id(), Category::School);
    let mut referral = Referral::receive(new.unwrap(), sender, None, directory, &moment).unwrap();
    let decision = InquiryDecision {
        decision: choice,
        decided_at: at(DECIDED),
        decided_by: moment.id(),
        case_reference: None,
        rationale: None,
    };
    referral.course.state = match choice {
        InquiryChoice::DoNotOpen => ReferralState::ClosedNoInquiry { decision },
        _ => ReferralState::HandedOver { decision },
    };
    referral
}

/// Returns the due times of the referral's deadlines for feedback, met or not, as texts.
fn due(referral: &Referral) -> Vec<String> {
    let feedback = referral.deadlines.iter().filter(|deadline| deadline.kind == DeadlineKind::Feedback);
    feedback.map(|deadline| Timestamp::from(deadline.due_at).to_string()).collect()
}

#[test]
fn who_asked_beforehand_is_told_within_a_week_or_on_the_same_day() {
    let directory = directory();
    for (choice, expected) in [
        (InquiryChoice::OpenInquiry, "2026-12-01T23:00:00Z"),
        (InquiryChoice::DoNotOpen, "2026-12-01T23:00:00Z"),
        (InquiryChoice::AlreadyOngoing, "2026-11-24T23:00:00Z"),
    ] {
        let mut referral = decided(choice, true, &directory);
        start_feedback(&mut referral, at(LATER), &directory);
        assert_eq!(due(&referral), [expected], "{choice:?}, whatever else of it is not met");
    }
}

#[test]
fn who_asks_afterwards_is_told_at_once() {
    let directory = directory();
    let mut referral = decided(InquiryChoice::OpenInquiry, false, &directory);
    start_feedback(&mut referral, at(LATER), &directory);
    assert!(due(&referral).is_empty(), "nobody asked");
    referral.course.feedback.asked_at = Some(at("2026-11-26T09:59:59Z"));
    start_feedback(&mut referral, at(LATER), &directory);
    assert_eq!(due(&referral), [LATER]);
    for before in ["2026-11-23T10:00:00Z", DECIDED] {
        let mut referral = decided(InquiryChoice::OpenInquiry, false, &directory);
        referral.course.feedback.asked_at = Some(at(before));
        start_feedback(&mut referral, at(LATER), &directory);
        assert_eq!(due(&referral), ["2026-12-01T23:00:00Z"], "asked {before}");
    }
}

#[test]
fn a_clock_that_runs_goes_on_and_one_that_was_met_begins_anew() {
    let directory = directory();
    let mut referral = decided(InquiryChoice::OpenInquiry, true, &directory);
    start_feedback(&mut referral, at(DECIDED), &directory);
    referral.course.feedback.asked_at = Some(at(LATER));
    start_feedback(&mut referral, at(LATER), &directory);
    assert_eq!(due(&referral), ["2026-12-01T23:00:00Z"], "it runs");
    meet(&mut referral, DeadlineKind::Feedback, at(LATER));
    assert_eq!(
        referral.deadlines.iter().filter(|deadline| deadline.met_at.is_some()).count(),
        1,
        "no other is met by it"
    );
    start_feedback(&mut referral, at("2026-11-27T10:00:00Z"), &directory);
    assert_eq!(due(&referral), ["2026-11-27T10:00:00Z"]);
}

#[test]
fn what_was_undone_is_forgotten_unless_it_was_met() {
    let directory = directory();
    let mut referral = decided(InquiryChoice::OpenInquiry, true, &directory);
    let others = referral.deadlines.len();
    start_feedback(&mut referral, at(DECIDED), &directory);
    let mut met = referral.clone();
    drop_feedback(&mut referral);
    assert_eq!((due(&referral).len(), referral.deadlines.len()), (0, others));
    meet(&mut met, DeadlineKind::Feedback, at(LATER));
    drop_feedback(&mut met);
    assert_eq!(due(&met).len(), 1);
}
