//! The commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::limits::LimitsConfig;
use crate::config::{DatabaseConfig, HealthConfig, LogConfig, ServeConfig, VaultConfig};

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
#[expect(clippy::large_enum_variant, reason = "There is one of it, read at the start.")]
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

    /// Write a copy of the embedded database to a file, beside a running server
    ///
    /// It has everything that was acknowledged before it began, is checked before it gets its name, and replaces nothing: a FILE that
    /// is there already is refused. The vault's ring of keys and the secret are not in it, and without the ring nobody can read
    /// what it holds: keep a copy of both, apart from the backups. A PostgreSQL database is backed up by PostgreSQL's own pg_dump or
    /// pg_basebackup; the command then says how, and ends with exit code 1.
    Backup(BackupConfig),

    /// Ask the server on this machine whether it is ready
    ///
    /// Ends with exit code 0 when it is, and 1 otherwise: for the health check of a container, and for scripts that wait.
    Health(HealthConfig),

    /// Write the OpenAPI document to standard output
    ///
    /// It is generated from the mounted routes, and needs no database.
    Openapi,

    /// Load reference data
    #[command(subcommand)]
    Import(ImportCommand),

    /// Make and change the keys of the vault
    #[command(subcommand)]
    Vault(VaultCommand),

    /// Look after the audit
    #[command(subcommand)]
    Audit(AuditCommand),

    /// Make a token for a member of staff, signed with a demo's key: for development only
    ///
    /// It holds in the demo whose folder is named, and nowhere else.
    Token(DemoTokenConfig),
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

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub limits: LimitsConfig,
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

/// What `backup` says of PostgreSQL, whose own programs do it better.
pub const BACKUP_OF_POSTGRES: &str = "\
DATABASE_URL: PostgreSQL makes its own backups, beside running servers. Write one with
  (umask 077 && pg_dump --format=custom --file=FILE --dbname=\"$DATABASE_URL\")
and read it into a new, empty database with
  pg_restore --exit-on-error --single-transaction --no-owner --dbname=\"$DATABASE_URL\" FILE
For going back to any moment: pg_basebackup, and an archive of the write-ahead log.";

/// What `backup` needs.
#[derive(Debug, Clone, Args)]
pub struct BackupConfig {
    /// The file to write, which is not there yet. Only its owner may read it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub database: DatabaseConfig,
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

/// What can be done with the vault's keys.
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Write a ring of fresh keys to standard output
    ///
    /// Keep it where only the server can read it, and a copy where no fire reaches it: without these keys nobody can read what
    /// the database holds.
    NewKeys,

    /// Write the ring with one more key, in front, to standard output
    ///
    /// Several servers: give the new ring first with the new key's line behind the old one, so that all can open what it will
    /// seal; then with it in front; then run `nara vault rotate`. Old keys stay in the ring: the audit's seals rest on them.
    AddKey(AddKeyConfig),

    /// Seal everything anew with the key that stands first in the ring
    ///
    /// Runs beside the servers, some rows at a time. It can be stopped at any moment and run again: it goes on where it was.
    Rotate(VaultDatabaseConfig),

    /// Make all look-up hashes anew with the ring's look-up key
    ///
    /// For a ring with a fresh look-up key. The servers must be stopped: they would look for hashes that are no longer there.
    RebuildLookups(VaultDatabaseConfig),
}

/// What `vault add-key` needs.
#[derive(Debug, Clone, Args)]
pub struct AddKeyConfig {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub vault: VaultConfig,

    /// A fresh key for the look-up hashes instead; then run `nara vault rebuild-lookups`
    #[arg(long)]
    pub lookup: bool,
}

/// A database and the keys of its vault.
#[derive(Debug, Clone, Args)]
pub struct VaultDatabaseConfig {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub database: DatabaseConfig,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub vault: VaultConfig,
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

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it.")]
    pub vault: VaultConfig,

    /// A head from earlier, as the log or `audit verify` told it
    #[arg(long, value_name = "SEQ:HASH")]
    pub expect_head: Option<String>,
}

/// Whose token to make.
#[derive(Debug, Clone, Args)]
pub struct DemoTokenConfig {
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
