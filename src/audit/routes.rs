//! The operations by which auditors list and verify the records of the audit.

use std::time::Instant;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::IntoParams;

use crate::audit::actions;
use crate::audit::actor::Actor;
use crate::audit::alarm::AuditAlarm;
use crate::audit::chain::{Head, Sealer};
use crate::audit::entry::Entry;
use crate::audit::record::AuditRecord;
use crate::audit::store::{self, AuditFilter};
use crate::audit::verify::{Verification, Walk};
use crate::audit::views::{AuditRecordView, VerificationView};
use crate::auth::Auditor;
use crate::binding::Binder;
use crate::context::Context;
use crate::db::Db;
use crate::error::{Error, Problem, Result, Text};
use crate::http::call::Cache;
use crate::http::mount::Mount;
use crate::http::page::{Page, PageRows, Paging, PagingParameters};
use crate::http::query::Query;
use crate::id::ResourceId;
use crate::text::Line;
use crate::time::Timestamp;

/// Mounts the operations on the audit.
pub fn mount(api: &mut impl Mount) {
    api.service(list_audit_records).service(verify_audit_records);
}

/// Verifies the audit at the request of auditors, one verification at a time. A verification reads the whole audit, so two at
/// once would only take longer.
pub struct AuditVerifier {
    sealer: Sealer,
    binder: Binder,
    alarm: AuditAlarm,
    turn: Semaphore,
}

impl AuditVerifier {
    /// Makes a verifier that checks seals with the key of `sealer` and the bound rows of the database with that of `binder`, and
    /// compares the audit with what the server knows of it.
    pub fn new(sealer: Sealer, binder: Binder, alarm: AuditAlarm) -> Self {
        Self { sealer, binder, alarm, turn: Semaphore::new(1) }
    }

    fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.turn.try_acquire().map_err(|_| Error::new(Problem::Overloaded))
    }

    async fn verify(&self, db: &Db, expected: Option<Head>, now: Timestamp) -> Result<Verification> {
        let mut evidence = self.alarm.evidence();
        evidence.heads.extend(expected);
        let mut walk = Walk::new(self.sealer.clone(), evidence, now).with_rows(self.binder.clone());
        loop {
            let begun = Instant::now();
            match db.read(move |conn| walk.step(conn)).await? {
                Ok(verification) => return Ok(verification),
                Err(rest) => walk = rest,
            }
            // The pause is as long as the step took, so that other calls get half of the time of the database.
            tokio::time::sleep(begun.elapsed()).await;
        }
    }
}

/// The filters of the list of audit records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Only records of this actor: `staff:` or `partner:` and an identifier, or `system`.
    #[param(inline)]
    actor: Option<Actor>,
    /// Only records about things of this type, such as `referral`.
    resource_type: Option<Line>,
    /// Only records that are about the thing with this identifier, alone or among others.
    resource_id: Option<ResourceId>,
    /// Only records of this action, a code of the code list `audit-actions`, such as `referral.read`.
    action: Option<Line>,
    /// Only records of actions at this time or later.
    from: Option<Timestamp>,
    /// Only records of actions before this time.
    to: Option<Timestamp>,
}

/// The parameters of a verification of the audit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VerificationQuery {
    /// The head of the chain of seals (the number and the hash of its last seal) as an earlier verification or the server's log
    /// gave it, in the form `SEQ:HASH`. With it a verification also notices that the end of the chain was cut off before the
    /// server started.
    #[param(max_length = 80, pattern = "^[1-9][0-9]{0,14}:[0-9a-f]{64}$")]
    expected_head: Option<String>,
}

/// List the records of the audit
///
/// Returns records of changes and readings, the newest first, including denied attempts. Things and people are named only by
/// their identifiers. Follow the `next` links through long lists. The reading of the list is itself recorded, with every record
/// that the page shows.
#[utoipa::path(
    operation_id = "listAuditRecords",
    tag = "audit",
    params(RecordQuery, PagingParameters),
    responses((status = 200, description = "A page of records.", body = Page<AuditRecordView>)),
    security(("staffToken" = []))
)]
#[get("/audit-records")]
async fn list_audit_records(ctx: Context<Auditor>, query: Query<RecordQuery>, paging: Paging) -> Result<HttpResponse> {
    let filter = query.0.filter();
    let (from, limit, count) = (paging.from_among_cases(&ctx.call)?, paging.limit, paging.total);
    let shown = paging.shown();
    let read = move |conn: &mut _| {
        let total = if count { Some(store::count(conn, &filter)?) } else { None };
        Ok((store::page(conn, &filter, &from, limit)?, total))
    };
    let seen = move |(rows, _): &(Vec<AuditRecord>, Option<u64>), entry: Entry| {
        entry.about(rows.iter().take(shown).map(|record| record.id.uuid()).collect())
    };
    let (rows, total) = ctx.read_recorded(actions::AUDIT_READ.on_new(), read, seen).await?;
    let found = PageRows::of_one_more(rows, &paging, total, |last| last.id);
    Ok(ctx.call.give(found.answer(&ctx.call, &paging, AuditRecordView::new)?, Cache::NoStore))
}

/// Verify the audit
///
/// Goes through all records and their seals, and reports which records were changed, removed or inserted by somebody who got past
/// the database's own protection. It also compares the chain of seals with the end that the server remembers. The time that this takes grows with the audit, since the verification gives way to other calls.
/// While one verification runs, a second one is answered with 503.
#[utoipa::path(
    operation_id = "verifyAuditRecords",
    tag = "audit",
    params(VerificationQuery),
    responses((status = 200, description = "The result of the verification.", body = VerificationView)),
    security(("staffToken" = []))
)]
#[get("/audit-records/verification")]
async fn verify_audit_records(
    ctx: Context<Auditor>,
    verifier: Data<AuditVerifier>,
    query: Query<VerificationQuery>,
) -> Result<HttpResponse> {
    let expected = query.0.expected_head.as_deref().map(|head| head.parse().map_err(|_| wrong_head())).transpose()?;
    // The turn is taken first, so that a refused verification is not recorded as done.
    let _turn = verifier.turn()?;
    // The verification reads in many steps, so it is recorded before the first.
    ctx.read_recorded(actions::AUDIT_VERIFIED.on_new(), |_| Ok(()), |(), entry| entry).await?;
    let verification = verifier.verify(&ctx.db, expected, ctx.call.moment.now).await?;
    let links = vec![ctx.call.link_to_list("self", &[])];
    ctx.call.answer(&VerificationView::new(verification, links), Cache::NoStore)
}

fn wrong_head() -> Error {
    let detail = Text::new(
        "must be the number and the hash of a seal, with a colon between them",
        "måste vara ett sigills nummer och hash, med kolon emellan",
    );
    Error::parameter("expectedHead", detail)
}

impl RecordQuery {
    fn filter(self) -> AuditFilter {
        AuditFilter {
            actor: self.actor,
            resource_type: self.resource_type.map(|line| line.to_string()),
            resource: self.resource_id,
            action: self.action.map(|line| line.to_string()),
            from: self.from,
            to: self.to,
        }
    }
}
