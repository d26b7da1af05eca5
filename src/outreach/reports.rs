//! The referrals that are made from an outreach contact: a concern report if the contact is urgent, an internal referral if the
//! family wants one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::{self, Entry};
use crate::cases::intake::ReferralIntake;
use crate::db::DbConn;
use crate::error::{Error, Result};
use crate::id::ServiceId;
use crate::outreach::NewContact;
use crate::referrals::Urgency;
use crate::referrals::matter::child::Child;
use crate::referrals::matter::consent::Consent;
use crate::referrals::matter::{Guardian, GuardiansInformed, Informed, NewReferral, Reporter, SenderKind};
use crate::services::Need;
use crate::vault::{self, Confidential, ConfidentialLine, ConfidentialProse};

/// A new internal referral that is made from an outreach contact, with the consent that it needs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InternalReferral {
    /// The urgency of the referral: how soon somebody must look at it.
    pub urgency: Urgency,
    /// The child or young person that the referral is about.
    pub child: Child,
    /// The child's guardians, at most two.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
    /// The areas of need that the referral is about.
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// The help that is asked for, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vill ha stöd för att komma tillbaka till skolan."
    #[serde(serialize_with = "vault::disclose")]
    pub description: ConfidentialProse,
    /// Whether the guardians know of the referral, and the reason if they do not.
    pub guardians_informed: GuardiansInformed,
    /// The consent to the referral.
    pub consent: Consent,
    /// The identifiers of the services that are asked for.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub requested_service_ids: Option<Vec<ServiceId>>,
}

/// A referral that is made from an outreach contact, sealed and ready to be written, with its audit entry.
#[derive(Clone)]
pub struct Report {
    pub referral: ReferralIntake,
    /// Whether the member of staff states that the child's identity is protected. The contact or follow-up that the referral is
    /// made from is hidden with it.
    pub says_protected: bool,
    entry: Entry,
}

/// Makes the concern report of an urgent contact, whose summary becomes the description of the concern. `None` if the contact has
/// no child or no summary.
pub fn concern(contact: &NewContact, reporter: ConfidentialLine) -> Option<NewReferral> {
    let (child, summary) = contact.child.clone().zip(contact.summary.clone())?;
    let reporter = Reporter { name: reporter, title: None, phone: None, email: None, relation: None };
    let informed = GuardiansInformed { informed: Informed::No, reason: None };
    let blank = blank(SenderKind::ConcernReport, Urgency::Immediate, child, summary, informed);
    Some(NewReferral { reporter: Some(reporter), needs: contact.topics.clone(), ..blank })
}

impl From<InternalReferral> for NewReferral {
    fn from(new: InternalReferral) -> Self {
        let blank = blank(SenderKind::SupportRequest, new.urgency, new.child, new.description, new.guardians_informed);
        Self {
            guardians: new.guardians,
            needs: new.needs,
            consent: Some(new.consent),
            requested_service_ids: new.requested_service_ids,
            ..blank
        }
    }
}

fn blank(
    kind: SenderKind,
    urgency: Urgency,
    child: Child,
    description: ConfidentialProse,
    guardians_informed: GuardiansInformed,
) -> NewReferral {
    NewReferral {
        kind,
        urgency,
        sender_reference: None,
        reporter: None,
        child,
        guardians: Vec::new(),
        siblings: Vec::new(),
        needs: Vec::new(),
        description,
        acute_danger: None,
        suspected_violence: None,
        protective_factors: None,
        existing_support: None,
        consider_before_contact: None,
        guardians_informed,
        consent: None,
        requested_service_ids: None,
        feedback_requested: None,
        willing_to_meet: None,
    }
}

/// The reporter's name for a report by staff: the name in the token, or else the identifier of the member of staff.
pub fn reporter(staff: &crate::auth::staff::Staff) -> Result<ConfidentialLine> {
    match &staff.name {
        Some(name) => Ok(name.clone()),
        None => {
            staff.id.to_string().parse().map(Confidential::new).map_err(|_| Error::internal("an identifier is a line"))
        }
    }
}

impl Report {
    /// Makes the report of a referral that is ready to be written, with the audit entry of its making.
    pub fn new(referral: ReferralIntake, entry: Entry) -> Self {
        let entry = entry.about(vec![referral.id.uuid()]);
        Self { says_protected: referral.says_protected, referral, entry }
    }

    /// Writes the referral and its audit record. Fails as stale if its maker would be told of another person by now.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        self.referral.write(conn)?;
        audit::record(conn, &self.entry)
    }
}
