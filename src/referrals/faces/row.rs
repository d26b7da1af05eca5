//! A referral in a list of referrals: enough to recognise it, and no free text.

use serde::Serialize;
use utoipa::ToSchema;

use crate::id::{OfficeId, ReferralId, StaffId};
use crate::referrals::faces::views::due;
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Referral, Status, Urgency};
use crate::time::Timestamp;

/// The child of a referral in a list: enough to recognise the referral, not enough to tell who the child is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChildInList {
    /// The child's initials, from the given name and the family name. Absent if neither name is known.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "AP")]
    pub initials: Option<String>,
    /// The child's year of birth. Absent if it is not known.
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1900, maximum = 2200, example = 2013)]
    pub birth_year: Option<i32>,
}

/// A referral in a list of referrals, such as the work queue of an office, without free text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralRow {
    /// The referral's identifier, for programs.
    pub id: ReferralId,
    /// The referral's reference: a short code by which people name the referral.
    pub reference: Reference,
    /// The kind of the referral: a concern report, a support request, a self-request or an internal referral.
    pub kind: Kind,
    /// The referral's state at its office.
    pub status: Status,
    /// The urgency of the referral: how soon somebody must look at it.
    /// @example "soon"
    pub urgency: Urgency,
    /// The child that the referral is about, by initials and year of birth.
    pub child: ChildInList,
    /// The identifier of the office that has the referral now.
    pub office_id: OfficeId,
    /// The identifier of the member of staff who works with the referral. Absent if it is assigned to nobody.
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<StaffId>,
    /// When the referral was received.
    pub received_at: Timestamp,
    /// The due time of the earliest running deadline: one that is not met, and that did not end with the referral. Absent if
    /// none runs.
    /// @example "2026-12-05T23:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_at: Option<Timestamp>,
    /// Whether a running deadline of the referral has passed.
    /// @example false
    pub overdue: bool,
}

impl ReferralRow {
    /// Makes the row of a referral. `now` decides whether the referral is overdue.
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
