//! A running server for one test.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use diesel::prelude::*;
use nara::audit::actions;
use nara::audit::anchor::opening::{AnchorOpening, AnchorSettings};
use nara::audit::authorship::RecordKey;
use nara::audit::chain::Sealer;
use nara::auth::permissions::Permissions;
use nara::db::connection::Purpose;
use nara::db::schema::audit_records;
use nara::db::{Db, DbConn, Target, migrations};
use nara::moment::Moment;
use nara::server::{self, ConnectionLimits, MetricsAt, RunningServer, Setup, Timeouts};
use nara::time::Random;
use serde_json::Value;

use super::Fresh;
use super::caller::Actor;
use super::clock::{self, TestClock};
use super::credentials::{self, ENVIRONMENT, KEY_ID, PROVIDER};
use super::databases::{self, Backend, Template, TestDatabase};
use super::document::PUBLISHED;

/// A migrated database with Linköping's directory and the four agencies.
static CITY: Template = Template::new("city", |url| {
    let target: Target = url.parse().expect("a URL of a database");
    migrations::run(&target).unwrap_or_else(|error| panic!("{error:?}"));
    let mut conn = target.connect(Purpose::Writing).unwrap_or_else(|error| panic!("{error:?}"));
    let binder = nara::bound_tables::binder(&credentials::vault());
    nara::binding::carry(&mut conn, binder.clone());
    let moment = clock::start();
    let fill = |conn: &mut DbConn| {
        let key = RecordKey::of(credentials::vault().ring());
        nara::directory::import::embedded(conn, &key, &moment)?;
        credentials::insert_partners(conn, &moment)
    };
    nara::db::in_transaction(&mut conn, &fill).unwrap_or_else(|error| panic!("{error:?}"));
    nara::bound_tables::bind_older_rows(&target, &binder, &moment).unwrap_or_else(|error| panic!("{error:?}"));
});

/// A server with its own database and clock. Dropping it stops the server and removes the database.
pub struct TestApp {
    pub clock: TestClock,
    pub address: SocketAddr,
    /// The path of the server's anchor of the audit.
    pub anchor: PathBuf,
    backend: Backend,
    client: reqwest::Client,
    db: Db,
    server: Option<Server>,
    // The field comes after the database's handle, because fields are dropped in order and the handle uses the database.
    database: Arc<TestDatabase>,
}

struct Server {
    handle: ServerHandle,
    thread: JoinHandle<()>,
}

impl Fresh for TestApp {
    async fn fresh(backend: Backend) -> Option<Self> {
        Self::fresh_with(backend, |_| {}).await
    }
}

impl TestApp {
    /// Starts a server on SQLite with changed settings.
    pub async fn start_with(change: impl FnOnce(&mut Setup)) -> Self {
        Self::fresh_with(Backend::Sqlite, change).await.expect("SQLite is always there")
    }

    /// Starts a server with changed settings. Returns `None` only if PostgreSQL is requested and not installed.
    pub async fn fresh_with(backend: Backend, change: impl FnOnce(&mut Setup)) -> Option<Self> {
        let database = TestDatabase::fresh(backend, &CITY)?;
        Some(Self::on(Arc::new(database), backend, TestClock::new(), change))
    }

    /// Starts another server on the same database, with the same clock.
    pub async fn another_server(&self) -> Self {
        self.another_server_with(|_| {}).await
    }

    /// Starts another server on the same database, with changed settings. It gets an anchor of its own.
    pub async fn another_server_with(&self, change: impl FnOnce(&mut Setup)) -> Self {
        let settings = anchor_settings();
        let target: Target = self.database.url.parse().expect("a URL of a database");
        let (sealer, moment) = (Sealer::with(credentials::vault().ring()), self.moment());
        let opening =
            AnchorOpening { db: &self.db, target: &target, settings: &settings, sealer: &sealer, moment: &moment };
        opening.add().await.unwrap_or_else(|error| panic!("{error:?}"));
        let change = |setup: &mut Setup| {
            setup.anchor = settings.clone();
            change(setup);
        };
        Self::on(Arc::clone(&self.database), self.backend, self.clock.clone(), change)
    }

    /// This moment of the test's clock.
    pub fn moment(&self) -> Moment {
        Moment { now: self.clock.now().into(), random: Random::system() }
    }

    fn on(database: Arc<TestDatabase>, backend: Backend, clock: TestClock, change: impl FnOnce(&mut Setup)) -> Self {
        let tokens = credentials::verifier();
        let mut setup = Setup {
            target: database.url.parse().expect("a URL of a database"),
            listener: TcpListener::bind("127.0.0.1:0").expect("loopback has a free port"),
            metrics: MetricsAt::Here,
            public_url: None,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            tokens,
            permissions: Permissions::standard(),
            // Tests call in bursts while their clock stands still.
            limits: None,
            connections: ConnectionLimits::with_share(None),
            keeps_credentials: false,
            secret: credentials::secret(),
            vault: credentials::vault(),
            anchor: anchor_settings(),
            environment: ENVIRONMENT.to_owned(),
            workers: 1,
            timeouts: Timeouts::default(),
            document: Some(Arc::clone(&PUBLISHED)),
            clock: clock.for_nara(),
            random: Random::system(),
        };
        change(&mut setup);
        let anchor = setup.anchor.path.clone().expect("the test's server has an anchor");
        let (server, address, db) = run(setup);
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder()
            .redirect(redirects)
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client without TLS");
        Self { clock, address, anchor, backend, client, db, server: Some(server), database }
    }

    /// Stops the server as `kill` does: calls in progress are finished first.
    pub async fn stop_gracefully(mut self) {
        if let Some(server) = self.server.take() {
            server.handle.stop(true).await;
            server.thread.join().expect("the server ends well");
        }
    }

    pub fn backend(&self) -> Backend {
        self.backend
    }

    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The server's own database, for tests that look into it.
    pub fn db(&self) -> Db {
        self.db.clone()
    }

    /// The actions in the audit that were done, in the order in which they were recorded.
    pub async fn audit_actions(&self) -> Vec<String> {
        self.audit().await.into_iter().map(|(_, action, _)| action).collect()
    }

    /// The actor, the action and the resource ids of each record of something that was done, in the order in which they were
    /// recorded. Nobody waits for the records of attempts that failed, so these come at any time. The record that the start of a
    /// server leaves is left out.
    pub async fn audit(&self) -> Vec<(String, String, Value)> {
        use nara::db::columns::Json;
        let read = |conn: &mut DbConn| {
            let columns = (audit_records::actor, audit_records::action, audit_records::resource_ids);
            let done = audit_records::table.filter(audit_records::outcome.eq(nara::audit::AuditOutcome::Done));
            let rows = done.order((audit_records::at, audit_records::id)).select(columns);
            let rows = rows.filter(audit_records::action.ne(actions::AUDIT_ANCHOR_MADE.code));
            let rows: Vec<(String, String, Json<Value>)> = rows.load(conn)?;
            Ok(rows.into_iter().map(|(actor, action, ids)| (actor, action, ids.0)).collect())
        };
        self.db.read(read).await.expect("the audit can be read")
    }

    /// The offices that the audit names for this action, in the order of the records.
    pub async fn offices_recorded(&self, action: &'static str) -> Vec<Option<String>> {
        let read = move |conn: &mut DbConn| {
            let rows = audit_records::table.filter(audit_records::action.eq(action));
            let rows = rows.order((audit_records::at, audit_records::id)).select(audit_records::office_id);
            let offices: Vec<Option<nara::id::OfficeId>> = rows.load(conn)?;
            Ok(offices.into_iter().map(|office| office.map(|office| office.to_string())).collect())
        };
        self.db.read(read).await.expect("the audit can be read")
    }

    /// The number of audit records with the outcome `done`. Denied attempts are recorded as well, but change nothing.
    pub async fn things_done(&self) -> i64 {
        let done = |conn: &mut DbConn| {
            let rows = audit_records::table.filter(audit_records::outcome.eq(nara::audit::AuditOutcome::Done));
            Ok(rows.count().get_result(conn)?)
        };
        self.db.read(done).await.expect("the audit can be counted")
    }

    /// The reasons in the audit, in the order in which they were recorded.
    pub async fn audit_reasons(&self) -> Vec<String> {
        let read = |conn: &mut DbConn| {
            let rows = audit_records::table.filter(audit_records::reason.is_not_null()).order(audit_records::id);
            let reasons: Vec<Option<nara::audit::AccessReason>> = rows.select(audit_records::reason).load(conn)?;
            Ok(reasons.into_iter().flatten().map(|reason| reason.as_ref().to_owned()).collect())
        };
        self.db.read(read).await.expect("the audit can be read")
    }

    /// The value of a counter in the metrics, by its name and labels.
    pub async fn counted(&self, series: &str) -> u64 {
        let metrics = self.anyone().get("//metrics").await.text();
        let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let count = line.unwrap_or_else(|| panic!("nothing counts {series}: {metrics}"));
        count.parse().expect("a counter is a number")
    }

    /// The number of members of staff in the register.
    pub async fn registered_staff(&self) -> i64 {
        let count = |conn: &mut DbConn| Ok(nara::db::schema::staff::table.count().get_result(conn)?);
        self.db.read(count).await.expect("the staff can be counted")
    }

    /// The number of referrals in the database.
    pub async fn stored_referrals(&self) -> i64 {
        let count = |conn: &mut DbConn| Ok(nara::db::schema::referrals::table.count().get_result(conn)?);
        self.db.read(count).await.expect("the referrals can be counted")
    }
}

/// The callers of the tests.
impl TestApp {
    pub fn anyone(&self) -> Actor {
        Actor::new(self.client.clone(), format!("http://{}", self.address))
    }

    pub fn with_token(&self, token: &str) -> Actor {
        self.anyone().and("authorization", format!("Bearer {token}"))
    }

    pub fn with_key(&self, key: &str) -> Actor {
        self.anyone().and("x-api-key", key)
    }

    /// A token with these claims, signed by the identity provider.
    pub fn sign(&self, claims: Value) -> String {
        PROVIDER.sign(Some(KEY_ID), &claims)
    }

    /// A token with these claims and more fields in its header.
    pub fn sign_with_header(&self, more: Value, claims: &Value) -> String {
        PROVIDER.sign_with_header(more, claims)
    }

    /// A member of staff with this role at these offices, given by their slugs.
    pub fn staff(&self, role: &str, offices: &[&str]) -> Actor {
        let subject = format!("{role}@{}", offices.join("+"));
        self.with_claims(credentials::claims(&subject, role, offices))
    }

    /// A member of staff with these claims in the token.
    pub fn with_claims(&self, claims: Value) -> Actor {
        self.with_token(&self.sign(claims))
    }

    fn cleared(&self, role: &str, office: &str, claims: &[&str]) -> Actor {
        let subject = format!("{role}+{}@{office}", claims.join("+"));
        let mut all = credentials::claims(&subject, role, &[office]);
        for claim in claims {
            all[*claim] = Value::Bool(true);
        }
        self.with_claims(all)
    }

    pub fn outreach_worker(&self) -> Actor {
        self.staff("outreach_worker", &[SKAGGETORP])
    }

    pub fn caseworker(&self) -> Actor {
        self.staff("caseworker", &[SKAGGETORP])
    }

    pub fn qualified_caseworker(&self) -> Actor {
        self.cleared("caseworker", SKAGGETORP, &["qualified"])
    }

    pub fn team_lead(&self) -> Actor {
        self.cleared("team_lead", SKAGGETORP, &["qualified"])
    }

    pub fn reception_caseworker(&self) -> Actor {
        self.staff("caseworker", &[RECEPTION])
    }

    pub fn protected_identity_caseworker(&self) -> Actor {
        self.cleared("caseworker", RECEPTION, &["qualified", "protectedIdentity"])
    }

    pub fn administrator(&self) -> Actor {
        self.staff("administrator", &[SKAGGETORP])
    }

    pub fn auditor(&self) -> Actor {
        self.staff("auditor", &[SKAGGETORP])
    }

    pub fn analyst(&self) -> Actor {
        self.staff("analyst", &[SKAGGETORP])
    }

    pub fn school(&self) -> Actor {
        self.with_key(&credentials::partner("school").key)
    }

    pub fn police(&self) -> Actor {
        self.with_key(&credentials::partner("police").key)
    }

    pub fn healthcare(&self) -> Actor {
        self.with_key(&credentials::partner("healthcare").key)
    }

    pub fn association(&self) -> Actor {
        self.with_key(&credentials::partner("association").key)
    }
}

/// The settings of a new anchor, in a folder of its own.
fn anchor_settings() -> AnchorSettings {
    AnchorSettings { path: Some(databases::folder("anchor").join("anchor")), acceptance: None }
}

/// The office that is the base of the area Norr.
pub const SKAGGETORP: &str = "skaggetorp";
/// The office that is the central reception.
pub const RECEPTION: &str = "mottagning-barn-unga";

/// Runs the server on separate threads, so that it can outlive the test's own code, and the test can wait for its end.
fn run(setup: Setup) -> (Server, SocketAddr, Db) {
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let running: RunningServer = match server::start(setup).await {
                Ok(running) => running,
                Err(error) => panic!("the server does not start: {error:?}"),
            };
            let _ = tell.send((running.handle.clone(), running.address, running.db.clone()));
            running.until_stopped().await.expect("the server ends well");
        });
    });
    let (handle, address, db) = told.recv().expect("the server starts");
    (Server { handle, thread }, address, db)
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            // The order to stop is sent immediately; only its answer would have to be awaited.
            drop(server.handle.stop(false));
            let ended = server.thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}
