//! Query strings: a parameter that is wrong is named, and what it says is not told back.

use std::borrow::Cow;

use nara::audit::routes::{RecordQuery, VerificationQuery};
use nara::districts::routes::DistrictFilter;
use nara::error::Problem;
use nara::http::query;
use nara::offices::routes::{OfficeFilter, Period};
use nara::outreach::follow_ups::routes::WorklistQuery;
use nara::outreach::routes::ContactQuery;
use nara::partners::routes::PartnerQuery;
use nara::referrals::faces::partner_routes::SentQuery;
use nara::referrals::faces::routes::QueueQuery;
use nara::services::routes::ServiceFilter;
use nara::staff::routes::StaffQuery;
use nara::where_to_turn::routes::Question;
use serde::de::DeserializeOwned;

use super::{directory, marked_text, now, quotes_nothing, text};

/// The bytes are a query.
pub fn check(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(period) = one::<Period>(text) {
        let today = directory().calendar.local_date(now().utc());
        if let Ok((from, to)) = period.resolve(today) {
            assert!(from <= to && (to - from).num_days() < 62);
        }
    }
    one::<Question>(text);
    one::<QueueQuery>(text);
    one::<SentQuery>(text);
    one::<RecordQuery>(text);
    one::<VerificationQuery>(text);
    one::<WorklistQuery>(text);
    one::<ContactQuery>(text);
    one::<StaffQuery>(text);
    one::<PartnerQuery>(text);
    one::<OfficeFilter>(text);
    one::<ServiceFilter>(text);
    one::<DistrictFilter>(text);
}

fn one<T: DeserializeOwned>(text: &str) -> Option<T> {
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(text.as_bytes()).collect();
    for half in 0..3 {
        let marked = pairs.iter().map(|(name, value)| (name, marked_text(value, half)));
        let marked = form_urlencoded::Serializer::new(String::new()).extend_pairs(marked).finish();
        if let Err(error) = query::parse::<T>(&marked) {
            quotes_nothing(&error);
        }
    }
    let parsed = query::parse::<T>(text);
    if let Err(error) = &parsed {
        assert_eq!((error.problem(), error.violations().len()), (Problem::InvalidParameter, 1));
    }
    // The order of different parameters says nothing.
    let mut turned = pairs;
    turned.reverse();
    let turned = form_urlencoded::Serializer::new(String::new()).extend_pairs(turned).finish();
    assert_eq!(query::parse::<T>(&turned).is_ok(), parsed.is_ok());
    parsed.ok()
}
