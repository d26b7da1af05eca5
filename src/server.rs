//! The server: THE list of slices, from which both the application and the document are made; its start and its end.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{Server, ServerHandle};
use actix_web::http::header;
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, HttpServer};
use serde_json::Value;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::SignIn;
use crate::auth::keys::Keyring;
use crate::auth::tokens::Verifier;
use crate::config::Secret;
use crate::db::{Db, Sizes, Target, migrations};
use crate::error::{Error, Result};
use crate::http::call::{ROOT, Settings};
use crate::http::operations::Operations;
use crate::http::{body, document, envelope, fallback};
use crate::meta::Document;
use crate::telemetry::Metrics;
use crate::time::{Clock, Random};
use crate::vault::{self, Vault};
use crate::{
    areas, code_lists, directory, districts, families, meta, offices, people, referrals, services, timeline,
    where_to_turn,
};

/// Every slice. What is not mounted here is neither served nor documented.
fn slices(api: &mut ServiceConfig) {
    where_to_turn::routes::routes(api);
    districts::routes(api);
    offices::routes(api);
    services::routes(api);
    areas::routes(api);
    directory::routes(api);
    referrals::partner_routes::routes(api);
    referrals::routes::routes(api);
    people::routes::routes(api);
    families::routes::routes(api);
    timeline::routes::routes(api);
    code_lists::routes::routes(api);
    meta::routes::routes(api);
}

/// The document of the API, as `openapi/openapi.json` has it.
pub fn document() -> Value {
    let (_, raw) = App::new().into_utoipa_app().configure(slices).split_for_parts();
    document::finish(raw)
}

/// Everything that a server is started with.
pub struct Setup {
    /// The database. It is migrated at the start.
    pub target: Target,
    /// Where to listen for callers.
    pub listener: TcpListener,
    /// Where Prometheus may collect.
    pub metrics: MetricsAt,
    /// The address under which callers know the server.
    pub public_url: Option<String>,
    /// The origins whose pages may call.
    pub cors_origins: Vec<String>,
    /// Verifies tokens of staff.
    pub tokens: Option<Verifier>,
    /// The installation's secret.
    pub secret: Secret,
    /// What is personal is sealed with its keys.
    pub vault: Vault,
    /// The environment of the partners' keys.
    pub environment: String,
    /// How many threads answer calls; 0 for one per core.
    pub workers: usize,
    /// Tells the time.
    pub clock: Clock,
    /// Makes randomness.
    pub random: Random,
}

/// Where Prometheus may collect.
pub enum MetricsAt {
    /// Nowhere.
    Nowhere,
    /// Beside the API: fit for a demo alone.
    Here,
    /// On an address of their own.
    Apart(TcpListener),
}

/// The keys that the secret is turned into, each for one end.
pub struct Keys {
    /// Hashes partners' keys.
    pub partner_keys: [u8; 32],
    /// Hashes the subjects of tokens.
    pub subjects: [u8; 32],
    /// Seals cursors.
    pub cursors: [u8; 32],
}

impl Keys {
    /// Derives them.
    pub fn of(secret: &Secret) -> Self {
        Self {
            partner_keys: secret.key("partner keys"),
            subjects: secret.key("token subjects"),
            cursors: secret.key("cursors"),
        }
    }
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Ends it: with `true`, when what is under way is finished.
    pub handle: ServerHandle,
    /// The database it works on.
    pub db: Db,
    /// The directory it answers from.
    pub directory: directory::Handle,
    /// The keys it knows.
    pub keys: Keyring,
    server: actix_web::rt::task::JoinHandle<std::io::Result<()>>,
    watcher: actix_web::rt::task::JoinHandle<()>,
}

/// What all threads share.
#[derive(Clone)]
struct Shared {
    db: Data<Db>,
    directory: Data<directory::Handle>,
    sign_in: Data<SignIn>,
    vault: Data<Vault>,
    settings: Data<Settings>,
    operations: Data<Operations>,
    document: Data<Document>,
    metrics: Data<Metrics>,
    cors_origins: Arc<[String]>,
    metrics_here: bool,
}

/// Migrates the database, loads the directory and begins to listen.
pub async fn start(setup: Setup) -> Result<Running> {
    migrations::run(&setup.target)?;
    let db = Db::open(&setup.target, Sizes::for_target(&setup.target))?;
    let (vault, at) = (setup.vault.clone(), setup.clock.now());
    db.write(move |conn| vault::state::check(conn, vault.ring(), at)).await?;
    let keys = Keys::of(&setup.secret);
    let keyring = Keyring::new(setup.environment, keys.partner_keys);
    keyring.refresh(&db).await?;
    let clock = setup.clock.clone();
    let directory = directory::Handle::new(db.read(move |conn| directory::store::load(conn, clock.now())).await?);
    let metrics = Data::new(Metrics::new()?);
    metrics.directory_is(directory.current().version);
    let published = document();
    let metrics_here = matches!(setup.metrics, MetricsAt::Here);
    let paths = [&meta::PATHS[..], if metrics_here { &["/metrics"] } else { &[] }].concat();
    let served_at = setup.public_url.as_ref().map_or_else(|| ROOT.to_owned(), |url| format!("{url}{ROOT}"));
    let strict_transport = setup.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    let settings = Settings {
        public_url: setup.public_url,
        strict_transport,
        cursor_key: keys.cursors,
        clock: setup.clock.clone(),
        random: setup.random,
    };
    let shared = Shared {
        db: Data::new(db.clone()),
        directory: Data::new(directory.clone()),
        sign_in: Data::new(SignIn { tokens: setup.tokens, keys: keyring.clone(), clock: setup.clock.clone() }),
        vault: Data::new(setup.vault),
        settings: Data::new(settings),
        operations: Data::new(Operations::new(&published, &paths)),
        document: Data::new(Document::new(&document::with_server(&published, &served_at))),
        metrics: metrics.clone(),
        cors_origins: setup.cors_origins.into(),
        metrics_here,
    };
    let address = setup.listener.local_addr().map_err(Error::internal)?;
    let server = listen(shared, setup.listener, setup.workers)?;
    let handle = server.handle();
    // Its first poll starts the workers and takes over the signals: only then is it true that the server runs.
    let server = actix_web::rt::spawn(server);
    tokio::task::yield_now().await;
    let watcher =
        actix_web::rt::spawn(watch(db.clone(), directory.clone(), keyring.clone(), setup.clock, metrics.clone()));
    if let MetricsAt::Apart(listener) = setup.metrics {
        actix_web::rt::spawn(serve_metrics(metrics, listener)?);
    }
    Ok(Running { address, handle, db, directory, keys: keyring, server, watcher })
}

impl Running {
    /// Runs until the server is told to stop, by its handle or by a signal, and what was under way is finished.
    pub async fn until_stopped(self) -> Result<()> {
        let ended = self.server.await.map_err(Error::internal).and_then(|ended| ended.map_err(Error::internal));
        self.watcher.abort();
        ended
    }
}

fn listen(shared: Shared, listener: TcpListener, workers: usize) -> Result<Server> {
    let app = move || {
        let shared = shared.clone();
        App::new()
            .app_data(shared.db)
            .app_data(shared.directory)
            .app_data(shared.sign_in)
            .app_data(shared.vault)
            .app_data(shared.settings)
            .app_data(shared.operations)
            .app_data(shared.document)
            .app_data(shared.metrics)
            .app_data(PayloadConfig::new(body::LARGEST))
            .wrap(Condition::new(!shared.cors_origins.is_empty(), cors(&shared.cors_origins)))
            .wrap(from_fn(envelope::around))
            .configure(meta::routes::pages)
            .configure(|app| {
                if shared.metrics_here {
                    app.route("/metrics", web::get().to(meta::metrics));
                }
            })
            .service(web::scope(ROOT).configure(|app| slices(&mut ServiceConfig::new(app))))
            .default_service(web::to(fallback::answer))
    };
    let workers = if workers == 0 { std::thread::available_parallelism().map_or(2, usize::from) } else { workers };
    let server = HttpServer::new(app)
        .workers(workers)
        // Nothing blocks a worker: the database has threads of its own. Idle blocking threads would only cost memory.
        .worker_max_blocking_threads(1)
        .client_request_timeout(Duration::from_secs(5))
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(10)
        .listen(listener)
        .map_err(Error::internal)?;
    Ok(server.run())
}

fn serve_metrics(metrics: Data<Metrics>, listener: TcpListener) -> Result<Server> {
    let app = move || App::new().app_data(metrics.clone()).route("/metrics", web::get().to(meta::metrics));
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).map_err(Error::internal)?;
    Ok(server.run())
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

/// Notices, within two seconds, what other servers changed.
async fn watch(db: Db, directory: directory::Handle, keys: Keyring, clock: Clock, metrics: Data<Metrics>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let refreshed = directory.refresh(&db, &clock).await.and(keys.refresh(&db).await);
        if let Err(error) = refreshed {
            tracing::warn!(cause = ?error.cause(), "what other servers changed could not be read; going on with what is known");
        }
        metrics.directory_is(directory.current().version);
    }
}
