//! A referral in a queue: enough to recognise it, and no free text.

use serde::Serialize;
use utoipa::ToSchema;

use crate::id::{OfficeId, ReferralId, StaffId};
use crate::referrals::faces::views::due;
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Referral, Status, Urgency};
use crate::time::Timestamp;

/// The child in a list: enough to recognise a referral, not enough to tell who the child is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChildInList {
    /// The child's initials, from the given name and the family name.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "AP")]
    pub initials: Option<String>,
    /// The child's year of birth.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1900, maximum = 2200, example = 2013)]
    pub birth_year: Option<i32>,
}

/// A referral in a queue, without free text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralRow {
    /// The referral's identifier, for programs.
    pub id: ReferralId,
    /// The referral's reference, for people.
    pub reference: Reference,
    /// The kind of the referral.
    pub kind: Kind,
    /// The referral's state at its office.
    pub status: Status,
    /// The time within which somebody must look at the referral.
    /// @example "soon"
    pub urgency: Urgency,
    /// The child, by initials and birth year.
    pub child: ChildInList,
    /// The office that has the referral now.
    pub office_id: OfficeId,
    /// The member of staff who works with the referral.
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<StaffId>,
    /// When the referral was received.
    pub received_at: Timestamp,
    /// The earliest deadline that is not met.
    /// @example "2026-12-05T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_at: Option<Timestamp>,
    /// Whether the earliest unmet deadline has passed.
    /// @example false
    pub overdue: bool,
}

impl ReferralRow {
    /// Makes the row of a referral, with its deadlines judged at `now`.
    pub fn new(referral: Referral, now: Timestamp) -> Self {
        let (child, status) = (&referral.matter.child, referral.status());
        Self {
            child: ChildInList { initials: child.initials(), birth_year: child.birth().year() },
            next_due_at: due(&referral),
            overdue: referral.is_overdue(now),
            id: referral.id,
            reference: referral.reference,
            kind: referral.kind,
            status,
            urgency: referral.urgency,
            office_id: referral.office_id,
            assignee_id: referral.assignee_id,
            received_at: referral.received_at,
        }
    }
}
