//! The opening of an anchor when a server starts: it is compared with the database, and a start on a broken audit is refused
//! unless an operator accepts that.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::audit::actions;
use crate::audit::actor::Actor;
use crate::audit::adoption;
use crate::audit::anchor::comparison;
use crate::audit::anchor::file::{Anchor, AnchorFault};
use crate::audit::anchor::lines::{AnchorHeader, AnchorNote};
use crate::audit::anchor::place::{self, AnchorPlace};
use crate::audit::breaks::BreakAcceptance;
use crate::audit::chain::{Seal, Sealer};
use crate::audit::entry::{Entry, record};
use crate::audit::identity::{self, DatabaseIdentity};
use crate::audit::seal;
use crate::audit::store;
use crate::audit::verify::AuditFlaw;
use crate::db::{Db, DbConn, Target};
use crate::error::{Error, Result};
use crate::id::AnchorId;
use crate::moment::Moment;

/// The settings of a server's anchor.
#[derive(Debug, Clone, Default)]
pub struct AnchorSettings {
    /// The path of the anchor's file. An embedded database has a place for it by itself.
    pub path: Option<PathBuf>,
    /// The reason for which the operator accepts a break of the audit.
    pub acceptance: Option<BreakAcceptance>,
}

/// The anchor that was opened, and the end of the chain at that time.
pub struct OpenedAudit {
    pub anchor: Anchor,
    pub last: Option<Seal>,
}

/// A server's way to its anchor: the database, with the settings, the keys, the time and the randomness.
pub struct AnchorOpening<'a> {
    pub db: &'a Db,
    pub target: &'a Target,
    pub settings: &'a AnchorSettings,
    pub sealer: &'a Sealer,
    pub moment: &'a Moment,
}

impl AnchorOpening<'_> {
    /// Opens the anchor, or makes it at the first start of a server on the database. Fails if the audit is broken and the operator
    /// does not accept that, or accepts something although nothing is broken.
    pub async fn open(&self) -> Result<OpenedAudit> {
        let identity = self.identity().await?;
        let place = AnchorPlace::of(self.target, self.settings.path.as_deref(), identity.id)?;
        let opened = Anchor::open(&place.path, &self.sealer.anchor_key);
        let flaws = self.flaws(&place, &opened, identity).await?;
        match self.settings.acceptance {
            None if !flaws.is_empty() => return Err(refused(&place, &flaws)),
            Some(_) if flaws.is_empty() => {
                let nothing =
                    "the audit is not broken, so there is no break to accept: start without --accept-audit-break";
                return Err(Error::internal(nothing));
            }
            _ => {}
        }
        // An anchor of another database, or one that cannot be read, is of no further use.
        let belongs = |anchor: &Anchor| identity.is_genuine && anchor.content().header.database == identity.id;
        let usable = opened.ok().filter(belongs);
        if usable.is_none() && flaws.is_empty() {
            self.adopt().await?;
        }
        let id = usable.as_ref().map_or_else(|| self.moment.id(), |anchor| anchor.content().header.id);
        if let Some(reason) = self.settings.acceptance {
            self.record_acceptance(id, reason).await?;
        }
        let mut anchor = match usable {
            Some(anchor) => anchor,
            None => self.make(&place, id, identity)?,
        };
        if let Some(reason) = self.settings.acceptance {
            if let Some(other) = comparison::replaced(self.target, &place, self.sealer)? {
                set_aside(&other, self.moment)?;
            }
            let noted = anchor.note(AnchorNote::Accepted(reason), self.moment.now);
            noted.map_err(|fault| unusable(&place.path, &fault))?;
        }
        self.record_making(id).await?;
        Ok(OpenedAudit { anchor, last: self.db.read(store::last_seal).await? })
    }

    async fn identity(&self) -> Result<DatabaseIdentity> {
        let (sealer, moment) = (self.sealer.clone(), self.moment.clone());
        let make =
            move |conn: &mut DbConn| identity::read_or_make(conn, &sealer.anchor_key, moment.now, &moment.random);
        self.db.write(make).await
    }

    async fn flaws(
        &self,
        place: &AnchorPlace,
        opened: &std::result::Result<Anchor, AnchorFault>,
        identity: DatabaseIdentity,
    ) -> Result<Vec<(AuditFlaw, Option<i64>)>> {
        let content = match opened {
            Ok(anchor) => Ok(anchor.content().clone()),
            Err(AnchorFault::Missing) => Err(AnchorFault::Missing),
            Err(AnchorFault::Damaged(line)) => Err(AnchorFault::Damaged(*line)),
            Err(fault) => return Err(unusable(&place.path, fault)),
        };
        let sealer = self.sealer.clone();
        let compare = move |conn: &mut DbConn| comparison::compare(conn, content.as_ref(), Some(identity), &sealer);
        let mut flaws = self.db.read(compare).await?.flaws;
        if comparison::replaced(self.target, place, self.sealer)?.is_some() {
            flaws.push((AuditFlaw::Replaced, None));
        }
        Ok(flaws)
    }

    /// Seals the records without a code that an older version of the program has left without a seal. It happens once, before the
    /// first anchor of the database is made. After that, no record without a code is sealed.
    async fn adopt(&self) -> Result<()> {
        loop {
            let sealer = self.sealer.clone();
            if !self.db.write(move |conn| adoption::adopt(conn, &sealer)).await? {
                return Ok(());
            }
        }
    }

    /// Records that the operator accepts the break, and seals that record at once. The records that wait for their seals get them
    /// before, since they would later be taken for records that came too late.
    async fn record_acceptance(&self, id: AnchorId, reason: BreakAcceptance) -> Result<()> {
        loop {
            let sealer = self.sealer.clone();
            if !self.db.write(move |conn| adoption::seal_waiting(conn, &sealer)).await? {
                break;
            }
        }
        let entry = self.entry(actions::AUDIT_BREAK_ACCEPTED, id).with_code(reason.into());
        let sealer = self.sealer.clone();
        let write = move |conn: &mut DbConn| {
            let last = store::last_seal(conn)?;
            seal::record_sealed(conn, &sealer, (last.as_ref(), last.as_ref()), &entry).map(|_| ())
        };
        self.db.write(write).await
    }

    /// Records that the anchor was made, unless that is recorded already.
    async fn record_making(&self, id: AnchorId) -> Result<()> {
        let (entry, key) = (self.entry(actions::AUDIT_ANCHOR_MADE, id), self.sealer.record_key);
        let write = move |conn: &mut DbConn| {
            if store::knows_anchor(conn, &key, id)? { Ok(()) } else { record(conn, &entry) }
        };
        self.db.write(write).await
    }

    fn entry(&self, action: actions::AuditAction, id: AnchorId) -> Entry {
        let about = vec![Uuid::from(id)];
        Entry::new(&self.sealer.record_key, self.moment, Actor::System, action, about, String::new())
    }

    /// Makes a new anchor. A file that lies in its place is kept under another name.
    fn make(&self, place: &AnchorPlace, id: AnchorId, identity: DatabaseIdentity) -> Result<Anchor> {
        if fs::symlink_metadata(&place.path).is_ok() {
            set_aside(&place.path, self.moment)?;
        }
        let place_code = place::code_of_database(self.target, &self.sealer.anchor_key)?;
        let header = AnchorHeader { id, database: identity.id, place: place_code };
        Anchor::make(&place.path, &self.sealer.anchor_key, header, self.moment.now)
            .map_err(|fault| unusable(&place.path, &fault))
    }

    /// Makes the anchor of one more server, before that server starts for the first time. The chain's head is its first note.
    pub async fn add(&self) -> Result<PathBuf> {
        let identity = self.identity().await?;
        let place = AnchorPlace::of(self.target, self.settings.path.as_deref(), identity.id)?;
        if fs::symlink_metadata(&place.path).is_ok() {
            return Err(Error::internal(format!(
                "{} is there already, and no anchor is replaced",
                place.path.display()
            )));
        }
        if !identity.is_genuine {
            return Err(Error::internal("the identity of the database was not made by this program"));
        }
        let id = self.moment.id();
        let mut anchor = self.make(&place, id, identity)?;
        if let Some(head) = self.db.read(store::last_seal).await?.and_then(|last| last.head()) {
            let noted = anchor.note(AnchorNote::Head { head, is_caught_up: false }, self.moment.now);
            noted.map_err(|fault| unusable(&place.path, &fault))?;
        }
        self.record_making(id).await?;
        Ok(place.path)
    }
}

/// Gives a file another name, by which it is found for an investigation.
fn set_aside(path: &Path, moment: &Moment) -> Result<()> {
    let mut name = OsString::from(path);
    name.push(format!(".set-aside-{}", moment.now.utc().timestamp()));
    fs::rename(path, name).map_err(|cause| unusable(path, &cause.into()))
}

fn refused(place: &AnchorPlace, flaws: &[(AuditFlaw, Option<i64>)]) -> Error {
    let told = flaws.iter().map(|(flaw, seq)| match seq {
        Some(seq) => format!("{} (seal {seq})", flaw.as_ref()),
        None => flaw.as_ref().to_owned(),
    });
    Error::internal(format!(
        "the audit is not what its anchor {} says: {}. Run `nara audit verify` and find out why. If there is a reason, such as a \
         restored backup, start once with --accept-audit-break REASON, which is recorded",
        place.path.display(),
        told.collect::<Vec<_>>().join(", ")
    ))
}

fn unusable(path: &Path, fault: &AnchorFault) -> Error {
    Error::internal(format!("the audit's anchor {} cannot be used: {fault}", path.display()))
}
