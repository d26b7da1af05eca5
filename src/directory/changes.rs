//! The one way to write the directory.
//!
//! - All of a change is one transaction: the rows, the count of writes, the record in the audit.
//! - The next snapshot is made inside it, from what it has written. A rule of the whole that breaks there takes
//!   everything back.
//! - Directory writes wait for each other, so that the rules of the whole are judged on what will be.
//! - The snapshot is installed before the answer: who wrote something finds it.

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

/// Somebody who is about to write.
pub struct Writer<'a> {
    /// Where to.
    pub db: &'a Db,
    /// Which directory.
    pub directory: &'a Handle,
    /// When.
    pub moment: &'a Moment,
    /// Who it is.
    pub actor: Actor,
    /// The trace of the request, for the audit.
    pub trace_id: String,
    /// From which client, for the audit.
    pub client: Client,
}

impl Writer<'_> {
    /// The newest state: another instance may have written since this one looked last.
    pub async fn latest(&self) -> Result<Arc<Directory>> {
        self.directory.refresh_at(self.db, self.moment.now).await
    }

    /// Writes by `work`, and gives the state after it, in which `rule` holds. `about` is the type and the identifier of
    /// what is written; `work` may run more than once.
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

    /// The same for what is new: its answer, by `answer`, is kept in the slot for those who ask again.
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
        let entry = Entry::new(self.moment, self.actor, action, about.0, vec![about.1], self.trace_id.clone());
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

/// For changes that break no rule of the whole.
pub fn any(_: &Directory) -> Result<()> {
    Ok(())
}
