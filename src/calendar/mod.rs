//! The calendar of the municipality: local days, working days, opening hours, deadlines, and the law that is in force
//! on a day.
//!
//! - A day is a day in the municipality's time zone. It ends at the next local midnight, also on the two days
//!   a year that have 23 and 25 hours ([`Calendar`]).
//! - Working days follow lag (1930:173) 2 § and the holidays in the municipality's data.
//! - Opening hours are written in OpenStreetMap's `opening_hours` syntax. They are read with the municipality's calendar
//!   ([`OpeningHours`]).
//! - Deadlines are counted by rules in the municipality's data ([`DeadlineRule`]). Each rule holds for a period. The
//!   law that the rules are based on is also data ([`LegalReference`]).
//!
//! This module reads no clock, no file and no database. The code that uses it passes in the time and the data.

pub mod bilingual;
mod deadlines;
mod holidays;
mod opening_hours;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use bilingual::Bilingual;
pub use deadlines::{Deadline, DeadlineKind, DeadlineRule, DeadlineStart, Length};
pub use holidays::{Calendar, Holiday, HolidayKind};
pub use opening_hours::{DayHours, HoursError, Interval, MAX_LENGTH, OpenState, OpeningHours};

/// A rule of a statute, or a local rule of the municipality, in the wording that is in force during a period.
///
/// Rules change, so several references may have the same `id`, each with its own wording and period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegalReference {
    /// The identifier of the rule, which is the same for all its wordings.
    pub id: String,
    /// The title of the rule, which names its subject.
    pub title: Bilingual,
    /// The content of the rule, in plain words.
    pub text: Bilingual,
    /// The citation of the rule: its act, chapter and section.
    pub citation: String,
    /// The first day on which this wording is in force.
    pub valid_from: NaiveDate,
    /// The last day on which this wording is in force. Absent while no end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
}

impl LegalReference {
    /// Whether this wording of the rule is in force on the day `date`.
    pub fn holds_on(&self, date: NaiveDate) -> bool {
        self.valid_from <= date && self.valid_to.is_none_or(|last| date <= last)
    }
}

/// Returns the wording of the rule `id` that is in force on the day `date`, or `None` if there is none. If the periods
/// of several wordings include the day, the one that began last wins.
pub fn in_force<'a>(references: &'a [LegalReference], id: &str, date: NaiveDate) -> Option<&'a LegalReference> {
    references
        .iter()
        .filter(|reference| reference.id == id && reference.holds_on(date))
        .max_by_key(|reference| reference.valid_from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calendar of Linköping, which the tests of this folder share.
    pub(super) fn linkoping() -> Calendar {
        let rows = include_str!("../../data/linkoping/holidays.csv").lines().skip(1);
        let holidays = rows.map(|row| {
            let cells: Vec<_> = row.trim().split(',').collect();
            let name = Bilingual { sv: cells[1].into(), en: cells[2].into() };
            Holiday { date: cells[0].parse().unwrap(), name, kind: cells[3].parse().unwrap() }
        });
        Calendar::new(chrono_tz::Europe::Stockholm, holidays.collect())
    }

    pub(super) fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn references() -> Vec<LegalReference> {
        serde_json::from_str(include_str!("../../data/linkoping/legal_references.json")).unwrap()
    }

    #[test]
    fn a_changed_act_has_one_wording_on_each_day() {
        let references = references();
        for ended in references.iter().filter(|reference| reference.valid_to.is_some()) {
            let last = ended.valid_to.unwrap();
            assert_eq!(in_force(&references, &ended.id, last), Some(ended));
            assert_ne!(in_force(&references, &ended.id, last.succ_opt().unwrap()), Some(ended));
        }
    }

    #[test]
    fn no_law_is_in_force_before_its_first_day() {
        let references = references();
        assert!(references.iter().all(|r| in_force(&references, &r.id, date("1999-01-01")).is_none()));
    }
}
