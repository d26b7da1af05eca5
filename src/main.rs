//! Reads the configuration and runs one command.

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use zeroize::Zeroizing;

use nara::audit::anchor::comparison;
use nara::audit::anchor::opening::{AnchorOpening, AnchorSettings};
use nara::audit::breaks::BreakAcceptance;
use nara::audit::chain::{Head, Sealer};
use nara::audit::store::{self, AuditFilter};
use nara::audit::verify::{Verification, Walk};
use nara::auth::key_set::KeySource;
use nara::auth::permissions::Permissions;
use nara::auth::tokens::{ClaimNames, TokenVerifier};
use nara::cli::{
    AddAnchorConfig, AuditCommand, AuditVerifyConfig, BACKUP_OF_POSTGRES, BackupConfig, Cli, Command, ImportCommand,
    ImportConfig, MigrateConfig, VaultCommand,
};
use nara::config::{DatabaseConfig, FilesConfig, Secret, ServeConfig, TokenConfig, process};
use nara::db::backup::BackupPlace;
use nara::db::connection::Purpose;
use nara::db::{Db, Sizes, Target, migrations, private};
use nara::meta::probe;
use nara::moment::Moment;
use nara::server::{self, ConnectionLimits, MetricsAt, Setup, Timeouts};
use nara::time::{Clock, Random};
use nara::vault::{VaultKeys, state};
use nara::{bound_tables, demo, directory, lookups, rotation, telemetry};

fn main() -> ExitCode {
    process::keep_private();
    let moved = process::move_keys_out_of_environment();
    match run(Cli::parse(), moved) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            report(&format!("nara: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, moved: Result<(), String>) -> Result<(), String> {
    telemetry::start_logging(&cli.log.log).map_err(|_| {
        "NARA_LOG: expected error, warn, info, debug, trace, or a filter such as nara=debug,warn".to_owned()
    })?;
    if let Err(cause) = moved {
        tracing::warn!(%cause, "NARA_VAULT_KEYS: the keys stay in the process's environment; name a file instead");
    }
    let files = cli.files;
    match cli.command {
        Command::Serve(config) => in_runtime(serve(config, files)),
        Command::Demo(config) => in_runtime(demo::run(config)),
        Command::Migrate(config) => migrate(&config, files),
        Command::Backup(config) => in_runtime(backup(config, files)),
        Command::Health(config) => probe::ask(config.address).map(|warnings| {
            print_out("ready");
            warnings.iter().for_each(|warning| print_out(&format!("warning: {warning}")));
        }),
        Command::Openapi => {
            let document = serde_json::to_string_pretty(&server::document()).map_err(|error| error.to_string())?;
            print_out(&document);
            Ok(())
        }
        Command::Import(ImportCommand::Directory(config)) => import(&config, files),
        Command::Vault(command) => change_keys(command, files),
        Command::Audit(AuditCommand::Verify(config)) => verify_audit(&config, files),
        Command::Audit(AuditCommand::AddAnchor(config)) => in_runtime(add_anchor(config, files)),
        Command::Token(config) => {
            print_out(&demo::token(&config)?);
            Ok(())
        }
    }
}

fn in_runtime(command: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    actix_web::rt::System::new().block_on(command)
}

async fn serve(config: ServeConfig, files: FilesConfig) -> Result<(), String> {
    let secret = Secret::read(&config.secret_file, files)?;
    let tokens = verifier(&config.tokens, files).await?;
    let vault = config.vault.vault(files)?;
    // The text of the keys is wiped here, and not when the server stops.
    drop(config.vault);
    let target = target(&config.database, files)?;
    let anchor = AnchorSettings {
        path: config.anchor.path(&target)?,
        acceptance: config.acceptance.accept_audit_break.as_deref().map(acceptance).transpose()?,
    };
    migrations::run(&target).map_err(|error| explain("DATABASE_URL", &error))?;
    if demo::is_synthetic(&target).map_err(|error| explain("DATABASE_URL", &error))? {
        return Err("DATABASE_URL: this database was made by `demo` and holds synthetic cases; use another".to_owned());
    }
    let listen = |address| {
        TcpListener::bind(address).map_err(|error| format!("NARA_ADDRESS: {address} cannot be listened on: {error}"))
    };
    let setup = Setup {
        target,
        listener: listen(config.address)?,
        metrics: config
            .metrics_address
            .map_or(Ok(MetricsAt::Nowhere), |address| listen(address).map(MetricsAt::Apart))?,
        public_url: Some(config.public_url),
        cors_origins: config.cors_origins,
        trusted_proxies: config.trusted_proxies,
        limits: config.limits.rates(),
        connections: ConnectionLimits::with_share(config.limits.connections()),
        keeps_credentials: false,
        tokens,
        permissions: Permissions::standard(),
        secret,
        vault,
        anchor,
        environment: config.environment,
        workers: config.workers.into(),
        timeouts: Timeouts::default(),
        document: None,
        clock: Clock::system(),
        random: Random::system(),
    };
    let running = server::start(setup).await.map_err(|error| explain("the server", &error))?;
    tracing::info!(address = %running.address, "ready");
    running.until_stopped().await.map_err(|error| explain("the server", &error))
}

/// Returns the database that the arguments name. If it is an embedded one, its files are taken from other users.
fn target(config: &DatabaseConfig, files: FilesConfig) -> Result<Target, String> {
    let target = config.target(files)?;
    private::take_from_others(&target);
    Ok(target)
}

async fn verifier(config: &TokenConfig, files: FilesConfig) -> Result<TokenVerifier, String> {
    let (source, keys) = match (&config.jwks_file, &config.jwks_url) {
        (Some(path), _) => {
            // Whoever can change these keys can sign in as anybody.
            files.check_unchanged_by_others("NARA_JWKS_FILE", path)?;
            let source = KeySource::File(path.clone());
            let keys = source.read().await.map_err(|error| format!("NARA_JWKS_FILE: {} {error}", path.display()))?;
            (source, Some(keys))
        }
        (None, Some(url)) => {
            let source = KeySource::url(url).map_err(|error| format!("NARA_JWKS_URL: {error}"))?;
            // An outage of the identity provider must not stop the server: partner agencies and residents can still be answered.
            let told = |cause: &String| tracing::warn!(%cause, "the identity provider's keys could not be read; nobody of the staff can sign in until they are read");
            let keys = source.read().await.inspect_err(told).ok();
            (source, keys)
        }
        (None, None) => return Err("NARA_JWKS_FILE: is required, or NARA_JWKS_URL".to_owned()),
    };
    let claims = ClaimNames {
        roles: config.claim_roles.clone(),
        offices: config.claim_offices.clone(),
        name: config.claim_name.clone(),
        qualified: config.claim_qualified.clone(),
        protected_identity: config.claim_protected_identity.clone(),
    };
    let renewed_every = Duration::from_secs(config.jwks_refresh_seconds.into());
    Ok(TokenVerifier::new(keys, config.issuer.clone(), config.audience.clone())
        .renewed_from(source, renewed_every)
        .with_claims(claims)
        .with_longest_lifetime(i64::from(config.token_longest_hours) * 3600))
}

fn migrate(config: &MigrateConfig, files: FilesConfig) -> Result<(), String> {
    let target = &target(&config.database, files)?;
    if config.revert_last {
        let reverted = migrations::revert_last(target).map_err(|error| explain("DATABASE_URL", &error))?;
        print_out(&format!("reverted: {reverted}"));
        return Ok(());
    }
    let ran = migrations::run(target).map_err(|error| explain("DATABASE_URL", &error))?;
    print_out(&if ran.is_empty() { "nothing to do".to_owned() } else { format!("ran: {}", ran.join(", ")) });
    Ok(())
}

/// Writes a backup of the embedded database and prints its facts. A separate thread writes it, so that a signal to stop can be
/// handled and the unfinished copy removed.
async fn backup(config: BackupConfig, files: FilesConfig) -> Result<(), String> {
    let target = target(&config.database, files)?;
    let database = target.file().ok_or(BACKUP_OF_POSTGRES)?;
    let place = BackupPlace::new(database, &config.file).map_err(|error| explain("the backup", &error))?;
    // Before anything is written, so that a signal always finds somebody who cleans up.
    let stopped = stop_signal()?;
    let (tell, told) = tokio::sync::oneshot::channel();
    let there = place.clone();
    let write = move || {
        let counts = |conn: &mut _| Ok((store::last_seal(conn)?, store::count(conn, &AuditFilter::default())?));
        // The receiver is gone if the program is stopping.
        let _gone = tell.send(there.write(counts));
    };
    std::thread::spawn(write);
    let outcome = tokio::select! {
        outcome = told => outcome,
        signal = stopped => {
            place.abandon();
            return Err(format!("the backup: stopped by {signal}; nothing of it is left"));
        }
    };
    let backup = outcome.map_err(|_| "the backup: it panicked")?.map_err(|error| explain("the backup", &error))?;
    let (seal, records) = backup.found;
    print_out(&format!("backup: {}", backup.file.display()));
    print_out(&format!("bytes: {}, layout: {}, audit records: {records}", backup.bytes, backup.layout));
    if let Some(head) = seal.and_then(|seal| seal.head()) {
        print_out(&format!("head of the audit: {head}"));
    }
    print_out("checked: sound, with every reference valid; flushed to the disk");
    Ok(())
}

/// Listens for signals to stop from now on, and returns the future name of the first one.
fn stop_signal() -> Result<impl Future<Output = &'static str>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be heard: {error}"));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

fn change_keys(command: VaultCommand, files: FilesConfig) -> Result<(), String> {
    let random = Random::system();
    match command {
        VaultCommand::NewKeys => print_out(VaultKeys::new(&random).reveal().trim_end()),
        VaultCommand::AddKey(config) => {
            let ring: VaultKeys = Zeroizing::new(config.vault.vault(files)?.ring().reveal()).parse()?;
            let ring = if config.lookup { ring.with_fresh_lookup_key(&random) } else { ring.with_fresh_key(&random) };
            print_out(ring?.reveal().trim_end());
        }
        VaultCommand::Rotate(config) => {
            let (target, vault) = (target(&config.database, files)?, config.vault.vault(files)?);
            let rows =
                rotation::run(&target, &bound_tables::binder(&vault), &Moment { now: Clock::system().now(), random });
            print_out(&format!("sealed again: {}", rows.map_err(|error| explain("the vault", &error))?));
        }
        VaultCommand::RebuildLookups(config) => {
            let (target, vault) = (target(&config.database, files)?, config.vault.vault(files)?);
            let rows = lookups::rebuild(&target, &bound_tables::binder(&vault), Clock::system().now());
            print_out(&format!("rebuilt: {}", rows.map_err(|error| explain("the vault", &error))?));
        }
    }
    Ok(())
}

fn import(config: &ImportConfig, files: FilesConfig) -> Result<(), String> {
    let target = &target(&config.database, files)?;
    migrations::run(target).map_err(|error| explain("DATABASE_URL", &error))?;
    let moment = Moment { now: Clock::system().now(), random: Random::system() };
    // The database of a demo takes a directory as well.
    let is_demo = demo::is_synthetic(target).map_err(|error| explain("DATABASE_URL", &error))?;
    let vault = if is_demo { config.vault.vault_of_either(files)? } else { config.vault.vault(files)? };
    let summary = directory::import::import(target, &config.folder, vault.ring(), &moment)?;
    print_out(&summary.to_string());
    Ok(())
}

fn verify_audit(config: &AuditVerifyConfig, files: FilesConfig) -> Result<(), String> {
    let target = target(&config.database, files)?;
    let vault = config.vault.vault_of_either(files)?;
    let expected: Option<Head> = config
        .expect_head
        .as_deref()
        .map(|head| head.parse().map_err(|error| format!("--expect-head: {error}")))
        .transpose()?;
    // Whoever has noted a head can do without the anchor, for instance on another machine.
    let anchor = config.anchor.path(&target).or_else(|missing| expected.map(|_| None).ok_or(missing))?;
    let sealer = Sealer::with(vault.ring());
    let verified = target.connect(Purpose::Reading).and_then(|mut conn| {
        let mut evidence = comparison::evidence(&mut conn, &target, anchor.as_deref(), &sealer)?;
        evidence.heads.extend(expected);
        let walk = Walk::new(sealer, evidence, Clock::system().now()).with_rows(bound_tables::binder(&vault));
        walk.to_end(&mut conn)
    });
    let verification = verified.map_err(|error| explain("DATABASE_URL", &error))?;
    for line in told(&verification) {
        print_out(&line);
    }
    if verification.is_sound() {
        Ok(())
    } else {
        Err(format!("the audit is not what was sealed: {} findings", verification.found))
    }
}

fn acceptance(reason: &str) -> Result<BreakAcceptance, String> {
    reason.parse().map_err(|_| format!("--accept-audit-break: {reason} is no reason"))
}

/// Makes the anchor of one more server and prints its path.
async fn add_anchor(config: AddAnchorConfig, files: FilesConfig) -> Result<(), String> {
    let target = target(&config.database, files)?;
    let settings = AnchorSettings { path: config.anchor.path(&target)?, acceptance: None };
    let vault = config.vault.vault(files)?;
    let explain = |error: nara::error::Error| explain("the anchor", &error);
    let db = Db::open(&target, Sizes::for_target(&target)).map_err(explain)?;
    let moment = Moment { now: Clock::system().now(), random: Random::system() };
    let (ring, now) = (vault.clone(), moment.now);
    db.write(move |conn| state::check(conn, ring.ring(), now)).await.map_err(explain)?;
    let sealer = Sealer::with(vault.ring());
    let opening = AnchorOpening { db: &db, target: &target, settings: &settings, sealer: &sealer, moment: &moment };
    let path = opening.add().await.map_err(explain)?;
    print_out(&format!("anchor: {}", path.display()));
    Ok(())
}

fn told(verification: &Verification) -> Vec<String> {
    let findings = verification.findings.iter().map(|finding| {
        let record = finding.record_id.map(|id| format!(" record {id}")).unwrap_or_default();
        let seal = finding.seq.map(|seq| format!(" seal {seq}")).unwrap_or_default();
        let row = finding.row.as_ref().map(|row| format!(" {} {}", row.table, row.row)).unwrap_or_default();
        format!("{}:{record}{seal}{row}", finding.flaw.as_ref())
    });
    let counts = format!("verified: {}, not sealed yet: {}", verification.verified, verification.unsealed);
    let head = verification.head.filter(|_| verification.is_sound()).map(|head| format!("head: {head}"));
    findings.chain([counts]).chain(head).collect()
}

fn explain(what: &str, error: &nara::error::Error) -> String {
    format!("{what}: {}", error.told())
}

#[expect(clippy::print_stdout, reason = "A command's result belongs on standard output.")]
fn print_out(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "A command's failure belongs on standard error.")]
fn report(text: &str) {
    eprintln!("{text}");
}
