//! The server: its start, its end, and the one list of slices (modules with operations), from which both the application and the
//! OpenAPI document are made.

mod accept;
mod files;
mod sealing;
mod setup;
mod transport;
mod watch;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::App;
use actix_web::dev::{Server, ServerHandle};
use actix_web::guard::fn_guard;
use actix_web::http::header;
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Data, PayloadConfig};
use serde_json::Value;
use utoipa_actix_web::AppExt;

use crate::audit::alarm::AuditAlarm;
use crate::audit::anchor::opening::AnchorOpening;
use crate::audit::chain::Sealer;
use crate::audit::denials::{Denials, WaitingDenials};
use crate::audit::routes::AuditVerifier;
use crate::audit::seal::Sealing;
use crate::auth::SignIn;
use crate::auth::keys::Keyring;
use crate::auth::register::Register;
use crate::context::{Services, refused_calls};
use crate::db::{Db, Sizes, migrations};
use crate::error::{Error, Result};
use crate::http::crowd::{self, Crowd};
use crate::http::documented::DocumentedOperation;
use crate::http::limits::Limits;
use crate::http::mount::Mount;
use crate::http::operations::Operations;
use crate::http::settings::{ROOT, Settings};
use crate::http::{body, envelope, fallback};
use crate::idempotency::{self, Retries};
use crate::meta::{Document, Readiness};
use crate::moment::Moment;
use crate::openapi;
use crate::partners::limits::KeyLimits;
use crate::referrals::course::overdue::Overdue;
use crate::telemetry::Metrics;
use crate::vault::{self};
use crate::{
    areas, audit, bound_tables, code_lists, directory, districts, families, meta, offices, outreach, partners, people,
    referrals, services, staff, timeline, where_to_turn,
};

use accept::{Gate, Reception};
use sealing::{RunningSealing, SealingTask};
pub use setup::{ConnectionLimits, DerivedKeys, MetricsAt, Setup, Timeouts};
use watch::{Watch, renew_keys};

/// Mounts the operations of every slice. A slice that is not mounted here is neither served nor documented.
fn slices(api: &mut impl Mount) {
    where_to_turn::routes::mount(api);
    districts::routes::mount(api);
    offices::routes::mount(api);
    services::routes::mount(api);
    areas::routes::mount(api);
    directory::routes::mount(api);
    referrals::faces::partner_routes::mount(api);
    referrals::faces::routes::mount(api);
    referrals::course::work_routes::mount(api);
    referrals::course::end_routes::mount(api);
    people::routes::mount(api);
    families::routes::mount(api);
    outreach::routes::mount(api);
    timeline::routes::mount(api);
    staff::routes::mount(api);
    partners::own_routes::mount(api);
    partners::routes::mount(api);
    partners::key_routes::mount(api);
    audit::routes::mount(api);
    code_lists::routes::mount(api);
    meta::routes::mount(api);
}

/// Makes the OpenAPI document from the mounted routes. The file `openapi/openapi.json` is a copy of it.
pub fn document() -> Value {
    let (_, raw) = App::new().into_utoipa_app().configure(|api| slices(api)).split_for_parts();
    openapi::finish(raw)
}

/// Returns the operations, and the text of the OpenAPI document with the server address `served_at`. The document is made unless it
/// is already `known`. A separate thread does this: it takes more memory for a moment than everything else, and that memory goes
/// back to the system with the thread.
fn described(known: Option<Arc<Value>>, served_at: String) -> Result<(Vec<DocumentedOperation>, String)> {
    let describe = move || {
        let published = known.unwrap_or_else(|| Arc::new(document()));
        (openapi::operations(&published), openapi::with_server(&published, &served_at).to_string())
    };
    // The result is copied, so that no memory of the thread stays in use.
    let made = std::thread::spawn(describe).join().map_err(|_| Error::internal("the document could not be made"))?;
    Ok(made.clone())
}

/// Returns the operations, with the paths beside them that the server answers as well, and the document as it is served. Takes the
/// document out of `setup`, if it has been made already.
fn published(setup: &mut Setup) -> Result<(Operations, Document)> {
    let metrics_here = matches!(setup.metrics, MetricsAt::Here);
    let paths = [&meta::PATHS[..], if metrics_here { &["/metrics"] } else { &[] }].concat();
    let served_at = setup.public_url.as_ref().map_or_else(|| ROOT.to_owned(), |url| format!("{url}{ROOT}"));
    let (operations, json) = described(setup.document.take(), served_at)?;
    Ok((Operations::new(operations, &paths), Document::new(json, setup.keeps_credentials)))
}

/// A running server with its background tasks.
pub struct RunningServer {
    pub address: SocketAddr,
    /// The handle that stops the server. Its `stop(true)` lets calls in progress finish first.
    pub handle: ServerHandle,
    pub db: Db,
    pub directory: directory::Handle,
    /// The API keys of partner agencies, in memory.
    pub keys: Keyring,
    server: actix_web::rt::task::JoinHandle<std::io::Result<()>>,
    watcher: actix_web::rt::task::JoinHandle<()>,
    sealing: RunningSealing,
    denials: actix_web::rt::task::JoinHandle<()>,
}

/// The state that all worker threads of a server share.
#[derive(Clone)]
struct Shared {
    db: Data<Db>,
    directory: Data<directory::Handle>,
    sign_in: Data<SignIn>,
    keys: Data<Keyring>,
    key_limits: Data<Option<KeyLimits>>,
    settings: Data<Settings>,
    limits: Data<Limits>,
    operations: Data<Operations>,
    document: Data<Document>,
    metrics: Data<Metrics>,
    services: Data<Services>,
    audit_verifier: Data<AuditVerifier>,
    audit_alarm: Data<AuditAlarm>,
    cors_origins: Arc<[String]>,
    metrics_here: bool,
}

/// The opened database, and the state that every server reads from it first.
struct Opened {
    db: Db,
    keyring: Keyring,
    directory: directory::Handle,
    metrics: Data<Metrics>,
    sealer: Sealer,
    sealing: SealingTask,
}

impl Opened {
    /// Migrates and opens the database, checks that the vault's keys are the ones that it was written with and that the audit is
    /// what its anchor says, and reads the keys of the partner agencies and the directory.
    async fn open(setup: &Setup, keys: &DerivedKeys) -> Result<Self> {
        migrations::run(&setup.target)?;
        let binder = bound_tables::binder(&setup.vault);
        let sizes = Sizes::for_target(&setup.target);
        let db = Db::open_with(&setup.target, sizes, bound_tables::carried(&binder))?;
        let (vault, at) = (setup.vault.clone(), setup.clock.now());
        db.write(move |conn| vault::state::check(conn, vault.ring(), at)).await?;
        let sealer = Sealer::with(setup.vault.ring());
        let moment = Moment { now: at, random: setup.random.clone() };
        let (target, settings) = (&setup.target, &setup.anchor);
        let opening = AnchorOpening { db: &db, target, settings, sealer: &sealer, moment: &moment };
        let audit = opening.open().await?;
        bound_tables::bind_older_rows(target, &binder, &moment)?;
        let metrics = Data::new(Metrics::new()?);
        SignIn::count_from_zero(&metrics);
        let keyring = Keyring::new(setup.environment.clone(), keys.partner_keys, metrics.clone().into_inner());
        keyring.refresh(&db, setup.clock.now()).await?;
        let directory = directory::Handle::open(&db, &setup.clock).await?;
        metrics.directory_is(directory.current().version);
        let sealing = Sealing::new(sealer.clone(), setup.random.clone(), audit.last);
        let (metrics_of_task, clock) = (metrics.clone().into_inner(), setup.clock.clone());
        let sealing = SealingTask::new(db.clone(), sealing, audit.anchor, metrics_of_task, clock);
        Ok(Self { db, keyring, directory, metrics, sealer, sealing })
    }

    /// Makes the services that all calls share, and the end of the queue of failed attempts from which they are written.
    fn services(&self, setup: &Setup, keys: &DerivedKeys) -> (Services, WaitingDenials) {
        let (clock, random) = (setup.clock.clone(), setup.random.clone());
        let (denials, waiting) = Denials::new(self.metrics.clone().into_inner(), clock, random);
        let most = setup.limits.is_some().then_some(idempotency::MOST_BYTES);
        let retries = Retries::new(self.db.clone(), keys.retries, setup.vault.clone(), most);
        let services = Services {
            db: self.db.clone(),
            directory: self.directory.clone(),
            vault: setup.vault.clone(),
            retries: Arc::new(retries),
            denials,
        };
        (services, waiting)
    }
}

/// Starts a server: migrates the database, loads the directory and the API keys, and starts to listen and to run the background
/// tasks.
pub async fn start(mut setup: Setup) -> Result<RunningServer> {
    let keys = DerivedKeys::of(&setup.secret);
    let settings = setup.settings(keys.cursors);
    let (operations, document) = published(&mut setup)?;
    let opened = Opened::open(&setup, &keys).await?;
    let (services, waiting) = opened.services(&setup, &keys);
    let Opened { db, keyring, directory, metrics, sealer, sealing } = opened;
    let sign_in = Data::new(SignIn {
        tokens: setup.tokens,
        keys: keyring.clone(),
        permissions: setup.permissions,
        register: Register { db: db.clone(), vault: setup.vault.clone(), random: setup.random.clone() },
        directory: directory.clone(),
        metrics: metrics.clone(),
        clock: setup.clock.clone(),
    });
    let limits = Data::new(Limits::new(setup.limits.as_ref(), &setup.clock, &metrics)?);
    let shared = Shared {
        db: Data::new(db.clone()),
        directory: Data::new(directory.clone()),
        sign_in: sign_in.clone(),
        keys: Data::new(keyring.clone()),
        key_limits: Data::new(setup.limits.as_ref().map(KeyLimits::from)),
        settings: Data::new(settings),
        limits: limits.clone(),
        operations: Data::new(operations),
        document: Data::new(document),
        metrics: metrics.clone(),
        services: Data::new(services.clone()),
        audit_verifier: Data::new(AuditVerifier::new(sealer, bound_tables::binder(&setup.vault), sealing.alarm())),
        audit_alarm: Data::new(sealing.alarm()),
        cors_origins: setup.cors_origins.into(),
        metrics_here: matches!(setup.metrics, MetricsAt::Here),
    };
    let address = setup.listener.local_addr().map_err(Error::internal)?;
    let server = listen(shared, setup.listener, setup.workers, setup.timeouts, setup.connections)?;
    let handle = server.handle();
    let server = begin(server).await;
    actix_web::rt::spawn(renew_keys(sign_in.into_inner()));
    let watch = Watch {
        services,
        keys: keyring.clone(),
        limits: limits.into_inner(),
        overdue: Overdue::new(setup.vault, setup.random, metrics.clone().into_inner()),
        clock: setup.clock.clone(),
        metrics: metrics.clone().into_inner(),
    };
    let watcher = actix_web::rt::spawn(watch.run());
    let sealing = sealing.begin();
    let denials = actix_web::rt::spawn(waiting.write(db.clone()));
    serve_metrics_apart(setup.metrics, metrics)?;
    Ok(RunningServer { address, handle, db, directory, keys: keyring, server, watcher, sealing, denials })
}

/// Starts the workers and the handling of signals. The first poll does that, and the server runs only after it.
async fn begin(server: Server) -> actix_web::rt::task::JoinHandle<std::io::Result<()>> {
    let server = actix_web::rt::spawn(server);
    tokio::task::yield_now().await;
    server
}

impl RunningServer {
    /// Waits until the server has been stopped by its handle or by a signal and calls in progress have finished, and then ends the
    /// background tasks.
    pub async fn until_stopped(self) -> Result<()> {
        let ended = self.server.await.map_err(Error::internal).and_then(|ended| ended.map_err(Error::internal));
        self.watcher.abort();
        if let Err(error) = self.keys.write_uses(&self.db).await {
            tracing::warn!(cause = ?error.cause(), "the times of the last use of keys could not be written");
        }
        // No caller is left, so this ends once the last denial is written. If the database cannot be reached, the server stops
        // after five seconds.
        let _still_waiting = tokio::time::timeout(Duration::from_secs(5), self.denials).await;
        // The rest of the audit is sealed, and its head noted in the anchor.
        let _still_sealing = tokio::time::timeout(Duration::from_secs(5), self.sealing.end()).await;
        ended
    }
}

/// Starts the worker threads that answer calls on `listener`.
fn listen(
    shared: Shared,
    listener: TcpListener,
    workers: usize,
    timeouts: Timeouts,
    connections: ConnectionLimits,
) -> Result<Server> {
    files::allow(connections.all);
    let readiness = Data::<Readiness>::default();
    let crowd = Data::new(Crowd::new(connections.per_address, connections.all));
    let gate = Gate {
        crowd: crowd.clone().into_inner(),
        trusted_proxies: shared.settings.trusted_proxies.as_slice().into(),
        metrics: shared.metrics.clone().into_inner(),
    };
    let has_proxy = !gate.trusted_proxies.is_empty();
    let app = move || {
        let shared = shared.clone();
        let operations = shared.operations.clone();
        App::new()
            .app_data(shared.db)
            .app_data(shared.directory)
            .app_data(shared.sign_in)
            .app_data(shared.keys)
            .app_data(shared.key_limits)
            .app_data(shared.settings)
            .app_data(shared.limits)
            .app_data(shared.operations)
            .app_data(shared.document)
            .app_data(shared.metrics)
            .app_data(readiness.clone())
            .app_data(crowd.clone())
            .app_data(shared.services)
            .app_data(shared.audit_verifier)
            .app_data(shared.audit_alarm)
            .app_data(PayloadConfig::new(body::LARGEST))
            .wrap(Condition::new(!shared.cors_origins.is_empty(), cors(&shared.cors_origins)))
            .wrap(Condition::new(has_proxy, from_fn(crowd::admit)))
            .wrap(from_fn(envelope::around))
            .configure(meta::routes::pages)
            .configure(|app| {
                if shared.metrics_here {
                    app.route("/metrics", web::get().to(meta::metrics));
                }
            })
            .service(
                web::scope(ROOT)
                    .guard(fn_guard(move |call| fallback::may_take(call, &operations)))
                    .wrap(from_fn(refused_calls::around))
                    .configure(slices),
            )
            .default_service(web::to(fallback::answer))
    };
    let workers = if workers == 0 { std::thread::available_parallelism().map_or(2, usize::from) } else { workers };
    let reception = Reception { workers, connections: connections.all, timeouts, hears_signals: true, gate };
    accept::listen(app, listener, reception).map_err(Error::internal)
}

/// The largest number of open connections to the socket of the metrics.
const METRICS_CONNECTIONS: usize = 64;

/// Serves the metrics on a socket of their own, if they have one.
fn serve_metrics_apart(place: MetricsAt, metrics: Data<Metrics>) -> Result<()> {
    let MetricsAt::Apart(listener) = place else { return Ok(()) };
    let gate = Gate {
        crowd: Arc::new(Crowd::new(None, METRICS_CONNECTIONS)),
        trusted_proxies: Arc::new([]),
        metrics: metrics.clone().into_inner(),
    };
    let app = move || App::new().app_data(metrics.clone()).route("/metrics", web::get().to(meta::metrics));
    let (connections, timeouts) = (METRICS_CONNECTIONS, Timeouts::default());
    let reception = Reception { workers: 1, connections, timeouts, hears_signals: false, gate };
    actix_web::rt::spawn(accept::listen(app, listener, reception).map_err(Error::internal)?);
    Ok(())
}

fn cors(origins: &[String]) -> Cors {
    let cors = origins.iter().fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));
    cors.allowed_methods(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"])
        .allowed_headers([
            "authorization",
            "x-api-key",
            "content-type",
            "accept",
            "accept-language",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "prefer",
            "traceparent",
            "access-reason",
        ])
        .expose_headers([
            header::ETAG.as_str(),
            "location",
            "link",
            "retry-after",
            "traceparent",
            "preference-applied",
            "idempotent-replayed",
            "ratelimit",
            "ratelimit-policy",
        ])
        .max_age(3600)
}
