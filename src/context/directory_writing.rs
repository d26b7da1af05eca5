//! The one way in which a call writes the directory of areas, districts, offices and services.
//!
//! - A change is one transaction: it writes the rows, raises the directory's version and stores the audit record.
//! - The ground of the districts as the change will leave it is measured and judged before the transaction, on a thread of its
//!   own, because that takes up to seconds. Others can write meanwhile.
//! - The next snapshot of the directory is made inside the transaction, from the rows as they are after the change. If the
//!   districts are not as they were measured, another write came first: the transaction is rolled back, and the change is
//!   prepared and measured again.
//! - The new snapshot becomes the current one before the call is answered, so that the caller's next call finds the change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use crate::audit::AuditAttempt;
use crate::auth::Administrator;
use crate::context::{Context, MOST_ATTEMPTS, Tx};
use crate::db::{self, DbConn};
use crate::directory::{Directory, store};
use crate::districts::ground::GroundChange;
use crate::error::{Error, Problem, Result};
use crate::http::written::Written;
use crate::idempotency;

/// A change of the directory: its effect on the ground of the districts, and the functions by which it is written and answered.
pub struct DirectoryChange<Work, Answer> {
    /// The identifier of the area, district, office or service that is written.
    pub id: Uuid,
    /// The districts that are written, and the rule about their ground.
    pub ground: GroundChange,
    /// Writes the rows. It may run more than once.
    pub work: Work,
    /// Makes the answer to the call from the directory as it is after the change.
    pub answer: Answer,
}

impl Context<Administrator> {
    /// Writes a change of the directory and returns the answer. `prepare` makes the change from the newest snapshot, which is
    /// read first: another server may have written the directory since this call came in. Fails as overloaded if other writes
    /// of districts come first each time.
    pub async fn write_directory<W, A>(
        &self,
        attempt: AuditAttempt,
        prepare: impl AsyncFn(&Directory) -> Result<DirectoryChange<W, A>>,
    ) -> Result<Written>
    where
        W: Fn(&mut DbConn) -> Result<()> + Send + 'static,
        A: Fn(&Directory) -> Result<Written> + Send + 'static,
    {
        let (handle, now) = (self.directory_handle(), self.call.moment.now);
        let is_overtaken = Arc::new(AtomicBool::new(false));
        let measured = tokio::sync::Mutex::new(None::<Arc<Directory>>);
        let prepare = async || {
            let latest = handle.refresh_at(&self.db, now).await?;
            let DirectoryChange { id, ground, work, answer } = prepare(&latest).await?;
            let mut measured = measured.lock().await;
            let expected = ground.measured(handle, latest, measured.take(), now).await?;
            *measured = Some(Arc::clone(&expected));
            let is_overtaken = Arc::clone(&is_overtaken);
            Ok(move |tx: &mut Tx<'_>| {
                store::count_write(tx)?;
                work(tx)?;
                let after = store::next(tx, now, &expected)?;
                is_overtaken.store(after.is_none(), Ordering::Release);
                let after = after.ok_or_else(db::stale)?;
                tx.about([id]);
                Ok((answer(&after)?, after))
            })
        };
        for _ in 0..MOST_ATTEMPTS {
            is_overtaken.store(false, Ordering::Release);
            match self.perform(attempt.clone(), idempotency::public(), &prepare).await {
                Err(_) if is_overtaken.load(Ordering::Acquire) => {}
                Err(error) => return Err(error),
                Ok((written, after)) => {
                    if let Some(after) = after {
                        handle.install(after);
                    }
                    return Ok(written);
                }
            }
        }
        Err(Error::new(Problem::Overloaded))
    }
}

/// Makes the answer 204 without a body, for deletions.
pub fn no_content(_: &Directory) -> Result<Written> {
    Ok(Written::out_of_sight())
}
