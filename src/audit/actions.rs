//! The table of actions: each kind of change or reading that the audit records. A line also says how a repeated call and a lost
//! race are handled.
//!
//! - `repeated`: a caller may name the call by an `Idempotency-Key`. A repeated call gets the kept answer again, and is recorded under
//!   the code of the action with `.replayed` after it.
//! - `retried`: the work is prepared again after it has lost a race against another call. Without it, the caller is told of the
//!   conflict.
//! - `open`: its callers may know of every resource of the type, so that a resource that is not found is no denied attempt.
//!
//! Every audit record is made from a line of this table. A test checks that no code of an action is written anywhere else.

/// A kind of change or reading that the audit records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditAction {
    /// The code of the action in audit records, such as `offer.answered`.
    pub code: &'static str,
    /// The type of the resources that the action is about, such as `offer`.
    pub resource_type: &'static str,
    /// The code under which a repeated call is recorded, if calls can be repeated.
    replayed: &'static str,
    /// Whether calls of this action take an `Idempotency-Key`, so that a repeated call gets the kept answer.
    is_repeated: bool,
    /// Whether the work of a call is prepared and tried again if it loses a race against another call.
    pub is_retried: bool,
    /// Whether all callers of the action may know of every resource of the type, so that a resource which is not found is not
    /// recorded as a denied attempt.
    pub is_open: bool,
}

impl AuditAction {
    const fn new(code: &'static str, resource_type: &'static str) -> Self {
        Self { code, resource_type, replayed: code, is_repeated: false, is_retried: false, is_open: false }
    }

    const fn repeated(self) -> Self {
        Self { is_repeated: true, ..self }
    }

    /// A step on a referral. Repeated steps of all kinds are recorded under one code.
    const fn step(self) -> Self {
        Self { replayed: "referral.acted.replayed", ..self }.repeated().retried()
    }

    /// A batch of contacts. Each contact is recorded as one that is written down alone, and a repeated batch as a batch.
    const fn batch(self) -> Self {
        Self { replayed: "outreach_contact.batch.replayed", ..self }.repeated()
    }

    const fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    const fn retried(self) -> Self {
        Self { is_retried: true, ..self }
    }

    /// The action under which a repeated call is recorded. `None` if calls of this action take no `Idempotency-Key`.
    pub fn again(self) -> Option<Self> {
        self.is_repeated.then_some(Self { code: self.replayed, ..self })
    }
}

macro_rules! actions {
    ($($name:ident: $code:literal on $resource_type:literal $(, $how:ident)*;)*) => {
        $(
            pub const $name: AuditAction =
                AuditAction { replayed: concat!($code, ".replayed"), ..AuditAction::new($code, $resource_type) }$(.$how())*;
        )*

        /// All actions of the table.
        pub const ALL: &[AuditAction] = &[$($name),*];
    };
}

actions! {
    // The directory: its writings. Reading it is recorded by nobody.
    AREA_CREATED: "area.created" on "area", repeated, open;
    AREA_CHANGED: "area.changed" on "area", open;
    AREA_DELETED: "area.deleted" on "area", open;
    DISTRICT_CREATED: "district.created" on "district", repeated, open;
    DISTRICT_CHANGED: "district.changed" on "district", open;
    DISTRICT_DELETED: "district.deleted" on "district", open;
    OFFICE_CREATED: "office.created" on "office", repeated, open;
    OFFICE_CHANGED: "office.changed" on "office", open;
    OFFICE_DELETED: "office.deleted" on "office", open;
    SERVICE_CREATED: "service.created" on "service", repeated, open;
    SERVICE_CHANGED: "service.changed" on "service", open;
    SERVICE_DELETED: "service.deleted" on "service", open;
    DISTRICT_BOUNDARY_REPLACED: "district.boundary_replaced" on "district", open;
    DIRECTORY_IMPORTED: "directory.imported" on "directory";

    // Partner agencies and their keys. Reading them tells nothing of persons, so that only a refused reading is recorded.
    PARTNER_CREATED: "partner.created" on "partner", repeated, open;
    PARTNER_CHANGED: "partner.changed" on "partner", open;
    PARTNER_READ: "partner.read" on "partner", open;
    PARTNER_KEY_CREATED: "partner_key.created" on "partner_key", repeated, open;
    PARTNER_KEY_ROTATED: "partner_key.rotated" on "partner_key", repeated, open;
    PARTNER_KEY_REVOKED: "partner_key.revoked" on "partner_key", repeated, open;
    PARTNER_KEY_READ: "partner_key.read" on "partner_key", open;

    // People and families.
    PERSON_CREATED: "person.created" on "person", repeated, retried;
    PERSON_CHANGED: "person.changed" on "person", retried;
    PERSON_MOVED: "person.moved" on "person", repeated, retried;
    PERSON_LINKED: "person.linked" on "person";
    PERSON_READ: "person.read" on "person";
    PERSON_LOOKED_UP: "person.looked_up" on "person";
    PERSON_LOOKED_UP_BY_NAME: "person.looked_up_by_name" on "person";
    PERSON_LOOKED_UP_BY_NUMBER: "person.looked_up_by_number" on "person";
    PERSON_TIMELINE_READ: "person.timeline_read" on "person";
    FAMILY_CREATED: "family.created" on "family", repeated;
    FAMILY_CHANGED: "family.changed" on "family";
    FAMILY_MERGED: "family.merged" on "family", repeated, retried;
    FAMILY_READ: "family.read" on "family";
    FAMILY_TIMELINE_READ: "family.timeline_read" on "family";

    // The field.
    OUTREACH_CONTACT_CREATED: "outreach_contact.created" on "outreach_contact", repeated, retried;
    OUTREACH_CONTACT_PUT: "outreach_contact.created" on "outreach_contact", retried;
    OUTREACH_CONTACTS_SUBMITTED: "outreach_contact.created" on "outreach_contact", batch, retried;
    OUTREACH_CONTACT_CORRECTED: "outreach_contact.corrected" on "outreach_contact";
    OUTREACH_CONTACT_ENTERED_IN_ERROR: "outreach_contact.entered_in_error" on "outreach_contact", repeated, retried;
    OUTREACH_CONTACT_READ: "outreach_contact.read" on "outreach_contact";
    OUTREACH_CONTACT_LISTED: "outreach_contact.listed" on "outreach_contact";
    OUTREACH_CONTACT_VERSIONS_READ: "outreach_contact.versions_read" on "outreach_contact";
    OFFER_CREATED: "offer.created" on "offer", repeated, retried;
    OFFER_ANSWERED: "offer.answered" on "offer", repeated, retried;
    OFFER_CLOSED: "offer.closed" on "offer", repeated, retried;
    OFFER_READ: "offer.read" on "offer";
    OFFER_LISTED: "offer.listed" on "offer";
    FOLLOW_UP_CREATED: "follow_up.created" on "follow_up", repeated;
    FOLLOW_UP_COMPLETED: "follow_up.completed" on "follow_up", repeated, retried;
    FOLLOW_UP_READ: "follow_up.read" on "follow_up";
    FOLLOW_UP_LISTED: "follow_up.listed" on "follow_up";

    // The database itself.
    ROWS_BOUND: "rows.bound" on "database";

    // Referrals: how they come in, and their readings.
    REFERRAL_RECEIVED: "referral.received" on "referral", repeated, retried;
    REFERRAL_CREATED: "referral.created" on "referral", repeated, retried;
    REFERRAL_CORRECTED: "referral.corrected" on "referral", retried;
    REFERRAL_READ: "referral.read" on "referral";
    REFERRAL_LISTED: "referral.listed" on "referral";
    REFERRAL_SEARCHED: "referral.searched" on "referral";
    REFERRAL_RELATED_READ: "referral.related_read" on "referral";
    REFERRAL_HISTORY_READ: "referral.history_read" on "referral";
    REFERRAL_PARTNER_VIEW_READ: "referral.partner_view_read" on "referral";
    REFERRAL_MESSAGES_READ: "referral.messages_read" on "referral";

    // Referrals: what is done with them.
    REFERRAL_COPIED_FOR_SIBLING: "referral.copied_for_sibling" on "referral", step;
    REFERRAL_PROTECTION_ASSESSED: "referral.protection_assessed" on "referral", step;
    REFERRAL_INFORMATION_REQUESTED: "referral.information_requested" on "referral", step;
    REFERRAL_INFORMATION_SUPPLIED: "referral.information_supplied" on "referral", step;
    REFERRAL_ASSIGNED: "referral.assigned" on "referral", step;
    REFERRAL_ACCEPTED: "referral.accepted" on "referral", step;
    REFERRAL_STARTED: "referral.started" on "referral", step;
    REFERRAL_ATTEMPT_LOGGED: "referral.attempt_logged" on "referral", step;
    REFERRAL_PUT_ON_HOLD: "referral.put_on_hold" on "referral", step;
    REFERRAL_RESUMED: "referral.resumed" on "referral", step;
    REFERRAL_DEADLINE_EXTENDED: "referral.deadline_extended" on "referral", step;
    REFERRAL_REDIRECTED: "referral.redirected" on "referral", step;
    REFERRAL_INQUIRY_DECIDED: "referral.inquiry_decided" on "referral", step;
    REFERRAL_DECLINED: "referral.declined" on "referral", step;
    REFERRAL_MARKED_DUPLICATE: "referral.marked_duplicate" on "referral", step;
    REFERRAL_FAMILY_DECLINED: "referral.family_declined" on "referral", step;
    REFERRAL_NOT_REACHED: "referral.not_reached" on "referral", step;
    REFERRAL_COMPLETED: "referral.completed" on "referral", step;
    REFERRAL_CONSENT_WITHDRAWN: "referral.consent_withdrawn" on "referral", step;
    REFERRAL_FEEDBACK_SENT: "referral.feedback_sent" on "referral", step;
    REFERRAL_FEEDBACK_REFUSED: "referral.feedback_refused" on "referral", step;
    REFERRAL_REOPENED: "referral.reopened" on "referral", step;
    REFERRAL_ENTERED_IN_ERROR: "referral.entered_in_error" on "referral", step;
    REFERRAL_MESSAGE_WRITTEN: "referral.message_written" on "referral", step;
    REFERRAL_SUPPLEMENTED: "referral.supplemented" on "referral", step;
    REFERRAL_WITHDRAWN: "referral.withdrawn" on "referral", step;
    REFERRAL_FEEDBACK_REQUESTED: "referral.feedback_requested" on "referral", step;

    // Referrals: what follows from something else.
    REFERRAL_LINKED: "referral.linked" on "referral";
    REFERRAL_REROUTED: "referral.rerouted" on "referral";
    REFERRAL_NUMBER_COMPARED: "referral.number_compared" on "referral";
    REFERRAL_HIDDEN: "referral.hidden" on "referral";
    REFERRAL_RECEIPT_CHANGED: "referral.receipt_changed" on "referral";
    REFERRAL_MARKED_OVERDUE: "referral.marked_overdue" on "referral";

    // Staff, and the audit itself.
    STAFF_LISTED: "staff.listed" on "staff";
    AUDIT_READ: "audit.read" on "audit_record";
    AUDIT_VERIFIED: "audit.verified" on "audit";
    AUDIT_ANCHOR_MADE: "audit.anchor_made" on "audit_anchor";
    AUDIT_BREAK: "audit.break" on "audit_record";
    AUDIT_BREAK_ACCEPTED: "audit.break_accepted" on "audit_anchor";
    AUDIT_ATTEMPTS_SUMMARISED: "audit.attempts_summarised" on "attempt";
}
