//! Reads a page of a timeline, as far as its reader may know of what happened.

use uuid::Uuid;

use crate::auth::{CaseScope, TimelineReader};
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::http::page::PageStart;
use crate::id::{FamilyId, PersonId};
use crate::timeline::{self, Happening, HappeningDetail, TimelinePosition, TimelineSubject};
use crate::{families, people};

/// The person or the family whose timeline is asked for.
#[derive(Debug, Clone, Copy)]
pub enum TimelineOf {
    Person(PersonId),
    Family(FamilyId),
}

/// The limits of what the reader of a timeline may know.
pub struct TimelineScope {
    /// The people and families that the reader may know of.
    pub people: CaseScope,
    /// The cases that the reader may know of.
    pub cases: CaseScope,
}

/// A page of events, with those families named in them that the reader may know of.
pub struct TimelinePage {
    pub happenings: Vec<Happening>,
    pub known: Vec<FamilyId>,
    pub total: Option<u64>,
}

impl TimelineScope {
    pub fn new(ctx: &Context<TimelineReader>) -> Self {
        Self { people: ctx.readable(), cases: ctx.caller.cases.sight(&ctx.directory) }
    }

    /// Finds the person or the family.
    fn find(self, conn: &mut DbConn, whose: TimelineOf) -> Result<TimelineSubject> {
        let Self { people: sight, cases } = self;
        match whose {
            TimelineOf::Person(id) => {
                people::store::find(conn, &sight, id)?;
                Ok(TimelineSubject { person: Some(id), families: Vec::new(), people: vec![id], sight, cases })
            }
            TimelineOf::Family(id) => {
                let household = families::store::find(conn, &sight, id)?;
                let mut families = families::store::merged_into(conn, &sight, id)?;
                families.push(id);
                Ok(TimelineSubject { person: None, families, people: household.members, sight, cases })
            }
        }
    }
}

impl TimelinePage {
    /// Reads at most `limit` events and one more, and counts all of them if `count` is true.
    pub fn read(
        conn: &mut DbConn,
        whose: TimelineOf,
        scope: TimelineScope,
        from: &PageStart<TimelinePosition>,
        limit: u32,
        count: bool,
    ) -> Result<Self> {
        let subject = scope.find(conn, whose)?;
        let total = if count { Some(timeline::count(conn, &subject)?) } else { None };
        let happenings = timeline::page(conn, &subject, from, limit)?;
        let mut named: Vec<FamilyId> = happenings.iter().flat_map(Happening::families).collect();
        named.sort_unstable();
        named.dedup();
        Ok(Self { known: families::store::known_among(conn, &subject.sight, &named)?, happenings, total })
    }

    /// The cases that the first events tell of, which the audit record names as well.
    pub fn cases(&self, shown: usize) -> Vec<Uuid> {
        self.happenings.iter().take(shown).filter_map(Happening::case).collect()
    }
}

impl Happening {
    /// The families that the event names.
    fn families(&self) -> Vec<FamilyId> {
        match &self.what {
            HappeningDetail::Change { from, to, .. } => from.iter().chain(to).copied().collect(),
            _ => Vec::new(),
        }
    }

    /// The case that the event tells of: a referral, or a record of work in the field.
    fn case(&self) -> Option<Uuid> {
        match &self.what {
            HappeningDetail::Referral { id, .. } => Some(id.uuid()),
            HappeningDetail::Contact { id, .. } => Some(id.uuid()),
            HappeningDetail::Offer { id, .. } => Some(id.uuid()),
            HappeningDetail::Answer { offer, .. } => Some(offer.uuid()),
            HappeningDetail::FollowUp { id, .. } => Some(id.uuid()),
            HappeningDetail::Person(_) | HappeningDetail::Family(_) | HappeningDetail::Change { .. } => None,
        }
    }
}
