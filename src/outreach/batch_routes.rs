//! The operation that writes down many outreach contacts in one call: each is judged alone, and all are written in one durable
//! commit.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::audit::actions;
use crate::auth::OutreachWorker;
use crate::context::{Context, Tx};
use crate::error::{Error, Problem, Result, Text, Violation};
use crate::http::body::BodyWithNulls;
use crate::outreach::NewContact;
use crate::outreach::batch::{self, BatchReceiving, ContactBatchResult};

/// The greatest number of contacts in one batch.
const MOST: usize = 100;

/// A batch of outreach contacts that are sent together.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactBatch {
    /// The contacts of the batch, each judged alone.
    #[schema(value_type = Vec<NewContact>, max_items = 100)]
    items: Vec<Value>,
}

/// Write down contacts in a batch
///
/// Writes down up to 100 contacts, for a device that was without a network for a long time. Each contact is read and judged alone: an
/// error in one does not keep the others from being recorded. All contacts that are recorded are committed together. A contact that
/// already exists counts as sent again.
#[utoipa::path(
    operation_id = "submitOutreachContactBatch",
    tag = "outreach",
    request_body = ContactBatch,
    responses((status = 200, description = "The result of each contact.", body = ContactBatchResult)),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::NoOffice, Problem::BatchTooLarge])))
)]
#[post("/outreach-contacts/batch")]
pub async fn submit_batch(ctx: Context<OutreachWorker>, batch: BodyWithNulls<ContactBatch>) -> Result<HttpResponse> {
    let items = batch.0.items;
    if items.len() > MOST {
        let detail = Text::new("must have at most 100 items", "får ha högst 100 poster");
        return Err(Error::invalid_as(Problem::BatchTooLarge, vec![Violation::at("/items", detail)]));
    }
    // Without an office, no contact of the batch could be recorded.
    if ctx.changeable().offices.is_empty() {
        return Err(Error::new(Problem::NoOffice));
    }
    let attempt = actions::OUTREACH_CONTACTS_SUBMITTED.on_new();
    let receive = async || {
        let receiving = BatchReceiving::new(&ctx, &items).await;
        Ok(move |tx: &mut Tx| receiving.write(tx))
    };
    let (written, failure) = ctx.perform(attempt.clone(), batch::repeat(), receive).await?;
    if let Some(failure) = failure.flatten() {
        // The answer is complete all the same, so the failure is only recorded.
        let _noted = ctx.noted::<()>(Err(failure), &attempt);
    }
    ctx.call.send(written)
}
