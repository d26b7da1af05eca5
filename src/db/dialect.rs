//! The differences between PostgreSQL and SQLite, each as a named function that gives the reason.

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
use crate::id::{FamilyId, OfficeId, OutreachContactId, PartnerId, PersonId, ReferralId, ResourceId};

/// Evaluates `$expression` with the concrete connection, which is called `$concrete` in it; it is compiled once for each
/// database. This is needed for statements that diesel's multi-backend cannot express (a batch insert), and for frequent
/// statements, whose SQL text the multi-backend would build again at every execution.
#[macro_export]
macro_rules! on_backend {
    ($conn:expr, $concrete:ident => $expression:expr) => {
        match $conn {
            $crate::db::DbConn::Postgres($concrete) => $expression,
            $crate::db::DbConn::Sqlite($concrete) => $expression,
        }
    };
}

/// Whether a transaction failed only because of a conflict with another one, so that it may simply run again. PostgreSQL resolves
/// a deadlock or a serialization conflict by refusing one transaction. SQLite has one writer and no such conflicts.
pub fn is_worth_another_try(error: &Error) -> bool {
    let Some(DieselError::DatabaseError(kind, about)) =
        error.cause().and_then(|cause| cause.downcast_ref::<DieselError>())
    else {
        return false;
    };
    matches!(kind, DatabaseErrorKind::SerializationFailure) || about.message().contains("deadlock detected")
}

/// Whether a message of the database says that it cannot do its work at present. Diesel has no error kind for that: PostgreSQL
/// refuses work while it starts or shuts down and cancels statements that take too long, and SQLite fails when the disk is full
/// or broken, or when another process holds the file.
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

/// Runs `work` in one transaction while no other server runs this function on the same database. It is meant for migrations:
/// several servers may start at once, and two migrations at once would collide. On PostgreSQL an advisory lock makes the second
/// server wait; on SQLite, the transaction takes the lock for writing at its start. If `work` fails, everything is rolled back.
pub fn while_alone<T>(conn: &mut DbConn, work: impl FnOnce(&mut DbConn) -> Result<T>) -> Result<T> {
    match conn {
        // A migration, or the wait for another server's migration, may take longer than the time-out of a statement.
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

/// Whether this transaction is the only one that seals the audit. Several servers may share one PostgreSQL: the first one takes a
/// lock until the end of its transaction, and the others get false and do not wait. SQLite has one writer, which is always the
/// only sealer.
pub fn is_the_only_sealer(conn: &mut DbConn) -> Result<bool> {
    let DbConn::Postgres(conn) = conn else { return Ok(true) };
    let lock = diesel::dsl::sql::<diesel::sql_types::Bool>("pg_try_advisory_xact_lock(74657262)");
    Ok(diesel::select(lock).get_result(conn)?)
}

diesel::define_sql_function! {
    /// A PostgreSQL function that takes a lock until the end of the transaction and returns nothing.
    fn pg_advisory_xact_lock(key: BigInt) -> Nullable<Text>
}
diesel::define_sql_function! {
    /// A PostgreSQL function that takes a lock until the end of the transaction and returns nothing.
    fn pg_advisory_xact_lock_shared(key: BigInt) -> Nullable<Text>
}

/// Makes sure that nobody changes until the end of the transaction who has an identity number, or that nobody has it. The number
/// is given by its keyed hash. On PostgreSQL a shared lock on the number itself is taken, because somebody who is not registered
/// has no row to lock. Transactions that only hold a number do not wait for each other. Nothing is needed on SQLite, which has
/// one writer.
pub fn hold_number(conn: &mut DbConn, hash: &[u8]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        diesel::select(pg_advisory_xact_lock_shared(lock_key(hash))).execute(conn)?;
    }
    Ok(())
}

/// Locks an identity number, given by its keyed hash, until the end of the transaction, in order to change who has it. Waits for
/// transactions that hold the number by [`hold_number`] or have locked it, and they wait for this one. Nothing is needed on
/// SQLite, which has one writer.
pub fn take_number(conn: &mut DbConn, hash: &[u8]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        diesel::select(pg_advisory_xact_lock(lock_key(hash))).execute(conn)?;
    }
    Ok(())
}

/// Locks the rows of these families until the end of the transaction, because two transactions must not determine at the same
/// time how a family was first reached. On PostgreSQL, all transactions lock the rows in the same order, so that no deadlock
/// arises. Nothing is needed on SQLite, which has one writer.
pub fn hold_families(conn: &mut DbConn, ids: &[FamilyId]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let rows = families::table.filter(families::id.eq_any(ids.to_vec())).order(families::id);
        // References to the rows may be added meanwhile, since the key does not change.
        rows.select(families::id).for_no_key_update().load::<FamilyId>(conn)?;
    }
    Ok(())
}

/// Locks the rows of these referrals until the end of the transaction. Otherwise one transaction could make a referral follow
/// from another one while a second transaction does the reverse. On PostgreSQL, all transactions lock the rows in the same order,
/// so that no deadlock arises. Nothing is needed on SQLite, which has one writer.
pub fn hold_referrals(conn: &mut DbConn, ids: &[ReferralId]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let rows = referrals::table.filter(referrals::id.eq_any(ids.to_vec())).order(referrals::id);
        // References to the rows may be added meanwhile, since the key does not change.
        rows.select(referrals::id).for_no_key_update().load::<ReferralId>(conn)?;
    }
    Ok(())
}

/// The key of the PostgreSQL advisory lock for an identity number: the first eight bytes of the number's keyed hash. If two
/// numbers have the same key, their transactions only wait for each other.
fn lock_key(hash: &[u8]) -> i64 {
    i64::from_be_bytes(hash.first_chunk().copied().unwrap_or_default())
}

/// Makes sure that the rows of these people do not change until the end of the transaction. On PostgreSQL the rows get a shared
/// lock, in the same order in all transactions. Transactions that only hold people do not wait for each other. Nothing is needed
/// on SQLite, which has one writer.
pub fn hold_people(conn: &mut DbConn, ids: &[PersonId]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let rows = people::table.filter(people::id.eq_any(ids.to_vec())).order(people::id);
        rows.select(people::id).for_share().load::<PersonId>(conn)?;
    }
    Ok(())
}

/// Locks the rows of these people until the end of the transaction, in order to change the families that they belong to. Waits
/// for transactions that hold one of the people by [`hold_people`], and they wait for this one. On PostgreSQL, all transactions
/// lock the rows in the same order, so that no deadlock arises. Nothing is needed on SQLite, which has one writer.
pub fn take_people(conn: &mut DbConn, ids: &[PersonId]) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let rows = people::table.filter(people::id.eq_any(ids.to_vec())).order(people::id);
        // References to the rows may be added meanwhile, since the key does not change.
        rows.select(people::id).for_no_key_update().load::<PersonId>(conn)?;
    }
    Ok(())
}

/// Makes sure that the row of a referral does not change until the end of the transaction, as [`hold_people`] does for people.
pub fn hold_referral(conn: &mut DbConn, id: ReferralId) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        referrals::table.find(id).select(referrals::id).for_share().load::<ReferralId>(conn)?;
    }
    Ok(())
}

/// Reads a partner agency's category, and makes sure that it does not change until the end of the transaction, because the
/// referrals that the agency sends are stored with it. On PostgreSQL the agency's row gets a shared lock, so transactions that
/// only hold it do not wait for each other. SQLite has one writer.
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

/// Locks the row of an outreach contact until the end of the transaction. Otherwise two transactions could both write its next
/// version, or one could create something from the contact while another changes it. Nothing is needed on SQLite, which has one
/// writer.
pub fn hold_contact(conn: &mut DbConn, id: OutreachContactId) -> Result<()> {
    if let DbConn::Postgres(conn) = conn {
        let row = outreach_contacts::table.find(id).select(outreach_contacts::id);
        // References to the row may be added meanwhile, since the key does not change.
        row.for_no_key_update().load::<OutreachContactId>(conn)?;
    }
    Ok(())
}

/// A link from a person or a family to an office that has met them: whether only somebody with a protected identity gives the
/// reason, the contact or referral that is the reason, and the code that binds the link.
pub type MetLink<T> = (T, OfficeId, bool, ResourceId, Vec<u8>);

/// Stores that offices have met people, each with whether only somebody with a protected identity gives the reason, and with the
/// contact or referral that is the reason. A link that exists is left as it is. PostgreSQL inserts all rows in one statement, since
/// each statement is a round trip. Diesel cannot do that for SQLite if rows may exist already, so there they are inserted one by
/// one, in process.
pub fn note_met_people(conn: &mut DbConn, met: &[MetLink<PersonId>]) -> Result<()> {
    let row = |(person, office, through_protected, source, code): &MetLink<PersonId>| {
        (
            person_offices::person_id.eq(*person),
            person_offices::office_id.eq(*office),
            person_offices::through_protected.eq(*through_protected),
            person_offices::source_id.eq(*source),
            person_offices::code.eq(code.clone()),
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

/// Stores that offices have met families, as [`note_met_people`] does for people.
pub fn note_met_families(conn: &mut DbConn, met: &[MetLink<FamilyId>]) -> Result<()> {
    let row = |(family, office, through_protected, source, code): &MetLink<FamilyId>| {
        (
            family_offices::family_id.eq(*family),
            family_offices::office_id.eq(*office),
            family_offices::through_protected.eq(*through_protected),
            family_offices::source_id.eq(*source),
            family_offices::code.eq(code.clone()),
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

/// Checks that the database is built and configured as this program needs it. SQLite must have the option `ENABLE_QPSG`: without
/// it, SQLite prepares every statement with a bound LIMIT again at each execution, which makes reads three times slower.
/// PostgreSQL must report errors in English: diesel has no kind for a deadlock or an outage, so they are recognised by their
/// words, and an ordinary session may not choose the language of its messages.
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

const NOT_ENGLISH: &str = "PostgreSQL reports errors in another language than English, so deadlocks and outages could not be recognised; \
                           let a superuser run: ALTER ROLE the_role_of_nara SET lc_messages = 'C'";

/// Whether PostgreSQL's messages in the locale `locale` are in English. An empty locale is that of the server's environment,
/// which mostly is English.
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
