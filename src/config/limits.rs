//! The rate limits of callers, as the arguments of an installation set them.

use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, Args};

/// The arguments that set the rate limits, for every command that serves.
#[derive(Debug, Clone, Args)]
pub struct LimitsConfig {
    /// Whether the rate limits of callers are applied: on or off. Turn them off for measurements, or if a proxy in front limits
    /// callers
    #[arg(long, env = "NARA_LIMITS", value_name = "NARA_LIMITS", default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub limits: bool,

    /// The rate of calls without a sign-in from one IP address, as CALLS/UNIT:BURST with s, min or h
    #[arg(long, env = "NARA_LIMIT_ANONYMOUS", value_name = "NARA_LIMIT_ANONYMOUS", default_value = "20/s:60")]
    pub limit_anonymous: Rate,

    /// The rate of reading calls (GET) by one API key or one member of staff
    #[arg(long, env = "NARA_LIMIT_READ", value_name = "NARA_LIMIT_READ", default_value = "50/s:150")]
    pub limit_read: Rate,

    /// The rate of writing calls by one API key or one member of staff
    #[arg(long, env = "NARA_LIMIT_WRITE", value_name = "NARA_LIMIT_WRITE", default_value = "50/s:150")]
    pub limit_write: Rate,

    /// The rate of searches (for people or referrals) by one member of staff
    #[arg(long, env = "NARA_LIMIT_SEARCH", value_name = "NARA_LIMIT_SEARCH", default_value = "30/min")]
    pub limit_search: Rate,

    /// The rate of failed sign-ins from one IP address. If it is exceeded, only calls that fail to sign in get 429
    #[arg(long, env = "NARA_LIMIT_SIGN_IN", value_name = "NARA_LIMIT_SIGN_IN", default_value = "20/min")]
    pub limit_sign_in: Rate,

    /// The largest number of connections from one IP address (for IPv6: from one /64). Clients of trusted proxies are counted by their
    /// calls under way instead
    #[arg(long, env = "NARA_CONNECTIONS_PER_ADDRESS", value_name = "NARA_CONNECTIONS_PER_ADDRESS", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    pub connections_per_address: u16,
}

/// The rates of all rate limits of callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// The rate of calls without a sign-in from one IP address.
    pub anonymous: Rate,
    /// The rate of reading calls by one API key or one member of staff.
    pub read: Rate,
    /// The rate of writing calls by one API key or one member of staff.
    pub write: Rate,
    /// The rate of searches, for people or referrals, by one member of staff.
    pub search: Rate,
    /// The rate of failed sign-ins from one IP address.
    pub sign_in: Rate,
}

impl LimitsConfig {
    /// Returns the rates of all limits; `None` if rate limits are off.
    pub fn rates(&self) -> Option<Rates> {
        self.limits.then_some(Rates {
            anonymous: self.limit_anonymous,
            read: self.limit_read,
            write: self.limit_write,
            search: self.limit_search,
            sign_in: self.limit_sign_in,
        })
    }

    /// Returns the largest number of connections from one address; `None` if limits are off.
    pub fn connections(&self) -> Option<NonZeroUsize> {
        NonZeroUsize::new(self.connections_per_address.into()).filter(|_| self.limits)
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text.trim() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected on or off".to_owned()),
    }
}

/// The rate of a token bucket: the bucket holds at most a burst of calls, and a fixed number of calls is added to it in each
/// period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    calls: NonZeroU32,
    period: Duration,
    burst: NonZeroU32,
}

/// The largest number of calls or of a burst that is accepted. A higher rate would be no limit.
const MOST: u32 = 1_000_000;

impl Rate {
    /// The burst: the number of calls that a full bucket holds.
    pub fn burst(&self) -> NonZeroU32 {
        self.burst
    }

    /// The number of calls that are added to a bucket in each period, and the period's length in seconds.
    pub fn refill(&self) -> (NonZeroU32, u64) {
        (self.calls, self.period.as_secs())
    }

    /// The time that it takes until one call is added to a bucket.
    pub fn one_per(&self) -> Duration {
        self.period / self.calls.get()
    }

    /// The time that it takes until this number of calls has been added to a bucket, in whole seconds, rounded up.
    pub fn seconds_for(&self, calls: u32) -> u64 {
        let nanoseconds = self.period.as_nanos() * u128::from(calls) / u128::from(self.calls.get());
        u64::try_from(nanoseconds.div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected CALLS/UNIT:BURST such as 50/s:150 or 30/min, with s, min or h".to_owned();
        let number = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<NonZeroU32>().ok().filter(|number| plain && number.get() <= MOST)
        };
        let text = text.trim();
        let (rate, burst) = text.split_once(':').map_or((text, None), |(rate, burst)| (rate, Some(burst)));
        let (calls, unit) = rate.split_once('/').ok_or_else(wrong)?;
        let calls = number(calls).ok_or_else(wrong)?;
        let seconds = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            _ => return Err(wrong()),
        };
        let burst = burst.map_or(Some(calls), number).ok_or_else(wrong)?;
        Ok(Self { calls, period: Duration::from_secs(seconds), burst })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_with_or_without_its_burst() {
        let rate: Rate = "50/s:150".parse().unwrap();
        assert_eq!((rate.burst().get(), rate.one_per()), (150, Duration::from_millis(20)));
        let rate: Rate = "30/min".parse().unwrap();
        assert_eq!((rate.burst().get(), rate.one_per()), (30, Duration::from_secs(2)));
        let wrong = ["", "50", "50/s:", "50/s:0", "0/s", "50/d", "+5/s", "5/s:+5", "1000001/s", "5/s:5:5", "a/s", "/s"];
        for text in wrong {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_was_taken_is_back_after_whole_seconds() {
        let rate: Rate = "50/s:150".parse().unwrap();
        assert_eq!([0, 1, 50, 51, 150].map(|calls| rate.seconds_for(calls)), [0, 1, 1, 2, 3]);
        assert_eq!("30/min".parse::<Rate>().unwrap().seconds_for(1), 2);
    }
}
