//! The only way to write the directory.
//!
//! - A change is one transaction, with the rows, the count of writes and the audit record.
//! - The next snapshot is made inside the transaction, from the written rows. If the snapshot breaks a rule of the whole
//!   directory, the transaction is rolled back.
//! - Directory writes wait for each other, so that these rules are checked on the state that will be stored.
//! - The new snapshot is installed before the call is answered, so that the caller's next call finds the change.

use std::sync::Arc;

use uuid::Uuid;

use crate::audit::client::Client;
use crate::audit::{self, Actor, Entry};
use crate::db::{Db, DbConn};
use crate::directory::{Directory, Handle, store};
use crate::error::Result;
use crate::http::written::Written;
use crate::idempotency::Slot;
use crate::moment::Moment;

/// Writes the directory for one call.
pub struct DirectoryWriter<'a> {
    pub db: &'a Db,
    pub directory: &'a Handle,
    pub moment: &'a Moment,
    /// The caller who writes.
    pub actor: Actor,
    /// The trace of the request, for the audit.
    pub trace_id: String,
    /// The client that sent the request, for the audit.
    pub client: Client,
}

impl DirectoryWriter<'_> {
    /// Returns the newest state. Another instance may have written since this one last looked.
    pub async fn latest(&self) -> Result<Arc<Directory>> {
        self.directory.refresh_at(self.db, self.moment.now).await
    }

    /// Writes with `work` and returns the state after it, if `rule` holds for that state. `about` is the type and the
    /// identifier of the record that is written. `work` may run more than once.
    pub async fn change(
        &self,
        action: &'static str,
        about: (&'static str, Uuid),
        work: impl Fn(&mut DbConn) -> Result<()> + Send + 'static,
        rule: impl Fn(&Directory) -> Result<()> + Send + 'static,
    ) -> Result<Arc<Directory>> {
        let (after, ()) = self.write(action, about, work, move |_, after| rule(after)).await?;
        Ok(after)
    }

    /// Creates a record, with the same arguments as [`DirectoryWriter::change`]. The answer that `answer` makes is kept in
    /// `slot`, for a caller who repeats the request.
    pub async fn create(
        &self,
        action: &'static str,
        about: (&'static str, Uuid),
        work: impl Fn(&mut DbConn) -> Result<()> + Send + 'static,
        rule: impl Fn(&Directory) -> Result<()> + Send + 'static,
        slot: Slot,
        answer: impl Fn(&Directory) -> Result<Written> + Send + 'static,
    ) -> Result<Written> {
        let end = move |conn: &mut DbConn, after: &Directory| {
            rule(after)?;
            let answer = answer(after)?;
            slot.keep(conn, about.1, &answer)?;
            Ok(answer)
        };
        let (_, answer) = self.write(action, about, work, end).await?;
        Ok(answer)
    }

    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        about: (&'static str, Uuid),
        work: impl Fn(&mut DbConn) -> Result<()> + Send + 'static,
        end: impl Fn(&mut DbConn, &Directory) -> Result<T> + Send + 'static,
    ) -> Result<(Arc<Directory>, T)> {
        let (before, now) = (self.directory.current(), self.moment.now);
        let action = crate::audit::AuditAction {
            code: action,
            resource_type: about.0,
            repeated: None,
            is_retried: false,
            is_open: true,
        };
        let entry = Entry::new(self.moment, self.actor, action, vec![about.1], self.trace_id.clone());
        let entry = entry.from_client(self.client);
        let write = move |conn: &mut DbConn| {
            store::count_write(conn)?;
            work(conn)?;
            let after = store::reload(conn, now, &before)?;
            audit::record(conn, &entry)?;
            let ended = end(conn, &after)?;
            Ok((after, ended))
        };
        let (after, ended) = self.db.write(write).await?;
        Ok((self.directory.install(after), ended))
    }
}

/// The rule for changes that cannot break a rule of the whole directory. It always holds.
pub fn any(_: &Directory) -> Result<()> {
    Ok(())
}
