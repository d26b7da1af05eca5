//! The merge of a family into another one, made in one transaction.

use crate::db::{DbConn, dialect};
use crate::error::{Error, Result, Text};
use crate::families::membership::ActingStaff;
use crate::families::store::{self, FamilyEvent, Household, SealedFamily};
use crate::families::{Family, FamilyEventKind};
use crate::id::{FamilyId, PersonId};
use crate::people::belonging;
use crate::rules::Rules;
use crate::vault::{self, ConfidentialProse, Vault};

/// A merge of one family into another, prepared for its transaction.
pub struct FamilyMerging {
    by: ActingStaff,
    /// The next version of the family that remains and takes over the members of the other.
    next: SealedFamily,
    gone: SealedFamily,
    event: FamilyEvent,
}

impl FamilyMerging {
    /// Prepares the merge of the family `gone` into the family `into`, for the reason `reason`. Fails if `into` was itself merged
    /// into another family.
    pub fn new(
        into: &Family,
        gone: SealedFamily,
        reason: &ConfidentialProse,
        by: ActingStaff,
        vault: &Vault,
    ) -> Result<Self> {
        let merged = into.merged_with(&gone.clone().open(vault)?, &by.moment)?;
        let next = SealedFamily::new(&merged, vault, &by.moment.random)?;
        let mut event = by.event(FamilyEventKind::Merged, None, Some(gone.id), Some(into.id));
        let (row, random) = (event.id.uuid(), &by.moment.random);
        event.reason = Some(vault.seal_json(vault::FAMILY_EVENT_REASON, row, reason.reveal(), random)?);
        Ok(Self { by, next, gone, event })
    }

    /// Moves the people, stores both families and adds the merge to the history. Fails as stale if one of the families was
    /// changed meanwhile, and as invalid if the family would become too large.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let (id, gone) = (self.next.id, self.gone.id);
        let joined: Vec<PersonId> = belonging::of_family(conn, gone)?.iter().map(|person| person.id).collect();
        dialect::take_people(conn, &joined)?;
        store::update(conn, &self.next)?;
        store::merge(conn, &self.gone, id, self.by.moment.now)?;
        ActingStaff::check_size(conn, id, "/otherId")?;
        let joins = |person| self.by.event(FamilyEventKind::Merged, Some(person), Some(gone), Some(id));
        let of_members = joined.into_iter().map(joins);
        store::remember(conn, &of_members.chain([self.event.clone()]).collect::<Vec<_>>())
    }
}

/// Returns `other`, the family `other_id`, if it can be merged into the family `id`: it must be known to the caller and another
/// family than `id`, have a member whose identity is not protected (or none at all), and not be merged already.
pub fn mergeable(id: FamilyId, other_id: FamilyId, other: Option<Household>) -> Result<SealedFamily> {
    let mut rules = Rules::default();
    let other = rules.known("/otherId", other_id.uuid(), other);
    let other = rules.finish(other)?;
    let wrong = |en: &'static str, sv: &'static str| Err(Error::invalid_at("/otherId", Text::new(en, sv)));
    match other {
        _ if other_id == id => wrong("is this family itself", "är denna familj själv"),
        // Otherwise a reader of this family would learn of the other one, and where it lives.
        other if other.is_hidden() => wrong(
            "has only members with a protected identity: move the persons instead",
            "har bara medlemmar med skyddad identitet: flytta personerna i stället",
        ),
        other if other.family.merged_into.is_some() => {
            wrong("was merged into another family already", "har redan gått upp i en annan familj")
        }
        other => Ok(other.family),
    }
}
