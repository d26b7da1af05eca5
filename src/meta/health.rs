//! Health checks: whether the server is alive, and whether it is ready to answer.

use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use tokio::sync::Mutex;

use crate::audit::alarm::AuditAlarm;
use crate::auth::{self, SignIn};
use crate::db::{Db, migrations};
use crate::error::{Error, Problem, Result};
use crate::telemetry::Metrics;

pub fn pages(app: &mut ServiceConfig) {
    app.route("/health/live", web::get().to(live));
    app.route("/health/ready", web::get().to(ready));
}

async fn live() -> impl Responder {
    status("live", &[])
}

/// The time for which an answer of the database is good. Anybody may ask as often as they like, since a health check must never be
/// refused, and yet the database is asked once in this time.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// The newest answer of the database: whether it is ready, and when it said so.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Whether the database answers and every migration has run. Of many who ask at once, one asks the database and the others wait
    /// for its answer. Fails if the database could not be read just now.
    async fn of_database(&self, db: &Db) -> Result<bool> {
        let mut known = self.0.lock().await;
        if let Some((at, is_ready)) = *known
            && at.elapsed() < GOOD_FOR
        {
            return Ok(is_ready);
        }
        let read = db.read(migrations::are_complete).await;
        *known = Some((Instant::now(), read.as_ref().is_ok_and(|complete| *complete)));
        read
    }
}

/// Answers 200 if the server is ready: the database answers, every migration has run, and tokens of staff can be verified.
/// Otherwise it answers 503. A ready server also tells what an operator must look into, such as a break of the audit.
async fn ready(
    db: Data<Db>,
    readiness: Data<Readiness>,
    sign_in: Data<SignIn>,
    alarm: Data<AuditAlarm>,
) -> Result<HttpResponse> {
    if !readiness.of_database(&db).await? {
        return Err(Error::new(Problem::Unavailable));
    }
    if sign_in.can_judge_tokens() { Ok(status("ready", &alarm.warnings())) } else { Err(auth::cannot_judge_tokens()) }
}

fn status(word: &str, warnings: &[&str]) -> HttpResponse {
    let mut told = serde_json::json!({ "status": word });
    if !warnings.is_empty() {
        told["warnings"] = serde_json::json!(warnings);
    }
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(told)
}

/// Answers with the metrics in the format of Prometheus. Access is not checked here: it depends on the listener where this is
/// mounted.
pub async fn metrics(metrics: Data<Metrics>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.text()?))
}
