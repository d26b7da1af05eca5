//! The answers to calls that register, read, change or merge families. The answer to a write is made in the transaction of the
//! write.

use uuid::Uuid;

use crate::auth::{CaseScope, OfStaff};
use crate::context::{Context, Tx};
use crate::db::DbConn;
use crate::error::Result;
use crate::families::known::known_among;
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

/// A family that was read for a caller, with the members that this caller may know of, and with when and how the family was first
/// reached.
#[derive(Clone)]
pub struct VisibleFamily {
    pub household: Household,
    first: Option<FirstReached>,
    /// Whether the caller may change the family. False if the caller may only read it, for the reason in the header
    /// `Access-Reason`.
    may_change: bool,
}

impl VisibleFamily {
    /// The identifiers of the members and guests that the answer shows. The audit record names them as well.
    pub fn others(&self) -> Vec<Uuid> {
        let Household { members, guests, .. } = &self.household;
        members.iter().chain(guests).copied().map(PersonId::uuid).collect()
    }
}

/// Makes the answers about families to one caller, with only the data that this caller may know of.
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

    /// Finds a family that the caller may change. Fails as not found if it is none of these.
    pub fn find(&self, conn: &mut DbConn, id: FamilyId) -> Result<VisibleFamily> {
        look(conn, &self.scope, id)
    }

    /// Finds a family in the scope `readable`, which is wider than the caller's own scope if the caller stated a reason for
    /// access. Whether the caller may also change the family is judged by the own scope.
    pub fn find_readable(&self, conn: &mut DbConn, readable: &CaseScope, id: FamilyId) -> Result<VisibleFamily> {
        let found = look(conn, readable, id)?;
        let may_change = *readable == self.scope || !known_among(conn, &self.scope, &[id])?.is_empty();
        Ok(VisibleFamily { may_change, ..found })
    }

    /// Makes the JSON form of a family that was found for this caller, with the links that the caller may follow.
    pub fn view(&self, found: VisibleFamily) -> Result<FamilyView> {
        let Household { family, members, guests, .. } = found.household;
        let people = (members, guests);
        Ok(FamilyView::new(family.open(&self.vault)?, people, found.first, found.may_change, &self.links))
    }

    /// The answer 201 with a family that the caller has registered.
    pub fn created(&self, tx: &mut Tx<'_>, id: FamilyId) -> Result<Written> {
        let found = self.find(tx, id)?;
        tx.also_about(found.others());
        Written::created(&self.links, &format!("/families/{id}"), &self.view(found)?, Validator::Content)
    }

    /// The answer 200 with the family as it is after a change. Fails as not found if the caller may not know of the family.
    pub fn changed(&self, tx: &mut Tx<'_>, id: FamilyId) -> Result<Written> {
        let found = self.find(tx, id)?;
        tx.also_about(found.others());
        Written::changed(&self.view(found)?, Validator::Content)
    }

    /// The answer 200 with the family as it is after a change, or 204 without a body if the caller may no longer know of the
    /// family because of the change.
    pub fn changed_perhaps_out_of_sight(&self, tx: &mut Tx<'_>, id: FamilyId) -> Result<Written> {
        Ok(if_known(self.changed(tx, id))?.unwrap_or_else(Written::out_of_sight))
    }

    /// Returns the function that answers a repeated call: with the status of the stored answer, and with the family as it is now.
    /// The function fails as not found if the caller may no longer know of the family.
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
