//! The one way in which a call writes the directory of areas, districts, offices and services.
//!
//! - A change is one transaction: it writes the rows, raises the directory's version and stores the audit record.
//! - The next snapshot of the directory is made inside the transaction, from the rows as they are after the change. If it
//!   breaks a rule of the whole directory, the transaction is rolled back.
//! - Writes of the directory wait for each other, so the rules are judged on the directory as it will be.
//! - The new snapshot becomes the current one before the call is answered, so that the caller's next call finds the change.

use std::sync::Arc;

use uuid::Uuid;

use crate::audit::AuditAttempt;
use crate::auth::Administrator;
use crate::context::{Context, Tx};
use crate::db::DbConn;
use crate::directory::{Directory, store};
use crate::error::Result;
use crate::http::written::Written;
use crate::idempotency;

/// A change of the directory, as the functions by which it is written, judged and answered.
pub struct DirectoryChange<Work, Rule, Answer> {
    /// The identifier of the area, district, office or service that is written.
    pub id: Uuid,
    /// Writes the rows. It may run more than once.
    pub work: Work,
    /// Checks the directory as it is after the change, and fails if it breaks a rule.
    pub rule: Rule,
    /// Makes the answer to the call from the directory as it is after the change.
    pub answer: Answer,
}

impl Context<Administrator> {
    /// Writes a change of the directory and returns the answer. `prepare` makes the change from the newest snapshot, which is
    /// read first: another server may have written the directory since this call came in.
    pub async fn write_directory<W, R, A>(
        &self,
        attempt: AuditAttempt,
        prepare: impl AsyncFn(&Directory) -> Result<DirectoryChange<W, R, A>>,
    ) -> Result<Written>
    where
        W: Fn(&mut DbConn) -> Result<()> + Send + 'static,
        R: Fn(&Directory) -> Result<()> + Send + 'static,
        A: Fn(&Directory) -> Result<Written> + Send + 'static,
    {
        let handle = self.directory_handle();
        let now = self.call.moment.now;
        let prepare = async || {
            let latest = handle.refresh_at(&self.db, now).await?;
            let DirectoryChange { id, work, rule, answer } = prepare(&latest).await?;
            let before: Arc<Directory> = handle.current();
            Ok(move |tx: &mut Tx<'_>| {
                store::count_write(tx)?;
                work(tx)?;
                let after = store::reload(tx, now, &before)?;
                rule(&after)?;
                tx.about([id]);
                Ok((answer(&after)?, after))
            })
        };
        let (written, after) = self.perform(attempt, idempotency::public(), prepare).await?;
        if let Some(after) = after {
            handle.install(after);
        }
        Ok(written)
    }
}

/// Accepts every directory: the rule for changes that cannot break a rule of the whole directory.
pub fn any(_: &Directory) -> Result<()> {
    Ok(())
}

/// Makes the answer 204 without a body, for deletions.
pub fn no_content(_: &Directory) -> Result<Written> {
    Ok(Written::out_of_sight())
}
