//! An attempt at an action, before it is known how it ends. The audit's entry is made of it when it succeeds, and when it is denied.

use uuid::Uuid;

use crate::audit::actions::AuditAction;
use crate::audit::actor::Actor;
use crate::audit::client::Client;
use crate::audit::entry::Entry;
use crate::audit::reason::AccessReason;
use crate::http::call::Call;
use crate::id::OfficeId;
use crate::moment::Moment;

/// An attempt at an action.
#[derive(Debug, Clone)]
pub struct AuditAttempt {
    pub action: AuditAction,
    resource_ids: Vec<Uuid>,
    /// The resource that a denial is about, where it is another than the one that a success is about.
    below: Option<(&'static str, Uuid)>,
    office: Option<OfficeId>,
    reason: Option<AccessReason>,
    leads_nowhere: bool,
    /// Whether the handler notes the denial of its readings itself.
    pub(crate) notes_readings_only: bool,
}

impl AuditAttempt {
    pub(super) fn new(action: AuditAction, resource_ids: Vec<Uuid>) -> Self {
        Self {
            action,
            resource_ids,
            below: None,
            office: None,
            reason: None,
            leads_nowhere: false,
            notes_readings_only: false,
        }
    }

    /// The same attempt at something new below a resource, such as an offer at a contact: a denial is about that resource.
    pub fn below(self, resource_type: &'static str, id: impl Into<Uuid>) -> Self {
        Self { below: Some((resource_type, id.into())), ..self }
    }

    /// The same attempt on behalf of an office.
    pub fn on_behalf_of(self, office: impl Into<Option<OfficeId>>) -> Self {
        Self { office: office.into(), ..self }
    }

    /// The same attempt to read what belongs to another office, with the reason for it.
    pub fn because(self, reason: impl Into<Option<AccessReason>>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    /// The same attempt, whose record must not lead back to the call if `leads_nowhere`.
    pub fn leading_nowhere(self, leads_nowhere: bool) -> Self {
        Self { leads_nowhere, ..self }
    }

    /// The same attempt, for a handler that notes the denial of its readings itself. A later failure is not recorded: that somebody named
    /// in the body was lost sight of, or that an answer that was kept may no longer be given.
    pub fn noting_readings_only(self) -> Self {
        Self { notes_readings_only: true, ..self }
    }

    /// The entry of an attempt that succeeds.
    pub fn entry(&self, call: &AuditedCall) -> Entry {
        let entry = call.entry(self.action, self.resource_ids.clone()).on_behalf_of(self.office).because(self.reason);
        if self.leads_nowhere { entry.leading_nowhere(&call.moment.random) } else { entry }
    }

    /// The entry of an attempt that is denied.
    pub fn denied(&self, call: &AuditedCall) -> Entry {
        let entry = self.entry(call).denied();
        match self.below {
            Some((resource_type, id)) => entry.about_type(resource_type, vec![id]),
            None => entry,
        }
    }
}

impl AuditAction {
    /// An attempt at one resource.
    pub fn on(self, id: impl Into<Uuid>) -> AuditAttempt {
        AuditAttempt::new(self, vec![id.into()])
    }

    /// An attempt at resources that are known only afterwards: those that it creates or finds.
    pub fn on_new(self) -> AuditAttempt {
        AuditAttempt::new(self, Vec::new())
    }
}

/// The call that an entry is made of: its caller, its time, its trace and its client.
#[derive(Clone)]
pub struct AuditedCall {
    pub actor: Actor,
    pub moment: Moment,
    trace_id: String,
    client: Client,
}

impl AuditedCall {
    /// The call of a caller who acts as `actor`.
    pub fn new(call: &Call, actor: Actor) -> Self {
        Self { actor, moment: call.moment.clone(), trace_id: call.trace.id(), client: Client::of(call) }
    }

    /// The entry of an action of this call on these resources.
    pub fn entry(&self, action: AuditAction, resource_ids: Vec<Uuid>) -> Entry {
        Entry::new(&self.moment, self.actor, action, resource_ids, self.trace_id.clone()).from_client(self.client)
    }
}
