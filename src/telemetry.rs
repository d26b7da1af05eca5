//! Logs and metrics. Neither ever holds a path, a query, a body, a header or a name: operations are told by their id.

use std::io::IsTerminal;
use std::time::Duration;

use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder};
use tracing_subscriber::EnvFilter;

use crate::error::{Error, Result};

/// Begins to log: for people in a terminal, as JSON otherwise.
pub fn start_logging(filter: &str) -> Result<()> {
    // At its finer levels the geometry library would write down whole boundaries.
    let filter = EnvFilter::try_new(format!("geo=warn,{filter}")).map_err(Error::internal)?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        logs.compact().try_init()
    } else {
        logs.json().flatten_event(true).try_init()
    };
    started.map_err(Error::internal)
}

/// What Prometheus may collect.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    directory_version: prometheus::IntGauge,
    refused_sign_ins: IntCounterVec,
    problems: IntCounterVec,
    unknown_offices: IntCounter,
    key_renewals: IntCounterVec,
    refused_by_budget: IntCounterVec,
    refused_keys: IntCounterVec,
    denials_dropped: IntCounter,
}

impl Metrics {
    /// Metrics that all stand at zero.
    pub fn new() -> Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new("nara_requests_total", "Calls answered, by operation and status code."),
            &["operation", "status"],
        )
        .map_err(Error::internal)?;
        let durations = HistogramOpts::new("nara_request_duration_seconds", "How long calls took, by operation.")
            .buckets(vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5]);
        let durations = HistogramVec::new(durations, &["operation"]).map_err(Error::internal)?;
        let directory_version = prometheus::IntGauge::new(
            "nara_directory_version",
            "The version of the directory that this server answers from.",
        )
        .map_err(Error::internal)?;
        let problems = IntCounterVec::new(
            Opts::new("nara_problems_total", "Calls that failed, by the type of the problem."),
            &["problem"],
        )
        .map_err(Error::internal)?;
        let refused_sign_ins = IntCounterVec::new(
            Opts::new("nara_sign_ins_refused_total", "Tokens of staff that did not hold, by what was wrong with them."),
            &["reason"],
        )
        .map_err(Error::internal)?;
        let unknown_offices = IntCounter::new(
            "nara_token_offices_unknown_total",
            "Offices that tokens named and the directory does not have.",
        )
        .map_err(Error::internal)?;
        let key_renewals = IntCounterVec::new(
            Opts::new("nara_key_set_renewals_total", "Readings of the identity provider's keys, by what came of them."),
            &["outcome"],
        )
        .map_err(Error::internal)?;
        let refused_by_budget = IntCounterVec::new(
            Opts::new(
                "nara_refused_by_budget_total",
                "Calls refused because their caller had called too often, by budget.",
            ),
            &["budget"],
        )
        .map_err(Error::internal)?;
        let refused_keys = IntCounterVec::new(
            Opts::new("nara_partner_keys_refused_total", "Keys of partner agencies that did not hold, by the reason."),
            &["reason"],
        )
        .map_err(Error::internal)?;
        let denials_dropped = IntCounter::new(
            "nara_audit_denials_dropped_total",
            "Denied attempts that could not be recorded in the audit: too many came at once, or the database was away.",
        )
        .map_err(Error::internal)?;
        let registry = Registry::new();
        for collector in [
            Box::new(requests.clone()) as Box<dyn prometheus::core::Collector>,
            Box::new(durations.clone()),
            Box::new(directory_version.clone()),
            Box::new(refused_sign_ins.clone()),
            Box::new(problems.clone()),
            Box::new(unknown_offices.clone()),
            Box::new(key_renewals.clone()),
            Box::new(refused_by_budget.clone()),
            Box::new(refused_keys.clone()),
            Box::new(denials_dropped.clone()),
        ] {
            registry.register(collector).map_err(Error::internal)?;
        }
        Ok(Self {
            registry,
            requests,
            durations,
            directory_version,
            refused_sign_ins,
            problems,
            unknown_offices,
            key_renewals,
            refused_by_budget,
            refused_keys,
            denials_dropped,
        })
    }

    /// Counts one answered call.
    pub fn count(&self, operation: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[operation, status_text(status)]).inc();
        self.durations.with_label_values(&[operation]).observe(took.as_secs_f64());
    }

    /// Notes which directory this server answers from.
    pub fn directory_is(&self, version: i64) {
        self.directory_version.set(version);
    }

    /// Counts a call that failed, by its problem: each kind of bad input has one of its own.
    pub fn count_problem(&self, problem: &str) {
        self.problems.with_label_values(&[problem]).inc();
    }

    /// Counts a token that did not hold.
    pub fn refused_sign_in(&self, reason: &str) {
        self.refused_sign_ins.with_label_values(&[reason]).inc();
    }

    /// Counts offices that a token named and that do not exist.
    pub fn unknown_offices(&self, count: usize) {
        self.unknown_offices.inc_by(count.try_into().unwrap_or(0));
    }

    /// Counts a reading of the identity provider's keys.
    pub fn key_renewal(&self, outcome: &str) {
        self.key_renewals.with_label_values(&[outcome]).inc();
    }

    /// Counts calls whose caller had called too often.
    pub fn count_refused_by_budget(&self, budget: &str, calls: u64) {
        self.refused_by_budget.with_label_values(&[budget]).inc_by(calls);
    }

    /// Counts keys that did not hold, by the reason and never by the key.
    pub fn count_refused_keys(&self, reason: &'static str, keys: u64) {
        self.refused_keys.with_label_values(&[reason]).inc_by(keys);
    }

    /// Counts denied attempts that could not be recorded.
    pub fn denials_dropped(&self, count: usize) {
        self.denials_dropped.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// Everything, in Prometheus' text format.
    pub fn text(&self) -> Result<String> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).map_err(Error::internal)?;
        String::from_utf8(text).map_err(Error::internal)
    }
}

/// The status codes that the server answers with, as labels that need no allocation.
fn status_text(status: u16) -> &'static str {
    const KNOWN: [(u16, &str); 22] = [
        (200, "200"),
        (201, "201"),
        (204, "204"),
        (304, "304"),
        (307, "307"),
        (308, "308"),
        (400, "400"),
        (401, "401"),
        (403, "403"),
        (404, "404"),
        (405, "405"),
        (406, "406"),
        (408, "408"),
        (409, "409"),
        (412, "412"),
        (413, "413"),
        (415, "415"),
        (422, "422"),
        (428, "428"),
        (429, "429"),
        (500, "500"),
        (503, "503"),
    ];
    KNOWN.iter().find(|(code, _)| *code == status).map_or("other", |(_, text)| text)
}
