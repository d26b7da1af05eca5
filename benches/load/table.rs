//! What was measured, as a table in Markdown.

use std::fmt::Write;

use super::client::Stretch;
use super::rows::{Beside, Row};

/// A row with what each round gave.
pub struct Measured {
    pub row: Row,
    rounds: Vec<Round>,
    failures: u64,
    first_failure: Option<String>,
}

/// What one round gave.
struct Round {
    per_second: f64,
    /// Microseconds.
    median: f64,
    /// Microseconds.
    p99: f64,
    /// The server's processor time for one answer, in microseconds.
    processor: f64,
}

impl Measured {
    pub fn new(row: Row) -> Self {
        Self { row, rounds: Vec::new(), failures: 0, first_failure: None }
    }

    /// Adds a round; `processor_seconds` is what the server used in it.
    pub fn add(&mut self, mut stretch: Stretch, processor_seconds: f64) {
        stretch.latencies.sort_unstable();
        let latencies = &stretch.latencies;
        let quantile =
            |percent: usize| latencies.get(latencies.len() * percent / 100).copied().map_or(f64::NAN, f64::from);
        let count = latencies.len() as f64 * f64::from(self.row.carries);
        self.rounds.push(Round {
            per_second: count / stretch.took.as_secs_f64(),
            median: quantile(50),
            p99: quantile(99),
            processor: processor_seconds * 1e6 / count,
        });
        self.failures += stretch.failures;
        self.first_failure = self.first_failure.take().or(stretch.first_failure);
    }

    /// The server's processor time for one answer, in microseconds.
    pub fn processor(&self) -> f64 {
        self.median_of(|round| round.processor)
    }

    fn median_of(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(figure).collect())
    }

    /// The median of the rounds' ratios, each of two neighbours in time.
    fn ratio_to(&self, floor: &Self) -> f64 {
        let rounds = self.rounds.iter().zip(&floor.rounds);
        median(rounds.map(|(own, floor)| own.per_second / floor.per_second).collect())
    }
}

/// The middle one.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The whole table. A floor stands behind the first row that is held against it.
pub fn markdown(title: &str, measured: &[Measured]) -> String {
    let mut table = format!(
        "| {title} | requests/s | p50 ms | p99 ms | server's CPU µs | ratio | target |\n|---|---:|---:|---:|---:|---|---|\n"
    );
    for one in measured {
        let (ratios, targets): (Vec<_>, Vec<_>) =
            one.row.beside.iter().map(|beside| compare(one, beside, measured)).unzip();
        let targets: Vec<String> = targets.into_iter().flatten().collect();
        let (per_second, processor) = (one.median_of(|round| round.per_second), one.processor());
        let (half, most) = (one.median_of(|round| round.median) / 1e3, one.median_of(|round| round.p99) / 1e3);
        let _infallible = writeln!(
            table,
            "| {} | {} | {half:.2} | {most:.2} | {processor:.1} | {} | {} |",
            one.row.name,
            thousands(per_second),
            ratios.join("<br>"),
            targets.join("<br>")
        );
    }
    for one in measured.iter().filter(|one| one.failures > 0) {
        let (name, count) = (&one.row.name, one.failures);
        let _infallible = writeln!(table, "\n**{name}: {count} failures**, the first: {:?}", one.first_failure);
    }
    table
}

fn compare(one: &Measured, beside: &Beside, measured: &[Measured]) -> (String, Option<String>) {
    let Some(floor) = measured.iter().find(|floor| floor.row.name == beside.floor) else {
        return (String::new(), None);
    };
    let ratio = one.ratio_to(floor);
    let name = beside.floor.trim_start_matches("floor: ");
    (
        format!("{} of: {name}", share(ratio)),
        beside.target.map(|target| verdict(ratio >= target, &format!("≥ {}", share(target)))),
    )
}

/// What a target came to.
pub fn verdict(reached: bool, target: &str) -> String {
    if reached { format!("{target}: reached") } else { format!("{target}: **missed**") }
}

fn share(ratio: f64) -> String {
    if ratio >= 2.0 { format!("{ratio:.1} ×") } else { format!("{:.0} %", ratio * 100.0) }
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
