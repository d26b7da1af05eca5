//! Families: the unit that is reached. A family may be known by nothing more than that it exists.
//!
//! - Staff know of the families that their own offices have met, and of the members whom their offices have met: knowing a family does
//!   not mean knowing everyone in it.
//! - A member whose identity is protected is in no family for staff who are not cleared for protected identities, and a family with only
//!   protected members does not exist for them. So nothing that a protected member does may show: everything that a caller reads of a
//!   family, its entity tag included, is made only of what that caller may know.
//! - A family that was merged into another one stays as a pointer to it, so that older records still lead somewhere. The pointer always
//!   names the family that goes on, even if that family was itself merged later.
//! - A history keeps who joined a family, left it, moved to another or was merged.
//! - When and how a family was first reached is computed from the facts of all offices: see [`reached`].

pub mod answers;
mod changing;
pub mod membership;
mod merging;
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

/// The most members that a family may have.
pub const MOST_MEMBERS: usize = 1000;
/// The most people who may join a family at once.
pub const MOST_JOINING: usize = 50;

/// A family as staff register it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFamily {
    /// The district where the family lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The name that staff use for the family among themselves.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen på tredje våningen"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub label: Option<ConfidentialLine>,
    /// The members of the family. Each must be a person whom you may know of and who is in no other family. A change of the list concerns
    /// only the members that you see. At most 50 people can join at once.
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

/// A family with its facts opened. The database holds them sealed: see [`store::SealedFamily`].
#[derive(Debug, Clone)]
pub struct Family {
    pub id: FamilyId,
    pub facts: FamilyDetails,
    /// The family that goes on in place of this one, after a merge.
    pub merged_into: Option<FamilyId>,
    pub registered_at: Timestamp,
    /// When the family's own facts last changed.
    pub updated_at: Timestamp,
    /// The version, which counts changes of the family and of its members. No answer shows it.
    pub version: i32,
}

/// The personal facts of a family, which are sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FamilyDetails {
    /// The district where the family lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The name that staff use for the family among themselves.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub label: Option<ConfidentialLine>,
}

/// The kinds of events in the history of families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(strum::AsRefStr, strum::EnumString)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[strum(serialize_all = "snake_case")]
pub enum FamilyEventKind {
    /// Somebody joined a family, left one, or both.
    Moved,
    /// A family was merged into another one.
    Merged,
}
crate::text_column!(FamilyEventKind);

impl NewFamily {
    /// Checks every rule except those on what is known of the members. `members` are in the family already.
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
    /// Makes a new family. Its members join it separately.
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

    /// Returns the next version of the family, as written by somebody who sees these members.
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

    /// Returns the next version of the family after `other` is merged into it. Facts that are not known of this family are taken from the
    /// other.
    pub fn merged_with(&self, other: &Self, moment: &Moment) -> Result<Self> {
        self.check_goes_on()?;
        let facts = FamilyDetails {
            district_id: self.facts.district_id.or(other.facts.district_id),
            label: self.facts.label.clone().or_else(|| other.facts.label.clone()),
        };
        Ok(Self { facts, updated_at: moment.now, version: self.version + 1, ..self.clone() })
    }

    /// Returns the family as somebody who sees these members would write it.
    pub fn as_new(&self, members: &[PersonId]) -> NewFamily {
        let FamilyDetails { district_id, label } = self.facts.clone();
        NewFamily { district_id, label, member_ids: members.to_vec(), office_id: None }
    }

    /// Refuses a family that was merged into another one, since it can no longer change.
    pub fn check_goes_on(&self) -> Result<()> {
        match self.merged_into {
            None => Ok(()),
            Some(_) => Err(Error::new(Problem::FamilyMerged)),
        }
    }
}
