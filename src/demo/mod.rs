//! The command `nara demo`: it runs a complete installation from one folder, for a first look. No person in it is real.
//!
//! The first start in a folder loads Linköping's directory and makes synthetic people and cases. Every start makes new tokens and
//! writes `demo.json`. `serve` recognises each part of a demo (the database, the signing key, the secret, the keys of partner
//! agencies) and refuses it.

mod cases;
mod chance;
mod credentials;
mod desk;
mod field;
mod homes;
mod matters;

use std::net::TcpListener;
use std::path::Path;

use diesel::prelude::*;
use serde_json::json;

use crate::audit::anchor::opening::AnchorSettings;
use crate::audit::authorship::RecordKey;
use crate::audit::breaks::BreakAcceptance;
use crate::auth::keys;
use crate::auth::permissions::Permissions;
use crate::binding;
use crate::bound_tables;
use crate::cli::{DemoConfig, DemoTokenConfig};
use crate::config::DEMO_ENVIRONMENT;
use crate::config::limits::LimitsConfig;
use crate::db::connection::Purpose;
use crate::db::schema::directory_state;
use crate::db::{DbConn, Target, migrations, private};
use crate::directory;
use crate::error::{Error, Result};
use crate::moment::Moment;
use crate::partners;
use crate::server::{self, ConnectionLimits, DerivedKeys, MetricsAt, RunningServer, Setup, Timeouts};
use crate::time::{Clock, Random};

use credentials::DemoCredentials;

/// Starts the demo on the configured port of this machine, and runs it until it is stopped.
pub async fn run(config: DemoConfig) -> std::result::Result<(), String> {
    let address = (std::net::Ipv4Addr::LOCALHOST, config.port);
    let listener = TcpListener::bind(address)
        .map_err(|error| format!("--port: {} cannot be listened on: {error}", config.port))?;
    let reason = config.acceptance.accept_audit_break.as_deref();
    let acceptance = reason.map(str::parse).transpose().map_err(|_| "--accept-audit-break: expected a reason")?;
    let running = start(&config.data_dir, listener, Some(&config.limits), acceptance).await?;
    running.until_stopped().await.map_err(|error| error.told())
}

/// Makes and fills the demo's folder if that has not been done, starts the server on `listener`, writes `demo.json`, and prints
/// the tokens and keys. Without `limits`, nobody is limited. `acceptance` is the reason for which a break of the audit is accepted.
pub async fn start(
    folder: &Path,
    listener: TcpListener,
    limits: Option<&LimitsConfig>,
    acceptance: Option<BreakAcceptance>,
) -> std::result::Result<RunningServer, String> {
    let explain = |error: Error| error.told();
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("--data-dir: {} cannot be made: {error}", folder.display()))?;
    let moment = Moment { now: Clock::system().now(), random: Random::system() };
    let credentials = DemoCredentials::load_or_make(folder, &moment.random)?;
    let path = folder.join("nara.db");
    let target = Target::Sqlite(path.to_str().ok_or("--data-dir: expected a path in UTF-8")?.to_owned());
    private::take_from_others(&target);
    migrations::run(&target).map_err(|error| format!("--data-dir: {}: {}", path.display(), explain(error)))?;
    // A year of synthetic work needs much memory for a moment. It goes back to the system when the thread ends.
    let prepared = std::thread::scope(|scope| scope.spawn(|| prepare(&target, folder, &credentials, &moment)).join());
    let mut told = prepared.map_err(|_| "the demo could not be prepared")?.map_err(explain)?;
    let address = listener.local_addr().map_err(|error| format!("--listen: {error}"))?;
    told.base_url = format!("http://{address}");
    told.tokens = credentials.tokens(moment.now)?;
    // It is there before the server says that it is ready.
    credentials::write_private(&folder.join("demo.json"), &told.to_json().to_string())?;
    let setup = Setup {
        target,
        listener,
        metrics: MetricsAt::Here,
        public_url: None,
        cors_origins: Vec::new(),
        trusted_proxies: Vec::new(),
        limits: limits.and_then(LimitsConfig::rates),
        connections: ConnectionLimits::with_share(limits.and_then(LimitsConfig::connections)),
        keeps_credentials: true,
        tokens: credentials.verifier()?,
        permissions: Permissions::standard(),
        secret: credentials.secret.clone(),
        vault: credentials.vault.clone(),
        // The folder is all that there is of a demo.
        anchor: AnchorSettings { path: Some(folder.join("audit-anchor")), acceptance },
        environment: DEMO_ENVIRONMENT.to_owned(),
        workers: 0,
        timeouts: Timeouts::default(),
        document: None,
        clock: Clock::system(),
        random: Random::system(),
    };
    let running = server::start(setup).await.map_err(explain)?;
    tell(&told, folder);
    Ok(running)
}

/// The content of the file `demo.json`: the server's address, the tokens of staff and the API keys of partner agencies.
#[derive(Default)]
struct DemoFile {
    base_url: String,
    tokens: Vec<(&'static str, String)>,
    partner_keys: Vec<(String, String)>,
}

impl DemoFile {
    fn to_json(&self) -> serde_json::Value {
        let tokens: serde_json::Map<_, _> =
            self.tokens.iter().map(|(name, token)| ((*name).to_owned(), json!(token))).collect();
        let keys: serde_json::Map<_, _> =
            self.partner_keys.iter().map(|(name, key)| (name.clone(), json!(key))).collect();
        json!({ "baseUrl": self.base_url, "tokens": tokens, "partnerKeys": keys })
    }
}

/// Fills the database in one transaction, if `demo` has not done so before: with the directory, families, partner agencies,
/// outreach work and referrals. Returns the API keys of the partner agencies, which it makes if `demo.json` has none.
fn prepare(target: &Target, folder: &Path, credentials: &DemoCredentials, moment: &Moment) -> Result<DemoFile> {
    let binder = bound_tables::binder(&credentials.vault);
    bound_tables::bind_older_rows(target, &binder, moment)?;
    let mut conn = target.connect(Purpose::Writing)?;
    binding::carry(&mut conn, binder);
    if !is_marked_synthetic(&mut conn)? {
        let fill = |conn: &mut DbConn| {
            directory::import::embedded(conn, &RecordKey::of(credentials.vault.ring()), moment)?;
            let (vault, directory) = (&credentials.vault, directory::store::load(conn, moment.now)?);
            let homes = homes::insert(conn, vault, &directory, moment)?;
            let senders = cases::insert_senders(conn, moment)?;
            let fresh = cases::insert(conn, vault, &directory, &homes, &senders, moment)?;
            field::insert(conn, vault, &directory, moment)?;
            let older = matters::insert(conn, vault, &directory, &homes, &senders, moment)?;
            desk::work(conn, vault, &directory, [older, fresh].concat(), moment)?;
            diesel::update(directory_state::table).set(directory_state::synthetic.eq(true)).execute(conn)?;
            Ok(())
        };
        crate::db::in_transaction(&mut conn, &fill)?;
    }
    let partner_keys = match credentials::partner_keys_of(&folder.join("demo.json")) {
        Some(known) => known,
        None => make_partner_keys(&mut conn, credentials, moment)?,
    };
    Ok(DemoFile { partner_keys, ..DemoFile::default() })
}

/// Makes a new API key for each partner agency. The database stores only hashes of keys, so if `demo.json` is lost, new keys are
/// needed.
fn make_partner_keys(
    conn: &mut DbConn,
    credentials: &DemoCredentials,
    moment: &Moment,
) -> Result<Vec<(String, String)>> {
    use crate::auth::Scope;
    let hash_key = DerivedKeys::of(&credentials.secret).partner_keys;
    let make = |conn: &mut DbConn| {
        let mut made = Vec::new();
        for partner in partners::store::all(conn)? {
            let key = keys::PlainKey::new(DEMO_ENVIRONMENT, &moment.random);
            keys::insert(conn, &key, partner.id, &[Scope::Submit, Scope::Read], &hash_key, moment)?;
            made.push((partner.slug.to_string(), key.reveal()));
        }
        Ok(made)
    };
    crate::db::in_transaction(conn, &make)
}

/// Whether `demo` has filled the database, so that its people and cases are synthetic.
pub fn is_synthetic(target: &Target) -> Result<bool> {
    is_marked_synthetic(&mut target.connect(Purpose::Reading)?)
}

fn is_marked_synthetic(conn: &mut DbConn) -> Result<bool> {
    Ok(directory_state::table.select(directory_state::synthetic).first(conn)?)
}

/// Makes a token for a member of staff, signed with the key in a demo's folder.
pub fn token(config: &DemoTokenConfig) -> std::result::Result<String, String> {
    let credentials = DemoCredentials::load(&config.data_dir)?;
    let holder = credentials::TokenSubject {
        subject: &config.subject,
        roles: config.roles.iter().map(String::as_str).collect(),
        offices: config.offices.iter().map(String::as_str).collect(),
        qualified: config.qualified,
        protected_identity: config.protected_identity,
    };
    credentials.token(&holder, Clock::system().now(), i64::from(config.hours) * 3600)
}

#[expect(clippy::print_stdout, reason = "These words are for the one who started it.")]
fn tell(told: &DemoFile, folder: &Path) {
    let base = &told.base_url;
    println!("Nära is running with Linköping's directory and synthetic families and cases. No person in it is real.\n");
    println!("  Swagger UI        {base}/nara/v1/docs/");
    println!("  Where to turn     {base}/nara/v1/where-to-turn?place=Ryd");
    println!("  Tokens and keys   {}\n", folder.join("demo.json").display());
    println!("Keys of partner agencies (X-API-Key):");
    for (name, key) in &told.partner_keys {
        println!("  {name:<12} {key}");
    }
    println!("\nTokens of staff (Authorization: Bearer …), good for a week:");
    for (name, token) in &told.tokens {
        println!("  {name}\n    {token}");
    }
    println!("\nStop it with Ctrl-C.");
}
