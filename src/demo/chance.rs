//! Random choices that are the same at every start, and the published test numbers among which they choose.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Random;

const IDENTITIES: &str = include_str!("../../data/demo/test_identities.csv");

/// Given names of girls.
const GIRLS: [&str; 9] = ["Alva", "Amina", "Elsa", "Ines", "Leila", "Lova", "Maja", "Saga", "Vera"];
/// Given names of boys.
const BOYS: [&str; 7] = ["Elias", "Hugo", "Ismail", "Liam", "Nils", "Omar", "Yusuf"];
/// Given names of women.
const WOMEN: [&str; 6] = ["Anna", "Fatima", "Karin", "Maria", "Sara", "Zahra"];
/// Given names of men.
const MEN: [&str; 6] = ["Ahmad", "Johan", "Mehmet", "Mikael", "Peter", "Stefan"];
/// Family names of the demo.
const FAMILIES: [&str; 12] = [
    "Ahmed",
    "Andersson",
    "Berg",
    "Hassan",
    "Johansson",
    "Karlsson",
    "Lindqvist",
    "Nilsson",
    "Novak",
    "Persson",
    "Rahimi",
    "Öberg",
];

/// The distance in the list of numbers between two children with consecutive numbers.
const STRIDE: usize = 5;

/// An identity number that Skatteverket publishes for tests and that belongs to nobody.
#[derive(Debug, Clone)]
pub struct TestIdentity {
    pub number: String,
    /// The year of birth in the number.
    pub year: i32,
    is_female: bool,
}

/// The child with this number in the demo: 1 to 20 years old in this year.
pub fn child(at: usize, this_year: i32) -> TestIdentity {
    // Neighbours in the list were born in the same year.
    nth(at * STRIDE, |year| ((this_year - 20)..this_year).contains(&year))
}

/// Children who are 2 to 20 years old and not among the first `but` children.
pub fn more_children(but: usize, this_year: i32) -> Vec<TestIdentity> {
    let all = identities(|year| ((this_year - 20)..this_year).contains(&year));
    let taken: Vec<usize> = (0..but).map(|at| (at * STRIDE) % all.len().max(1)).collect();
    let others = all.into_iter().enumerate().filter(|(at, _)| !taken.contains(at)).map(|(_, child)| child);
    others.filter(|child| child.year < this_year - 1).collect()
}

/// The adult with this number in the demo, old enough to have children of the demo.
pub fn adult(at: usize, this_year: i32) -> TestIdentity {
    nth(at, |year| year < this_year - 30)
}

fn nth(at: usize, is_meant: impl Fn(i32) -> bool) -> TestIdentity {
    let meant = identities(is_meant);
    let none = TestIdentity { number: String::new(), year: 0, is_female: false };
    meant.get(at % meant.len().max(1)).cloned().unwrap_or(none)
}

fn identities(is_meant: impl Fn(i32) -> bool) -> Vec<TestIdentity> {
    let mut rows = csv::Reader::from_reader(IDENTITIES.as_bytes());
    let identity = |row: csv::StringRecord| {
        let year: i32 = row.get(3)?.get(..4)?.parse().ok()?;
        let number = row.get(1)?.to_owned();
        is_meant(year).then(|| TestIdentity { number, year, is_female: row.get(4) == Some("female") })
    };
    rows.records().flatten().filter_map(identity).collect()
}

/// A random generator with a fixed seed (SplitMix64), so that the demo is the same at every start.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next random number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A random one of several choices.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = usize::try_from(self.next() % choices.len() as u64).unwrap_or(0);
        choices[at]
    }

    /// A given name for a child with this identity number.
    pub fn given_name(&mut self, of: &TestIdentity) -> &'static str {
        if of.is_female { self.one_of(&GIRLS) } else { self.one_of(&BOYS) }
    }

    /// A given name for an adult with this identity number.
    pub fn adult_name(&mut self, of: &TestIdentity) -> &'static str {
        if of.is_female { self.one_of(&WOMEN) } else { self.one_of(&MEN) }
    }

    pub fn family_name(&mut self) -> &'static str {
        self.one_of(&FAMILIES)
    }

    /// The given name and family name of a random adult.
    pub fn name(&mut self) -> (&'static str, &'static str) {
        let given = if self.below(2) == 0 { self.one_of(&WOMEN) } else { self.one_of(&MEN) };
        (given, self.family_name())
    }

    /// A source of bytes for identifiers, different at each call. It is not used to seal anything.
    pub fn random(&mut self) -> Random {
        let seed = AtomicU64::new(self.next());
        Random::new(move |bytes| {
            let mut chance = Self(seed.fetch_add(1, Ordering::Relaxed));
            for chunk in bytes.chunks_mut(8) {
                for (byte, random) in chunk.iter_mut().zip(chance.next().to_le_bytes()) {
                    *byte = random;
                }
            }
        })
    }
}
