//! The configuration of the vault's keys.

use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use crate::config::files::{FilesConfig, secret_on_stdin};
use crate::config::hidden::Hidden;
use crate::config::process::ON_STDIN;
use crate::config::secret::DEMO_MARK;
use crate::vault::Vault;

/// The arguments with the vault's keys, for every command that reads or writes personal data.
#[derive(Debug, Clone, Args)]
pub struct VaultConfig {
    /// A file with the vault's ring of keys, which seal personal data. Let nobody but the server read it. Make it with: nara vault
    /// new-keys
    #[arg(long, env = "NARA_VAULT_KEYS_FILE", value_name = "NARA_VAULT_KEYS_FILE")]
    pub vault_keys_file: Option<PathBuf>,

    /// The vault's ring of keys itself, instead of its file, with commas in place of line ends; - for the standard input. A file
    /// is better: who lists the processes of the machine sees an argument
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
    pub fn vault(&self, files: FilesConfig) -> Result<Vault, String> {
        let (name, text) = self.text(files)?;
        if text.starts_with(DEMO_MARK) {
            return Err(format!(
                "{name}: these keys were made by `demo`; make some of your own with: nara vault new-keys"
            ));
        }
        text.parse().map(Vault::new).map_err(|error| format!("{name}: {error}"))
    }

    /// Reads the keys of the vault of a real installation or of a demo.
    pub fn vault_of_either(&self, files: FilesConfig) -> Result<Vault, String> {
        let (name, text) = self.text(files)?;
        let ring = text.strip_prefix(DEMO_MARK).unwrap_or(&text);
        ring.parse().map(Vault::new).map_err(|error| format!("{name}: {error}"))
    }

    fn text(&self, files: FilesConfig) -> Result<(&'static str, Zeroizing<String>), String> {
        const NAME: &str = "NARA_VAULT_KEYS";
        const FILE_NAME: &str = "NARA_VAULT_KEYS_FILE";
        match (&self.vault_keys_file, &self.vault_keys) {
            (Some(path), _) => Ok((FILE_NAME, files.secret(FILE_NAME, path)?)),
            (None, Some(keys)) if *keys.0 == ON_STDIN => Ok((NAME, secret_on_stdin(NAME)?)),
            (None, Some(keys)) => Ok((NAME, keys.0.clone())),
            (None, None) => {
                let required =
                    "NARA_VAULT_KEYS_FILE: is required, or NARA_VAULT_KEYS; make keys with: nara vault new-keys";
                Err(required.to_owned())
            }
        }
    }
}
