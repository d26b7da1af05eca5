//! Answers about a contact: what is read for them, how they are shown, and what the audit is told.

use uuid::Uuid;

use crate::audit::Entry;
use crate::auth::case_scope::CaseScope;
use crate::auth::staff::Staff;
use crate::db::DbConn;
use crate::error::Result;
use crate::families::reached;
use crate::http::answer::Validator;
use crate::http::call::Call;
use crate::http::link::Linking;
use crate::http::written::Written;
use crate::id::OutreachContactId;
use crate::idempotency::Replay;
use crate::outreach::arrival::ArrivedContact;
use crate::outreach::store::SealedContact;
use crate::outreach::view::ContactView;
use crate::outreach::{arrival, store};
use crate::vault::Vault;

/// Makes the answer to a contact that was received.
pub(super) fn answer(arrived: ArrivedContact, vault: &Vault, links: &impl Linking) -> Result<Written> {
    let (version, is_new) = (arrived.contact.version, arrived.is_new);
    let view = ContactView::new(arrived.contact.open(vault)?, arrived.newly_reached, links);
    match is_new {
        true => Written::created(links, &path(view.id), &view, Validator::Version(version)),
        false => Written::changed(&view, Validator::Version(version)),
    }
}

/// Reads a contact that somebody with this sight may know of, and whether its family was newly reached.
pub(super) fn look(
    conn: &mut DbConn,
    sight: &CaseScope,
    id: OutreachContactId,
) -> Result<(SealedContact, Option<bool>)> {
    let contact = store::find(conn, sight, id)?;
    let newly_reached = match contact.family_id {
        Some(family) => {
            let first = reached::first(conn, &[family], sight.protected_identity)?;
            Some(arrival::is_first(&contact, first.get(&family)))
        }
        None => None,
    };
    Ok((contact, newly_reached))
}

pub(super) fn entry(staff: &Staff, call: &Call, action: &'static str, ids: Vec<OutreachContactId>) -> Entry {
    let ids = ids.into_iter().map(OutreachContactId::uuid).collect();
    Entry::of_call(call, staff.actor(), action, "outreach_contact", ids)
}

/// Checks that the caller may still know of the contact that a kept answer is about.
pub(super) fn again(
    action: &'static str,
    sight: &CaseScope,
) -> Replay<impl Fn(&mut DbConn, Uuid) -> Result<()> + Clone + Send + 'static> {
    let sight = sight.clone();
    let may_see = move |conn: &mut DbConn, id| store::find(conn, &sight, OutreachContactId::from_uuid(id)).map(drop);
    Replay { action, resource_type: "outreach_contact", may_see }
}

pub(super) fn path(id: OutreachContactId) -> String {
    format!("/outreach-contacts/{id}")
}
