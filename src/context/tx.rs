//! The transaction in which a write is done: the database connection, with the audit record that is stored at the end of the
//! transaction.

use std::ops::{Deref, DerefMut};

use uuid::Uuid;

use crate::audit::{self, Entry};
use crate::db::DbConn;
use crate::error::{Error, Result};
use crate::http::written::Written;
use crate::id::OfficeId;
use crate::idempotency::Slot;

/// The transaction of one write. It dereferences to the database connection, and holds the audit record until the end of the
/// transaction.
pub struct Tx<'a> {
    conn: &'a mut DbConn,
    entry: Entry,
    /// The audit records that are stored instead of `entry`, if the write is recorded as several actions or not at all.
    instead: Option<Vec<Entry>>,
    kept_for: Option<Uuid>,
}

impl<'a> Tx<'a> {
    /// Runs `job`, then stores the audit record, and keeps the answer in `slot` if the call has an `Idempotency-Key`. All of it
    /// belongs to the transaction of `conn`.
    pub(super) fn run<T>(
        conn: &'a mut DbConn,
        entry: Entry,
        slot: &Slot,
        job: impl Fn(&mut Tx<'_>) -> Result<(Written, T)>,
    ) -> Result<(Written, T)> {
        let mut tx = Self { conn, entry, instead: None, kept_for: None };
        let (written, told) = job(&mut tx)?;
        for entry in tx.instead.as_deref().unwrap_or(std::slice::from_ref(&tx.entry)) {
            audit::record(tx.conn, entry)?;
        }
        if slot.keeps() {
            let first = || tx.entry.resource_ids().first().copied();
            let about = tx.kept_for.or_else(first).ok_or_else(|| Error::internal("an answer is about nothing"))?;
            slot.keep(tx.conn, about, &written)?;
        }
        Ok((written, told))
    }

    /// Sets the resources that the audit record is about, for a write that finds or creates them only in the transaction.
    pub fn about(&mut self, ids: impl IntoIterator<Item = impl Into<Uuid>>) {
        self.change(|entry| entry.about(ids.into_iter().map(Into::into).collect()));
    }

    /// Adds resources to those that the audit record is about, because the answer shows them as well.
    pub fn also_about(&mut self, ids: Vec<Uuid>) {
        self.change(|entry| entry.also_about(ids));
    }

    /// Sets the office on whose behalf the caller writes, in the audit record.
    pub fn on_behalf_of(&mut self, office: impl Into<Option<OfficeId>>) {
        self.change(|entry| entry.on_behalf_of(office));
    }

    /// Sets the resource that the kept answer is about, if it is not the first resource of the audit record. A caller who
    /// repeats the call must be allowed to know of this resource.
    pub fn keep_for(&mut self, id: impl Into<Uuid>) {
        self.kept_for = Some(id.into());
    }

    /// Replaces the audit record by `entry`, because something else happened than the action that was attempted.
    pub fn record_instead(&mut self, entry: Entry) {
        self.entry = entry;
    }

    /// Sets the audit records that are stored instead of the one about the action: several if several things happened, none if
    /// nothing happened that is recorded.
    pub fn record_each_instead(&mut self, entries: Vec<Entry>) {
        self.instead = Some(entries);
    }

    fn change(&mut self, change: impl FnOnce(Entry) -> Entry) {
        self.entry = change(self.entry.clone());
    }
}

impl Deref for Tx<'_> {
    type Target = DbConn;

    fn deref(&self) -> &DbConn {
        self.conn
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut DbConn {
        self.conn
    }
}
