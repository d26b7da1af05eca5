//! Random choices for the demo, the same at every start, and the published test identity numbers that people of the demo get.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Random;

const IDENTITIES: &str = include_str!("../../data/demo/test_identities.csv");

/// Given names for girls of the demo.
const GIRLS: [&str; 9] = ["Alva", "Amina", "Elsa", "Ines", "Leila", "Lova", "Maja", "Saga", "Vera"];
/// Given names for boys of the demo.
const BOYS: [&str; 7] = ["Elias", "Hugo", "Ismail", "Liam", "Nils", "Omar", "Yusuf"];
/// Given names for women of the demo.
const WOMEN: [&str; 6] = ["Anna", "Fatima", "Karin", "Maria", "Sara", "Zahra"];
/// Given names for men of the demo.
const MEN: [&str; 6] = ["Ahmad", "Johan", "Mehmet", "Mikael", "Peter", "Stefan"];
/// Family names for people of the demo.
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

/// The distance, in the list of test identity numbers, between the numbers of two consecutive children.
const STRIDE: usize = 5;

/// A test identity number that Skatteverket publishes and that belongs to nobody, with what it tells of its holder.
#[derive(Debug, Clone)]
pub struct TestIdentity {
    pub number: String,
    /// The year of birth that the number states.
    pub year: i32,
    is_female: bool,
}

/// The identity number of the child number `at` of the demo, who turns 1 to 20 years old in the year `this_year`.
pub fn child(at: usize, this_year: i32) -> TestIdentity {
    // Neighbours in the list were born in the same year.
    nth(at * STRIDE, |year| ((this_year - 20)..this_year).contains(&year))
}

/// The identity numbers of children who turn 2 to 20 years old in the year `this_year`, without those that [`child`] gives to the
/// first `but` children.
pub fn more_children(but: usize, this_year: i32) -> Vec<TestIdentity> {
    let all = identities(|year| ((this_year - 20)..this_year).contains(&year));
    let taken: Vec<usize> = (0..but).map(|at| (at * STRIDE) % all.len().max(1)).collect();
    let others = all.into_iter().enumerate().filter(|(at, _)| !taken.contains(at)).map(|(_, child)| child);
    others.filter(|child| child.year < this_year - 1).collect()
}

/// The identity number of the adult number `at` of the demo, who turns at least 31 years old in the year `this_year`.
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

/// A random generator (SplitMix64) that makes the same numbers from the same seed, so that the demo is the same at every start.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Makes the next random number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Makes a random number from 0 up to but not including `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Chooses one of several values at random.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = usize::try_from(self.next() % choices.len() as u64).unwrap_or(0);
        choices[at]
    }

    /// Chooses a given name for a child with this identity number, which tells whether it is a girl.
    pub fn given_name(&mut self, of: &TestIdentity) -> &'static str {
        if of.is_female { self.one_of(&GIRLS) } else { self.one_of(&BOYS) }
    }

    /// Chooses a given name for an adult with this identity number, which tells whether it is a woman.
    pub fn adult_name(&mut self, of: &TestIdentity) -> &'static str {
        if of.is_female { self.one_of(&WOMEN) } else { self.one_of(&MEN) }
    }

    pub fn family_name(&mut self) -> &'static str {
        self.one_of(&FAMILIES)
    }

    /// Chooses a given name and a family name for an adult.
    pub fn name(&mut self) -> (&'static str, &'static str) {
        let given = if self.below(2) == 0 { self.one_of(&WOMEN) } else { self.one_of(&MEN) };
        (given, self.family_name())
    }

    /// Makes a source of bytes for identifiers, a different one at each call. It must not be used for sealing, since its bytes
    /// are the same at every start.
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
