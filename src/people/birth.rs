//! Birth dates and ages, computed from the facts that are known about a person.

use chrono::{Datelike, NaiveDate};

use crate::people::PersonalIdentityNumber;

/// A person's birth date and birth year, each if it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    date: Option<NaiveDate>,
    year: Option<i32>,
}

impl Birth {
    /// Takes the date and the year from the identity number if it tells them, otherwise from `date`, and otherwise the year from
    /// `year`.
    pub fn told_by(number: Option<&PersonalIdentityNumber>, date: Option<NaiveDate>, year: Option<u16>) -> Self {
        let date = number.and_then(PersonalIdentityNumber::birth_date).or(date);
        let of_number = number.map(PersonalIdentityNumber::birth_year);
        Self { date, year: of_number.or(date.map(|date| date.year())).or(year.map(i32::from)) }
    }

    /// The birth year. `None` if no fact tells it.
    pub fn year(self) -> Option<i32> {
        self.year
    }

    /// The age in whole years on the day `today`. `None` if not even the birth year is known. If only the year is known, the
    /// lower of the two possible ages counts.
    pub fn lowest_age(self, today: NaiveDate) -> Option<u32> {
        match self.date {
            Some(born) => Some(today.years_since(born).unwrap_or(0)),
            None => self.year.map(|year| u32::try_from(today.year() - year - 1).unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn age(number: Option<&str>, date: Option<&str>, year: Option<u16>) -> Option<u32> {
        let number = number.map(|number| number.parse().unwrap());
        Birth::told_by(number.as_ref(), date.map(day), year).lowest_age(day("2026-03-14"))
    }

    #[test]
    fn the_fact_that_says_most_counts() {
        assert_eq!(age(Some("20130315-2399"), None, Some(2000)), Some(12), "the birthday is tomorrow");
        assert_eq!(age(None, Some("2013-03-14"), Some(2000)), Some(13));
        assert_eq!(age(None, None, Some(2013)), Some(12));
        assert_eq!(age(None, None, Some(2026)), Some(0));
        assert_eq!(age(None, None, None), None);
        let told = Birth::told_by(None, Some(day("2013-03-14")), None);
        assert_eq!(told.year(), Some(2013));
    }
}
