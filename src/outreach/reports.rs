//! What becomes of a contact at once: a concern report where it is urgent, an internal referral where the family wants one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::{self, Entry};
use crate::db::{DbConn, stale};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::families;
use crate::id::{OutreachContactId, ServiceId, StaffId};
use crate::moment::Moment;
use crate::outreach::NewContact;
use crate::people::store as people_store;
use crate::referrals::matter::child::Child;
use crate::referrals::matter::consent::Consent;
use crate::referrals::matter::{Guardian, GuardiansInformed, Informed, NewReferral, Reporter, SenderKind};
use crate::referrals::person::{Known, of_person};
use crate::referrals::store::SealedReferral;
use crate::referrals::{Referral, Urgency, store as referral_store};
use crate::services::Need;
use crate::vault::{self, Confidential, ConfidentialLine, ConfidentialProse, Vault};

/// An internal referral of a contact, with the consent that it needs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InternalReferral {
    /// How soon somebody must look at it.
    pub urgency: Urgency,
    /// The child or young person.
    pub child: Child,
    /// The guardians, at most two.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
    /// What it is about.
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// What help is asked for.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Vill ha stöd för att komma tillbaka till skolan."
    #[serde(serialize_with = "vault::disclose")]
    pub description: ConfidentialProse,
    /// Whether the guardians know of it.
    pub guardians_informed: GuardiansInformed,
    /// The consent.
    pub consent: Consent,
    /// Services that are asked for.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub requested_service_ids: Option<Vec<ServiceId>>,
}

/// A referral that is made together with a contact, sealed.
#[derive(Clone)]
pub struct Report {
    /// The referral.
    pub referral: SealedReferral,
    requested: Vec<ServiceId>,
    number: Option<Vec<u8>>,
    known: Option<Known>,
    /// Whether whoever makes it says of the child that its identity is protected: what it is made of goes out of sight with it.
    pub says_protected: bool,
    entry: Entry,
}

/// The concern report that an urgent contact makes, if it is one: what was said becomes the concern.
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

/// Whose name stands under a report of staff: their own, as the token tells it.
pub fn reporter(staff: &crate::auth::staff::Staff) -> Result<ConfidentialLine> {
    match &staff.name {
        Some(name) => Ok(name.clone()),
        None => {
            staff.id.to_string().parse().map(Confidential::new).map_err(|_| Error::internal("an identifier is a line"))
        }
    }
}

impl Report {
    /// Whom the child's number stands for, as it is looked up.
    pub fn number(new: &NewReferral, vault: &Vault) -> Option<Vec<u8>> {
        new.child.number().map(|number| people_store::number_hash(vault, number))
    }

    /// Seals the referral that a contact becomes; `known` is whom its child's number stands for.
    pub fn new(
        new: NewReferral,
        (contact, made_by): (OutreachContactId, StaffId),
        known: Option<Known>,
        directory: &Directory,
        vault: &Vault,
        moment: &Moment,
        entry: Entry,
    ) -> Result<Self> {
        let number = Self::number(&new, vault);
        let says_protected = new.child.is_said_to_be_protected();
        let requested = new.requested_service_ids.clone().unwrap_or_default();
        let referral = Referral::of_contact(new, (contact, made_by), known, directory, moment)?;
        let entry = entry.about(vec![referral.id.uuid()]);
        let referral = SealedReferral::new(&referral, vault, &moment.random)?;
        Ok(Self { referral, requested, number, known, says_protected, entry })
    }

    /// Writes it down, if its child's number still stands for whom it was routed for.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        if let Some(number) = &self.number
            && of_person::hold_known(conn, number)? != self.known
        {
            return Err(stale());
        }
        if let Some((person, _)) = self.known {
            families::store::meet_person(conn, person, self.referral.office_id, self.referral.protected)?;
        }
        referral_store::insert(conn, &self.referral, &self.requested)?;
        of_person::arrived(conn, &self.referral)?;
        audit::record(conn, &self.entry)
    }
}
