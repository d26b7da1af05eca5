//! Families: the unit that outreach work reaches. Of some families nothing more is known than that they exist.
//!
//! - Staff know of the families that their own offices have met, and of those members whom their own offices have met: somebody
//!   who knows of a family need not know of everyone in it.
//! - A member whose identity is protected is not shown in the family to staff who are not cleared for protected identities, and a
//!   family with only protected members does not exist for them. So nothing that a protected member does may show: everything
//!   that a caller reads of a family, its entity tag included, is made only of what that caller may know.
//! - A family that was merged into another one stays in the database and points to the other, so that older records still lead
//!   somewhere. If that other family is merged as well, the pointer is moved on, so it always names a family that was not merged.
//! - For staff who may not know of a family, its members belong to no family: they can be taken into another one, where they are
//!   guests until somebody who may know of both decides. See [`crate::people::belonging`].
//! - A history records who joined or left a family or moved to another one, and which families were merged.
//! - When and how a family was first reached is computed from the contacts and referrals of all offices: see [`reached`].

pub mod answers;
pub mod bound;
mod changing;
pub mod guests;
pub mod known;
pub mod links;
pub mod membership;
mod merging;
pub mod offices;
pub mod reached;
pub mod routes;
pub mod store;
mod view;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use reached::{FirstReached, FirstReachedThrough};

use crate::directory::Directory;
use crate::error::{Error, Problem, Result, Text};
use crate::id::{DistrictId, FamilyId, PersonId};
use crate::moment::Moment;
use crate::people::Registration;
use crate::rules::Rules;
use crate::slug::OfficeName;
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine};

/// The largest number of members of a family.
pub const MOST_MEMBERS: usize = 1000;
/// The largest number of people who may join a family in one call.
pub const MOST_JOINING: usize = 50;

/// A family as staff register it: its district, its label and its members.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFamily {
    /// The district where the family lives, if it is known.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The name that staff use for the family among themselves. It need not be a family name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen på tredje våningen"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub label: Option<ConfidentialLine>,
    /// The members of the family. Somebody who joins must be a person whom you may know of and who is in no other family that you
    /// may know of; at most 50 people can join in one call. Members whom you may not know of are not listed and stay members.
    /// Guests of the family stay guests.
    ///
    /// @example []
    #[schema(max_items = 1000)]
    pub member_ids: Vec<PersonId>,
    /// The office on whose behalf the family is registered, by its identifier or slug. Staff with several offices must give it.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeName>,
}

impl Registration for NewFamily {
    const FIELDS: &'static [&'static str] = &["officeId"];
}

/// A family with its personal facts in plain text. The database holds them sealed: see [`store::SealedFamily`].
#[derive(Debug, Clone)]
pub struct Family {
    pub id: FamilyId,
    pub facts: FamilyDetails,
    /// The family that this one was merged into. `None` if it was not merged.
    pub merged_into: Option<FamilyId>,
    pub registered_at: Timestamp,
    /// When the district, the label or `merged_into` last changed. A change of members does not count.
    pub updated_at: Timestamp,
    /// The number of changes of the family and of its members so far, plus one. No answer shows it, because it would tell of
    /// members whom the reader may not know of.
    pub version: i32,
}

/// The personal facts of a family, which the database holds sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FamilyDetails {
    /// The district where the family lives, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The name that staff use for the family among themselves. It need not be a family name.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub label: Option<ConfidentialLine>,
}

/// The kind of an event in the history of families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(strum::AsRefStr, strum::EnumString)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[strum(serialize_all = "snake_case")]
pub enum FamilyEventKind {
    /// A person joined a family, left one, or moved from one to another.
    Moved,
    /// A family was merged into another one, which took over its members.
    Merged,
}
crate::text_column!(FamilyEventKind);

impl NewFamily {
    /// Checks the district and the length of the list of members, and that at most [`MOST_JOINING`] people join who are not in
    /// `members`, the present members. Whether the people who join are known and in no other family is checked when they join.
    pub fn check(&self, members: &[PersonId], directory: &Directory) -> Result<()> {
        let mut rules = Rules::default();
        directory.check_home(self.district_id, "/districtId", &mut rules);
        rules.list("/memberIds", &self.member_ids, MOST_MEMBERS);
        let joining = self.member_ids.iter().filter(|id| !members.contains(id)).count();
        let too_many = Text::new(
            format!("may add at most {MOST_JOINING} at once"),
            format!("får lägga till högst {MOST_JOINING} åt gången"),
        );
        rules.require(joining <= MOST_JOINING, "/memberIds", too_many);
        rules.finish(Some(()))
    }

    fn facts(&self) -> FamilyDetails {
        FamilyDetails { district_id: self.district_id, label: self.label.clone() }
    }
}

impl Family {
    /// Checks the facts in `new` and makes a family of them. The members join it separately.
    pub fn new(new: &NewFamily, directory: &Directory, moment: &Moment) -> Result<Self> {
        new.check(&[], directory)?;
        Ok(Self {
            id: moment.id(),
            facts: new.facts(),
            merged_into: None,
            registered_at: moment.now,
            updated_at: moment.now,
            version: 1,
        })
    }

    /// Checks the facts in `new` and returns the next version of the family with them. `members` are the present members that the
    /// writer sees. Fails if the family was merged into another one.
    pub fn changed(
        &self,
        new: &NewFamily,
        members: &[PersonId],
        directory: &Directory,
        moment: &Moment,
    ) -> Result<Self> {
        self.check_goes_on()?;
        new.check(members, directory)?;
        Ok(Self { facts: new.facts(), updated_at: moment.now, version: self.version + 1, ..self.clone() })
    }

    /// Returns the next version of the family after `other` was merged into it: a district or label that this family lacks is
    /// taken from `other`. Fails if this family was itself merged into another one.
    pub fn merged_with(&self, other: &Self, moment: &Moment) -> Result<Self> {
        self.check_goes_on()?;
        let facts = FamilyDetails {
            district_id: self.facts.district_id.or(other.facts.district_id),
            label: self.facts.label.clone().or_else(|| other.facts.label.clone()),
        };
        Ok(Self { facts, updated_at: moment.now, version: self.version + 1, ..self.clone() })
    }

    /// Returns the request body that would leave the family unchanged if a caller who sees the members `members` wrote it. Merge
    /// patches are applied to it.
    pub fn as_new(&self, members: &[PersonId]) -> NewFamily {
        let FamilyDetails { district_id, label } = self.facts.clone();
        NewFamily { district_id, label, member_ids: members.to_vec(), office_id: None }
    }

    /// Fails if this family was merged into another one, since it can no longer change.
    pub fn check_goes_on(&self) -> Result<()> {
        match self.merged_into {
            None => Ok(()),
            Some(_) => Err(Error::new(Problem::FamilyMerged)),
        }
    }
}
