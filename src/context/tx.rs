//! A transaction of a write: the connection, with the audit's entry that will be recorded at its end.

use std::ops::{Deref, DerefMut};

use uuid::Uuid;

use crate::audit::{self, Entry};
use crate::db::DbConn;
use crate::error::{Error, Result};
use crate::http::written::Written;
use crate::id::OfficeId;
use crate::idempotency::Slot;

/// A transaction. It is a connection to those who read and write rows.
pub struct Tx<'a> {
    conn: &'a mut DbConn,
    entry: Entry,
    /// The entries in place of that one, where the write is recorded as several things or as nothing.
    instead: Option<Vec<Entry>>,
    kept_for: Option<Uuid>,
}

impl<'a> Tx<'a> {
    /// Runs `job` to its end: the entry is recorded and the answer kept after it, in the same transaction.
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

    /// Names the resources that the write turned out to be about.
    pub fn about(&mut self, ids: impl IntoIterator<Item = impl Into<Uuid>>) {
        self.change(|entry| entry.about(ids.into_iter().map(Into::into).collect()));
    }

    /// Names further resources that the answer shows.
    pub fn also_about(&mut self, ids: Vec<Uuid>) {
        self.change(|entry| entry.also_about(ids));
    }

    /// Names the office on whose behalf the caller wrote.
    pub fn on_behalf_of(&mut self, office: impl Into<Option<OfficeId>>) {
        self.change(|entry| entry.on_behalf_of(office));
    }

    /// Names the resource that the answer is kept for, where it is not the first one that the entry names.
    pub fn keep_for(&mut self, id: impl Into<Uuid>) {
        self.kept_for = Some(id.into());
    }

    /// Records another entry in place of the one of the action: something else happened.
    pub fn record_instead(&mut self, entry: Entry) {
        self.entry = entry;
    }

    /// Records these entries in place of the one of the action: several things happened, or none that is recorded.
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
