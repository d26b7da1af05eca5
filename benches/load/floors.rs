//! The floors: what the same machine does in the same run when nothing of Nära is in between.
//!
//! The server is actix with the workers and the settings of Nära's, and without any middleware but where the envelope is named. Its
//! handlers look at nothing of the request but, for a reading, the identifier.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool};
use nara::audit::authorship::RecordKey;
use nara::audit::{self, Actor, Entry, actions};
use nara::auth::Category;
use nara::binding::Binder;
use nara::db::connection::Purpose;
use nara::db::schema::referrals;
use nara::db::{Db, DbConn, Target, in_transaction};
use nara::directory::Directory;
use nara::error::{Error, Problem, Result};
use nara::http::envelope;
use nara::http::settings::Settings;
use nara::id::{OutreachContactId, PartnerId, ReferralId};
use nara::moment::Moment;
use nara::on_backend;
use nara::outreach::store::SealedContact;
use nara::referrals::Referral;
use nara::referrals::course::events::{self, SealedEvent};
use nara::referrals::course::steps::StepNote;
use nara::referrals::course::table::Action;
use nara::referrals::reference::Reference;
use nara::referrals::store::{self, SealedReferral};
use nara::telemetry::Metrics;
use nara::time::{Clock, Random};
use nara::vault::Vault;
use nara::{outreach, partners};

use super::{field, report};

/// What the handlers need.
pub struct Floors {
    db: Db,
    /// The connection of the transactions that are not grouped.
    alone: Arc<Mutex<DbConn>>,
    /// The same as most programs would have them.
    pool: Pool<Connections>,
    sender: (PartnerId, Category),
    /// What is stored, but for its identifier and its reference.
    sealed: SealedReferral,
    /// What happens to it.
    event: SealedEvent,
    /// The same of a contact.
    contact: SealedContact,
    /// The key of audit records.
    key: RecordKey,
}

/// Opens the connections of a pool.
struct Connections(Target, Binder);

/// The rows of one submission.
struct Rows {
    referral: SealedReferral,
    entry: Entry,
}

impl Floors {
    pub fn new(target: &Target, vault: &Vault, db: Db, directory: &Directory) -> Self {
        let mut conn = target.connect(Purpose::Writing).expect("the database is there");
        let binder = nara::bound_tables::binder(vault);
        nara::binding::carry(&mut conn, binder.clone());
        let partners = partners::store::all(&mut conn).expect("partners can be listed");
        let partner = partners.first().expect("there is a partner");
        let sender = (partner.id, partner.category);
        let new = serde_json::from_str(&report::body()).expect("the report is one");
        let referral = Referral::receive(new, sender, None, directory, &moment()).expect("the report is received");
        // As many as r2d2 opens by itself.
        let pool = Pool::builder().test_on_check_out(false).build(Connections(target.clone(), binder));
        let sealed = SealedReferral::new(&referral, vault, &Random::system()).expect("the report is sealed");
        let pool = pool.expect("connections can be opened");
        let yesterday = (moment().now.utc() - chrono::TimeDelta::days(1)).into();
        let contact = field::sealed(directory, vault, &moment(), yesterday);
        let event = taken_on(&referral, vault);
        // The server seals these records as well, and refuses those that it did not write.
        let key = RecordKey::of(vault.ring());
        Self { db, alone: Arc::new(Mutex::new(conn)), pool, sender, sealed, event, contact, key }
    }

    /// The agency that sends.
    /// Begins to answer: on the first address as Nära does, on the second with as many blocking threads as actix has by itself,
    /// which is where transactions on pooled connections wait.
    pub fn listen(self, lengths: &[usize]) -> [(SocketAddr, Server); 2] {
        let (floors, lengths) = (Data::new(self), lengths.to_vec());
        let metrics = Data::new(Metrics::new().expect("metrics can be made"));
        let settings = Data::new(Settings {
            public_url: None,
            strict_transport: false,
            trusted_proxies: Vec::new(),
            body_timeout: Duration::from_secs(15),
            cursor_key: [0; 32],
            record_key: [0; 32],
            clock: Clock::system(),
            random: Random::system(),
        });
        let app = move || {
            let enveloped = web::scope("/enveloped").wrap(from_fn(envelope::around));
            App::new()
                .app_data(floors.clone())
                .app_data(settings.clone())
                .app_data(metrics.clone())
                .configure(|app| constant_bodies(app, &lengths))
                .service(enveloped.configure(|app| constant_bodies(app, &lengths)))
                .route("/insert", web::post().to(insert))
                .route("/insert-alone", web::post().to(insert_alone))
                .route("/insert-pooled", web::post().to(insert_pooled))
                .route("/insert-contact", web::post().to(insert_contact))
                .route("/select/{id}", web::get().to(select))
                .route("/act/{id}", web::post().to(act))
        };
        [1, 256].map(|blocking_threads| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
            let address = listener.local_addr().expect("a listener has an address");
            let server = HttpServer::new(app.clone())
                .workers(std::thread::available_parallelism().map_or(2, usize::from))
                .worker_max_blocking_threads(blocking_threads)
                .client_request_timeout(Duration::from_secs(5))
                .keep_alive(Duration::from_secs(75))
                .disable_signals()
                .listen(listener);
            (address, server.expect("the listener is ours").run())
        })
    }

    fn rows(&self) -> Rows {
        let moment = moment();
        let (id, reference) = (moment.id(), Reference::new(&moment.random));
        let referral = SealedReferral { id, reference, ..self.sealed.clone() };
        let actor = Actor::Partner(self.sender.0);
        let entry = Entry::new(&self.key, &moment, actor, actions::REFERRAL_RECEIVED, vec![id.uuid()], trace());
        Rows { referral, entry }
    }
}

impl ManageConnection for Connections {
    type Connection = DbConn;
    type Error = Error;

    fn connect(&self) -> Result<DbConn> {
        let mut conn = self.0.connect(Purpose::Writing)?;
        nara::binding::carry(&mut conn, self.1.clone());
        Ok(conn)
    }

    fn is_valid(&self, _: &mut DbConn) -> Result<()> {
        Ok(())
    }

    fn has_broken(&self, _: &mut DbConn) -> bool {
        false
    }
}

impl Rows {
    fn insert(&self, conn: &mut DbConn) -> Result<()> {
        store::insert(conn, &self.referral, &[])?;
        audit::record(conn, &self.entry)
    }

    fn insert_alone(&self, conn: &mut DbConn) -> Result<()> {
        in_transaction(conn, &|conn| self.insert(conn))
    }
}

fn moment() -> Moment {
    Moment { now: Clock::system().now(), random: Random::system() }
}

/// As long as a real one.
fn trace() -> String {
    "4bf92f3577b34da6a3ce929d0e0e4736".to_owned()
}

fn constant_bodies(app: &mut ServiceConfig, lengths: &[usize]) {
    for length in lengths {
        let body = Bytes::from(vec![b' '; *length]);
        let answer = move || {
            let body = body.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(body) }
        };
        app.route(&format!("/constant/{length}"), web::get().to(answer));
    }
}

/// The rows through `Db::write`: the group writer on SQLite, a transaction on PostgreSQL. The body is received and not read.
async fn insert(floors: Data<Floors>, _body: Bytes) -> HttpResponse {
    created(|| {
        let rows = floors.rows();
        floors.db.write(move |conn| rows.insert(conn))
    })
    .await
}

/// A contact and its audit record through `Db::write`.
async fn insert_contact(floors: Data<Floors>, _body: Bytes) -> HttpResponse {
    created(|| {
        let moment = moment();
        let id: OutreachContactId = moment.id();
        let contact = SealedContact { id, ..floors.contact.clone() };
        let actor = Actor::Staff(contact.worker_id);
        let about = vec![id.uuid()];
        let entry = Entry::new(&floors.key, &moment, actor, actions::OUTREACH_CONTACT_CREATED, about, trace());
        floors.db.write(move |conn| {
            outreach::store::insert(conn, std::slice::from_ref(&contact), &[])?;
            audit::record(conn, &entry)
        })
    })
    .await
}

/// The rows in a transaction and a commit of their own, on the one connection that writes.
async fn insert_alone(floors: Data<Floors>, _body: Bytes) -> HttpResponse {
    created(|| {
        let (rows, conn) = (floors.rows(), Arc::clone(&floors.alone));
        blocking(move || rows.insert_alone(&mut conn.lock().unwrap_or_else(PoisonError::into_inner)))
    })
    .await
}

/// The rows in a transaction and a commit of their own, on any of the connections of a pool.
async fn insert_pooled(floors: Data<Floors>, _body: Bytes) -> HttpResponse {
    created(|| {
        let (rows, pool) = (floors.rows(), floors.pool.clone());
        blocking(move || rows.insert_alone(&mut *pool.get().map_err(Error::internal)?))
    })
    .await
}

async fn blocking(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    web::block(work).await.expect("the pool of threads is there")
}

/// Among so many rows a reference may be taken; then it is tried again, as the API does.
async fn created<Stored: Future<Output = Result<()>>>(store: impl Fn() -> Stored) -> HttpResponse {
    loop {
        match store().await {
            Ok(()) => return HttpResponse::Created().content_type("application/json").body("{}"),
            Err(error) if error.problem() == Problem::AlreadyExists => {}
            Err(error) => return HttpResponse::InternalServerError().body(format!("{error:?}")),
        }
    }
}

/// A referral by its identifier, and the record that it was read, durable before the answer.
async fn select(floors: Data<Floors>, id: web::Path<ReferralId>) -> HttpResponse {
    let id = id.into_inner();
    let actor = Actor::Partner(floors.sender.0);
    let entry = Entry::new(&floors.key, &moment(), actor, actions::REFERRAL_READ, vec![id.uuid()], trace());
    let find = move |conn: &mut DbConn| -> Result<SealedReferral> {
        Ok(on_backend!(conn, conn => referrals::table.find(id).first(conn))?)
    };
    match floors.db.read_recorded(find, move |conn, _| audit::record(conn, &entry)).await {
        Ok(referral) => HttpResponse::Ok().content_type("application/json").body(referral.reference.to_string()),
        Err(error) => HttpResponse::InternalServerError().body(format!("{error:?}")),
    }
}

/// The next version of a referral, what happened to it and the audit record, in one transaction, after it was read.
async fn act(floors: Data<Floors>, id: web::Path<ReferralId>, _body: Bytes) -> HttpResponse {
    let id = id.into_inner();
    loop {
        let moment = moment();
        let find = move |conn: &mut DbConn| -> Result<SealedReferral> {
            Ok(on_backend!(conn, conn => referrals::table.find(id).first(conn))?)
        };
        let before = match floors.db.read(find).await {
            Ok(before) => before,
            Err(error) => return HttpResponse::InternalServerError().body(format!("{error:?}")),
        };
        let after = SealedReferral { version: before.version + 1, ..before };
        let event = SealedEvent { id: moment.id(), referral_id: id, version: after.version, ..floors.event.clone() };
        let actor = Actor::Partner(floors.sender.0);
        let entry = Entry::new(&floors.key, &moment, actor, actions::REFERRAL_ASSIGNED, vec![id.uuid()], trace());
        let write = move |conn: &mut DbConn| {
            store::update(conn, &after)?;
            events::insert(conn, &event)?;
            audit::record(conn, &entry)
        };
        match floors.db.write(write).await {
            Ok(()) => return HttpResponse::Ok().content_type("application/json").body("{}"),
            Err(error) if error.problem() == Problem::StaleVersion => {}
            Err(error) => return HttpResponse::InternalServerError().body(format!("{error:?}")),
        }
    }
}

/// What is written down of a step: that somebody took it on.
fn taken_on(referral: &Referral, vault: &Vault) -> SealedEvent {
    let (actor, said) = (Actor::Staff(moment().id()), StepNote::default());
    let event = SealedEvent::new(Action::Assign, (referral, referral), actor, &said, vault, &moment());
    event.expect("it can be sealed")
}
