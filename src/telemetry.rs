//! The logs and the metrics of a server. Neither contains a path, a query, a body, a header or a name: an operation is named by its
//! id.

use std::io::IsTerminal;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use tracing_subscriber::EnvFilter;

use crate::error::{Error, Result};

/// Starts logging to standard error, filtered by `filter`: in a readable form if that is a terminal, as JSON otherwise.
pub fn start_logging(filter: &str) -> Result<()> {
    // At its finer levels the geometry library would log whole boundaries.
    let filter = EnvFilter::try_new(format!("geo=warn,{filter}")).map_err(Error::internal)?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        logs.compact().try_init()
    } else {
        logs.json().flatten_event(true).try_init()
    };
    started.map_err(Error::internal)
}

/// The metrics that Prometheus collects.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    directory_version: IntGauge,
    verified_tokens: IntCounter,
    refused_sign_ins: IntCounterVec,
    problems: IntCounterVec,
    unknown_offices: IntCounter,
    key_renewals: IntCounterVec,
    refused_by_budget: IntCounterVec,
    crowded_out: IntCounterVec,
    refused_keys: IntCounterVec,
    denials_dropped: IntCounter,
    broken_rows: IntCounter,
    audit_breaks: IntCounterVec,
    deadlines_overdue: IntCounterVec,
    referrals_overdue: IntGauge,
}

/// Makes metrics and registers each of them, so that Prometheus gets it.
struct Maker(Registry);

impl Maker {
    fn kept<T: Collector + Clone + 'static>(&self, made: prometheus::Result<T>) -> Result<T> {
        let metric = made.map_err(Error::internal)?;
        self.0.register(Box::new(metric.clone())).map_err(Error::internal)?;
        Ok(metric)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.kept(IntCounter::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.kept(IntCounterVec::new(Opts::new(name, help), labels))
    }
}

impl Metrics {
    /// Makes the metrics of a server, all of them zero.
    pub fn new() -> Result<Self> {
        let maker = Maker(Registry::new());
        let durations = HistogramOpts::new("nara_request_duration_seconds", "The duration of calls, by operation.")
            .buckets(vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5]);
        Ok(Self {
            requests: maker.counters(
                "nara_requests_total",
                "Calls answered, by operation and status code.",
                &["operation", "status"],
            )?,
            durations: maker.kept(HistogramVec::new(durations, &["operation"]))?,
            directory_version: maker.kept(IntGauge::new(
                "nara_directory_version",
                "The version of the directory that this server answers from.",
            ))?,
            verified_tokens: maker.counter(
                "nara_tokens_verified_total",
                "Tokens of staff whose signature was checked and found valid. Each is checked once and then remembered.",
            )?,
            refused_sign_ins: maker.counters(
                "nara_sign_ins_refused_total",
                "Calls with an invalid token of staff, or with the wrong kind of credentials, by the reason.",
                &["reason"],
            )?,
            problems: maker.counters(
                "nara_problems_total",
                "Calls that failed, by the type of the problem.",
                &["problem"],
            )?,
            unknown_offices: maker.counter(
                "nara_token_offices_unknown_total",
                "Offices that tokens named but the directory does not have.",
            )?,
            key_renewals: maker.counters(
                "nara_key_set_renewals_total",
                "Readings of the identity provider's keys, by their outcome.",
                &["outcome"],
            )?,
            refused_by_budget: maker.counters(
                "nara_refused_by_budget_total",
                "Calls that were refused because the caller exceeded a rate limit, by budget.",
                &["budget"],
            )?,
            crowded_out: maker.counters(
                "nara_crowded_out_total",
                "Connections closed at once, and calls behind a proxy refused, because their client had too many at the same time.",
                &["what"],
            )?,
            refused_keys: maker.counters(
                "nara_partner_keys_refused_total",
                "Keys of partner agencies that were not accepted, by the reason.",
                &["reason"],
            )?,
            denials_dropped: maker.counter(
                "nara_audit_denials_dropped_total",
                "Failed attempts that could not be recorded in the audit, because the database could not be written for long.",
            )?,
            broken_rows: maker.counter(
                "nara_broken_rows_total",
                "Readings of a row of the database that is not as the program wrote it. It is not shown; `nara audit verify` names it.",
            )?,
            audit_breaks: maker.counters(
                "nara_audit_breaks_total",
                "Signs, found by this server, that somebody has written into the audit past the program, by kind.",
                &["kind"],
            )?,
            deadlines_overdue: maker.counters(
                "nara_deadlines_overdue_total",
                "Deadlines of referrals that this server has recorded as overdue, by kind. Each deadline is recorded by one server only.",
                &["kind"],
            )?,
            referrals_overdue: maker.kept(IntGauge::new(
                "nara_referrals_overdue",
                "Referrals of all offices with a deadline that has passed and is not met. All servers report the same number.",
            ))?,
            registry: maker.0,
        })
    }

    /// Counts one answered call of an operation, with its status code and its duration.
    pub fn count(&self, operation: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[operation, status_text(status)]).inc();
        self.durations.with_label_values(&[operation]).observe(took.as_secs_f64());
    }

    /// Sets the version of the directory that this server answers from, for the metric that shows it.
    pub fn directory_is(&self, version: i64) {
        self.directory_version.set(version);
    }

    /// Counts a call that failed, by the slug of its problem.
    pub fn count_problem(&self, problem: &str) {
        self.problems.with_label_values(&[problem]).inc();
    }

    /// Counts one token of staff that was verified and found valid. A token that is remembered is not counted again.
    pub fn verified_token(&self) {
        self.verified_tokens.inc();
    }

    /// Adds `calls` to the number of calls that were refused at signing in for this reason. The token is never named.
    pub fn count_refused_sign_ins(&self, reason: &'static str, calls: u64) {
        self.refused_sign_ins.with_label_values(&[reason]).inc_by(calls);
    }

    /// Adds `count` to the number of offices that tokens named but that are not in the directory.
    pub fn unknown_offices(&self, count: usize) {
        self.unknown_offices.inc_by(count.try_into().unwrap_or(0));
    }

    /// Counts one reading of the identity provider's keys, by its outcome, such as `renewed`.
    pub fn key_renewal(&self, outcome: &str) {
        self.key_renewals.with_label_values(&[outcome]).inc();
    }

    /// Adds `calls` to the number of calls that were refused because this rate limit was exceeded.
    pub fn count_refused_by_budget(&self, budget: &str, calls: u64) {
        self.refused_by_budget.with_label_values(&[budget]).inc_by(calls);
    }

    /// Adds `count` to the number of connections, or of calls behind a proxy, that were refused because their client had too many
    /// at the same time.
    pub fn count_crowded_out(&self, what: &'static str, count: u64) {
        self.crowded_out.with_label_values(&[what]).inc_by(count);
    }

    /// Adds `keys` to the number of API keys of partner agencies that were refused for this reason. The key is never named.
    pub fn count_refused_keys(&self, reason: &'static str, keys: u64) {
        self.refused_keys.with_label_values(&[reason]).inc_by(keys);
    }

    /// Adds `count` to the number of failed attempts that could not be recorded in the audit.
    pub fn denials_dropped(&self, count: usize) {
        self.denials_dropped.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// Sets the number of times that a row was read which is not as the program wrote it. The number never decreases.
    pub fn broken_rows_are(&self, total: u64) {
        self.broken_rows.inc_by(total.saturating_sub(self.broken_rows.get()));
    }

    /// Adds `breaks` to the number of breaks of the audit of this kind. With zero, the kind still appears in the metric.
    pub fn count_audit_breaks(&self, kind: &'static str, breaks: u64) {
        self.audit_breaks.with_label_values(&[kind]).inc_by(breaks);
    }

    /// Adds `deadlines` to the number of deadlines of this kind that were recorded as overdue. With zero, the kind still appears in
    /// the metric.
    pub fn count_overdue_deadlines(&self, kind: &'static str, deadlines: u64) {
        self.deadlines_overdue.with_label_values(&[kind]).inc_by(deadlines);
    }

    /// Sets the number of referrals that have an overdue deadline.
    pub fn overdue_referrals_are(&self, count: i64) {
        self.referrals_overdue.set(count);
    }

    /// Returns all metrics in Prometheus' text format.
    pub fn text(&self) -> Result<String> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).map_err(Error::internal)?;
        String::from_utf8(text).map_err(Error::internal)
    }
}

/// Returns the text of a status code that the server answers with, as a label that needs no allocation; `other` for all other
/// codes.
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
