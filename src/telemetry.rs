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
            Box::new(denials_dropped.clone()),
        ] {
            registry.register(collector).map_err(Error::internal)?;
        }
        Ok(Self { registry, requests, durations, directory_version, denials_dropped })
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
