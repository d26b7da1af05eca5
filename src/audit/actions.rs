//! The table of actions: each kind of change or reading that the audit records. A line also says how a repeated call and a lost
//! race are handled.
//!
//! - `repeated_as`: a caller may send an `Idempotency-Key` with the call. A repeated call gets the same answer again, and is
//!   recorded under this code.
//! - `retried`: if the work of a call loses a race against another call, it is prepared and tried again. Without `retried`, the
//!   caller is told of the conflict.
//! - `open`: all callers of the action may know of every resource of the type, so that a resource which is not found is not
//!   recorded as a denied attempt.
//!
//! Every audit record is made from a line of this table. A test checks that no code of an action is written anywhere else.

use uuid::Uuid;

use crate::audit::attempt::AuditAttempt;

/// A kind of change or reading that the audit records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditAction {
    /// The code of the action in audit records, such as `offer.answered`.
    pub code: &'static str,
    /// The type of the resources that the action is about, such as `offer`.
    pub resource_type: &'static str,
    /// The code under which a repeated call is recorded. `None` if calls of this action take no `Idempotency-Key`.
    pub repeated: Option<&'static str>,
    /// Whether the work of a call is prepared and tried again if it loses a race against another call.
    pub is_retried: bool,
    /// Whether all callers of the action may know of every resource of the type, so that a resource which is not found is not
    /// recorded as a denied attempt.
    pub is_open: bool,
}

impl AuditAction {
    const fn new(code: &'static str, resource_type: &'static str) -> Self {
        Self { code, resource_type, repeated: None, is_retried: false, is_open: false }
    }

    const fn repeated_as(self, code: &'static str) -> Self {
        Self { repeated: Some(code), ..self }
    }

    const fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    const fn retried(self) -> Self {
        Self { is_retried: true, ..self }
    }

    /// The action under which a repeated call is recorded. `None` if calls of this action take no `Idempotency-Key`.
    pub fn again(self) -> Option<Self> {
        self.repeated.map(|code| Self { code, ..self })
    }

    /// Begins an attempt at this action on one resource.
    pub fn on(self, id: impl Into<Uuid>) -> AuditAttempt {
        AuditAttempt::new(self, vec![id.into()])
    }

    /// Begins an attempt at this action on resources that are known only afterwards: those that the call creates or finds.
    pub fn on_new(self) -> AuditAttempt {
        AuditAttempt::new(self, Vec::new())
    }
}

macro_rules! actions {
    ($($name:ident = $action:expr;)*) => {
        $(pub const $name: AuditAction = $action;)*

        /// All actions of the table.
        pub const ALL: &[AuditAction] = &[$($name),*];
    };
}

actions! {
    // The directory: its writings. Reading it is recorded by nobody.
    AREA_CREATED = AuditAction::new("area.created", "area").repeated_as("area.created.replayed").open();
    AREA_CHANGED = AuditAction::new("area.changed", "area").open();
    AREA_DELETED = AuditAction::new("area.deleted", "area").open();
    DISTRICT_CREATED = AuditAction::new("district.created", "district").repeated_as("district.created.replayed").open();
    DISTRICT_CHANGED = AuditAction::new("district.changed", "district").open();
    DISTRICT_DELETED = AuditAction::new("district.deleted", "district").open();
    OFFICE_CREATED = AuditAction::new("office.created", "office").repeated_as("office.created.replayed").open();
    OFFICE_CHANGED = AuditAction::new("office.changed", "office").open();
    OFFICE_DELETED = AuditAction::new("office.deleted", "office").open();
    SERVICE_CREATED = AuditAction::new("service.created", "service").repeated_as("service.created.replayed").open();
    SERVICE_CHANGED = AuditAction::new("service.changed", "service").open();
    SERVICE_DELETED = AuditAction::new("service.deleted", "service").open();
    DISTRICT_BOUNDARY_REPLACED = AuditAction::new("district.boundary_replaced", "district").open();
    DIRECTORY_IMPORTED = AuditAction::new("directory.imported", "directory");

    // Partner agencies and their keys.
    PARTNER_CREATED = AuditAction::new("partner.created", "partner").repeated_as("partner.created.replayed").open();
    PARTNER_CHANGED = AuditAction::new("partner.changed", "partner").open();
    PARTNER_KEY_CREATED = AuditAction::new("partner_key.created", "partner_key").repeated_as("partner_key.created.replayed").open();
    PARTNER_KEY_ROTATED = AuditAction::new("partner_key.rotated", "partner_key").repeated_as("partner_key.rotated.replayed").open();
    PARTNER_KEY_REVOKED = AuditAction::new("partner_key.revoked", "partner_key").repeated_as("partner_key.revoked.replayed").open();

    // People and families.
    PERSON_CREATED = AuditAction::new("person.created", "person").repeated_as("person.created.replayed").retried();
    PERSON_CHANGED = AuditAction::new("person.changed", "person").retried();
    PERSON_MOVED = AuditAction::new("person.moved", "person").repeated_as("person.moved.replayed").retried();
    PERSON_LINKED = AuditAction::new("person.linked", "person");
    PERSON_READ = AuditAction::new("person.read", "person");
    PERSON_LOOKED_UP_BY_NAME = AuditAction::new("person.looked_up_by_name", "person");
    PERSON_LOOKED_UP_BY_NUMBER = AuditAction::new("person.looked_up_by_number", "person");
    PERSON_TIMELINE_READ = AuditAction::new("person.timeline_read", "person");
    FAMILY_CREATED = AuditAction::new("family.created", "family").repeated_as("family.created.replayed");
    FAMILY_CHANGED = AuditAction::new("family.changed", "family");
    FAMILY_MERGED = AuditAction::new("family.merged", "family").repeated_as("family.merged.replayed").retried();
    FAMILY_READ = AuditAction::new("family.read", "family");
    FAMILY_TIMELINE_READ = AuditAction::new("family.timeline_read", "family");

    // The field.
    OUTREACH_CONTACT_CREATED = AuditAction::new("outreach_contact.created", "outreach_contact").repeated_as("outreach_contact.created.replayed").retried();
    OUTREACH_CONTACT_PUT = AuditAction::new("outreach_contact.created", "outreach_contact").retried();
    OUTREACH_CONTACTS_SUBMITTED = AuditAction::new("outreach_contact.created", "outreach_contact").repeated_as("outreach_contact.batch.replayed").retried();
    OUTREACH_CONTACT_CORRECTED = AuditAction::new("outreach_contact.corrected", "outreach_contact");
    OUTREACH_CONTACT_ENTERED_IN_ERROR = AuditAction::new("outreach_contact.entered_in_error", "outreach_contact").repeated_as("outreach_contact.entered_in_error.replayed").retried();
    OUTREACH_CONTACT_READ = AuditAction::new("outreach_contact.read", "outreach_contact");
    OUTREACH_CONTACT_LISTED = AuditAction::new("outreach_contact.listed", "outreach_contact");
    OUTREACH_CONTACT_VERSIONS_READ = AuditAction::new("outreach_contact.versions_read", "outreach_contact");
    OFFER_CREATED = AuditAction::new("offer.created", "offer").repeated_as("offer.created.replayed").retried();
    OFFER_ANSWERED = AuditAction::new("offer.answered", "offer").repeated_as("offer.answered.replayed").retried();
    OFFER_CLOSED = AuditAction::new("offer.closed", "offer").repeated_as("offer.closed.replayed").retried();
    OFFER_READ = AuditAction::new("offer.read", "offer");
    OFFER_LISTED = AuditAction::new("offer.listed", "offer");
    FOLLOW_UP_CREATED = AuditAction::new("follow_up.created", "follow_up").repeated_as("follow_up.created.replayed");
    FOLLOW_UP_COMPLETED = AuditAction::new("follow_up.completed", "follow_up").repeated_as("follow_up.completed.replayed").retried();
    FOLLOW_UP_READ = AuditAction::new("follow_up.read", "follow_up");
    FOLLOW_UP_LISTED = AuditAction::new("follow_up.listed", "follow_up");

    // Referrals: how they come in, and their readings.
    REFERRAL_RECEIVED = AuditAction::new("referral.received", "referral").repeated_as("referral.received.replayed").retried();
    REFERRAL_CREATED = AuditAction::new("referral.created", "referral").repeated_as("referral.created.replayed").retried();
    REFERRAL_CORRECTED = AuditAction::new("referral.corrected", "referral").retried();
    REFERRAL_READ = AuditAction::new("referral.read", "referral");
    REFERRAL_LISTED = AuditAction::new("referral.listed", "referral");
    REFERRAL_SEARCHED = AuditAction::new("referral.searched", "referral");
    REFERRAL_RELATED_READ = AuditAction::new("referral.related_read", "referral");
    REFERRAL_HISTORY_READ = AuditAction::new("referral.history_read", "referral");
    REFERRAL_PARTNER_VIEW_READ = AuditAction::new("referral.partner_view_read", "referral");
    REFERRAL_MESSAGES_READ = AuditAction::new("referral.messages_read", "referral");

    // Referrals: what is done with them.
    REFERRAL_COPIED_FOR_SIBLING = AuditAction::new("referral.copied_for_sibling", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_PROTECTION_ASSESSED = AuditAction::new("referral.protection_assessed", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_INFORMATION_REQUESTED = AuditAction::new("referral.information_requested", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_INFORMATION_SUPPLIED = AuditAction::new("referral.information_supplied", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_ASSIGNED = AuditAction::new("referral.assigned", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_ACCEPTED = AuditAction::new("referral.accepted", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_STARTED = AuditAction::new("referral.started", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_ATTEMPT_LOGGED = AuditAction::new("referral.attempt_logged", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_PUT_ON_HOLD = AuditAction::new("referral.put_on_hold", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_RESUMED = AuditAction::new("referral.resumed", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_DEADLINE_EXTENDED = AuditAction::new("referral.deadline_extended", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_REDIRECTED = AuditAction::new("referral.redirected", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_INQUIRY_DECIDED = AuditAction::new("referral.inquiry_decided", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_DECLINED = AuditAction::new("referral.declined", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_MARKED_DUPLICATE = AuditAction::new("referral.marked_duplicate", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_FAMILY_DECLINED = AuditAction::new("referral.family_declined", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_NOT_REACHED = AuditAction::new("referral.not_reached", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_COMPLETED = AuditAction::new("referral.completed", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_CONSENT_WITHDRAWN = AuditAction::new("referral.consent_withdrawn", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_FEEDBACK_SENT = AuditAction::new("referral.feedback_sent", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_FEEDBACK_REFUSED = AuditAction::new("referral.feedback_refused", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_REOPENED = AuditAction::new("referral.reopened", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_ENTERED_IN_ERROR = AuditAction::new("referral.entered_in_error", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_MESSAGE_WRITTEN = AuditAction::new("referral.message_written", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_SUPPLEMENTED = AuditAction::new("referral.supplemented", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_WITHDRAWN = AuditAction::new("referral.withdrawn", "referral").repeated_as("referral.acted.replayed").retried();
    REFERRAL_FEEDBACK_REQUESTED = AuditAction::new("referral.feedback_requested", "referral").repeated_as("referral.acted.replayed").retried();

    // Referrals: what follows from something else.
    REFERRAL_LINKED = AuditAction::new("referral.linked", "referral");
    REFERRAL_REROUTED = AuditAction::new("referral.rerouted", "referral");
    REFERRAL_RECEIPT_CHANGED = AuditAction::new("referral.receipt_changed", "referral");
    REFERRAL_MARKED_OVERDUE = AuditAction::new("referral.marked_overdue", "referral");

    // Staff, and the audit itself.
    STAFF_LISTED = AuditAction::new("staff.listed", "staff");
    AUDIT_READ = AuditAction::new("audit.read", "audit_record");
    AUDIT_VERIFIED = AuditAction::new("audit.verified", "audit");
}
