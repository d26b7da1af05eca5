//! The installation's secret, and the keys that are derived from it.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::code::code;
use crate::config::files::FilesConfig;
use crate::hex;

/// The installation's secret: 32 random bytes, from which a separate key is derived for each purpose. It is wiped from memory when
/// it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The text at the beginning of the secret file and the vault key file of a demo, by which `serve` recognises and refuses them.
pub const DEMO_MARK: &str = "demo:";

impl Secret {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn read(path: &Path, files: FilesConfig) -> Result<Self, String> {
        let text = files.secret("NARA_SECRET_FILE", path)?;
        if text.starts_with(DEMO_MARK) {
            return Err("NARA_SECRET_FILE: this secret was made by `demo`; make one of your own, for example with: openssl rand -hex 32".to_owned());
        }
        text.parse().map_err(|error| format!("NARA_SECRET_FILE: {error}"))
    }

    /// Derives the key for one purpose, which `end` names. The same purpose always gets the same key.
    pub fn key(&self, end: &str) -> [u8; 32] {
        code(&self.0, &[end.as_bytes()])
    }

    /// Returns the secret as it is written in its file: 64 hexadecimal digits.
    pub fn reveal(&self) -> String {
        hex::encode(&*self.0)
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "expected 64 random lower-case hexadecimal digits; make them with: openssl rand -hex 32".to_owned();
        hex::decode(text.trim()).filter(hex::are_random).map(Self::new).ok_or_else(wrong)
    }
}
