//! Collects the violations of rules in a request body, so that the error names all of them, not only the first.

use std::collections::HashSet;
use std::hash::Hash;

use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use crate::error::{Error, Problem, Result, Text, Violation, ViolationPlace};

/// The most violations that one error names. Without this limit, a body full of mistakes would get an answer larger than itself.
const MOST_TOLD: usize = 1000;
/// The most entries that a resource may have in a list to which calls add one entry at a time. The OpenAPI document promises this
/// limit.
const MOST_ADDED: usize = 1000;

/// The violations that were found so far in a request body. It also remembers unknown identifiers, for the audit.
#[derive(Debug, Default)]
pub struct Rules {
    violations: Vec<(Problem, Violation)>,
    /// The identifiers in the body whose records do not exist, or that the caller may not know of.
    unknown: Vec<Uuid>,
}

impl Rules {
    /// Adds a violation with the text `detail` at the JSON Pointer `pointer`, unless `holds` is true.
    pub fn require(&mut self, holds: bool, pointer: impl Into<String>, detail: Text) {
        self.require_or(Problem::ValidationFailed, holds, pointer, detail);
    }

    /// Adds a violation with the text `detail` at the JSON Pointer `pointer`, unless `holds` is true. Its problem is `problem` in
    /// place of the usual `ValidationFailed`.
    pub fn require_or(&mut self, problem: Problem, holds: bool, pointer: impl Into<String>, detail: Text) {
        if !holds {
            self.push(problem, Violation::at(pointer, detail));
        }
    }

    /// Adds a violation with the text `detail` about a part of the text at `pointer`: the characters from index `start` up to, but
    /// not including, `end`.
    pub fn refuse_span(&mut self, problem: Problem, pointer: &str, (start, end): (usize, usize), detail: Text) {
        let place = ViolationPlace::Span { pointer: pointer.to_owned(), start, end };
        self.push(problem, Violation { place, detail });
    }

    /// Requires that the list at the JSON Pointer `pointer` has at most `most` items, and none of them twice.
    pub fn list<T: Eq + Hash>(&mut self, pointer: &str, items: &[T], most: usize) {
        self.at_most(pointer, items.len(), most);
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            self.require(seen.insert(item), format!("{pointer}/{index}"), twice());
        }
    }

    /// Requires that the list at the JSON Pointer `pointer`, which has `count` items, has at most `most`.
    pub fn at_most(&mut self, pointer: &str, count: usize, most: usize) {
        let too_many = Text::new(format!("must have at most {most} items"), format!("får ha högst {most} poster"));
        self.require(count <= most, pointer, too_many);
    }

    /// Requires that a resource that already has `count` entries in a list can take one more: at most 1000 are allowed.
    pub fn has_room(&mut self, count: usize) {
        let full = Text::new(
            format!("cannot take more: there are {MOST_ADDED} of these already"),
            format!("kan inte ta emot fler: det finns redan {MOST_ADDED}"),
        );
        self.require(count < MOST_ADDED, "", full);
    }

    /// Requires that the record that the field at `pointer` names was found, and returns `found` unchanged.
    pub fn named<T>(&mut self, pointer: impl Into<String>, found: Option<T>) -> Option<T> {
        self.require(found.is_some(), pointer, Text::new("names nothing that exists", "namnger inget som finns"));
        found
    }

    /// Requires that `find` finds each record that the list at `pointer` names, and that none is named twice. Returns the found
    /// records. If the list has more than `most` names, none of them is looked up.
    pub fn all_named<N, T: PartialEq>(
        &mut self,
        pointer: &str,
        names: &[N],
        most: usize,
        find: impl Fn(&N) -> Option<T>,
    ) -> Vec<T> {
        self.at_most(pointer, names.len(), most);
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate().filter(|_| names.len() <= most) {
            let pointer = format!("{pointer}/{index}");
            if let Some(item) = self.named(pointer.as_str(), find(name)) {
                self.require(!found.contains(&item), pointer, twice());
                found.push(item);
            }
        }
        found
    }

    /// Requires that the record `id`, which the field at `pointer` names, was found among the records that the caller may know of,
    /// and returns `found` unchanged. If it was not found, the problem is `UnknownReference`, and the audit is told that the caller
    /// asked for `id`.
    pub fn known<T>(&mut self, pointer: impl Into<String>, id: Uuid, found: Option<T>) -> Option<T> {
        self.unknown.extend(found.is_none().then_some(id));
        let nothing = Text::new("names nothing that exists", "namnger inget som finns");
        self.require_or(Problem::UnknownReference, found.is_some(), pointer, nothing);
        found
    }

    fn push(&mut self, problem: Problem, violation: Violation) {
        if self.violations.len() < MOST_TOLD {
            self.violations.push((problem, violation));
        }
    }

    /// Returns `value` if no violation was found. Otherwise the error names all violations; its problem is theirs if they all share
    /// one, and else `ValidationFailed`.
    pub fn finish<T>(self, value: Option<T>) -> Result<T> {
        let (problems, violations): (Vec<Problem>, Vec<Violation>) = self.violations.into_iter().unzip();
        match value {
            Some(value) if violations.is_empty() => Ok(value),
            _ => {
                let first = problems.first().copied().unwrap_or(Problem::ValidationFailed);
                let is_one_kind = problems.iter().all(|problem| *problem == first);
                let problem = if is_one_kind { first } else { Problem::ValidationFailed };
                Err(Error::invalid_as(problem, violations).naming(self.unknown))
            }
        }
    }
}

/// Requires that a birth year, if there is one, is not in the future and not before 1900.
pub fn check_year(year: Option<u16>, today: NaiveDate, pointer: &str, rules: &mut Rules) {
    let Some(year) = year else { return };
    rules.require(i32::from(year) <= today.year(), pointer, in_the_future());
    rules.require(year >= 1900, pointer, Text::new("must not lie before 1900", "får inte ligga före 1900"));
}

fn twice() -> Text {
    Text::new("occurs twice", "står två gånger")
}

/// The text of a violation by a day that lies in the future.
pub fn in_the_future() -> Text {
    Text::new("must not lie in the future", "får inte ligga i framtiden")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ViolationPlace;

    #[test]
    fn all_violations_are_named_and_not_only_the_first() {
        let mut rules = Rules::default();
        rules.list("/languages", &["sv", "en", "sv"], 2);
        let found = rules.all_named("/areaIds", &[1, 7], 5, |name| (*name == 1).then_some(*name));
        assert_eq!(found, [1]);
        assert_eq!(places(rules), ["/languages", "/languages/2", "/areaIds/1"]);
    }

    fn places(rules: Rules) -> Vec<String> {
        let error = rules.finish(Some(())).unwrap_err();
        let place = |violation: &Violation| match &violation.place {
            ViolationPlace::Pointer(pointer) => pointer.clone(),
            elsewhere => panic!("{elsewhere:?}"),
        };
        error.violations().iter().map(place).collect()
    }

    #[test]
    fn each_name_is_judged_at_its_own_place() {
        let find = |name: &&str| (*name != "x").then(|| (*name).to_owned());
        let mut rules = Rules::default();
        rules.all_named("/areaIds", &["x", "norr", "norr"], 5, find);
        assert_eq!(places(rules), ["/areaIds/0", "/areaIds/2"]);
    }

    #[test]
    fn a_list_that_is_too_long_is_so_whatever_its_names_stand_for() {
        let mut rules = Rules::default();
        let found =
            rules.all_named("/serviceIds", &[1; 21], 20, |_| -> Option<i32> { panic!("nothing is looked for") });
        assert!(found.is_empty());
        assert_eq!(places(rules), ["/serviceIds"]);
    }

    #[test]
    fn what_is_added_to_again_and_again_is_full_at_last() {
        let mut rules = Rules::default();
        rules.has_room(MOST_ADDED - 1);
        rules.has_room(MOST_ADDED);
        assert_eq!(places(rules), [""]);
    }

    #[test]
    fn no_more_is_told_than_the_document_promises() {
        let mut rules = Rules::default();
        rules.list("/needs", &vec!["leisure"; 100_000], 17);
        rules.refuse_span(Problem::IdentityNotRecorded, "/summary", (0, 1), twice());
        assert_eq!(rules.finish(Some(())).unwrap_err().violations().len(), MOST_TOLD);
    }
}
