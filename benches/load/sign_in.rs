//! What signing in costs: once for a token that was never seen, and then for every call.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use nara::auth::holder::TokenHolder;
use nara::auth::permissions::{Permission, Permissions};
use nara::auth::tokens::TokenVerifier;
use nara::moment::Moment;
use nara::time::{Clock, Random, Timestamp};
use nara::vault::{Vault, VaultKeys};
use serde::{Deserialize, Serialize};

use super::table::{Measured, verdict};

/// In microseconds of one thread.
#[derive(Debug, Serialize, Deserialize)]
pub struct SignInCost {
    first: f64,
    remembered: f64,
}

impl SignInCost {
    /// Measures it for this token.
    pub fn of(verifier: &TokenVerifier, token: &str) -> Self {
        let now = Clock::system().now();
        let first = microseconds(200, || drop(black_box(verifier.check(token, now))));
        let Ok(verified) = verifier.check(token, now) else { panic!("the token holds") };
        let moment = Moment { now, random: Random::system() };
        let holder = TokenHolder::new(verified, &Vault::new(VaultKeys::new(&moment.random)));
        holder.is_registered_as(moment.id());
        verifier.remember(token, Arc::new(holder), now);
        let rule = Permissions::standard();
        let remembered = microseconds(20_000, || known(verifier, &rule, token, now));
        Self { first, remembered }
    }

    /// What it is of the reading of a referral, where that was measured.
    pub fn told(&self, measured: &[Measured]) -> Option<String> {
        const MOST: f64 = 0.05;
        let reading = measured.iter().find(|one| one.row.key == "referral")?.processor();
        let share = self.remembered / reading;
        let verdict = verdict(share < MOST, "< 5 %");
        Some(format!(
            "Signing in with a token that was seen before, and the rule of permissions: {:.1} µs, {:.1} % of the server's time for reading a referral ({verdict}). The first time: {:.0} µs for the signature (ES256), and one durable write in the register of staff.\n",
            self.remembered,
            share * 100.0,
            self.first
        ))
    }
}

fn known(verifier: &TokenVerifier, rule: &Permissions, token: &str, now: Timestamp) {
    let holder = verifier.remembered(token, now).and_then(Result::ok).expect("the token is remembered");
    let reach = rule.reach(Permission::ReadReferrals, &holder.verified.claims.roles);
    assert!(!reach.is_empty());
    black_box(holder.staff(holder.id().expect("the holder is registered"), reach, None));
}

fn microseconds(times: u32, what: impl Fn()) -> f64 {
    let begun = Instant::now();
    (0..times).for_each(|_| what());
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}
