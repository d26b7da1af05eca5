//! All SQL on people. Queries for a member of staff find only the people in that person's [`CaseScope`]; a few functions, which
//! say so, see all people.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Nullable};

use crate::auth::CaseScope;
use crate::binding::{self, RowCode};
use crate::db::schema::{people, person_name_tokens, person_offices};
use crate::db::sql_types::SqlUuid;
use crate::db::{DbConn, dialect, stale};
use crate::error::{Error, Result};
use crate::id::{DistrictId, FamilyId, OfficeId, PersonId, ResourceId};
use crate::on_backend;
use crate::people::offices::PersonOffice;
use crate::people::{Person, PersonalIdentityNumber, ProtectedIdentity, names};
use crate::time::{Random, Timestamp};
use crate::vault::{self, Sealed, Vault};

/// A row of the table `people`. The personal facts are sealed in `facts`; the other columns are readable.
#[derive(Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = people, treat_none_as_null = true)]
pub struct SealedPerson {
    pub id: PersonId,
    pub number_hash: Option<Vec<u8>>,
    pub number_slot: i32,
    pub protection: ProtectedIdentity,
    pub family_id: Option<FamilyId>,
    pub district_id: Option<DistrictId>,
    pub facts: Sealed,
    pub registered_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i32,
    pub code: Option<RowCode>,
}

impl SealedPerson {
    /// Seals the personal facts of `person`. The readable column for the district stays empty if the person's identity is
    /// protected, so that only the sealed facts tell where the person lives.
    pub fn new(person: &Person, vault: &Vault, random: &Random) -> Result<Self> {
        let protection = person.protection();
        Ok(Self {
            id: person.id,
            number_hash: person.written.number().map(|number| number_hash(vault, number)),
            number_slot: person.number_slot,
            protection,
            family_id: person.family_id,
            district_id: person.written.district_id.filter(|_| !protection.is_protected()),
            facts: vault.seal_json(vault::PERSON_FACTS, person.id.uuid(), &person.written, random)?,
            registered_at: person.registered_at,
            updated_at: person.updated_at,
            version: person.version,
            code: Some(RowCode::fresh()),
        })
    }

    /// Checks that the row is as it was written, and opens its sealed facts.
    pub fn open(self, vault: &Vault) -> Result<Person> {
        binding::check(&self, vault)?;
        Ok(Person {
            id: self.id,
            written: vault.open_json(vault::PERSON_FACTS, self.id.uuid(), &self.facts)?,
            family_id: self.family_id,
            number_slot: self.number_slot,
            registered_at: self.registered_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// The keyed hash of an identity number, by which the database finds the people who have the number.
pub fn number_hash(vault: &Vault, number: &PersonalIdentityNumber) -> Vec<u8> {
    vault.keyed_hash("personal identity number", number.to_string().as_bytes()).bytes().to_vec()
}

/// The keyed hashes of the words of a name, one for each word, by which the database finds the people whose names have these
/// words.
pub fn name_hashes(vault: &Vault, name: &str) -> Vec<Vec<u8>> {
    let hash = |word: &String| vault.keyed_hash("name token", word.as_bytes()).bytes().to_vec();
    names::words(name).iter().map(hash).collect()
}

/// Keeps, of the boxed query `$rows`, the people that a member of staff with the scope `$sight` may know of. `$id` is the column
/// with the person's identifier. A boxed query is bound to its database, so this macro is compiled for each.
macro_rules! known_to {
    ($sight:expr) => {
        known_to!($sight, people::table.into_boxed(), people::id)
    };
    ($sight:expr, $rows:expr, $id:expr) => {{
        let sight: &CaseScope = $sight;
        let met = person_offices::table
            .filter(person_offices::person_id.eq($id))
            .filter(person_offices::office_id.eq_any(sight.offices.clone()))
            .filter(person_offices::through_protected.eq_any(links_for(sight)));
        let mut rows = $rows.select(people::all_columns).filter(exists(met));
        if !sight.protected_identity {
            rows = rows.filter(people::protection.eq(ProtectedIdentity::None));
        }
        rows
    }};
}

/// The values of the column `through_protected` that count for a member of staff with this scope. The column belongs to the links
/// between offices and people or families: it is true if the office knows of them only through somebody whose identity is
/// protected. Such links count only for staff who are cleared for protected identities.
pub fn links_for(sight: &CaseScope) -> Vec<bool> {
    if sight.protected_identity { vec![false, true] } else { vec![false] }
}

/// The limits by which [`rare`] chooses the word that a search by name begins with: a word is rare if at most this number of
/// people have it in their names. If no word is rare by one limit, the next limit is tried.
const RARE: [i64; 4] = [100, 500, 2_000, 8_000];

/// Finds the person `id`. Fails as not found if a member of staff with the scope `sight` may not know of the person.
pub fn find(conn: &mut DbConn, sight: &CaseScope, id: PersonId) -> Result<SealedPerson> {
    let found: Option<SealedPerson> =
        on_backend!(conn, conn => known_to!(sight).filter(people::id.eq(id)).first(conn).optional())?;
    found.ok_or_else(Error::not_found)
}

/// Returns those of the people `ids` that a member of staff with the scope `sight` may know of.
pub fn known_among(conn: &mut DbConn, sight: &CaseScope, ids: &[PersonId]) -> Result<Vec<PersonId>> {
    Ok(
        on_backend!(conn, conn => known_to!(sight).filter(people::id.eq_any(ids.to_vec())).select(people::id).load(conn))?,
    )
}

/// The people in the scope `sight` whose identity number has this hash, the last registered first, at most `limit`.
pub fn with_number(conn: &mut DbConn, sight: &CaseScope, hash: &[u8], limit: i64) -> Result<Vec<SealedPerson>> {
    binding::filled(conn, limit, |conn, most| {
        Ok(on_backend!(conn, conn => known_to!(sight)
        .filter(people::number_hash.eq(hash.to_vec()))
        .order(people::id.desc())
        .limit(most)
        .load(conn))?)
    })
}

/// The people in the scope `sight` whose names have all words with the hashes `words`, the last registered first, at most
/// `limit`. The query goes through the people who have one rare word, and looks at their offices only if they have the other
/// words as well. So it reads neither all people nor all people with a common name.
pub fn with_name(conn: &mut DbConn, sight: &CaseScope, words: &[Vec<u8>], limit: i64) -> Result<Vec<SealedPerson>> {
    let Some(walked) = rare(conn, words)? else { return Ok(Vec::new()) };
    let others = diesel::alias!(person_name_tokens as others);
    binding::filled(conn, limit, |conn, most| {
        Ok(on_backend!(conn, conn => {
            let mut bearers = person_name_tokens::table
                .inner_join(people::table)
                .filter(person_name_tokens::token_hash.eq(walked.clone()))
                .into_boxed();
            // This comes before the offices: the people with a word lie side by side, and each person's offices lie elsewhere.
            for word in words.iter().filter(|word| *word != walked) {
                let has = others
                    .filter(others.field(person_name_tokens::person_id).eq(person_name_tokens::person_id))
                    .filter(others.field(person_name_tokens::token_hash).eq(word.clone()));
                bearers = bearers.filter(exists(has));
            }
            let rows = known_to!(sight, bearers, person_name_tokens::person_id);
            rows.order(person_name_tokens::person_id.desc()).limit(most).load(conn)
        })?)
    })
}

/// Returns the rarest of the words, roughly: the first word that is rare by the smallest of the limits in [`RARE`]. Returns the
/// first word if none is rare or there is only one, and `None` if there are no words.
fn rare<'a>(conn: &mut DbConn, words: &'a [Vec<u8>]) -> Result<Option<&'a Vec<u8>>> {
    if words.len() > 1 {
        for most in RARE {
            for word in words {
                if !is_borne_by_more_than(conn, most, word)? {
                    return Ok(Some(word));
                }
            }
        }
    }
    Ok(words.first())
}

fn is_borne_by_more_than(conn: &mut DbConn, most: i64, word: &[u8]) -> Result<bool> {
    let bearers = person_name_tokens::table
        .filter(person_name_tokens::token_hash.eq(word.to_vec()))
        .select(person_name_tokens::person_id)
        .order(person_name_tokens::person_id)
        .offset(most)
        .limit(1);
    let beyond: Option<PersonId> = on_backend!(conn, conn => bearers.first(conn).optional())?;
    Ok(beyond.is_some())
}

/// All people whose identity number has this hash, whether the caller may know of them or not, in the order of their slots: the
/// first registered first.
pub fn all_with_number(conn: &mut DbConn, hash: &[u8]) -> Result<Vec<SealedPerson>> {
    Ok(on_backend!(conn, conn => people::table
        .filter(people::number_hash.eq(hash.to_vec()))
        .order(people::number_slot)
        .load(conn))?)
}

/// The person that a matter about an identity number is connected to, and that person's protection: of several records with the
/// number, the first one with the strongest protection. No scope limits this.
pub fn first_with_number(conn: &mut DbConn, hash: &[u8]) -> Result<Option<(PersonId, ProtectedIdentity)>> {
    let all: Vec<(PersonId, ProtectedIdentity)> = on_backend!(conn, conn => people::table
        .filter(people::number_hash.eq(hash.to_vec()))
        .order(people::number_slot)
        .select((people::id, people::protection))
        .load(conn))?;
    // Of several records with the number, one with the strongest protection counts.
    let strongest = all.iter().map(|(_, protection)| *protection).max();
    Ok(all.into_iter().find(|(_, protection)| Some(*protection) == strongest))
}

/// The other people who have the same identity number as `person`, whether the caller may know of them or not.
pub fn others_with_number(conn: &mut DbConn, person: &SealedPerson) -> Result<Vec<PersonId>> {
    let Some(hash) = &person.number_hash else { return Ok(Vec::new()) };
    Ok(on_backend!(conn, conn => people::table
        .filter(people::number_hash.eq(hash.clone()))
        .filter(people::id.ne(person.id))
        .order(people::number_slot)
        .select(people::id)
        .load(conn))?)
}

/// The result of checking whether an identity number that a member of staff writes down is taken: see [`taken`].
pub enum NumberClaim {
    /// The number belongs to this person, of whom the member of staff may be told.
    By(Box<SealedPerson>),
    /// The number may be used: nobody has it, or only people whose existence must not be told. A record with the number gets this
    /// slot.
    Free(i32),
}

/// Whether a member of staff with the scope `sight` who names a person's identity number may be told that it is this person's.
/// That is not told of somebody with a protected identity, unless the member of staff is cleared. It does not matter which office
/// met the person.
fn may_be_named(person: &SealedPerson, sight: &CaseScope) -> bool {
    sight.protected_identity || !person.protection.is_protected()
}

/// Finds the person `id` for a caller who names the person's identity number. Fails as not found if the person has another
/// number, or if the caller may not be told that the number is this person's.
pub fn find_named(conn: &mut DbConn, sight: &CaseScope, hash: &[u8], id: PersonId) -> Result<SealedPerson> {
    let mut all = all_with_number(conn, hash)?.into_iter();
    all.find(|person| person.id == id && may_be_named(person, sight)).ok_or_else(Error::not_found)
}

/// Checks whether somebody other than the person `but` already has the identity number with this hash. People of whom a member of
/// staff with the scope `sight` may not be told count as nobody.
pub fn taken(conn: &mut DbConn, sight: &CaseScope, hash: Option<&[u8]>, but: PersonId) -> Result<NumberClaim> {
    let Some(hash) = hash else { return Ok(NumberClaim::Free(0)) };
    let all = all_with_number(conn, hash)?;
    let slot = all.iter().map(|other| other.number_slot + 1).max().unwrap_or(0);
    let known = all.into_iter().find(|other| other.id != but && may_be_named(other, sight));
    Ok(known.map_or(NumberClaim::Free(slot), |known| NumberClaim::By(Box::new(known))))
}

/// Inserts a person, the hashes of the words of the person's name, and the link to the office that has met the person.
pub fn insert(conn: &mut DbConn, person: &SealedPerson, words: &[Vec<u8>], office: OfficeId) -> Result<()> {
    let row = binding::coded(conn, person)?;
    on_backend!(conn, conn => diesel::insert_into(people::table).values(row).execute(conn))?;
    insert_words(conn, person.id, words)?;
    meet(conn, person.id, office, false, ResourceId::from_uuid(person.id.uuid()))
}

/// Stores the next version of a person and the hashes of the words of the person's name. The person stays in the same family.
/// Fails as stale if the stored version is not the one before it.
pub fn update(conn: &mut DbConn, person: &SealedPerson, words: &[Vec<u8>]) -> Result<()> {
    // The person may have moved since it was read, which makes no new version. A row that is not as it was written is not written
    // anew, which would make it genuine.
    dialect::take_people(conn, &[person.id])?;
    if binding::sound_among(conn, "people", &[person.id.to_string()])?.is_empty() {
        return Err(Error::internal("a person is not as it was written"));
    }
    let row = people::table.find(person.id);
    let family_id: Option<FamilyId> = on_backend!(&mut *conn, conn => row.select(people::family_id).first(conn))?;
    let next = binding::coded(conn, &SealedPerson { family_id, ..person.clone() })?;
    let before = row.filter(people::version.eq(person.version - 1));
    if on_backend!(&mut *conn, conn => diesel::update(before).set(&next).execute(conn))? != 1 {
        return Err(stale());
    }
    replace_words(conn, person.id, words)
}

/// Notes that an office has met a person, so that its staff may know of the person. `through_protected` says that only a
/// protected matter gives the reason: then only staff who are cleared for protected identities may know of the person. `source`
/// is the reason: the contact or the referral, or the person itself if the office has registered the person.
pub fn meet(
    conn: &mut DbConn,
    person: PersonId,
    office: OfficeId,
    through_protected: bool,
    source: ResourceId,
) -> Result<()> {
    note_met(conn, &[(person, office, through_protected, source)])
}

/// Notes that offices have met people, as [`meet`] does for one.
pub fn note_met(conn: &mut DbConn, met: &[(PersonId, OfficeId, bool, ResourceId)]) -> Result<()> {
    let vault = binding::carried_by(conn)?.vault;
    let link = |(person, office, through, source): &(PersonId, OfficeId, bool, ResourceId)| {
        (*person, *office, *through, *source, PersonOffice::code_of(*person, *office, *through, *source, &vault))
    };
    dialect::note_met_people(conn, &met.iter().map(link).collect::<Vec<_>>())
}

/// Does the same as [`meet`] if there is a person with this identifier. Otherwise the same statement stores nothing.
pub fn meet_if_registered(
    conn: &mut DbConn,
    person: PersonId,
    office: OfficeId,
    through_protected: bool,
    source: ResourceId,
) -> Result<()> {
    let code = PersonOffice::code_of(person, office, through_protected, source, &binding::carried_by(conn)?.vault);
    let row = people::table.find(person).select((
        people::id,
        office.into_sql::<SqlUuid>(),
        through_protected.into_sql::<Bool>(),
        source.into_sql::<SqlUuid>(),
        code.into_sql::<Nullable<Binary>>(),
    ));
    let columns = (
        person_offices::person_id,
        person_offices::office_id,
        person_offices::through_protected,
        person_offices::source_id,
        person_offices::code,
    );
    let link = row.insert_into(person_offices::table).into_columns(columns).on_conflict_do_nothing();
    on_backend!(conn, conn => link.execute(conn))?;
    Ok(())
}

fn insert_words(conn: &mut DbConn, person: PersonId, words: &[Vec<u8>]) -> Result<()> {
    let rows: Vec<_> = words
        .iter()
        .map(|word| (person_name_tokens::token_hash.eq(word.clone()), person_name_tokens::person_id.eq(person)))
        .collect();
    on_backend!(conn, conn => diesel::insert_into(person_name_tokens::table).values(&rows).execute(conn))?;
    Ok(())
}

fn replace_words(conn: &mut DbConn, person: PersonId, words: &[Vec<u8>]) -> Result<()> {
    let before = person_name_tokens::table.filter(person_name_tokens::person_id.eq(person));
    on_backend!(conn, conn => diesel::delete(before).execute(conn))?;
    insert_words(conn, person, words)
}

/// Computes the hashes of the identity numbers and names of all people again, with the vault's present look-up key, 100 people at
/// a time. Returns the number of people. A person who cannot be opened is left out: the row is logged and counted.
pub fn rebuild_lookups(conn: &mut DbConn, vault: &Vault) -> Result<usize> {
    const AT_ONCE: i64 = 100;
    let (mut rebuilt, mut after) = (0, PersonId::from_uuid(uuid::Uuid::nil()));
    loop {
        let rows: Vec<SealedPerson> = on_backend!(&mut *conn, conn => people::table
            .filter(people::id.gt(after))
            .order(people::id)
            .limit(AT_ONCE)
            .load(conn))?;
        let Some(last) = rows.last() else { return Ok(rebuilt) };
        after = last.id;
        let ids: Vec<PersonId> = rows.iter().map(|row| row.id).collect();
        let people = binding::sound(rows, |row| row.open(vault));
        rebuilt += binding::changing(conn, "people", &ids, |conn| {
            people.iter().map(|person| rebuild_lookup(conn, person, vault)).sum::<Result<usize>>()
        })?;
    }
}

fn rebuild_lookup(conn: &mut DbConn, person: &Person, vault: &Vault) -> Result<usize> {
    let hash = person.written.number().map(|number| number_hash(vault, number));
    let row = people::table.find(person.id);
    let rebuilt = on_backend!(&mut *conn, conn => diesel::update(row).set(people::number_hash.eq(hash)).execute(conn))?;
    replace_words(conn, person.id, &name_hashes(vault, &person.written.full_name()))?;
    Ok(rebuilt)
}
