//! The register of staff who have signed in, so that colleagues can be found and cases can be assigned to them.
//!
//! - The identifier of a member of staff is made at the first call that the permissions allow, and is stored before that call goes
//!   on. If two servers see the same person for the first time at once, they agree on one identifier: the database keeps the first.
//! - The person's subject (`sub`) at the identity provider may be a personal identity number. It is kept sealed, so that its hash
//!   can be made again with a new key, and it is found only by its keyed hash.
//! - The identity provider is the source for who works where: the register holds the statements of the person's newest token, by the
//!   time at which it was issued (`iat`). An older token that is still valid lets its holder in and changes nothing here. The
//!   database compares the times, so that several servers agree. Names are sealed.

use diesel::prelude::*;

use crate::auth::Role;
use crate::auth::holder::TokenHolder;
use crate::auth::verified::ProviderIdentity;
use crate::db::schema::{offices, staff, staff_offices};
use crate::db::{Db, DbConn};
use crate::error::Result;
use crate::id::{OfficeId, StaffId};
use crate::on_backend;
use crate::time::{Random, Timestamp};
use crate::vault::{self, Confidential, ConfidentialLine, Sealed, Vault};

/// The register of staff: records who signs in.
pub struct Register {
    pub db: Db,
    pub vault: Vault,
    /// The source of randomness for seals.
    pub random: Random,
}

/// A member of staff who has signed in at some time, as colleagues see them.
#[derive(Debug, Clone)]
pub struct Colleague {
    pub id: StaffId,
    /// The colleague's name, if their newest token contained it.
    pub name: Option<ConfidentialLine>,
}

#[derive(Insertable)]
#[diesel(table_name = staff)]
struct Newcomer {
    id: StaffId,
    subject_hash: Vec<u8>,
    subject: Sealed,
    works_cases: bool,
    signed_in_at: Timestamp,
}

impl Register {
    /// Stores the claims of a token and the offices of its holder, unless a newer token of the same person was stored, and returns
    /// the holder's identifier. It is a new one if the holder signs in for the first time. Of tokens that were issued in the same
    /// second, the one that comes last counts.
    pub async fn sign_in(&self, holder: &TokenHolder, offices: Vec<OfficeId>, now: Timestamp) -> Result<StaffId> {
        let id = StaffId::new(now, &self.random);
        let hash = holder.identity_hash.bytes().to_vec();
        let (claims, issued_at) = (&holder.verified.claims, holder.verified.issued_at);
        let subject = self.vault.seal_json(vault::STAFF_SUBJECT, id.uuid(), &claims.identity, &self.random)?;
        let works_cases =
            claims.roles.iter().any(|role| matches!(role, Role::OutreachWorker | Role::Caseworker | Role::TeamLead));
        let (name, vault, random) = (claims.name.clone(), self.vault.clone(), self.random.clone());
        let write = move |conn: &mut DbConn| {
            let (subject_hash, subject) = (hash.clone(), subject.clone());
            let newcomer = Newcomer { id, subject_hash, subject, works_cases, signed_in_at: now };
            // The first calls of a person may come at the same time: the second waits here, and then finds the row of the first.
            let first = diesel::insert_into(staff::table).values(&newcomer).on_conflict_do_nothing();
            on_backend!(&mut *conn, conn => first.execute(conn))?;
            let id: StaffId = staff::table.filter(staff::subject_hash.eq(&hash)).select(staff::id).first(conn)?;
            let seal = |name: &ConfidentialLine| {
                vault.seal(vault::STAFF_NAME, id.uuid(), name.reveal().as_ref().as_bytes(), &random)
            };
            let name = name.as_ref().map(seal).transpose()?;
            let said = (staff::name.eq(name), staff::works_cases.eq(works_cases), staff::signed_in_at.eq(now));
            let is_newest = staff::token_issued_at.is_null().or(staff::token_issued_at.le(issued_at));
            let of_older_token = staff::table.find(id).filter(is_newest);
            let replaced =
                diesel::update(of_older_token).set((said, staff::token_issued_at.eq(issued_at))).execute(conn)?;
            if replaced == 0 {
                return Ok(id);
            }
            diesel::delete(staff_offices::table.filter(staff_offices::staff_id.eq(id))).execute(conn)?;
            // Another server may just have removed an office, which stays in this server's directory for up to a second.
            let there: Vec<OfficeId> =
                offices::table.filter(offices::id.eq_any(&offices)).select(offices::id).load(conn)?;
            for office in there {
                let row = (staff_offices::staff_id.eq(id), staff_offices::office_id.eq(office));
                diesel::insert_into(staff_offices::table).values(row).execute(conn)?;
            }
            Ok(id)
        };
        self.db.write(write).await
    }
}

/// Makes the hash by which a member of staff is found again with the vault's current look-up key, for all staff, a batch at a time.
/// Returns the number of staff.
pub fn rebuild_lookups(conn: &mut DbConn, vault: &Vault) -> Result<usize> {
    const AT_ONCE: i64 = 100;
    let (mut rebuilt, mut after) = (0, StaffId::from_uuid(uuid::Uuid::nil()));
    loop {
        let rows: Vec<(StaffId, Sealed)> = staff::table
            .filter(staff::id.gt(after))
            .order(staff::id)
            .limit(AT_ONCE)
            .select((staff::id, staff::subject))
            .load(conn)?;
        let Some((last, _)) = rows.last() else { return Ok(rebuilt) };
        after = *last;
        for (id, sealed) in rows {
            let identity: ProviderIdentity = vault.open_json(vault::STAFF_SUBJECT, id.uuid(), &sealed)?;
            let hash = identity.hash(vault).bytes().to_vec();
            rebuilt += diesel::update(staff::table.find(id)).set(staff::subject_hash.eq(hash)).execute(conn)?;
        }
    }
}

/// Whether a member of staff works with cases and has this office, both by their newest token.
pub fn works_at(conn: &mut DbConn, id: StaffId, office: OfficeId) -> Result<bool> {
    let there = staff_offices::table.find((id, office)).inner_join(staff::table).filter(staff::works_cases.eq(true));
    let count: i64 = on_backend!(conn, conn => there.count().get_result(conn))?;
    Ok(count > 0)
}

/// Returns the staff who work with cases at one or more of these offices, by their newest tokens.
pub fn colleagues(conn: &mut DbConn, offices: &[OfficeId], vault: &Vault) -> Result<Vec<Colleague>> {
    let rows: Vec<(StaffId, Option<Sealed>)> = on_backend!(conn, conn => staff::table
        .filter(staff::works_cases.eq(true))
        .filter(staff::id.eq_any(
            staff_offices::table.filter(staff_offices::office_id.eq_any(offices.to_vec())).select(staff_offices::staff_id),
        ))
        .select((staff::id, staff::name))
        .load(conn))?;
    let open = |(id, name): (StaffId, Option<Sealed>)| {
        let name = name.map(|sealed| vault.open(vault::STAFF_NAME, id.uuid(), &sealed)).transpose()?;
        let name = name.and_then(|name| String::from_utf8(name).ok()).and_then(|name| name.parse().ok());
        Ok(Colleague { id, name: name.map(Confidential::new) })
    };
    rows.into_iter().map(open).collect()
}
