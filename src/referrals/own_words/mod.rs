//! The own words of staff about a referral that they made or corrected. For a day they read them by the referral's identifier,
//! whatever became of the referral: it may have gone to another office, or be hidden because its child's identity is protected.
//!
//! Otherwise a referral that cannot be read after it was made would tell that the identity number in it belongs to somebody
//! protected. So the words are kept of every referral that staff make, and one query reads the referral and the words, whoever
//! bears the number. The words are as they were written: nothing that others did to the referral since is told by them.

pub mod listing;

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::CaseScope;
use crate::calendar::Deadline;
use crate::db::schema::{referral_own_words, referrals};
use crate::db::{Db, DbConn};
use crate::error::{Error, Result};
use crate::id::{DistrictId, OfficeId, OwnWordsId, PersonId, ReferralId, StaffId};
use crate::moment::Moment;
use crate::on_backend;
use crate::people::store::number_hash;
use crate::referrals::course::Course;
use crate::referrals::matter::NewReferral;
use crate::referrals::order::{Order, ReferralPosition};
use crate::referrals::reference::Reference;
use crate::referrals::routing::Routing;
use crate::referrals::store::SealedReferral;
use crate::referrals::{Referral, Urgency, no_deadline};
use crate::time::Timestamp;
use crate::vault::{self, Sealed, Vault};

/// The time for which staff read their own words: as long as the answer to a repeated call is kept.
pub const TOLD_FOR: TimeDelta = TimeDelta::hours(24);

/// The most expired rows that one transaction removes, so that other writers do not wait long.
const AT_ONCE: i64 = 500;

/// The parts of a referral that may differ between the words of a member of staff and the referral as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnWords {
    urgency: Urgency,
    protected: bool,
    office_id: OfficeId,
    district_id: Option<DistrictId>,
    assignee_id: Option<StaffId>,
    person_id: Option<PersonId>,
    matter: NewReferral,
    routing: Routing,
    course: Course,
    deadlines: Vec<Deadline>,
    /// `None` without a deadline: the time that stands for that is not one that can be read again.
    next_due_at: Option<Timestamp>,
    updated_at: Timestamp,
    version: i32,
}

/// The own words of a member of staff about a referral, as one row of the database. The words are sealed (encrypted).
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = referral_own_words)]
pub struct SealedOwnWords {
    id: OwnWordsId,
    referral_id: ReferralId,
    staff_id: StaffId,
    until: Timestamp,
    words: Sealed,
}

impl SealedOwnWords {
    /// Seals the referral `told`, as it is told to the member of staff `staff_id` who makes or corrects it now.
    pub fn new(told: &Referral, staff_id: StaffId, vault: &Vault, moment: &Moment) -> Result<Self> {
        let id: OwnWordsId = moment.id();
        let words = OwnWords::of(told);
        Ok(Self {
            id,
            referral_id: told.id,
            staff_id,
            until: (moment.now.utc() + TOLD_FOR).into(),
            words: vault.seal_json(vault::REFERRAL_OWN_WORDS, id.uuid(), &words, &moment.random)?,
        })
    }

    /// Stores the words in place of earlier ones of the same member of staff about the same referral.
    pub fn write(&self, conn: &mut DbConn) -> Result<()> {
        let earlier = referral_own_words::table
            .filter(referral_own_words::referral_id.eq(self.referral_id))
            .filter(referral_own_words::staff_id.eq(self.staff_id));
        on_backend!(&mut *conn, conn => diesel::delete(earlier).execute(conn))?;
        on_backend!(conn, conn => diesel::insert_into(referral_own_words::table).values(self).execute(conn))?;
        Ok(())
    }

    fn open(&self, vault: &Vault) -> Result<OwnWords> {
        vault.open_json(vault::REFERRAL_OWN_WORDS, self.id.uuid(), &self.words)
    }
}

impl OwnWords {
    fn of(told: &Referral) -> Self {
        Self {
            urgency: told.urgency,
            protected: told.protected,
            office_id: told.office_id,
            district_id: told.district_id,
            assignee_id: told.assignee_id,
            person_id: told.told_person_id(),
            matter: told.matter.clone(),
            routing: told.routing.clone(),
            course: told.course.clone(),
            deadlines: told.deadlines.clone(),
            next_due_at: Some(told.next_due_at).filter(|due| *due < no_deadline()),
            updated_at: told.updated_at,
            version: told.version,
        }
    }

    /// Returns the referral of the row `row` as these words say it.
    fn about(self, row: &SealedReferral) -> Referral {
        Referral {
            id: row.id,
            reference: row.reference.clone(),
            kind: row.kind,
            urgency: self.urgency,
            protected: self.protected,
            origin: row.origin(),
            sender_category: row.sender_category,
            made_by: row.made_by,
            office_id: self.office_id,
            disclosed_office_id: row.disclosed_office_id,
            district_id: self.district_id,
            assignee_id: self.assignee_id,
            person_id: self.person_id,
            linked_silently: false,
            matter: self.matter,
            routing: self.routing,
            course: self.course,
            disclosed_at: row.disclosed_at,
            deadlines: self.deadlines,
            next_due_at: self.next_due_at.unwrap_or_else(no_deadline),
            received_at: row.received_at,
            updated_at: self.updated_at,
            version: self.version,
        }
    }
}

/// A member of staff who reads referrals: those that the scope covers, and their own words of the last day.
#[derive(Clone)]
pub struct ReferralReader {
    pub sight: CaseScope,
    pub staff: StaffId,
    pub now: Timestamp,
}

impl ReferralReader {
    fn covers(&self, row: &SealedReferral) -> bool {
        let is_theirs = row.made_by.is_some() && row.made_by == self.sight.made_by;
        let is_cleared = self.sight.protected_identity || !row.protected;
        is_cleared && (self.sight.offices.contains(&row.office_id) || is_theirs)
    }

    /// Whether the scope would cover a referral that is as the reader's own words say it.
    pub fn would_cover(&self, told: &Referral) -> bool {
        let is_theirs = told.made_by.is_some() && told.made_by == self.sight.made_by;
        let is_cleared = self.sight.protected_identity || !told.protected;
        is_cleared && (self.sight.offices.contains(&told.office_id) || is_theirs)
    }
}

/// A referral that a reader may know of: the whole referral if the reader's scope covers it, otherwise the reader's own words.
#[derive(Clone)]
pub struct FoundReferral {
    row: SealedReferral,
    /// The reader's own words, if they are all that the reader may read.
    own: Option<SealedOwnWords>,
}

impl FoundReferral {
    fn new(reader: &ReferralReader, (row, own): (SealedReferral, Option<SealedOwnWords>)) -> Self {
        let is_covered = reader.covers(&row);
        Self { row, own: own.filter(|_| !is_covered) }
    }

    /// A referral that the reader's scope covers.
    pub fn covered(row: SealedReferral) -> Self {
        Self { row, own: None }
    }

    pub fn id(&self) -> ReferralId {
        self.row.id
    }

    /// The office that has the referral, for the audit.
    pub fn office_id(&self) -> OfficeId {
        self.row.office_id
    }

    /// When the reader's own words were written, if they are all that the reader may read: nothing that came later is told.
    pub fn told_until(&self) -> Option<Timestamp> {
        self.own.as_ref().map(|own| (own.until.utc() - TOLD_FOR).into())
    }

    /// The row of the referral with the child as answers may tell it: `told` is the referral after [`FoundReferral::open`].
    pub fn row_as_told(&self, told: &Referral, vault: &Vault) -> SealedReferral {
        let number = told.matter.child.number().map(|number| number_hash(vault, number));
        SealedReferral { person_id: told.told_person_id(), child_number_hash: number, ..self.row.clone() }
    }

    /// The position of the referral in a list of this order.
    pub fn position(&self, order: Order) -> ReferralPosition {
        order.position(self.row.received_at, self.row.next_due_at, self.row.id)
    }

    /// Decrypts the referral, or the reader's own words about it.
    pub fn open(self, vault: &Vault) -> Result<Referral> {
        match &self.own {
            Some(own) => Ok(own.open(vault)?.about(&self.row)),
            None => self.row.open(vault),
        }
    }
}

/// Makes the query for the referrals that match `$condition` and that the reader's scope covers or that the reader has own words
/// about. It is one statement, so that it takes equally long whether a referral is hidden or not.
macro_rules! readable {
    ($conn:expr, $reader:expr, $condition:expr) => {{
        let reader: &ReferralReader = $reader;
        let sight = &reader.sight;
        let own = referral_own_words::referral_id
            .eq(referrals::id)
            .and(referral_own_words::staff_id.eq(reader.staff))
            .and(referral_own_words::until.gt(reader.now));
        let cleared = referrals::protected.eq(false).or(referrals::protected.eq(sight.protected_identity));
        let theirs = referrals::made_by.eq(sight.made_by).assume_not_null();
        let covered = referrals::office_id.eq_any(sight.offices.clone()).or(theirs).and(cleared);
        let found: Vec<(SealedReferral, Option<SealedOwnWords>)> = on_backend!($conn, conn => referrals::table
            .left_join(referral_own_words::table.on(own))
            .filter($condition)
            .filter(covered.or(referral_own_words::id.nullable().is_not_null()))
            .select((referrals::all_columns, referral_own_words::all_columns.nullable()))
            .load(conn))?;
        found.into_iter().map(|found| FoundReferral::new(reader, found))
    }};
}

/// Returns the referral with this identifier, if the reader may know of it or has own words about it; otherwise fails as not
/// found.
pub fn find(conn: &mut DbConn, reader: &ReferralReader, id: ReferralId) -> Result<FoundReferral> {
    readable!(conn, reader, referrals::id.eq(id)).next().ok_or_else(Error::not_found)
}

/// Returns the referral with this reference as [`find`] does, as a list that may be empty.
pub fn by_reference(conn: &mut DbConn, reader: &ReferralReader, reference: &Reference) -> Result<Vec<FoundReferral>> {
    Ok(readable!(conn, reader, referrals::reference.eq(reference.clone())).collect())
}

/// Lets the words about referrals that name the identity number with this hash say that the child is `person`, who was registered
/// with the number now: so do the referrals that nobody was linked to before, and a reader must not see a difference. Returns the
/// referrals.
pub fn link(
    conn: &mut DbConn,
    number_hash: &[u8],
    person: PersonId,
    vault: &Vault,
    moment: &Moment,
) -> Result<Vec<ReferralId>> {
    let rows: Vec<SealedOwnWords> = on_backend!(&mut *conn, conn => referrals::table
        .inner_join(referral_own_words::table)
        .filter(referrals::child_number_hash.eq(number_hash.to_vec()))
        .filter(referral_own_words::until.gt(moment.now))
        .select(referral_own_words::all_columns)
        .load(conn))?;
    let mut linked = Vec::new();
    for row in rows {
        let words = row.open(vault)?;
        if words.person_id.is_some() {
            continue;
        }
        linked.push(row.referral_id);
        let (updated_at, version) = (moment.now, words.version + 1);
        let words = OwnWords { person_id: Some(person), updated_at, version, ..words };
        let sealed = vault.seal_json(vault::REFERRAL_OWN_WORDS, row.id.uuid(), &words, &moment.random)?;
        let row = referral_own_words::table.find(row.id);
        on_backend!(&mut *conn, conn => diesel::update(row)
            .set(referral_own_words::words.eq(&sealed))
            .execute(conn))?;
    }
    Ok(linked)
}

/// Removes all words whose day is over at `now`, a batch at a time.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<()> {
    loop {
        let expired = move |conn: &mut DbConn| {
            let expired = referral_own_words::table
                .filter(referral_own_words::until.le(now))
                .order(referral_own_words::until)
                .select(referral_own_words::id)
                .limit(AT_ONCE);
            Ok(on_backend!(conn, conn => expired.load::<OwnWordsId>(conn))?)
        };
        let expired = db.read(expired).await?;
        let is_last = i64::try_from(expired.len()).unwrap_or(AT_ONCE) < AT_ONCE;
        if !expired.is_empty() {
            let remove = move |conn: &mut DbConn| {
                let gone = referral_own_words::table.filter(referral_own_words::id.eq_any(expired.clone()));
                on_backend!(conn, conn => diesel::delete(gone).execute(conn))?;
                Ok(())
            };
            db.write(remove).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}
