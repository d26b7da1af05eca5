//! The register of staff: who has signed in, so that colleagues can be found and cases be given to them.
//!
//! The identity provider is the source of who works where: what a token said last is what the register has. A name is sealed.

use diesel::prelude::*;

use crate::auth::{Role, Staff};
use crate::db::schema::{staff, staff_offices};
use crate::db::{Db, DbConn};
use crate::error::Result;
use crate::id::{OfficeId, StaffId};
use crate::on_backend;
use crate::time::{Random, Timestamp};
use crate::vault::{self, Confidential, ConfidentialLine, Sealed, Vault};

/// Notes who signs in.
pub struct Register {
    /// Where it is kept.
    pub db: Db,
    /// Seals names.
    pub vault: Vault,
    /// Makes seals unlike each other.
    pub random: Random,
}

/// Somebody who has signed in.
#[derive(Debug, Clone)]
pub struct Colleague {
    /// Who it is.
    pub id: StaffId,
    /// The name, if their tokens tell it.
    pub name: Option<ConfidentialLine>,
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = staff, treat_none_as_null = true)]
struct StaffRow {
    id: StaffId,
    name: Option<Sealed>,
    works_cases: bool,
    signed_in_at: Timestamp,
}

impl Register {
    /// Notes what a token says that was not seen before.
    pub async fn note(&self, who: &Staff, offices: Vec<OfficeId>, now: Timestamp) -> Result<()> {
        let name = who.name.as_ref().map(|name| {
            self.vault.seal(vault::STAFF_NAME, who.id.uuid(), name.reveal().as_ref().as_bytes(), &self.random)
        });
        let works_cases =
            who.roles.iter().any(|role| matches!(role, Role::OutreachWorker | Role::Caseworker | Role::TeamLead));
        let (id, name) = (who.id, name.transpose()?);
        self.db
            .write(move |conn| {
                let row = StaffRow { id, name: name.clone(), works_cases, signed_in_at: now };
                // Somebody's first calls may come at once: the second waits here, and then changes what the first has written.
                let first = diesel::insert_into(staff::table).values(&row).on_conflict_do_nothing();
                on_backend!(&mut *conn, conn => first.execute(conn))?;
                diesel::update(staff::table.find(id)).set(&row).execute(conn)?;
                diesel::delete(staff_offices::table.filter(staff_offices::staff_id.eq(id))).execute(conn)?;
                for office in &offices {
                    let row = (staff_offices::staff_id.eq(id), staff_offices::office_id.eq(*office));
                    diesel::insert_into(staff_offices::table).values(row).execute(conn)?;
                }
                Ok(())
            })
            .await
    }
}

/// Those who work with cases at one of the offices.
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
