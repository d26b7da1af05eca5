//! What an installation holds after years: people, referrals and contacts, as many of each.

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use nara::db::DbConn;
use nara::db::connection::Purpose;
use nara::directory::{self, Directory};
use nara::partners;
use nara::time::Clock;
use nara::vault::Vault;

use super::contacts;
use super::installation::Installation;
use super::matters::Matters;
use super::people::People;

/// So many of each are written in a transaction.
const AT_ONCE: usize = 5_000;

/// What is there.
pub struct Holdings {
    conn: DbConn,
    directory: Directory,
    vault: Vault,
    pub people: People,
    pub matters: Matters,
    /// How many there are of each.
    count: usize,
}

impl Holdings {
    pub fn new(installation: &Installation, vault: Vault) -> Self {
        let mut conn = installation.target.connect(Purpose::Writing).expect("the database is there");
        // A power cut would end the measurement anyway.
        match &mut conn {
            DbConn::Sqlite(conn) => conn.batch_execute("PRAGMA synchronous=OFF; PRAGMA cache_size=-1000000"),
            DbConn::Postgres(conn) => conn.batch_execute("SET synchronous_commit=off"),
        }
        .expect("the connection can be told");
        nara::binding::carry(&mut conn, nara::bound_tables::binder(&vault));
        let directory = directory::store::load(&mut conn, Clock::system().now()).expect("the directory is there");
        let sender = partners::store::all(&mut conn).expect("partners can be listed");
        let sender = sender.first().map(|partner| (partner.id, partner.category)).expect("there is a partner");
        let home = directory.offices.iter().find(|office| office.slug.as_ref() == "skaggetorp");
        let home = home.expect("the directory has the office").id;
        let people = People::new(&directory, &vault, home);
        let matters = Matters::new(&directory, &vault, sender, home);
        Self { conn, directory, vault, people, matters, count: 0 }
    }

    /// Writes what is missing up to so many of each.
    pub fn fill_to(&mut self, count: usize) {
        let begun = Instant::now();
        while self.count < count {
            let some = AT_ONCE.min(count - self.count);
            self.people.fill(&mut self.conn, some);
            self.matters.fill(&mut self.conn, some);
            contacts::fill(&mut self.conn, &self.directory, &self.vault, some);
            self.count += some;
        }
        // What a database does by itself in quiet hours.
        match &mut self.conn {
            DbConn::Sqlite(conn) => conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)"),
            DbConn::Postgres(conn) => {
                diesel::sql_query("VACUUM ANALYZE").execute(conn).expect("PostgreSQL can tidy up");
                conn.batch_execute("CHECKPOINT")
            }
        }
        .expect("the database can write down what it has");
        told(&format!("{count} people, referrals and contacts each: there after {} s", begun.elapsed().as_secs()));
    }
}

#[expect(clippy::print_stderr, reason = "Filling takes minutes: who waits should know.")]
fn told(text: &str) {
    eprintln!("{text}");
}
