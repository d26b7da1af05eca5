//! The commands and arguments of the program, as clap parses them from the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::limits::LimitsConfig;
use crate::config::{
    AcceptanceConfig, AnchorConfig, DatabaseConfig, FilesConfig, HealthConfig, LogConfig, ServeConfig, VaultConfig,
};

/// Nära: the API behind social services moved out into the city districts.
///
/// Residents ask where to turn; schools, police and associations send referrals; the offices work with these. For a first look,
/// start with `nara demo`.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    #[command(flatten)]
    pub log: LogConfig,

    #[command(flatten)]
    pub files: FilesConfig,
}

/// A command of the program, with its arguments.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "There is one of it, read at the start.")]
pub enum Command {
    /// Start the server of a real installation
    ///
    /// Runs pending migrations, loads the directory, and answers calls until the process gets a signal to stop; calls in progress
    /// are finished first. Refuses to start with a database, a signing key or a secret that `demo` made.
    Serve(ServeConfig),

    /// Start a server for a first look: Linköping's directory, synthetic cases, ready-made tokens and keys
    ///
    /// Keeps everything in one folder: an embedded database, a signing key made for it, and demo.json with the tokens and keys
    /// that are printed. Listens on 127.0.0.1 only. No person in it is real.
    Demo(DemoConfig),

    /// Migrate the database to the layout of this version of the program
    ///
    /// `serve` does the same when it starts. Two servers that start at the same time wait for each other.
    Migrate(MigrateConfig),

    /// Write a copy of the embedded database to a file, while the server may run
    ///
    /// The copy has everything that was acknowledged before it began, and it is checked before it gets its name. An existing FILE
    /// is refused, not replaced. The vault's ring of keys and the installation's secret are not in the copy, and without the ring
    /// nobody can read the personal data in it: keep a copy of both, apart from the backups. A PostgreSQL database is backed up
    /// with PostgreSQL's own pg_dump or pg_basebackup; for such a database, this command explains how and ends with exit code 1.
    Backup(BackupConfig),

    /// Ask a server on this machine whether it is ready to answer calls
    ///
    /// Ends with exit code 0 if the server is ready, and with 1 otherwise: for the health check of a container, and for scripts
    /// that wait for the server.
    Health(HealthConfig),

    /// Write the OpenAPI document to standard output
    ///
    /// The document is generated from the mounted routes. No database is needed.
    Openapi,

    /// Load reference data, such as the directory, into the database
    #[command(subcommand)]
    Import(ImportCommand),

    /// Make or change the keys that seal personal data (the vault's ring)
    #[command(subcommand)]
    Vault(VaultCommand),

    /// Check the audit trail for tampering
    #[command(subcommand)]
    Audit(AuditCommand),

    /// Make a token for a member of staff, signed with a demo's key: for development only
    ///
    /// The token is valid for the server of the demo whose folder is given, and nowhere else.
    Token(DemoTokenConfig),
}

/// The arguments of `demo`: its folder, its port and the rate limits.
#[derive(Debug, Clone, Args)]
pub struct DemoConfig {
    /// The folder in which the demo keeps its database, its keys and demo.json
    #[arg(long, value_name = "DIR", default_value = "./nara-data")]
    pub data_dir: PathBuf,

    /// The port on 127.0.0.1 to listen on
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,

    #[command(flatten)]
    pub limits: LimitsConfig,

    #[command(flatten)]
    pub acceptance: AcceptanceConfig,
}

/// The arguments of `migrate`.
#[derive(Debug, Clone, Args)]
pub struct MigrateConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,

    /// Undo the newest migration instead of running pending ones, and delete the data that it made room for
    #[arg(long)]
    pub revert_last: bool,
}

/// The error message of `backup` for a PostgreSQL database, which is better backed up with PostgreSQL's own programs.
pub const BACKUP_OF_POSTGRES: &str = "\
DATABASE_URL: PostgreSQL makes its own backups, beside running servers. Write one with
  (umask 077 && pg_dump --format=custom --file=FILE --dbname=\"$DATABASE_URL\")
and read it into a new, empty database with
  pg_restore --exit-on-error --single-transaction --no-owner --dbname=\"$DATABASE_URL\" FILE
For going back to any moment: pg_basebackup, and an archive of the write-ahead log.";

/// The arguments of `backup`.
#[derive(Debug, Clone, Args)]
pub struct BackupConfig {
    /// The file for the copy, which must not exist yet. Only its owner may read it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    pub database: DatabaseConfig,
}

/// A kind of data that can be imported.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Load a municipality's directory from a folder such as data/linkoping
    ///
    /// Loads areas, districts with boundaries, offices, services, postal codes, holidays, legal references and deadlines in one
    /// transaction: all of it or nothing. Entries that exist already, by their slugs, are updated. Entries that the folder no
    /// longer names stay.
    Directory(ImportConfig),
}

/// The arguments of `import directory`.
#[derive(Debug, Clone, Args)]
pub struct ImportConfig {
    /// The folder with the directory's files (JSON, GeoJSON and CSV)
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,

    #[command(flatten)]
    pub database: DatabaseConfig,

    /// The keys of the vault that the database is written with: the import is recorded in the audit, and the keys prove the record
    #[command(flatten)]
    pub vault: VaultConfig,
}

/// A command that makes or changes the keys of the vault, or applies changed keys to the database.
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Write a new ring of random keys to standard output
    ///
    /// Keep the ring where only the server can read it, and a copy where no fire reaches it: without these keys nobody can read
    /// the personal data in the database.
    NewKeys,

    /// Write the ring with one more key, in first place, to standard output
    ///
    /// The first key of a ring seals; all of them open. With several servers: first give all of them the new ring with the new
    /// key's line after the old one, so that all can open what it will seal; then the ring with the new key in first place; then
    /// run `nara vault rotate`. Old keys stay in the ring, because the audit's seals depend on them.
    AddKey(AddKeyConfig),

    /// Seal all personal data again with the first key of the ring
    ///
    /// Runs while servers are running, a few rows at a time. It can be stopped at any time; the next run goes on where it stopped.
    Rotate(VaultDatabaseConfig),

    /// Compute again, with the ring's look-up key, all hashes by which people are found
    ///
    /// Needed when the ring has a new look-up key. The servers must be stopped first: they would look for hashes that no longer
    /// exist.
    RebuildLookups(VaultDatabaseConfig),
}

/// The arguments of `vault add-key`.
#[derive(Debug, Clone, Args)]
pub struct AddKeyConfig {
    #[command(flatten)]
    pub vault: VaultConfig,

    /// Replace the ring's look-up key instead of adding a sealing key; then run `nara vault rebuild-lookups`
    #[arg(long)]
    pub lookup: bool,
}

/// The arguments of the commands that work on a database and the keys of its vault.
#[derive(Debug, Clone, Args)]
pub struct VaultDatabaseConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,

    #[command(flatten)]
    pub vault: VaultConfig,
}

/// A command on the audit trail.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check whether any audit record was changed, removed or inserted past the database's own protection
    ///
    /// Goes through all records and the chain of their seals, and compares them with the audit's anchor. Lists the flaws and ends
    /// with exit code 1; if there are none, prints the head of the chain. A head that is kept somewhere else can be compared as
    /// well.
    Verify(AuditVerifyConfig),

    /// Make the audit's anchor for one more server, before that server starts for the first time
    ///
    /// The first server of a database makes its anchor by itself. After that, a server without an anchor does not start, because
    /// somebody may have removed it. Each server needs its own. The making is recorded in the audit.
    AddAnchor(AddAnchorConfig),
}

/// The arguments of `audit add-anchor`.
#[derive(Debug, Clone, Args)]
pub struct AddAnchorConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,

    #[command(flatten)]
    pub vault: VaultConfig,

    #[command(flatten)]
    pub anchor: AnchorConfig,
}

/// The arguments of `audit verify`.
#[derive(Debug, Clone, Args)]
pub struct AuditVerifyConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,

    #[command(flatten)]
    pub vault: VaultConfig,

    #[command(flatten)]
    pub anchor: AnchorConfig,

    /// The head of the chain as the log or an earlier `audit verify` printed it. If the chain no longer contains it, that is a flaw
    #[arg(long, value_name = "SEQ:HASH")]
    pub expect_head: Option<String>,
}

/// The arguments of `token`: the demo, the holder's claims and the lifetime of the token.
#[derive(Debug, Clone, Args)]
pub struct DemoTokenConfig {
    /// The folder of the demo whose key signs the token
    #[arg(long, value_name = "DIR", default_value = "./nara-data")]
    pub data_dir: PathBuf,

    /// The subject (`sub`) of the token: the identifier of the member of staff at the identity provider
    #[arg(long, default_value = "developer")]
    pub subject: String,

    /// A role of the member of staff; may be given several times
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = ["outreach_worker", "caseworker", "team_lead", "administrator", "auditor", "analyst"])]
    pub roles: Vec<String>,

    /// The slug of an office where the member of staff works; may be given several times
    #[arg(long = "office", value_name = "SLUG")]
    pub offices: Vec<String>,

    /// Whether the token says that the member of staff is qualified to decide on inquiries
    #[arg(long)]
    pub qualified: bool,

    /// Whether the token says that the member of staff is cleared for persons with a protected identity
    #[arg(long)]
    pub protected_identity: bool,

    /// The number of hours for which the token is valid
    #[arg(long, value_name = "HOURS", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub hours: u16,
}
