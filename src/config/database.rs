//! The configuration of the database: its address and its password.

use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use crate::config::files::FilesConfig;
use crate::config::hidden::Hidden;
use crate::db::Target;

/// The arguments that name the database, for every command that needs one.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// The address of the database: sqlite://PATH for the embedded one, or
    /// postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://nara.db"
    )]
    pub database_url: Hidden,

    /// A file with the password for PostgreSQL, instead of a password in DATABASE_URL
    #[arg(long, env = "NARA_DATABASE_PASSWORD_FILE", value_name = "NARA_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<PathBuf>,
}

impl DatabaseConfig {
    /// Returns the database that the arguments name, with the password from the file if there is one.
    pub fn target(&self, files: FilesConfig) -> Result<Target, String> {
        const PASSWORD: &str = "NARA_DATABASE_PASSWORD_FILE";
        let target: Target = self.database_url.0.parse().map_err(|error| format!("DATABASE_URL: {error}"))?;
        let Some(path) = &self.database_password_file else { return Ok(target) };
        let text = files.secret(PASSWORD, path)?;
        let with_password = line(&text).and_then(|password| target.with_password(&password));
        with_password.map_err(|error| format!("{PASSWORD}: {error}"))
    }
}

fn line(text: &str) -> Result<Zeroizing<String>, String> {
    // Editors and `echo` end the line of a file.
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.contains(['\n', '\0']) {
        return Err("expected one line with the password".to_owned());
    }
    Ok(Zeroizing::new(line.to_owned()))
}
