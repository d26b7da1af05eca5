//! Whether the server lives, and whether it is ready to answer.

use actix_web::http::header;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use crate::db::{Db, migrations};
use crate::error::{Error, Problem, Result};
use crate::telemetry::Metrics;

pub fn pages(app: &mut ServiceConfig) {
    app.route("/health/live", web::get().to(live));
    app.route("/health/ready", web::get().to(ready));
}

async fn live() -> impl Responder {
    status("live")
}

/// Ready when the database answers and every migration has run.
async fn ready(db: Data<Db>) -> Result<HttpResponse> {
    match db.read(migrations::are_complete).await? {
        true => Ok(status("ready")),
        false => Err(Error::new(Problem::Unavailable)),
    }
}

fn status(word: &str) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(serde_json::json!({ "status": word }))
}

/// What Prometheus collects. Where it is mounted decides who may see it.
pub async fn metrics(metrics: Data<Metrics>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.text()?))
}
