//! Where the two databases differ, each difference as a named function that says why.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;

use crate::db::connection::DbConn;
use crate::db::schema::{families, family_offices, outreach_contacts, partners, people, person_offices, referrals};
use crate::error::{Error, Result};
use crate::id::{FamilyId, OfficeId, OutreachContactId, PartnerId, PersonId, ReferralId};

/// Compiles one expression for each database. It is for what the multi-backend cannot say (a batch insert), and for hot
/// statements, whose SQL text the multi-backend would build anew at every execution.
#[macro_export]
macro_rules! on_backend {
    ($conn:expr, $concrete:ident => $expression:expr) => {
        match $conn {
            $crate::db::DbConn::Postgres($concrete) => $expression,
            $crate::db::DbConn::Sqlite($concrete) => $expression,
        }
    };
}

/// PostgreSQL breaks a tie between two transactions by refusing one of them; that one may simply run again. SQLite has one
/// writer and no ties.
pub fn is_worth_another_try(error: &Error) -> bool {
    let Some(DieselError::DatabaseError(kind, about)) =
        error.cause().and_then(|cause| cause.downcast_ref::<DieselError>())
    else {
        return false;
    };
    matches!(kind, DatabaseErrorKind::SerializationFailure) || about.message().contains("deadlock detected")
}

/// Neither database gives diesel a kind for "not now": PostgreSQL says so while it shuts down or starts, SQLite when the disk
/// is full or fails, or when another process holds the file.
pub fn is_outage(message: &str) -> bool {
    const SAYINGS: [&str; 11] = [
        "terminating connection",
        "canceling statement due to",
        "the database system is",
        "server closed the connection",
        "could not connect",
        "connection to server",
        "no connection to the server",
        "SSL connection has been closed",
        "database or disk is full",
        "disk I/O error",
        "database is locked",
    ];
    SAYINGS.iter().any(|saying| message.contains(saying))
}

/// Several servers may start at once on one database, and two migrations at once would collide. On PostgreSQL an advisory lock
/// makes the second wait; on SQLite a transaction that takes the write lock at once does. On both it is one transaction: what ends half-way
/// has done nothing.
pub fn while_alone<T>(conn: &mut DbConn, work: impl FnOnce(&mut DbConn) -> Result<T>) -> Result<T> {
    match conn {
        // A migration, and the wait for another server's, may take longer than a statement normally may.
        DbConn::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN; SET LOCAL statement_timeout=0; SET LOCAL lock_timeout=0; SELECT pg_advisory_xact_lock(74657261)",
        )?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?,
    }
    let outcome = work(conn);
    on_backend!(conn, conn => match outcome {
        Ok(_) => AnsiTransactionManager::commit_transaction(conn),
        Err(_) => AnsiTransactionManager::rollback_transaction(conn),
    })?;
    outcome
}

/// Several servers may seal the audit of one PostgreSQL. The first takes a lock that ends with its transaction, and the others do not
/// wait for it. SQLite has one writer, so whoever writes is alone.
pub fn is_the_only_sealer(conn: &mut DbConn) -> Result<bool> {
    let DbConn::Postgres(conn) = conn else { return Ok(true) };
    let lock = diesel::dsl::sql::<diesel::sql_types::Bool>("pg_try_advisory_xact_lock(74657262)");
    Ok(diesel::select(lock).get_result(conn)?)
}

diesel::define_sql_function! {
    /// PostgreSQL's; it gives nothing.
    fn pg_advisory_xact_lock(key: BigInt) -> Nullable<Text>
}
diesel::define_sql_function! {
    /// PostgreSQL's; it gives nothing.
    fn pg_advisory_xact_lock_shared(key: BigInt) -> Nullable<Text>
}

/// What was read of an identity number, by its hash, must hold until the transaction ends: who has it, or that nobody does. On
/// PostgreSQL another transaction could register or change somebody in between, and there is no row to hold of somebody who is not
/// there, so the number itself is held; those who only hold it do not wait for each other. SQLite has one writer.
pub fn hold_number(conn: &mut DbConn, hash: &[u8]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        diesel::select(pg_advisory_xact_lock_shared(lock_key(hash))).execute(conn)?;
    }
    Ok(())
}

/// The same for who changes what the number stands for: waits for those who hold it, and they for this one.
pub fn take_number(conn: &mut DbConn, hash: &[u8]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        diesel::select(pg_advisory_xact_lock(lock_key(hash))).execute(conn)?;
    }
    Ok(())
}

/// Who works out a family's first fact must not do so beside somebody else who does. On PostgreSQL the rows of the families are held
/// until the transaction ends, in one order for all, so that two never wait for each other. SQLite has one writer.
pub fn hold_families(conn: &mut DbConn, ids: &[FamilyId]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let rows = families::table.filter(families::id.eq_any(ids.to_vec())).order(families::id);
        // References to the rows may come in meanwhile: nobody changes the key.
        rows.select(families::id).for_no_key_update().load::<FamilyId>(conn)?;
    }
    Ok(())
}

/// Who makes one referral follow from another must not do so beside somebody who does the reverse. On PostgreSQL the rows of both are held
/// until the transaction ends, in one order for all, so that two never wait for each other. SQLite has one writer.
pub fn hold_referrals(conn: &mut DbConn, ids: &[ReferralId]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let rows = referrals::table.filter(referrals::id.eq_any(ids.to_vec())).order(referrals::id);
        // References to the rows may come in meanwhile: nobody changes the key.
        rows.select(referrals::id).for_no_key_update().load::<ReferralId>(conn)?;
    }
    Ok(())
}

/// Two numbers with one key would wait for each other, and that is all.
fn lock_key(hash: &[u8]) -> i64 {
    i64::from_be_bytes(hash.first_chunk().copied().unwrap_or_default())
}

/// What was read of people must hold until the transaction ends. On PostgreSQL another transaction could change them in between, so their
/// rows are held, in one order for all; those who hold them as well do not wait for each other. SQLite has one writer.
pub fn hold_people(conn: &mut DbConn, ids: &[PersonId]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let rows = people::table.filter(people::id.eq_any(ids.to_vec())).order(people::id);
        rows.select(people::id).for_share().load::<PersonId>(conn)?;
    }
    Ok(())
}

/// The same of a referral.
pub fn hold_referral(conn: &mut DbConn, id: ReferralId) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        referrals::table.find(id).select(referrals::id).for_share().load::<ReferralId>(conn)?;
    }
    Ok(())
}

/// Of which category an agency is must hold until the transaction ends, for what it sends is kept under it. On PostgreSQL another transaction
/// could change it in between, so the agency's row is held; those who hold it as well do not wait for each other. SQLite has one writer.
pub fn hold_category<C>(conn: &mut DbConn, agency: PartnerId) -> Result<C>
where
    C: FromSqlRow<Text, Pg> + FromSqlRow<Text, Sqlite> + 'static,
{
    let category = partners::table.find(agency).select(partners::category);
    Ok(match conn {
        DbConn::Postgres(conn) => category.for_share().get_result(conn)?,
        DbConn::Sqlite(conn) => category.get_result(conn)?,
    })
}

/// Who writes the next version of a contact, or makes something of it, must not do so beside somebody who changes it. On PostgreSQL its row
/// is held until the transaction ends. SQLite has one writer.
pub fn hold_contact(conn: &mut DbConn, id: OutreachContactId) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let row = outreach_contacts::table.find(id).select(outreach_contacts::id);
        // References to the row may come in meanwhile: nobody changes the key.
        row.for_no_key_update().load::<OutreachContactId>(conn)?;
    }
    Ok(())
}

/// Notes which offices have reason to know of which people, each with whether that is only through somebody whose identity is
/// protected. PostgreSQL takes all in one statement, since each would be a round trip; SQLite, which has no list of rows that may be
/// there already, takes one after the other in process.
pub fn note_met_people(conn: &mut DbConn, met: &[(PersonId, OfficeId, bool)]) -> Result<()> {
    let row = |(person, office, through_protected): &(PersonId, OfficeId, bool)| {
        (
            person_offices::person_id.eq(*person),
            person_offices::office_id.eq(*office),
            person_offices::through_protected.eq(*through_protected),
        )
    };
    let table = || diesel::insert_into(person_offices::table);
    match conn {
        DbConn::Postgres(_) if met.is_empty() => {}
        DbConn::Postgres(conn) => {
            table().values(met.iter().map(row).collect::<Vec<_>>()).on_conflict_do_nothing().execute(conn)?;
        }
        DbConn::Sqlite(conn) => {
            for met in met {
                table().values(row(met)).on_conflict_do_nothing().execute(conn)?;
            }
        }
    }
    Ok(())
}

/// The same for families.
pub fn note_met_families(conn: &mut DbConn, met: &[(FamilyId, OfficeId, bool)]) -> Result<()> {
    let row = |(family, office, through_protected): &(FamilyId, OfficeId, bool)| {
        (
            family_offices::family_id.eq(*family),
            family_offices::office_id.eq(*office),
            family_offices::through_protected.eq(*through_protected),
        )
    };
    let table = || diesel::insert_into(family_offices::table);
    match conn {
        DbConn::Postgres(_) if met.is_empty() => {}
        DbConn::Postgres(conn) => {
            table().values(met.iter().map(row).collect::<Vec<_>>()).on_conflict_do_nothing().execute(conn)?;
        }
        DbConn::Sqlite(conn) => {
            for met in met {
                table().values(row(met)).on_conflict_do_nothing().execute(conn)?;
            }
        }
    }
    Ok(())
}

/// SQLite takes its compile-time options from the build; without the first of these every statement with a bound LIMIT is
/// prepared anew at each execution, which makes reads three times slower. PostgreSQL must say in English what went wrong: diesel has
/// no kind for a deadlock or an outage, so they are known by their words, and a session may not choose its language by itself.
pub fn check_build(conn: &mut DbConn) -> Result<()> {
    #[derive(QueryableByName)]
    struct CompileOption {
        #[diesel(sql_type = diesel::sql_types::Text)]
        compile_options: String,
    }
    #[derive(QueryableByName)]
    struct MessageLanguage {
        #[diesel(sql_type = diesel::sql_types::Text)]
        lc_messages: String,
    }
    let conn = match conn {
        DbConn::Sqlite(conn) => conn,
        DbConn::Postgres(conn) => {
            let language: MessageLanguage = diesel::sql_query("SHOW lc_messages").get_result(conn)?;
            return if is_english(&language.lc_messages) { Ok(()) } else { Err(Error::internal(NOT_ENGLISH)) };
        }
    };
    let options: Vec<CompileOption> = diesel::sql_query("PRAGMA compile_options").load(conn)?;
    match options.iter().any(|option| option.compile_options == "ENABLE_QPSG") {
        true => Ok(()),
        false => {
            Err(Error::internal("SQLite was built without ENABLE_QPSG; build with the settings of .cargo/config.toml"))
        }
    }
}

const NOT_ENGLISH: &str = "PostgreSQL tells errors in another language than English, so that deadlocks and outages would not be known; \
                           let a superuser run: ALTER ROLE the_role_of_nara SET lc_messages = 'C'";

/// Whether messages of this locale are in English. None named is the server's environment, which mostly is.
fn is_english(locale: &str) -> bool {
    let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
    matches!(language.to_ascii_lowercase().as_str(), "" | "c" | "posix" | "en" | "english")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_these_locales_are_in_english() {
        assert!(
            ["C", "C.UTF-8", "POSIX", "en_US.utf8", "en_GB", "English_United States.1252", ""]
                .iter()
                .all(|it| is_english(it))
        );
        assert!(!["sv_SE.UTF-8", "de_DE", "Swedish_Sweden.1252", "ca_ES"].iter().any(|it| is_english(it)));
    }
}
