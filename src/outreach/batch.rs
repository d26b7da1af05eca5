//! The transaction that receives a batch of outreach contacts, and the answer to the call.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{CaseScope, OutreachWorker};
use crate::context::{Context, Tx};
use crate::db::DbConn;
use crate::error::{Error, Problem, Result};
use crate::http::answer::Validator;
use crate::http::body;
use crate::http::problem::view::{Explainer, ProblemView};
use crate::http::written::Written;
use crate::id::{OfficeId, OutreachContactId};
use crate::idempotency::{Repeat, Repeated};
use crate::outreach::NewContact;
use crate::outreach::answers::ContactAnswers;
use crate::outreach::arrival::{self, ArrivedContact, ArrivingContact};
use crate::outreach::preparing::{self, ArrivalEntries};

/// The result of a batch of outreach contacts, contact by contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactBatchResult {
    /// The results of the contacts, in the order in which the contacts were sent.
    #[schema(max_items = 100)]
    items: Vec<BatchItem>,
}

/// The result of one contact of a batch: recorded, or refused with a problem.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactBatchItem)]
pub struct BatchItem {
    /// The contact's place in the batch, counted from 0.
    #[schema(minimum = 0, maximum = 99, example = 0)]
    index: usize,
    /// The identifier of the contact, if it was recorded, now or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<OutreachContactId>,
    /// The HTTP status that the contact would have been answered with if it had been sent alone.
    #[schema(minimum = 200, maximum = 599, example = 201)]
    status: u16,
    /// The entity tag of the recorded contact, as a call for it alone would have it; absent if it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^\"[0-9a-z-]+\"$", example = "\"1-0123456789abcdef\"")]
    etag: Option<String>,
    /// The problem for which the contact was refused. Its pointers are into the whole batch.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemView>,
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

/// A batch whose contacts are prepared and ready to be written.
pub struct BatchReceiving {
    /// The contacts that were prepared without an error; `places` has the place of each in the batch.
    arrivals: Vec<ArrivingContact>,
    places: Vec<usize>,
    /// The results of the contacts that were refused while they were prepared.
    refused: Vec<BatchItem>,
    /// The identifiers in those contacts that name nothing as far as the worker may know.
    unknown: Vec<Uuid>,
    entries: BTreeMap<OfficeId, ArrivalEntries>,
    answers: ContactAnswers,
    explain: Explainer,
    scope: CaseScope,
}

impl BatchReceiving {
    /// Prepares each contact of a batch alone. A contact that cannot be prepared is refused, and the others go on.
    pub async fn new(ctx: &Context<OutreachWorker>, items: &[Value]) -> Self {
        let explain = ctx.call.explainer();
        let (mut arrivals, mut places, mut refused, mut unknown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (index, item) in items.iter().cloned().enumerate() {
            let arrival = match body::read_new::<NewContact>(item) {
                Ok(new) => preparing::arrival(ctx, new).await,
                Err(error) => Err(error),
            };
            match arrival {
                Ok(arrival) => {
                    arrivals.push(arrival);
                    places.push(index);
                }
                Err(error) => {
                    unknown.extend_from_slice(error.unknown());
                    refused.push(BatchItem::refused(index, error, &explain));
                }
            }
        }
        let offices: BTreeSet<OfficeId> =
            arrivals.iter().map(|arrival: &ArrivingContact| arrival.contact.office_id).collect();
        let entries = offices.into_iter().map(|office| (office, ArrivalEntries::new(ctx, office))).collect();
        let (answers, scope) = (ContactAnswers::new(ctx), ctx.changeable());
        Self { arrivals, places, refused, unknown, entries, answers, explain, scope }
    }

    /// Judges and writes the prepared contacts. Returns the answer to the batch, and the failure under which the audit records the
    /// contacts that were refused, if any were.
    pub fn write(&self, tx: &mut Tx<'_>) -> Result<(Written, Option<Error>)> {
        let outcomes = arrival::receive_apart(tx, &self.scope, &self.arrivals)?;
        let arrived: Vec<&ArrivedContact> = outcomes.iter().flatten().collect();
        let of_office = |(office, entries): (&OfficeId, &ArrivalEntries)| {
            let here = arrived.iter().copied().filter(|one| one.contact.office_id == *office);
            entries.of_all(&here.collect::<Vec<_>>())
        };
        tx.record_each_instead(self.entries.iter().flat_map(of_office).collect());
        let (mut items, mut unknown) = (self.refused.clone(), self.unknown.clone());
        for (&index, outcome) in self.places.iter().zip(outcomes) {
            unknown.extend(outcome.as_ref().err().map(Error::unknown).unwrap_or_default());
            let answered = outcome.and_then(|arrived| Ok((arrived.contact.id, self.answers.received(arrived)?)));
            items.push(match answered {
                Ok((id, answer)) => BatchItem::recorded(index, id, &answer),
                Err(error) => BatchItem::refused(index, error, &self.explain),
            });
        }
        items.sort_by_key(|item| item.index);
        tx.keep_for(items.iter().find_map(|item| item.id).map_or(Uuid::nil(), OutreachContactId::uuid));
        let failure = failure(&items, unknown);
        Ok((Written::changed(&ContactBatchResult { items }, Validator::Content)?, failure))
    }
}

/// Makes one failure for the audit of all contacts that were refused. It names what they name in vain.
fn failure(items: &[BatchItem], unknown: Vec<Uuid>) -> Option<Error> {
    let kind = if unknown.is_empty() { Problem::ValidationFailed } else { Problem::UnknownReference };
    items.iter().any(|item| item.problem.is_some()).then(|| Error::new(kind).naming(unknown))
}

/// The part of a kept answer to a batch that tells which contacts were recorded.
#[derive(Deserialize)]
struct ReceivedBatch {
    items: Vec<ReceivedContact>,
}

#[derive(Deserialize)]
struct ReceivedContact {
    id: Option<OutreachContactId>,
}

/// Gives the kept answer to a batch again when the call is repeated. It tells the sender that the contacts were received, and
/// nothing of their content. Without it, a client that missed the first answer could not know that they were received.
pub fn repeat() -> impl Repeat {
    |_: &mut DbConn, _: Uuid, answer: Written| {
        let received: ReceivedBatch = answer.read()?;
        let others = received.items.into_iter().filter_map(|item| item.id).map(OutreachContactId::uuid).collect();
        Ok(Repeated { others, ..answer.into() })
    }
}
