//! Reads a page of the timeline of a person or family, limited to the events that the reader may know of.

use uuid::Uuid;

use crate::auth::{CaseScope, TimelineReader};
use crate::context::Context;
use crate::db::DbConn;
use crate::error::Result;
use crate::http::page::PageStart;
use crate::id::{FamilyId, PersonId};
use crate::referrals::own_words::{ReferralReader, listing};
use crate::referrals::{Referral, Status};
use crate::timeline::{self, Happening, HappeningDetail, TimelinePosition, TimelineSubject};
use crate::vault::Vault;
use crate::{families, people};

/// The identifier of the person or the family whose timeline is asked for.
#[derive(Debug, Clone, Copy)]
pub enum TimelineOf {
    Person(PersonId),
    Family(FamilyId),
}

/// The scopes that limit what the reader of a timeline may know.
pub struct TimelineScope {
    /// The scope that decides which people, families and outreach work the reader may know of.
    pub people: CaseScope,
    /// The reader of referrals, with the scope that decides which of them the reader may know of.
    pub cases: ReferralReader,
    pub vault: Vault,
}

/// A page of a timeline. `known` are those families named in its events that the reader may know of, and `total` is the number of
/// all events if it was asked for.
pub struct TimelinePage {
    pub happenings: Vec<Happening>,
    pub known: Vec<FamilyId>,
    pub total: Option<u64>,
}

impl TimelineScope {
    pub fn new(ctx: &Context<TimelineReader>) -> Self {
        let cases = &ctx.caller.cases;
        let cases = ReferralReader { sight: cases.sight(&ctx.directory), staff: cases.id, now: ctx.call.moment.now };
        Self { people: ctx.readable(), cases, vault: ctx.vault.clone() }
    }

    /// Finds the person or the family `whose`, and what its timeline covers. Fails as not found if the reader may not know of it.
    fn find(self, conn: &mut DbConn, whose: TimelineOf) -> Result<TimelineSubject> {
        let Self { people: sight, cases: reader, vault } = self;
        let cases = reader.sight.clone();
        match whose {
            TimelineOf::Person(id) => {
                people::store::find(conn, &sight, id)?;
                let own = own_referrals(conn, &reader, &[id], &vault)?;
                Ok(TimelineSubject { person: Some(id), families: Vec::new(), people: vec![id], sight, cases, own })
            }
            TimelineOf::Family(id) => {
                let household = families::store::find(conn, &sight, id)?;
                let mut families = families::known::merged_into(conn, &sight, id)?;
                families.push(id);
                let people = [household.members, household.guests].concat();
                let own = own_referrals(conn, &reader, &people, &vault)?;
                Ok(TimelineSubject { person: None, families, people, sight, cases, own })
            }
        }
    }
}

/// The referrals that are hidden from the reader, and that are about one of these people by the reader's own words.
fn own_referrals(
    conn: &mut DbConn,
    reader: &ReferralReader,
    people: &[PersonId],
    vault: &Vault,
) -> Result<Vec<Happening>> {
    let is_about = |told: &Referral| told.person_id.is_some_and(|person| people.contains(&person));
    let is_shown = |told: &Referral| told.status() != Status::EnteredInError && reader.would_cover(told);
    let hidden = listing::hidden_own(conn, reader, vault)?.into_iter();
    let happening = |told: Referral| Happening {
        at: told.received_at,
        id: told.id.uuid(),
        what: HappeningDetail::Referral {
            id: told.id,
            status: told.status(),
            reference: told.reference,
            kind: told.kind,
            office: told.office_id,
            person: told.person_id,
        },
    };
    Ok(hidden.filter(|told| is_about(told) && is_shown(told)).map(happening).collect())
}

impl TimelinePage {
    /// Reads the page that begins at `from`: at most `limit` events and one more. Counts all events of the timeline if `count` is
    /// true.
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
        Ok(Self { known: families::known::known_among(conn, &subject.sight, &named)?, happenings, total })
    }

    /// The identifiers of the referrals, contacts, offers and follow-ups that the first `shown` events of the page tell of. The
    /// audit record of the reading names them as well.
    pub fn cases(&self, shown: usize) -> Vec<Uuid> {
        self.happenings.iter().take(shown).filter_map(Happening::case).collect()
    }
}

impl Happening {
    /// The families that a person left or joined by this event, or that were merged by it; empty for other kinds of events.
    fn families(&self) -> Vec<FamilyId> {
        match &self.what {
            HappeningDetail::Change { from, to, .. } => from.iter().chain(to).copied().collect(),
            _ => Vec::new(),
        }
    }

    /// The identifier of the referral, contact, offer or follow-up that the event tells of. For an answer, it is that of the
    /// offer. `None` for registrations and changes of families.
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
