//! The floors: what the same machine does in the same run when nothing of Nära is in between.
//!
//! The server is actix with the workers and the settings of Nära's, and without any middleware. Its handlers look at nothing of the
//! request but, for a reading, the identifier.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use diesel::prelude::*;
use nara::audit::{self, Actor, Entry};
use nara::db::connection::Purpose;
use nara::db::schema::referrals;
use nara::db::{Db, DbConn, Target, in_transaction};
use nara::directory::Directory;
use nara::error::{Problem, Result};
use nara::id::{PartnerId, ReferralId};
use nara::on_backend;
use nara::partners;
use nara::referrals::Referral;
use nara::referrals::reference::Reference;
use nara::referrals::store::{self, SealedReferral};
use nara::time::{Clock, Moment, Random};
use nara::vault::{Ring, Vault};

use super::report;

/// What the handlers need.
pub struct Floors {
    db: Db,
    /// The connection of the transactions that are not grouped.
    alone: Arc<Mutex<DbConn>>,
    sender: PartnerId,
    /// What is stored, but for its identifier and its reference.
    sealed: SealedReferral,
}

/// The rows of one submission.
struct Rows {
    referral: SealedReferral,
    entry: Entry,
}

impl Floors {
    pub fn new(target: &Target, db: Db, directory: &Directory) -> Self {
        let mut conn = target.connect(Purpose::Writing).expect("the database is there");
        let partners = partners::store::all(&mut conn).expect("partners can be listed");
        let sender = partners.first().expect("there is a partner").id;
        let new = serde_json::from_str(&report::body()).expect("the report is one");
        let referral = Referral::receive(new, sender, None, directory, &moment()).expect("the report is received");
        let vault = Vault::new(Ring::new(&Random::system()));
        let sealed = SealedReferral::new(&referral, &vault, &Random::system()).expect("the report is sealed");
        Self { db, alone: Arc::new(Mutex::new(conn)), sender, sealed }
    }

    /// Begins to answer.
    pub fn listen(self, lengths: &[usize]) -> (SocketAddr, Server) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (floors, lengths) = (Data::new(self), lengths.to_vec());
        let app = move || {
            let app = App::new().app_data(floors.clone()).configure(|app| constant_bodies(app, &lengths));
            app.route("/insert", web::post().to(insert))
                .route("/insert-alone", web::post().to(insert_alone))
                .route("/select/{id}", web::get().to(select))
        };
        let server = HttpServer::new(app)
            .workers(std::thread::available_parallelism().map_or(2, usize::from))
            .worker_max_blocking_threads(1)
            .client_request_timeout(Duration::from_secs(5))
            .keep_alive(Duration::from_secs(75))
            .disable_signals()
            .listen(listener);
        (address, server.expect("the listener is ours").run())
    }

    fn rows(&self) -> Rows {
        let moment = moment();
        let (id, reference) = (moment.id(), Reference::new(&moment.random));
        let referral = SealedReferral { id, reference, ..self.sealed.clone() };
        let actor = Actor::Partner(self.sender);
        let entry = Entry::new(&moment, actor, "referral.received", "referral", vec![id.uuid()], trace());
        Rows { referral, entry }
    }
}

impl Rows {
    fn insert(&self, conn: &mut DbConn) -> Result<()> {
        store::insert(conn, &self.referral, &[])?;
        audit::record(conn, &self.entry)
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
    loop {
        let rows = floors.rows();
        match floors.db.write(move |conn| rows.insert(conn)).await {
            // Among so many rows a reference may be taken; the API tries again, too.
            Err(error) if error.problem() == Problem::AlreadyExists => {}
            outcome => return created(outcome),
        }
    }
}

/// The rows in a transaction and a commit of their own, on the one connection that writes.
async fn insert_alone(floors: Data<Floors>, _body: Bytes) -> HttpResponse {
    let (rows, conn) = (floors.rows(), Arc::clone(&floors.alone));
    let work =
        move || in_transaction(&mut conn.lock().unwrap_or_else(PoisonError::into_inner), &|conn| rows.insert(conn));
    created(web::block(work).await.expect("the pool of threads is there"))
}

fn created(outcome: Result<()>) -> HttpResponse {
    match outcome {
        Ok(()) => HttpResponse::Created().content_type("application/json").body("{}"),
        Err(error) => HttpResponse::InternalServerError().body(format!("{error:?}")),
    }
}

/// A referral by its identifier, and the record that it was read, durable before the answer.
async fn select(floors: Data<Floors>, id: web::Path<ReferralId>) -> HttpResponse {
    let id = id.into_inner();
    let actor = Actor::Partner(floors.sender);
    let entry = Entry::new(&moment(), actor, "referral.read", "referral", vec![id.uuid()], trace());
    let find = move |conn: &mut DbConn| -> Result<SealedReferral> {
        Ok(on_backend!(conn, conn => referrals::table.find(id).first(conn))?)
    };
    match floors.db.read_recorded(find, move |conn, _| audit::record(conn, &entry)).await {
        Ok(referral) => HttpResponse::Ok().content_type("application/json").body(referral.reference.to_string()),
        Err(error) => HttpResponse::InternalServerError().body(format!("{error:?}")),
    }
}
