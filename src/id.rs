//! Typed identifiers of records: mixing up those of two kinds is a compile error.
//!
//! The kinds of records are listed here and not in the modules of their nouns, because `audit` and `auth` use them too and must not
//! know the nouns.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use uuid::Uuid;

use crate::db::sql_types::SqlUuid;
use crate::error::Text;
use crate::time::{Random, Timestamp};

/// An identifier of a record: a UUIDv7 (RFC 9562) whose type says which kind of record it is.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = SqlUuid)]
pub struct Id<Kind> {
    uuid: Uuid,
    kind: PhantomData<fn() -> Kind>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $alias:ident = $kind:ident;)*) => { $(
        $(#[$doc])*
        pub type $alias = Id<$kind>;
        #[doc = concat!("The kind of [`", stringify!($alias), "`].")]
        pub enum $kind {}
    )* };
}

kinds! {
    AreaId = AreaKind;
    DistrictId = DistrictKind;
    OfficeId = OfficeKind;
    ServiceId = ServiceKind;
    PartnerId = PartnerKind;
    ReferralId = ReferralKind;
    /// Identifies an event in the course of a referral.
    ReferralEventId = ReferralEventKind;
    /// Identifies a message about a referral between an office and the referral's sender.
    MessageId = MessageKind;
    /// Identifies the own words of a member of staff about a referral that they made or corrected.
    OwnWordsId = OwnWordsKind;
    PersonId = PersonKind;
    FamilyId = FamilyKind;
    /// Identifies an event in the history of a family.
    FamilyEventId = FamilyEventKind;
    StaffId = StaffKind;
    OutreachContactId = OutreachContactKind;
    /// Identifies an earlier version of an outreach contact that was corrected.
    ContactVersionId = ContactVersionKind;
    OfferId = OfferKind;
    AnswerId = AnswerKind;
    /// Identifies a follow-up: a promise to get back to somebody.
    FollowUpId = FollowUpKind;
    /// Identifies an answer that is kept for calls that are repeated with the same idempotency key.
    KeptAnswerId = KeptAnswerKind;
    AuditRecordId = AuditRecordKind;
    /// Identifies an anchor of the audit: one server's file outside the database.
    AnchorId = AnchorKind;
    /// Identifies a database, through all its backups and moves.
    DatabaseId = DatabaseKind;
    /// Identifies the resource, of any kind, that an audit record is about.
    ResourceId = ResourceKind;
}

impl<Kind> From<Id<Kind>> for Uuid {
    fn from(id: Id<Kind>) -> Self {
        id.uuid()
    }
}

impl<Kind> Id<Kind> {
    /// The identifier that nothing has. A statement that is run for nobody takes as long as one for somebody, where an answer's time
    /// must not tell whether there is somebody.
    pub fn nobody() -> Self {
        Self::from_uuid(Uuid::nil())
    }

    /// Makes a new identifier. Later identifiers sort after earlier ones, to the microsecond, which keeps indexes compact: the
    /// twelve bits after the milliseconds are the fraction of the millisecond (RFC 9562 section 6.2, method 3), and 62 bits are
    /// random.
    pub fn new(now: Timestamp, random: &Random) -> Self {
        let millis = u64::try_from(now.utc().timestamp_millis()).unwrap_or(0);
        let into_it = (now.utc().timestamp_subsec_micros() % 1000) * 4096 / 1000;
        let mut behind: [u8; 10] = random.bytes();
        let [.., high, low] = into_it.to_be_bytes();
        (behind[0], behind[1]) = (high, low);
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &behind).into_uuid())
    }

    /// Makes a typed identifier of an existing UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// Returns a value for comparisons, which no record has: it sorts before every identifier made in the millisecond of `time` or
    /// later, and after all earlier ones.
    pub fn first_at(time: Timestamp) -> Self {
        let millis = u128::try_from(time.utc().timestamp_millis()).unwrap_or(0);
        Self::from_uuid(Uuid::from_u128(millis << 80))
    }

    /// Returns the time when the identifier was made, to the millisecond.
    pub fn made_at(self) -> Timestamp {
        let micros = i64::try_from((self.uuid.as_u128() >> 80) * 1000).ok();
        micros.and_then(Timestamp::from_micros).unwrap_or_else(|| chrono::DateTime::UNIX_EPOCH.into())
    }

    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Kind> Copy for Id<Kind> {}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<Kind> Hash for Id<Kind> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.uuid, f)
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}

impl<Kind> FromStr for Id<Kind> {
    type Err = Text;

    /// Parses an identifier. Only the hyphenated form of a UUID is accepted, so that every resource has exactly one address.
    fn from_str(text: &str) -> Result<Self, Text> {
        let parsed = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
        parsed.map(Self::from_uuid).ok_or_else(|| Text::new("must be a UUID", "måste vara ett UUID"))
    }
}

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}

impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<Kind> utoipa::PartialSchema for Id<Kind> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .min_length(Some(36))
            .max_length(Some(36))
            .description(Some("An identifier: a UUIDv7 (RFC 9562)."))
            .examples(["01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"])
            .into()
    }
}

impl<Kind> utoipa::ToSchema for Id<Kind> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_microsecond_that_they_were_made_in() {
        let random = Random::system();
        let start = 1_764_000_000_123_000;
        let made = |micros| AuditRecordId::new(Timestamp::from_micros(start + micros).unwrap(), &random);
        let ids: Vec<AuditRecordId> = (0..3_000).map(made).collect();
        assert!(ids.is_sorted(), "three milliseconds");
        assert!(ids.iter().all(|id| id.uuid().get_version_num() == 7));
        assert_eq!(made(999).made_at().micros(), start);
        assert_ne!(made(5), made(5), "one microsecond has many");
    }
}
