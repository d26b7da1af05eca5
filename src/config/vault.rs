//! The configuration of the vault's keys.

use std::path::PathBuf;

use clap::Args;

use crate::config::{DEMO_MARK, Hidden};
use crate::vault::Vault;

/// The arguments with the vault's keys, for every command that reads or writes personal data.
#[derive(Debug, Clone, Args)]
pub struct VaultConfig {
    /// A file with the vault's ring of keys, which seal personal data. Let nobody but the server read it. Make it with: nara vault
    /// new-keys
    #[arg(long, env = "NARA_VAULT_KEYS_FILE", value_name = "NARA_VAULT_KEYS_FILE")]
    pub vault_keys_file: Option<PathBuf>,

    /// The vault's ring of keys itself, instead of its file, with commas in place of line ends
    #[arg(
        long,
        env = "NARA_VAULT_KEYS",
        value_name = "NARA_VAULT_KEYS",
        hide_env_values = true,
        conflicts_with = "vault_keys_file"
    )]
    pub vault_keys: Option<Hidden>,
}

impl VaultConfig {
    /// Reads the keys of a real installation's vault. Refuses keys that `demo` made.
    pub fn vault(&self) -> Result<Vault, String> {
        let (name, text) = self.text()?;
        if text.starts_with(DEMO_MARK) {
            return Err(format!(
                "{name}: these keys were made by `demo`; make some of your own with: nara vault new-keys"
            ));
        }
        text.parse().map(Vault::new).map_err(|error| format!("{name}: {error}"))
    }

    /// Reads the keys of the vault of a real installation or of a demo.
    pub fn vault_of_either(&self) -> Result<Vault, String> {
        let (name, text) = self.text()?;
        let ring = text.strip_prefix(DEMO_MARK).unwrap_or(&text);
        ring.parse().map(Vault::new).map_err(|error| format!("{name}: {error}"))
    }

    fn text(&self) -> Result<(&'static str, String), String> {
        match (&self.vault_keys_file, &self.vault_keys) {
            (Some(path), _) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("NARA_VAULT_KEYS_FILE: {} cannot be read: {error}", path.display()))?;
                Ok(("NARA_VAULT_KEYS_FILE", text))
            }
            (None, Some(keys)) => Ok(("NARA_VAULT_KEYS", keys.0.clone())),
            (None, None) => {
                let required =
                    "NARA_VAULT_KEYS_FILE: is required, or NARA_VAULT_KEYS; make keys with: nara vault new-keys";
                Err(required.to_owned())
            }
        }
    }
}
