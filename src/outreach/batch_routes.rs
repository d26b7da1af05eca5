//! Many contacts in one call: each is judged alone, and all are written in one durable commit.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit::{self, Entry};
use crate::auth::{Desk, OutreachWorker, Tools};
use crate::db::{DbConn, anew};
use crate::error::{Error, Problem, Result, Text, Violation};
use crate::http::answer::Validator;
use crate::http::body::{self, BodyWithNulls};
use crate::http::problem::view::{Explainer, ProblemView};
use crate::http::written::Written;
use crate::id::{OfficeId, OutreachContactId};
use crate::idempotency::{Again, ReplayAnew, Slot};
use crate::outreach::NewContact;
use crate::outreach::answers::answer;
use crate::outreach::arrival::{self, ArrivedContact, ArrivingContact};

/// The most contacts that a batch may have.
const MOST: usize = 100;

/// A batch of contacts that are sent together.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactBatch {
    /// The contacts of the batch, each judged alone.
    #[schema(value_type = Vec<NewContact>, max_items = 100)]
    items: Vec<Value>,
}

/// The result of a batch, contact by contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactBatchResult {
    /// The results of the contacts, in the order in which the contacts were sent.
    #[schema(max_items = 100)]
    items: Vec<BatchItem>,
}

/// The result of one contact of a batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactBatchItem)]
pub struct BatchItem {
    /// The contact's place in the batch, counted from 0.
    #[schema(minimum = 0, maximum = 99, example = 0)]
    index: usize,
    /// The identifier of the contact, if it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<OutreachContactId>,
    /// The HTTP status that the contact would have been answered with if it had been sent alone.
    #[schema(minimum = 200, maximum = 599, example = 201)]
    status: u16,
    /// The entity tag of the contact, if it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^\"[0-9a-z-]+\"$", example = "\"1-0123456789abcdef\"")]
    etag: Option<String>,
    /// The problem for which the contact was not recorded. Its pointers lead into the whole batch.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemView>,
}

/// The contacts that a kept answer is about.
#[derive(Deserialize)]
struct Received {
    items: Vec<ReceivedItem>,
}

#[derive(Deserialize)]
struct ReceivedItem {
    id: Option<OutreachContactId>,
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
pub async fn submit_batch(
    OutreachWorker(staff): OutreachWorker,
    tools: Tools,
    batch: BodyWithNulls<ContactBatch>,
) -> Result<HttpResponse> {
    let items = batch.0.items;
    if items.len() > MOST {
        let detail = Text::new("must have at most 100 items", "får ha högst 100 poster");
        return Err(Error::invalid_as(Problem::BatchTooLarge, vec![Violation::at("/items", detail)]));
    }
    let field = Desk::new(staff, tools);
    // Without an office, no contact of the batch could be recorded.
    if field.sight().offices.is_empty() {
        return Err(Error::new(Problem::NoOffice));
    }
    // The answer tells its sender that the contacts were received, and nothing of their content. Without it, a client that missed the
    // first answer could not know that they were received.
    let render = |_: &mut DbConn, _: Uuid, answer: Written| {
        let received: Received = answer.read()?;
        let others = received.items.into_iter().filter_map(|item| item.id).map(OutreachContactId::uuid).collect();
        Ok(Again { answer, others, leads_nowhere: false })
    };
    let replay = ReplayAnew { action: "outreach_contact.batch.replayed", resource_type: "outreach_contact", render };
    let once = async |slot: Slot| {
        let explain = field.call.explainer();
        let mut steps = Vec::new();
        let mut arrivals: Vec<ArrivingContact> = Vec::new();
        for (index, item) in items.iter().cloned().enumerate() {
            let arrival = match body::read_new::<NewContact>(item) {
                Ok(new) => field.arrival(new).await,
                Err(error) => Err(error),
            };
            match arrival {
                Ok(arrival) => {
                    arrivals.push(arrival);
                    steps.push(None);
                }
                Err(error) => steps.push(Some(BatchItem::refused(index, error, &explain))),
            }
        }
        let offices = arrivals.iter().map(|arrival| arrival.contact.office_id);
        let entries: BTreeMap<OfficeId, (Entry, Entry)> =
            offices.map(|office| (office, field.entries(office))).collect();
        let (sight, links, vault) = (field.sight(), field.call.links(), field.vault.get_ref().clone());
        let work = move |conn: &mut DbConn| {
            let outcomes = arrival::receive_apart(conn, &sight, &arrivals)?;
            let arrived: Vec<&ArrivedContact> = outcomes.iter().flatten().collect();
            for (office, (created, known)) in &entries {
                for (entry, is_new) in [(created, true), (known, false)] {
                    let here = arrived.iter().filter(|one| one.contact.office_id == *office && one.is_new == is_new);
                    let ids: Vec<Uuid> = here.map(|one| one.contact.id.uuid()).collect();
                    if !ids.is_empty() {
                        audit::record(conn, &entry.clone().about(ids))?;
                    }
                }
            }
            let mut outcomes = outcomes.into_iter();
            let mut unknown = Vec::new();
            let item = |(index, refused): (usize, &Option<BatchItem>)| {
                if let Some(refused) = refused {
                    return refused.clone();
                }
                let outcome = outcomes.next().unwrap_or_else(|| Err(Error::internal("a contact came to nothing")));
                unknown.extend(outcome.as_ref().err().map(Error::unknown).unwrap_or_default());
                match outcome.and_then(|arrived| Ok((arrived.contact.id, answer(arrived, &vault, &links)?))) {
                    Ok((id, answer)) => BatchItem::recorded(index, id, &answer),
                    Err(error) => BatchItem::refused(index, error, &explain),
                }
            };
            let items: Vec<BatchItem> = steps.iter().enumerate().map(item).collect();
            let about = items.iter().find_map(|item| item.id).map_or(Uuid::nil(), OutreachContactId::uuid);
            let answer = Written::changed(&ContactBatchResult { items }, Validator::Content)?;
            slot.keep(conn, about, &answer)?;
            Ok((answer, unknown))
        };
        let (answer, unknown) = field.db.write(work).await?;
        if !unknown.is_empty() {
            // The answer is complete all the same, so the error is only recorded as a denial.
            let _noted = field.noted::<()>(Err(Error::new(Problem::UnknownReference).naming(unknown)));
        }
        Ok(answer)
    };
    let submit = async |slot: Slot| anew(false, async || once(slot.clone()).await).await;
    field.call.send(field.retries.once_or_anew(&field.call, field.caller.actor(), replay, submit).await?)
}

impl BatchItem {
    fn recorded(index: usize, id: OutreachContactId, answer: &Written) -> Self {
        let etag = Some(answer.etag().to_owned());
        Self { index, id: Some(id), status: answer.status(), etag, problem: None }
    }

    fn refused(index: usize, error: Error, explain: &Explainer) -> Self {
        let problem = explain.problem(&error.within(&format!("/items/{index}")));
        Self { index, id: None, status: problem.status(), etag: None, problem: Some(problem) }
    }
}
