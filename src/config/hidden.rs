//! Values of the configuration that are never printed.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// An argument that may hold a password or keys. It is kept as plain text and parsed only after clap has finished, because clap
/// quotes an argument that it refuses. It is wiped from memory when it is dropped. clap and the system keep copies of their own.
#[derive(Clone)]
pub struct Hidden(pub(super) Zeroizing<String>);

impl FromStr for Hidden {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
