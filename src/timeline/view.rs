//! What happened, as its reader sees it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;
use crate::id::{FamilyEventId, FamilyId, OfficeId, PersonId, ReferralId};
use crate::referrals::reference::Reference;
use crate::referrals::{Kind, Status};
use crate::time::Timestamp;
use crate::timeline::{Happening, TimelineKind, What};
use crate::vault::{self, Confidential, ConfidentialProse, Vault};

/// Something that happened to a person or a family. Which fields there are follows from its kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEvent {
    /// Identifies it: the person, the family, the referral, or the change itself.
    #[schema(value_type = FamilyEventId)]
    pub id: Uuid,
    /// What kind of thing it is.
    pub kind: TimelineKind,
    /// When it happened.
    pub at: Timestamp,
    /// Who was registered, or changed families, or whom the referral is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// The family that was registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// The family that was left, or that was merged into the other one; absent also if you may not know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_family_id: Option<FamilyId>,
    /// The family that was joined, or that went on; absent also if you may not know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_family_id: Option<FamilyId>,
    /// Why somebody moved, or why two families were made one.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub reason: Option<ConfidentialProse>,
    /// The referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<ReferralId>,
    /// What people call the referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// What kind of matter the referral is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_kind: Option<Kind>,
    /// Where the referral stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_status: Option<Status>,
    /// The office that has the referral now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeId>,
}

impl TimelineEvent {
    /// What happened, for somebody who may know of these families.
    pub fn new(happening: Happening, known: &[FamilyId], vault: &Vault) -> Result<Self> {
        let Happening { at, id, what } = happening;
        let bare = |kind: TimelineKind| Self {
            id,
            kind,
            at,
            person_id: None,
            family_id: None,
            from_family_id: None,
            to_family_id: None,
            reason: None,
            referral_id: None,
            reference: None,
            referral_kind: None,
            referral_status: None,
            office_id: None,
        };
        Ok(match what {
            What::Person(person) => Self { person_id: Some(person), ..bare(TimelineKind::Registered) },
            What::Family(family) => Self { family_id: Some(family), ..bare(TimelineKind::Registered) },
            What::Change { merged, person, from, to, reason } => {
                let reason = match reason {
                    Some(sealed) => {
                        Some(Confidential::new(vault.open_json(vault::FAMILY_EVENT_REASON, id, &sealed)?))
                    }
                    None => None,
                };
                let kind = if merged { TimelineKind::Merged } else { TimelineKind::Moved };
                let if_known = |family: Option<FamilyId>| family.filter(|family| known.contains(family));
                Self {
                    person_id: person,
                    from_family_id: if_known(from),
                    to_family_id: if_known(to),
                    reason,
                    ..bare(kind)
                }
            }
            What::Referral { id, reference, kind, status, office, person } => Self {
                person_id: person,
                referral_id: Some(id),
                reference: Some(reference),
                referral_kind: Some(kind),
                referral_status: Some(status),
                office_id: Some(office),
                ..bare(TimelineKind::ReferralReceived)
            },
        })
    }
}
