//! Rate limits: token buckets, which each server keeps for itself alone.
//!
//! - A signed-in caller has a budget for reading, one for writing, and a small one for looking people up. Each API key and each
//!   member of staff has budgets of their own. Callers who do not sign in are counted by their address.
//! - The operation decides from which budget a call is taken, however its path was written. A call that looks somebody up besides
//!   its own work is taken from the budget for that as well: see [`Call::charge_search`].
//! - Failed sign-ins have a budget for each address. If it is empty, only calls that fail to sign in are refused: nobody is locked
//!   out for sharing an address with somebody who guesses credentials.
//! - An IPv6 address counts by its first 64 bits, which belong to one subscriber.
//! - Every answer of an operation tells the state of the budgets that the call was taken from: `RateLimit-Policy` and
//!   `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
//! - The pages of the documentation are taken from the budget of callers without a sign-in. Health checks and metrics have no limits.

mod buckets;
pub mod budget;
pub mod standing;
pub mod subject;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use strum::IntoEnumIterator;

use crate::config::limits::{Rate, Rates};
use crate::error::{Error, Problem, Result};
use crate::http::call::Call;
use crate::http::client;
use crate::http::limits::budget::{Budget, LOOK_UPS};
use crate::http::limits::standing::BudgetStanding;
use crate::http::limits::subject::BudgetHolder;
use crate::http::noted::Noted;
use crate::http::operations::Operations;
use crate::telemetry::Metrics;
use crate::time::Clock;

use buckets::Buckets;

/// The token buckets of all budgets of this server.
pub struct Limits(Vec<(Budget, Limit)>);

struct Limit {
    rate: Rate,
    policy: HeaderValue,
    buckets: Buckets,
}

impl Limits {
    /// Makes the buckets of all budgets with these rates. Without rates, nobody is limited.
    pub fn new(rates: Option<&Rates>, clock: &Clock, metrics: &Metrics) -> Result<Self> {
        // The counter of every budget starts at zero, so that a rate can be computed over budgets that never refused a call.
        Budget::iter().for_each(|budget| metrics.count_refused_by_budget(budget.into(), 0));
        let limit = |budget, rates: &Rates| {
            let rate = match budget {
                Budget::Anonymous => rates.anonymous,
                Budget::Read => rates.read,
                Budget::Write => rates.write,
                Budget::Search => rates.search,
                Budget::SignIn => rates.sign_in,
            };
            let (name, quota): (&str, u32) = (budget.into(), rate.burst().get());
            let policy = format!("\"{name}\";q={quota};w={}", rate.seconds_for(quota).max(1));
            let policy = HeaderValue::try_from(policy).map_err(Error::internal)?;
            Ok((budget, Limit { rate, policy, buckets: Buckets::new(&rate, clock)? }))
        };
        let limits = rates.into_iter().flat_map(|rates| Budget::iter().map(move |budget| limit(budget, rates)));
        limits.collect::<Result<_>>().map(Self)
    }

    /// Removes the buckets that are full again from memory. A missing bucket counts as a full one.
    pub fn sweep(&self) {
        self.0.iter().for_each(|(_, limit)| limit.buckets.sweep());
    }

    fn take(&self, budget: Budget, subject: &BudgetHolder) -> Option<BudgetStanding> {
        let (_, limit) = self.0.iter().find(|(limited, _)| *limited == budget)?;
        let taken = limit.buckets.take(subject);
        let remaining = taken.unwrap_or(0);
        let retry_after = taken.err().map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        let whole_after = limit.rate.seconds_for(limit.rate.burst().get() - remaining);
        Some(BudgetStanding { policy: limit.policy.clone(), budget, remaining, whole_after, retry_after })
    }
}

/// Takes a call from the budget of `subject` that fits the call: anonymous, reading, searching or writing. Fails if that budget is
/// empty. It is called once, as soon as signing in has found the caller.
pub fn take(request: &HttpRequest, subject: BudgetHolder) -> Result<()> {
    let budget = match subject {
        _ if !subject.is_signed_in() => Budget::Anonymous,
        _ if request.method().is_safe() => Budget::Read,
        _ if looks_somebody_up(request) => Budget::Search,
        _ => Budget::Write,
    };
    let noted = Noted::of(request);
    noted.comes_from(subject);
    take_from(request, budget, subject)?;
    if budget == Budget::Search {
        noted.is_charged_as_search();
    }
    Ok(())
}

fn looks_somebody_up(request: &HttpRequest) -> bool {
    let operations = request.app_data::<Data<Operations>>();
    let called = operations.and_then(|operations| operations.of(request));
    called.is_some_and(|operation| LOOK_UPS.contains(&operation.id()))
}

impl Call {
    /// Takes this call from its caller's budget of searches as well, because it looks somebody up besides its own work, such as by
    /// an identity number in the body. A call is charged as a search at most once, however often its work is tried again. Fails
    /// with [`Problem::RateLimited`] if that budget is empty.
    pub fn charge_search(&self) -> Result<()> {
        charge_search(self.request())
    }

    /// Takes one of several look-ups of this call from its caller's budget of searches: a batch may name an identity number in each of
    /// its items. Fails with [`Problem::RateLimited`] if that budget is empty.
    pub fn charge_each_search(&self) -> Result<()> {
        charge_another_search(self.request())
    }
}

fn charge_search(request: &HttpRequest) -> Result<()> {
    let noted = Noted::of(request);
    if noted.was_charged_as_search() { Ok(()) } else { charge_another_search(request) }
}

fn charge_another_search(request: &HttpRequest) -> Result<()> {
    let noted = Noted::of(request);
    let holder = noted.holder().unwrap_or_else(|| BudgetHolder::of_address(client::address(request)));
    let Some(standing) = standing_of(request, Budget::Search, &holder) else { return Ok(()) };
    if standing.retry_after.is_none() {
        noted.is_charged_as_search();
        noted.stands_as_search(standing);
        return Ok(());
    }
    Err(refused(request, standing))
}

/// Takes a call without a sign-in from the budget of its IP address. Fails if that budget is empty.
pub fn take_anonymous(request: &HttpRequest) -> Result<()> {
    take(request, BudgetHolder::of_address(client::address(request)))
}

/// Counts a failed sign-in of the request's address and returns the error to answer with: `failure`, or `RateLimited` if the
/// address has used up its budget of failures.
pub fn failed_sign_in(request: &HttpRequest, failure: Error) -> Error {
    let subject = BudgetHolder::of_address(client::address(request));
    take_from(request, Budget::SignIn, subject).err().unwrap_or(failure)
}

fn take_from(request: &HttpRequest, budget: Budget, subject: BudgetHolder) -> Result<()> {
    let Some(standing) = standing_of(request, budget, &subject) else { return Ok(()) };
    if standing.retry_after.is_none() {
        Noted::of(request).stands(standing);
        return Ok(());
    }
    Err(refused(request, standing))
}

/// Takes a call from a budget of `holder` and returns the budget's state; `None` if nobody is limited.
fn standing_of(request: &HttpRequest, budget: Budget, holder: &BudgetHolder) -> Option<BudgetStanding> {
    request.app_data::<Data<Limits>>()?.take(budget, holder)
}

/// Makes the error for a call whose budget is empty. The answer tells only the budget that refused it.
fn refused(request: &HttpRequest, standing: BudgetStanding) -> Error {
    if let Some(metrics) = request.app_data::<Data<Metrics>>() {
        metrics.count_refused_by_budget(standing.budget.into(), 1);
    }
    Noted::of(request).stands(standing);
    Error::new(Problem::RateLimited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn subject(address: &str) -> BudgetHolder {
        BudgetHolder::of_address(Some(address.parse().unwrap()))
    }

    #[test]
    fn one_subscriber_is_one_subject() {
        assert_eq!(subject("2001:db8:1:2:3:4:5:6"), subject("2001:db8:1:2::1"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_ne!(subject("192.0.2.1"), subject("192.0.2.2"));
        assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
        assert_eq!(BudgetHolder::of_address(None), BudgetHolder::Nowhere);
    }

    fn limits() -> Data<Limits> {
        let rate = |text: &str| text.parse().unwrap();
        let rates = Rates {
            anonymous: rate("1/h"),
            read: rate("2/h"),
            write: rate("3/h"),
            search: rate("4/h"),
            sign_in: rate("5/h"),
        };
        let metrics = Metrics::new().unwrap();
        Data::new(Limits::new(Some(&rates), &Clock::system(), &metrics).unwrap())
    }

    fn told(request: &HttpRequest) -> Vec<(Budget, u32)> {
        Noted::of(request).take_standings().map(|standing| (standing.budget, standing.remaining)).collect()
    }

    #[test]
    fn a_call_belongs_to_one_budget() {
        let limits = limits();
        let left_of = |method: &str, path: &str, subject: BudgetHolder| {
            let method = method.parse().unwrap();
            let request = TestRequest::with_uri(path).method(method).app_data(limits.clone()).to_http_request();
            let taken = take(&request, subject).is_ok();
            (told(&request), taken)
        };
        let somebody = BudgetHolder::of_key("somebody");
        assert_eq!(left_of("GET", "/nara/v1/referrals", somebody), (vec![(Budget::Read, 1)], true));
        assert_eq!(left_of("POST", "/nara/v1/referrals", somebody), (vec![(Budget::Write, 2)], true));
        assert_eq!(left_of("PATCH", "/nara/v1/areas/norr", somebody), (vec![(Budget::Write, 1)], true));
        assert_eq!(
            left_of("POST", "/nara/v1/where-to-turn", BudgetHolder::Nowhere),
            (vec![(Budget::Anonymous, 0)], true)
        );
        assert_eq!(left_of("GET", "/nara/v1/areas", BudgetHolder::Nowhere), (vec![(Budget::Anonymous, 0)], false));
    }

    #[test]
    fn a_call_that_looks_somebody_up_is_charged_for_it_once() {
        let limits = limits();
        let call = || {
            let request = TestRequest::post().app_data(limits.clone()).to_http_request();
            take(&request, BudgetHolder::of_key("somebody")).map(|()| request)
        };
        let request = call().unwrap();
        assert!((0..9).all(|_| charge_search(&request).is_ok()));
        assert_eq!(told(&request), [(Budget::Write, 2), (Budget::Search, 3)]);
        for _ in 0..2 {
            charge_search(&call().unwrap()).unwrap();
        }
        // The budget of writes is empty before that of searches.
        assert_eq!(call().unwrap_err().problem(), Problem::RateLimited);
        let stranger = TestRequest::post().app_data(limits.clone()).to_http_request();
        Noted::of(&stranger).comes_from(BudgetHolder::of_key("somebody"));
        charge_search(&stranger).unwrap();
        let last = TestRequest::post().app_data(limits.clone()).to_http_request();
        Noted::of(&last).comes_from(BudgetHolder::of_key("somebody"));
        assert_eq!(charge_search(&last).unwrap_err().problem(), Problem::RateLimited);
        assert_eq!(told(&last), [(Budget::Search, 0)]);
    }

    #[test]
    fn keys_differ_by_their_ids() {
        assert_eq!(BudgetHolder::of_key("a1B2c3D4e5"), BudgetHolder::of_key("a1B2c3D4e5"));
        assert_ne!(BudgetHolder::of_key("a1B2c3D4e5"), BudgetHolder::of_key("a1B2c3D4e6"));
    }
}
