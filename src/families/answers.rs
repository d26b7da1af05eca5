//! The answers to calls about families, made in the transaction that they tell of.

use uuid::Uuid;

use crate::auth::{CaseScope, OfStaff};
use crate::context::{Context, Tx};
use crate::db::DbConn;
use crate::error::Result;
use crate::families::membership::if_known;
use crate::families::store::{self, Household};
use crate::families::view::FamilyView;
use crate::families::{FirstReached, reached};
use crate::http::answer::Validator;
use crate::http::link::Links;
use crate::http::written::Written;
use crate::id::{FamilyId, PersonId};
use crate::idempotency::{Repeat, Repeated};
use crate::vault::Vault;

/// A family as far as the caller may know of it, with its first fact.
#[derive(Clone)]
pub struct VisibleFamily {
    pub household: Household,
    first: Option<FirstReached>,
    /// Whether the caller may change the family, and not only read it for a stated reason.
    may_change: bool,
}

impl VisibleFamily {
    /// The members that are shown, whom the audit record names as well.
    pub fn others(&self) -> Vec<Uuid> {
        self.household.members.iter().copied().map(PersonId::uuid).collect()
    }
}

/// Shows families as the caller may see them.
#[derive(Clone)]
pub struct FamilyAnswers {
    scope: CaseScope,
    vault: Vault,
    links: Links,
}

impl FamilyAnswers {
    pub fn new(ctx: &Context<impl OfStaff>) -> Self {
        Self { scope: ctx.changeable(), vault: ctx.vault.clone(), links: ctx.call.links() }
    }

    /// Finds a family that the caller may change.
    pub fn find(&self, conn: &mut DbConn, id: FamilyId) -> Result<VisibleFamily> {
        look(conn, &self.scope, id)
    }

    /// Finds a family that the caller may read. A stated reason opens further families, for reading only.
    pub fn find_readable(&self, conn: &mut DbConn, readable: &CaseScope, id: FamilyId) -> Result<VisibleFamily> {
        let found = look(conn, readable, id)?;
        let may_change = *readable == self.scope || !store::known_among(conn, &self.scope, &[id])?.is_empty();
        Ok(VisibleFamily { may_change, ..found })
    }

    /// Makes the view of a family for the caller who found it.
    pub fn view(&self, found: VisibleFamily) -> Result<FamilyView> {
        let Household { family, members, .. } = found.household;
        Ok(FamilyView::new(family.open(&self.vault)?, members, found.first, found.may_change, &self.links))
    }

    /// 201 with the new family.
    pub fn created(&self, tx: &mut Tx<'_>, id: FamilyId) -> Result<Written> {
        let found = self.find(tx, id)?;
        tx.also_about(found.others());
        Written::created(&self.links, &format!("/families/{id}"), &self.view(found)?, Validator::Content)
    }

    /// 200 with the family as it is now.
    pub fn changed(&self, tx: &mut Tx<'_>, id: FamilyId) -> Result<Written> {
        let found = self.find(tx, id)?;
        tx.also_about(found.others());
        Written::changed(&self.view(found)?, Validator::Content)
    }

    /// 200 with the family as it is now, or 204 if the change took it out of the caller's sight.
    pub fn changed_perhaps_out_of_sight(&self, tx: &mut Tx<'_>, id: FamilyId) -> Result<Written> {
        Ok(if_known(self.changed(tx, id))?.unwrap_or_else(Written::out_of_sight))
    }

    /// Gives a kept answer about a family again, with the family as it is now.
    pub fn repeat(&self) -> impl Repeat + use<> {
        let answers = self.clone();
        move |conn: &mut DbConn, id: Uuid, kept: Written| {
            let found = answers.find(conn, FamilyId::from_uuid(id))?;
            let others = found.others();
            let answer = kept.made_anew(&answers.view(found)?, Validator::Content)?;
            Ok(Repeated { answer, others, leads_nowhere: false })
        }
    }
}

fn look(conn: &mut DbConn, scope: &CaseScope, id: FamilyId) -> Result<VisibleFamily> {
    let household = store::find(conn, scope, id)?;
    let first = reached::first(conn, &[id], scope.protected_identity)?.remove(&id);
    Ok(VisibleFamily { household, first, may_change: true })
}
