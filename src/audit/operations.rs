//! The action that each operation behind a sign-in attempts. A call may fail before its handler knows what it attempts: by the
//! caller's role, or by a body that is not right. The failure is recorded by this table.
//!
//! A test checks that every operation behind a sign-in has its line, and that a call which succeeds is recorded under the same action.

use uuid::Uuid;

use crate::audit::actions::{self, AuditAction};
use crate::audit::attempt::AuditAttempt;

/// The operations about the caller alone: there is nothing that a caller could attempt with them.
pub const ABOUT_ONESELF: [&str; 2] = ["getMe", "getPartnerMe"];

/// The line of the table for one operation.
#[derive(Debug, Clone, Copy)]
pub struct AuditedOperation {
    /// The `operationId`.
    id: &'static str,
    pub action: AuditAction,
    /// The type of the resource that the path names, if it is another one than the action is about.
    below: Option<&'static str>,
    /// Whether the body may be the report of a private person who stays anonymous. It is not known of a body that was not read.
    may_be_anonymous: bool,
}

impl AuditedOperation {
    /// Returns the line of the operation with this `operationId`.
    pub fn of(id: &str) -> Option<&'static Self> {
        TABLE.iter().find(|operation| operation.id == id)
    }

    /// The `operationId`s of all lines.
    pub fn ids() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|operation| operation.id)
    }

    /// The type of the resource that the path names.
    pub fn names(&self) -> &'static str {
        self.below.unwrap_or(self.action.resource_type)
    }

    /// Begins the attempt of a call that failed before its handler began one. `named` is the resource that the path names.
    pub fn attempt(&self, named: Option<Uuid>) -> AuditAttempt {
        let attempt = match (named, self.below) {
            (Some(named), Some(below)) => self.action.on_new().below(below, named),
            (Some(named), None) => self.action.on(named),
            (None, _) => self.action.on_new(),
        };
        attempt.leading_nowhere(self.may_be_anonymous)
    }

    const fn of_action(id: &'static str, action: AuditAction) -> Self {
        Self { id, action, below: None, may_be_anonymous: false }
    }

    const fn below(self, resource_type: &'static str) -> Self {
        Self { below: Some(resource_type), ..self }
    }

    const fn maybe_anonymous(self) -> Self {
        Self { may_be_anonymous: true, ..self }
    }
}

macro_rules! operations {
    ($($action:ident: $($id:literal $(($how:ident $($of:literal)?))?),+;)*) => {
        const TABLE: &[AuditedOperation] = &[
            $($(AuditedOperation::of_action($id, actions::$action)$(.$how($($of)?))?),+),*
        ];
    };
}

operations! {
    AREA_CREATED: "createArea";
    AREA_CHANGED: "changeArea";
    AREA_DELETED: "deleteArea";
    DISTRICT_CREATED: "createDistrict";
    DISTRICT_CHANGED: "changeDistrict";
    DISTRICT_DELETED: "deleteDistrict";
    DISTRICT_BOUNDARY_REPLACED: "replaceBoundary";
    OFFICE_CREATED: "createOffice";
    OFFICE_CHANGED: "changeOffice";
    OFFICE_DELETED: "deleteOffice";
    SERVICE_CREATED: "createService";
    SERVICE_CHANGED: "changeService";
    SERVICE_DELETED: "deleteService";

    PARTNER_CREATED: "createPartner";
    PARTNER_CHANGED: "changePartner";
    PARTNER_READ: "listPartners", "getPartner";
    PARTNER_KEY_CREATED: "createApiKey"(below "partner");
    PARTNER_KEY_ROTATED: "rotateApiKey";
    PARTNER_KEY_REVOKED: "revokeApiKey";
    PARTNER_KEY_READ: "listApiKeys"(below "partner"), "getApiKey";

    PERSON_CREATED: "createPerson";
    PERSON_CHANGED: "changePerson";
    PERSON_MOVED: "movePerson";
    PERSON_READ: "getPerson";
    PERSON_LOOKED_UP: "searchPeople";
    PERSON_TIMELINE_READ: "getPersonTimeline";
    FAMILY_CREATED: "createFamily";
    FAMILY_CHANGED: "changeFamily";
    FAMILY_MERGED: "mergeFamilies";
    FAMILY_READ: "getFamily";
    FAMILY_TIMELINE_READ: "getFamilyTimeline";

    OUTREACH_CONTACT_CREATED: "createOutreachContact";
    OUTREACH_CONTACT_PUT: "putOutreachContact";
    OUTREACH_CONTACTS_SUBMITTED: "submitOutreachContactBatch";
    OUTREACH_CONTACT_CORRECTED: "correctOutreachContact";
    OUTREACH_CONTACT_ENTERED_IN_ERROR: "enterOutreachContactInError";
    OUTREACH_CONTACT_READ: "getOutreachContact";
    OUTREACH_CONTACT_LISTED: "listOutreachContacts";
    OUTREACH_CONTACT_VERSIONS_READ: "listOutreachContactVersions";
    OFFER_CREATED: "createOffer"(below "outreach_contact");
    OFFER_ANSWERED: "answerOffer";
    OFFER_CLOSED: "closeOffer";
    OFFER_READ: "getOffer";
    OFFER_LISTED: "listOffers"(below "outreach_contact");
    FOLLOW_UP_CREATED: "createFollowUp";
    FOLLOW_UP_COMPLETED: "completeFollowUp";
    FOLLOW_UP_READ: "getFollowUp";
    FOLLOW_UP_LISTED: "listFollowUps";

    REFERRAL_RECEIVED: "submitReferral";
    REFERRAL_CREATED: "createReferral"(maybe_anonymous);
    REFERRAL_CORRECTED: "correctReferral";
    REFERRAL_READ: "getReferral", "getPartnerReferral";
    REFERRAL_LISTED: "listReferrals", "listPartnerReferrals";
    REFERRAL_SEARCHED: "searchReferrals";
    REFERRAL_RELATED_READ: "listRelatedReferrals";
    REFERRAL_HISTORY_READ: "listReferralHistory";
    REFERRAL_PARTNER_VIEW_READ: "getPartnerView";
    REFERRAL_MESSAGES_READ: "listReferralMessages", "listPartnerMessages";

    REFERRAL_COPIED_FOR_SIBLING: "copyReferralForSibling";
    REFERRAL_PROTECTION_ASSESSED: "assessProtection";
    REFERRAL_INFORMATION_REQUESTED: "requestInformation";
    REFERRAL_INFORMATION_SUPPLIED: "supplyInformation";
    REFERRAL_ASSIGNED: "assignReferral";
    REFERRAL_ACCEPTED: "acceptReferral";
    REFERRAL_STARTED: "startReferral";
    REFERRAL_ATTEMPT_LOGGED: "logAttempt";
    REFERRAL_PUT_ON_HOLD: "holdReferral";
    REFERRAL_RESUMED: "resumeReferral";
    REFERRAL_DEADLINE_EXTENDED: "extendDeadline";
    REFERRAL_REDIRECTED: "redirectReferral";
    REFERRAL_INQUIRY_DECIDED: "decideInquiry";
    REFERRAL_DECLINED: "declineReferral";
    REFERRAL_MARKED_DUPLICATE: "markDuplicate";
    REFERRAL_FAMILY_DECLINED: "recordFamilyDeclined";
    REFERRAL_NOT_REACHED: "recordNotReached";
    REFERRAL_COMPLETED: "completeReferral";
    REFERRAL_CONSENT_WITHDRAWN: "withdrawConsent";
    REFERRAL_FEEDBACK_SENT: "sendFeedback";
    REFERRAL_FEEDBACK_REFUSED: "refuseFeedback";
    REFERRAL_REOPENED: "reopenReferral";
    REFERRAL_ENTERED_IN_ERROR: "enterReferralInError";
    REFERRAL_MESSAGE_WRITTEN: "writeReferralMessage", "writePartnerMessage";
    REFERRAL_SUPPLEMENTED: "supplementPartnerReferral";
    REFERRAL_WITHDRAWN: "withdrawPartnerReferral";
    REFERRAL_FEEDBACK_REQUESTED: "requestFeedback";

    STAFF_LISTED: "listStaff";
    AUDIT_READ: "listAuditRecords";
    AUDIT_VERIFIED: "verifyAuditRecords";
}
