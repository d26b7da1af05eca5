//! Finding outreach contacts, each with whether its family was newly reached by it.

use std::collections::HashMap;

use crate::auth::CaseScope;
use crate::db::DbConn;
use crate::error::Result;
use crate::families::reached::{self, FirstReached};
use crate::http::page::PageStart;
use crate::id::{FamilyId, OutreachContactId};
use crate::outreach::store::{self, ContactFilter, ContactPosition, SealedContact};

/// A stored contact, with whether its family was newly reached by it.
pub struct FoundContact {
    pub contact: SealedContact,
    /// Whether the contact's family was newly reached by it; `None` if the contact has no family.
    pub newly_reached: Option<bool>,
}

/// Returns the contact with this identifier, if `sight` covers it; otherwise fails as not found.
pub fn find(conn: &mut DbConn, sight: &CaseScope, id: OutreachContactId) -> Result<FoundContact> {
    let contact = store::find(conn, sight, id)?;
    let first = match contact.family_id {
        Some(family) => reached::first(conn, &[family], sight.protected_identity)?,
        None => HashMap::new(),
    };
    Ok(FoundContact { newly_reached: newly_reached(&contact, &first), contact })
}

/// Returns one page of contacts as [`store::page`] does, each with whether its family was newly reached by it.
pub fn page(
    conn: &mut DbConn,
    sight: &CaseScope,
    filter: &ContactFilter,
    from: &PageStart<ContactPosition>,
    limit: u32,
) -> Result<Vec<FoundContact>> {
    let contacts = store::page(conn, sight, filter, from, limit)?;
    let families: Vec<FamilyId> = contacts.iter().filter_map(|contact| contact.family_id).collect();
    let first = reached::first(conn, &families, sight.protected_identity)?;
    let found = |contact| FoundContact { newly_reached: newly_reached(&contact, &first), contact };
    Ok(contacts.into_iter().map(found).collect())
}

/// Whether a contact's family was newly reached by it; `None` if the contact has no family. `first` tells for each family how it
/// was first reached.
pub(super) fn newly_reached(contact: &SealedContact, first: &HashMap<FamilyId, FirstReached>) -> Option<bool> {
    let is_source = |first: &FirstReached| first.source.uuid() == contact.id.uuid();
    contact.family_id.map(|family| first.get(&family).is_some_and(is_source))
}
