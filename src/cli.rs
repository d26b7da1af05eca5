//! The commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{DatabaseConfig, LogConfig, ServeConfig};

/// Nära: the API behind social services moved out into the city districts.
///
/// Residents ask where to turn; schools, police and associations send referrals; the offices work with them. To look around,
/// start with `nara demo`.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub command: Command,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub log: LogConfig,
}

/// What the program can be told to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server of a real installation
    ///
    /// Runs pending migrations, loads the directory and answers calls until it is told to stop; what is under way then is
    /// finished first. Refuses to start with what `demo` made: its database, its signing key or its secret.
    Serve(ServeConfig),

    /// Start a server to look around in: Linköping's directory, synthetic cases, ready-made tokens and keys
    ///
    /// Everything lies in one folder: an embedded database, a signing key made for it, and demo.json with the tokens and keys
    /// that are printed. Listens on 127.0.0.1 alone. No person in it is real.
    Demo(DemoConfig),

    /// Bring the database up to this program's version
    ///
    /// `serve` does the same at its start. Two servers that start at once wait for each other.
    Migrate(MigrateConfig),

    /// Write the OpenAPI document to standard output
    ///
    /// It is generated from the mounted routes, and needs no database.
    Openapi,

    /// Load reference data
    #[command(subcommand)]
    Import(ImportCommand),

    /// Look after the audit
    #[command(subcommand)]
    Audit(AuditCommand),

    /// Make a token for a member of staff, signed with a demo's key: for development only
    ///
    /// It holds in the demo whose folder is named, and nowhere else.
    Token(TokenConfig),
}

/// Where `demo` lives.
#[derive(Debug, Clone, Args)]
pub struct DemoConfig {
    /// The folder for the database, the keys and demo.json
    #[arg(long, value_name = "DIR", default_value = "./nara-data")]
    pub data_dir: PathBuf,

    /// The port on 127.0.0.1
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,
}

/// What `migrate` needs.
#[derive(Debug, Clone, Args)]
pub struct MigrateConfig {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub database: DatabaseConfig,

    /// Take back the newest migration instead, with the data that it made room for
    #[arg(long)]
    pub revert_last: bool,
}

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Load a municipality's directory from a folder such as data/linkoping
    ///
    /// Areas, districts with boundaries, offices, services, postal codes, holidays, legal references and deadlines, in one
    /// transaction: all of it or nothing. What is there already, by its slug, is brought up to date; what the folder no longer
    /// names stays.
    Directory(ImportConfig),
}

/// What `import directory` needs.
#[derive(Debug, Clone, Args)]
pub struct ImportConfig {
    /// The folder with the directory's files
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub database: DatabaseConfig,
}

/// What can be done with the audit.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Tell whether any record was changed, removed or inserted past the database's own protection
    ///
    /// Goes through all records and their seals. Names what is wrong and ends with exit code 1; prints the head of the chain when all
    /// is well. Note the head somewhere else: with it, a later verification also notices that the end was cut off.
    Verify(AuditVerifyConfig),
}

/// What `audit verify` needs.
#[derive(Debug, Clone, Args)]
pub struct AuditVerifyConfig {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub database: DatabaseConfig,

    /// A file with the secret of the installation, or of a demo, whose audit it is
    #[arg(long, env = "NARA_SECRET_FILE", value_name = "NARA_SECRET_FILE")]
    pub secret_file: PathBuf,

    /// A head from earlier, as the log or `audit verify` told it
    #[arg(long, value_name = "SEQ:HASH")]
    pub expect_head: Option<String>,
}

/// Whose token to make.
#[derive(Debug, Clone, Args)]
pub struct TokenConfig {
    /// The folder of the demo whose key signs
    #[arg(long, value_name = "DIR", default_value = "./nara-data")]
    pub data_dir: PathBuf,

    /// Who it is: the subject
    #[arg(long, default_value = "developer")]
    pub subject: String,

    /// A role; may be given several times
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = ["outreach_worker", "caseworker", "team_lead", "administrator", "auditor", "analyst"])]
    pub roles: Vec<String>,

    /// The slug of an office of theirs; may be given several times
    #[arg(long = "office", value_name = "SLUG")]
    pub offices: Vec<String>,

    /// Whether they are qualified to decide on inquiries
    #[arg(long)]
    pub qualified: bool,

    /// Whether they are cleared for persons with a protected identity
    #[arg(long)]
    pub protected_identity: bool,

    /// For how many hours it holds
    #[arg(long, value_name = "HOURS", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub hours: u16,
}
