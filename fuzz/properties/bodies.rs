//! Bodies about people: what is taken reads back as itself and can be judged, and what is wrong is told without what was sent.

use nara::families::NewFamily;
use nara::families::routes::FamilyMerge;
use nara::http::body;
use nara::id::{Id, OfficeId};
use nara::outreach::batch_routes::ContactBatch;
use nara::outreach::follow_ups::NewFollowUp;
use nara::outreach::offers::{NewAnswer, NewOffer, OfferClosing};
use nara::outreach::{ContactSetting, NewContact};
use nara::people::NewPerson;
use nara::people::routes::PersonMove;
use nara::people::search_routes::PersonSearch;
use nara::referrals::course::steps;
use nara::referrals::matter::NewReferral;
use nara::referrals::matter::staff_matter::NewStaffReferral;
use nara::referrals::messages::NewMessage;
use nara::referrals::sending::sender::{FeedbackRequest, Supplement, Withdrawal};
use nara::referrals::{Kind, Origin};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{directory, marked, now, quotes_nothing};

/// The bytes are a body, of any operation.
pub fn check(data: &[u8]) {
    referrals(data);
    field(data);
    if let Some(person) = kept::<NewPerson>(data) {
        let today = directory().calendar.local_date(now().utc());
        let judged = person.check(today, directory());
        judged.unwrap_or_else(|error| quotes_nothing(&error));
        assert_eq!(person.full_name().trim(), person.full_name());
    }
    if let Some(family) = kept::<NewFamily>(data) {
        family.check(&[], directory()).unwrap_or_else(|error| quotes_nothing(&error));
    }
    one::<PersonSearch>(data);
    one::<PersonMove>(data);
    one::<FamilyMerge>(data);
    steps_of_a_referral(data);
}

fn referrals(data: &[u8]) {
    let today = directory().calendar.local_date(now().utc());
    if let Some(new) = kept::<NewReferral>(data) {
        let origin = Origin::Partner(Id::first_at(now()));
        let judged = new.check(new.kind.into(), origin, today, directory());
        judged.unwrap_or_else(|error| quotes_nothing(&error));
        let _as_another = new.check(Kind::ConcernReport, Origin::Private, today, directory());
    }
    if let Some(new) = one::<NewStaffReferral>(data) {
        let by = nara::vault::Confidential::new("Sanna".parse().expect("a line"));
        if let Err(error) = new.taken_down(by, today, directory()) {
            quotes_nothing(&error);
        }
    }
    one::<Supplement>(data);
    one::<Withdrawal>(data);
    one::<FeedbackRequest>(data);
    one::<NewMessage>(data);
}

fn field(data: &[u8]) {
    if let Some(contact) = kept::<NewContact>(data) {
        let office: OfficeId = Id::first_at(now());
        let setting = ContactSetting { office, directory: directory(), now: now(), before: None };
        contact.check(&setting).err().iter().for_each(quotes_nothing);
        assert!(!format!("{contact:?}").contains(super::MARK));
    }
    one::<ContactBatch>(data);
    kept::<NewOffer>(data);
    kept::<NewAnswer>(data);
    one::<OfferClosing>(data);
    kept::<NewFollowUp>(data);
}

fn steps_of_a_referral(data: &[u8]) {
    one::<steps::work::AssessProtection>(data);
    one::<steps::work::RequestInformation>(data);
    one::<steps::work::SupplyInformation>(data);
    one::<steps::work::Assign>(data);
    one::<steps::work::Accept>(data);
    one::<steps::work::Start>(data);
    one::<steps::work::LogAttempt>(data);
    one::<steps::work::Hold>(data);
    one::<steps::work::Resume>(data);
    one::<steps::work::ExtendDeadline>(data);
    one::<steps::work::Redirect>(data);
    one::<steps::ends::DecideInquiry>(data);
    one::<steps::ends::Decline>(data);
    one::<steps::ends::MarkDuplicate>(data);
    one::<steps::ends::RecordFamilyDeclined>(data);
    one::<steps::ends::RecordNotReached>(data);
    one::<steps::ends::Complete>(data);
    one::<steps::ends::WithdrawConsent>(data);
    one::<steps::ends::Reopen>(data);
    one::<steps::ends::EnterInError>(data);
    one::<steps::feedback::SendFeedback>(data);
    one::<steps::feedback::RefuseFeedback>(data);
}

/// Reads a body as one operation does.
pub(super) fn one<T: DeserializeOwned>(data: &[u8]) -> Option<T> {
    let document: Option<Value> = serde_json::from_slice(data).ok();
    for marked in document.iter().flat_map(marked) {
        for refused in [body::parse::<T>(marked.to_string().as_bytes()).err(), body::read_new::<T>(marked).err()] {
            refused.iter().for_each(quotes_nothing);
        }
    }
    match body::parse_object::<T>(data) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            assert!(
                document.is_none() || !error.violations().is_empty(),
                "where the mistake is, is not told: {error:?}"
            );
            None
        }
    }
}

/// The same for a body that is kept: it reads back as itself.
pub(super) fn kept<T: DeserializeOwned + Serialize>(data: &[u8]) -> Option<T> {
    let parsed = one::<T>(data)?;
    let written = serde_json::to_value(&parsed).expect("what was read can be written");
    let again = body::read_new::<T>(written.clone()).expect("what was written can be read");
    assert_eq!(serde_json::to_value(again).expect("it can be written"), written, "it reads back as another");
    Some(parsed)
}
