//! What `nara audit verify` says.

use std::process::Command;

use super::folder::Folder;

/// What `nara audit verify` found.
pub struct Verified {
    pub is_sound: bool,
    /// How many records still wait for their seal.
    pub unsealed: u64,
    /// The end of the chain, for the next time.
    pub head: Option<String>,
}

/// Verifies the audit, and that what an earlier head stood for is still there.
pub fn verify(url: &str, folder: &Folder, head: Option<&str>) -> Verified {
    let mut nara = Command::new(env!("CARGO_BIN_EXE_nara"));
    nara.args(["audit", "verify"])
        .env("DATABASE_URL", url)
        .arg("--vault-keys-file")
        .arg(folder.path.join("vault-keys"))
        .arg("--audit-anchor")
        .arg(folder.path.join("audit-anchor"));
    if let Some(head) = head {
        nara.args(["--expect-head", head]);
    }
    let output = nara.output().expect("the program is built");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let behind =
        |words: &str| told.split(words).nth(1).and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
    let unsealed = behind("not sealed yet: ").and_then(|count| count.parse().ok()).unwrap_or(u64::MAX);
    Verified { is_sound: output.status.success(), unsealed, head: behind("head: ") }
}
