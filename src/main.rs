//! Reads the configuration and runs one command.

use std::net::TcpListener;
use std::process::ExitCode;

use clap::Parser;

use nara::audit::seal::{Head, Sealer};
use nara::audit::verify::{Verification, Walk};
use nara::auth::tokens::Verifier;
use nara::cli::{AuditCommand, AuditVerifyConfig, Cli, Command, ImportCommand, ImportConfig, MigrateConfig};
use nara::config::{Secret, ServeConfig};
use nara::db::connection::Purpose;
use nara::db::migrations;
use nara::server::{self, Keys, MetricsAt, Setup};
use nara::time::{Clock, Moment, Random};
use nara::{demo, directory, telemetry};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            report(&format!("nara: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), String> {
    telemetry::start_logging(&cli.log.log).map_err(|_| {
        "NARA_LOG: expected error, warn, info, debug, trace, or a filter such as nara=debug,warn".to_owned()
    })?;
    match cli.command {
        Command::Serve(config) => in_runtime(serve(config)),
        Command::Demo(config) => in_runtime(demo::run(config)),
        Command::Migrate(config) => migrate(&config),
        Command::Openapi => {
            let document = serde_json::to_string_pretty(&server::document()).map_err(|error| error.to_string())?;
            print_out(&document);
            Ok(())
        }
        Command::Import(ImportCommand::Directory(config)) => import(&config),
        Command::Audit(AuditCommand::Verify(config)) => verify_audit(&config),
        Command::Token(config) => {
            print_out(&demo::token(&config)?);
            Ok(())
        }
    }
}

fn in_runtime(command: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    actix_web::rt::System::new().block_on(command)
}

async fn serve(config: ServeConfig) -> Result<(), String> {
    let secret = Secret::read(&config.secret_file)?;
    let jwks = std::fs::read_to_string(&config.jwks_file)
        .map_err(|error| format!("NARA_JWKS_FILE: {} cannot be read: {error}", config.jwks_file.display()))?;
    if demo::is_demo_key_set(&jwks) {
        return Err("NARA_JWKS_FILE: this key was made by `demo`; name the file of your identity provider".to_owned());
    }
    let subjects = Keys::of(&secret).subjects;
    let tokens = Verifier::new(&jwks, config.issuer, config.audience, subjects)
        .map_err(|error| format!("NARA_JWKS_FILE: {} {error}", config.jwks_file.display()))?;
    let target = config.database.target()?;
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
        public_url: config.public_url,
        cors_origins: config.cors_origins,
        tokens: Some(tokens),
        secret,
        environment: config.environment,
        workers: config.workers.into(),
        clock: Clock::system(),
        random: Random::system(),
    };
    let running = server::start(setup).await.map_err(|error| explain("the server", &error))?;
    tracing::info!(address = %running.address, "ready");
    running.until_stopped().await.map_err(|error| explain("the server", &error))
}

fn migrate(config: &MigrateConfig) -> Result<(), String> {
    let target = &config.database.target()?;
    if config.revert_last {
        let reverted = migrations::revert_last(target).map_err(|error| explain("DATABASE_URL", &error))?;
        print_out(&format!("taken back: {reverted}"));
        return Ok(());
    }
    let ran = migrations::run(target).map_err(|error| explain("DATABASE_URL", &error))?;
    print_out(&if ran.is_empty() { "nothing to do".to_owned() } else { format!("ran: {}", ran.join(", ")) });
    Ok(())
}

fn import(config: &ImportConfig) -> Result<(), String> {
    let target = &config.database.target()?;
    migrations::run(target).map_err(|error| explain("DATABASE_URL", &error))?;
    let moment = Moment { now: Clock::system().now(), random: Random::system() };
    let summary = directory::import::import(target, &config.folder, &moment)?;
    print_out(&summary.to_string());
    Ok(())
}

fn verify_audit(config: &AuditVerifyConfig) -> Result<(), String> {
    let target = config.database.target()?;
    let secret = Secret::read_of_either(&config.secret_file)?;
    let expected: Option<Head> = config
        .expect_head
        .as_deref()
        .map(|head| head.parse().map_err(|error| format!("--expect-head: {error}")))
        .transpose()?;
    let walk = Walk::new(Sealer::new(Keys::of(&secret).audit_seals), expected, Clock::system().now());
    let verified = target.connect(Purpose::Reading).and_then(|mut conn| walk.to_end(&mut conn));
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

fn told(verification: &Verification) -> Vec<String> {
    let findings = verification.findings.iter().map(|finding| {
        let record = finding.record_id.map(|id| format!(" record {id}")).unwrap_or_default();
        let seal = finding.seq.map(|seq| format!(" seal {seq}")).unwrap_or_default();
        format!("{}:{record}{seal}", finding.flaw.as_ref())
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
