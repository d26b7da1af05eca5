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
use crate::referrals::person::of_person;
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
    let mut copied = Vec::new();
    let unlinked = store::unlinked(conn, hash)?;
    for step in unlinked.chunks(of_person::AT_ONCE) {
        adopt_step(conn, person, step, &mut copied, (by, directory, vault))?;
    }
    if !person.protection.is_protected() {
        link_own_words(conn, (person, hash), &unlinked, vault, by)?;
    }
    hiding::hide_copied(conn, &copied, directory, vault, by)
}

/// Links some of the referrals to the person. Adds to `copied` those that became protected and were copied for siblings, or are
/// such copies.
fn adopt_step(
    conn: &mut DbConn,
    person: &SealedPerson,
    ids: &[ReferralId],
    copied: &mut Vec<ReferralId>,
    (by, directory, vault): (&ActingStaff, &Directory, &Vault),
) -> Result<()> {
    let (mut linked, mut rerouted) = (Vec::<Uuid>::new(), Vec::<Uuid>::new());
    let is_protected = person.protection.is_protected();
    for referral in of_person::named(conn, ids)? {
        let referral = Referral { person_id: Some(person.id), ..referral.open(vault)? };
        let was_protected = referral.protected;
        let next = match is_protected {
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
        copied.extend((is_protected && !next.course.copied().is_empty()).then_some(next.id));
    }
    if !linked.is_empty() {
        let entry = by.entry(actions::REFERRAL_LINKED, linked);
        audit::record(conn, &entry.also_about(vec![person.id.uuid()]))?;
    }
    if !rerouted.is_empty() {
        audit::record(conn, &by.entry(actions::REFERRAL_REROUTED, rerouted))?;
    }
    Ok(())
}

/// Lets the own words of staff about referrals that name the number say that the child is the person. The audit records it, as it
/// does for the referrals `linked`, which nobody was linked to before.
fn link_own_words(
    conn: &mut DbConn,
    (person, number_hash): (&SealedPerson, &[u8]),
    linked: &[ReferralId],
    vault: &Vault,
    by: &ActingStaff,
) -> Result<()> {
    let mut told = own_words::link(conn, number_hash, person.id, vault, &by.moment)?;
    told.retain(|referral| !linked.contains(referral));
    for step in told.chunks(of_person::AT_ONCE) {
        let entry = by.entry(actions::REFERRAL_LINKED, step.iter().copied().map(ReferralId::uuid).collect());
        audit::record(conn, &entry.also_about(vec![person.id.uuid()]))?;
    }
    Ok(())
}
