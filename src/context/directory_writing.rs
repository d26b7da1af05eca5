//! The one way to write the directory.
//!
//! - A change is one transaction: the rows, the count of writes, the record in the audit.
//! - The next snapshot is made inside it, from the rows that it has written. A rule of the whole directory that breaks there takes
//!   everything back.
//! - Writes of the directory wait for each other, so the rules of the whole are judged on what will be.
//! - The snapshot is installed before the answer, so the caller who wrote something finds it.

use std::sync::Arc;

use uuid::Uuid;

use crate::audit::Attempt;
use crate::auth::Administrator;
use crate::context::{Context, Tx};
use crate::db::DbConn;
use crate::directory::{Directory, store};
use crate::error::Result;
use crate::http::written::Written;
use crate::idempotency;

/// A change of the directory.
pub struct DirectoryChange<Work, Rule, Answer> {
    /// The resource that is written.
    pub id: Uuid,
    /// Writes the rows; may run more than once.
    pub work: Work,
    /// Judges the directory after it.
    pub rule: Rule,
    /// Makes the answer of the directory after it.
    pub answer: Answer,
}

impl Context<Administrator> {
    /// Writes the directory. `prepare` makes the change from the newest directory: another server may have written since this one looked.
    pub async fn write_directory<W, R, A>(
        &self,
        attempt: Attempt,
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

/// The rule of changes that break no rule of the whole directory.
pub fn any(_: &Directory) -> Result<()> {
    Ok(())
}

/// The answer to deletions.
pub fn no_content(_: &Directory) -> Result<Written> {
    Ok(Written::out_of_sight())
}
