//! Linking of referrals that came before their child was registered: they name the child by an identity number that no
//! registered person had. Once a person with this number is registered, the referrals are about that person, as if they had
//! come afterwards. An office that has one of them has met the person. If the person's identity is protected, the referrals
//! become protected too.
//!
//! The caller who registers the person learns nothing of the referrals: they are shown only to callers who may know of them.

use uuid::Uuid;

use crate::audit::{self, actions};
use crate::cases::intake;
use crate::db::DbConn;
use crate::directory::Directory;
use crate::error::Result;
use crate::families::membership::ActingStaff;
use crate::id::ReferralId;
use crate::people::store::SealedPerson;
use crate::referrals::Referral;
use crate::referrals::course::events::{self, SealedEvent};
use crate::referrals::own_words;
use crate::referrals::siblings::hiding;
use crate::referrals::store::{self, SealedReferral};
use crate::vault::Vault;

/// Links to this person the referrals whose child has the person's identity number and which are linked to nobody yet, in the
/// transaction that writes the person. The number must have been locked in that transaction before (see
/// [`crate::db::dialect::take_number`]), so that no referral with this number comes in at the same time.
pub fn adopt(
    conn: &mut DbConn,
    person: &SealedPerson,
    directory: &Directory,
    vault: &Vault,
    by: &ActingStaff,
) -> Result<()> {
    let Some(hash) = &person.number_hash else { return Ok(()) };
    let (mut linked, mut rerouted, mut hidden) = (Vec::<Uuid>::new(), Vec::<Uuid>::new(), Vec::new());
    for referral in store::unlinked(conn, hash)? {
        let referral = Referral { person_id: Some(person.id), ..referral.open(vault)? };
        let was_protected = referral.protected;
        let next = match person.protection.is_protected() {
            true => referral.clone().protected_as(person.protection, directory, &by.moment)?,
            false => Referral { updated_at: by.moment.now, version: referral.version + 1, ..referral.clone() },
        };
        let sealed = SealedReferral::new(&next, vault, &by.moment.random)?;
        intake::adopt(conn, person.id, &sealed)?;
        if let Some(event) = SealedEvent::of_rerouting((&referral, &next), by.staff_id, vault, &by.moment)? {
            events::insert(conn, &event)?;
        }
        linked.push(next.id.uuid());
        rerouted.extend((next.protected && !was_protected).then_some(next.id.uuid()));
        hidden.extend(person.protection.is_protected().then_some(next.id));
    }
    if !person.protection.is_protected() {
        let told = own_words::link(conn, hash, person.id, vault, &by.moment)?;
        linked.extend(told.into_iter().map(ReferralId::uuid));
        linked.sort_unstable();
        linked.dedup();
    }
    if !linked.is_empty() {
        let entry = by.entry(actions::REFERRAL_LINKED, linked);
        audit::record(conn, &entry.also_about(vec![person.id.uuid()]))?;
    }
    if !rerouted.is_empty() {
        audit::record(conn, &by.entry(actions::REFERRAL_REROUTED, rerouted))?;
    }
    hidden.into_iter().try_for_each(|id| hiding::hide_copied(conn, id, directory, vault, by))
}
