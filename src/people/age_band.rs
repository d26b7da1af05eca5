//! Age bands: ranges of ages. An age band is shown where a birth year would tell too much, and statistics count by age bands.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A range of ages in whole years, or `adult`. Each municipality decides up to which age somebody counts as young (20 in
/// Linköping): the band `18-20` ends at that age, whatever its name, and everybody older is `adult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[derive(strum::AsRefStr, strum::EnumString, strum::EnumIter)]
pub enum AgeBand {
    #[serde(rename = "0-5")]
    #[strum(serialize = "0-5")]
    From0To5,
    #[serde(rename = "6-9")]
    #[strum(serialize = "6-9")]
    From6To9,
    #[serde(rename = "10-12")]
    #[strum(serialize = "10-12")]
    From10To12,
    #[serde(rename = "13-15")]
    #[strum(serialize = "13-15")]
    From13To15,
    #[serde(rename = "16-17")]
    #[strum(serialize = "16-17")]
    From16To17,
    #[serde(rename = "18-20")]
    #[strum(serialize = "18-20")]
    From18To20,
    #[serde(rename = "adult")]
    #[strum(serialize = "adult")]
    Adult,
}

impl AgeBand {
    /// Returns the age band of somebody who is `age` years old. `last` is the highest age at which the municipality counts
    /// somebody as young: somebody who is older, and at least 18, is `Adult`.
    pub fn of(age: u32, last: u8) -> Self {
        match age {
            0..=5 => Self::From0To5,
            6..=9 => Self::From6To9,
            10..=12 => Self::From10To12,
            13..=15 => Self::From13To15,
            16..=17 => Self::From16To17,
            18.. if age <= u32::from(last) => Self::From18To20,
            _ => Self::Adult,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_age_has_its_band_and_youth_ends_where_the_municipality_says() {
        let bands = |last: u8| -> Vec<AgeBand> { (0..=26).map(|age| AgeBand::of(age, last)).collect() };
        let twenty = bands(20);
        assert!(twenty.is_sorted());
        for (age, band) in [(0, "0-5"), (5, "0-5"), (6, "6-9"), (9, "6-9"), (10, "10-12"), (12, "10-12"), (13, "13-15")]
        {
            assert_eq!(twenty[age].as_ref(), band);
        }
        for (age, band) in [(15, "13-15"), (16, "16-17"), (17, "16-17"), (18, "18-20"), (20, "18-20"), (21, "adult")] {
            assert_eq!(twenty[age].as_ref(), band);
        }
        assert_eq!(bands(24)[24], AgeBand::From18To20);
        assert_eq!(bands(24)[25], AgeBand::Adult);
        assert_eq!(bands(17)[18], AgeBand::Adult);
        assert_eq!(AgeBand::of(u32::MAX, 20), AgeBand::Adult);
    }
}
