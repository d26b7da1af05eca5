//! An attempt of a call at an action, before it is known how it ends. The audit record is made of it, both when the attempt
//! succeeds and when it fails.

use uuid::Uuid;

use crate::audit::actions::AuditAction;
use crate::audit::actor::Actor;
use crate::audit::authorship::RecordKey;
use crate::audit::client::Client;
use crate::audit::entry::Entry;
use crate::audit::reason::AccessReason;
use crate::http::call::Call;
use crate::id::OfficeId;
use crate::moment::Moment;

/// An attempt of a call at an action, with what the audit record will contain.
#[derive(Debug, Clone)]
pub struct AuditAttempt {
    pub action: AuditAction,
    resource_ids: Vec<Uuid>,
    /// The type and identifier of the resource that the record of a failure is about, if it is another one than the record of a
    /// success is about.
    below: Option<(&'static str, Uuid)>,
    office: Option<OfficeId>,
    reason: Option<AccessReason>,
    leads_nowhere: bool,
}

impl AuditAttempt {
    pub(super) fn new(action: AuditAction, resource_ids: Vec<Uuid>) -> Self {
        Self { action, resource_ids, below: None, office: None, reason: None, leads_nowhere: false }
    }

    /// Sets the resource to which the new or listed ones belong, such as the contact of an offer. If the attempt fails, the
    /// record is about that resource.
    pub fn below(self, resource_type: &'static str, id: impl Into<Uuid>) -> Self {
        Self { below: Some((resource_type, id.into())), ..self }
    }

    /// Sets the office that the caller works for, or none if that is not known.
    pub fn on_behalf_of(self, office: impl Into<Option<OfficeId>>) -> Self {
        Self { office: office.into(), ..self }
    }

    /// Sets the caller's reason for reading what belongs to another office.
    pub fn because(self, reason: impl Into<Option<AccessReason>>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    /// Sets whether the record is made without the client and with a random trace, so that it does not lead back to somebody who
    /// stays anonymous.
    pub fn leading_nowhere(self, leads_nowhere: bool) -> Self {
        Self { leads_nowhere, ..self }
    }

    /// Makes the audit record of this attempt, for the case that it succeeds.
    pub fn entry(&self, call: &AuditedCall) -> Entry {
        let entry = call.entry(self.action, self.resource_ids.clone()).on_behalf_of(self.office).because(self.reason);
        if self.leads_nowhere { entry.leading_nowhere(&call.moment.random) } else { entry }
    }

    /// Makes the audit record of this attempt, for the case that it fails.
    pub fn failed(&self, call: &AuditedCall) -> Entry {
        let entry = self.entry(call);
        match self.below {
            Some((resource_type, id)) => entry.about_type(resource_type, vec![id]),
            None => entry,
        }
    }
}

impl AuditAction {
    /// Begins an attempt at this action on one resource.
    pub fn on(self, id: impl Into<Uuid>) -> AuditAttempt {
        AuditAttempt::new(self, vec![id.into()])
    }

    /// Begins an attempt at this action on resources that are known only afterwards: those that the call creates or finds.
    pub fn on_new(self) -> AuditAttempt {
        AuditAttempt::new(self, Vec::new())
    }
}

/// The data of a call that go into its audit records: the actor, the time, the trace and the client.
#[derive(Clone)]
pub struct AuditedCall {
    pub actor: Actor,
    pub moment: Moment,
    trace_id: String,
    client: Client,
    key: RecordKey,
}

impl AuditedCall {
    /// Takes the data for audit records from a call whose caller is recorded as `actor`.
    pub fn new(call: &Call, actor: Actor) -> Self {
        let key = RecordKey::new(call.record_key());
        Self { actor, moment: call.moment.clone(), trace_id: call.trace.id(), client: Client::of(call), key }
    }

    /// Makes the audit record of an action of this call on the resources `resource_ids`.
    pub fn entry(&self, action: AuditAction, resource_ids: Vec<Uuid>) -> Entry {
        let trace_id = self.trace_id.clone();
        Entry::new(&self.key, &self.moment, self.actor, action, resource_ids, trace_id).from_client(self.client)
    }
}
