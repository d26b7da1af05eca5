//! Families: the unit that is reached; it may be known by no more than that there is one.
//!
//! - Staff know of the families that their own offices have met, and in them of the members whom their offices have met: a
//!   family that is known does not make everyone in it known.
//! - A member whose identity is protected is in no family for staff who are not cleared for it, and a family of nobody else does
//!   not exist for them. So nothing that such a member does may show: what a caller reads of a family is made of what that
//!   caller may know, its entity tag included.
//! - A family that was merged into another one stays as a pointer to it, so that what was written down before still leads
//!   somewhere. The pointer always names the family that goes on, however often that one was merged in turn.
//! - Who joined, left, changed over or was merged stays in a history.
//! - When and how a family was first reached is computed from the facts, whosever they are: see [`reached`].

pub mod membership;
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

/// More members are not one family.
pub const MOST_MEMBERS: usize = 1000;
/// So many can join at once.
pub const MOST_JOINING: usize = 50;

/// A family as somebody writes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFamily {
    /// The district where it lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// What staff call it among themselves.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen på tredje våningen"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub label: Option<ConfidentialLine>,
    /// Who belongs to it. Each must be somebody whom you may know of, and be in no other family. A change of the list goes for the
    /// members that you see. At most 50 can join at once.
    ///
    /// @example []
    #[schema(max_items = 1000)]
    pub member_ids: Vec<PersonId>,
    /// The office on whose behalf it is registered, by its identifier or slug: needed of staff with several offices.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeName>,
}

impl Registration for NewFamily {
    const FIELDS: &'static [&'static str] = &["officeId"];
}

/// A family. The database has it sealed: see [`store::SealedFamily`].
#[derive(Debug, Clone)]
pub struct Family {
    /// Identifies it.
    pub id: FamilyId,
    /// What is personal of it.
    pub facts: Facts,
    /// The family that goes on in its place.
    pub merged_into: Option<FamilyId>,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When its own facts last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, those of its members included. No answer tells it.
    pub version: i32,
}

/// What is personal of a family.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    /// The district where it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// What staff call it among themselves.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub label: Option<ConfidentialLine>,
}

/// What happens to families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(strum::AsRefStr, strum::EnumString)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[strum(serialize_all = "snake_case")]
pub enum FamilyEventKind {
    /// Somebody joined one, left one, or both.
    Moved,
    /// One was merged into another.
    Merged,
}
crate::text_column!(FamilyEventKind);

impl NewFamily {
    /// What must hold, but for what is known of the members; these are in it already.
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

    fn facts(&self) -> Facts {
        Facts { district_id: self.district_id, label: self.label.clone() }
    }
}

impl Family {
    /// A new family. Its members join it apart.
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

    /// What it becomes when somebody who sees these members writes it anew.
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

    /// What it becomes when another one is merged into it: what is not known of it is taken from there.
    pub fn merged_with(&self, other: &Self, moment: &Moment) -> Result<Self> {
        self.check_goes_on()?;
        let facts = Facts {
            district_id: self.facts.district_id.or(other.facts.district_id),
            label: self.facts.label.clone().or_else(|| other.facts.label.clone()),
        };
        Ok(Self { facts, updated_at: moment.now, version: self.version + 1, ..self.clone() })
    }

    /// How somebody who sees these members would write it as it is.
    pub fn as_new(&self, members: &[PersonId]) -> NewFamily {
        let Facts { district_id, label } = self.facts.clone();
        NewFamily { district_id, label, member_ids: members.to_vec(), office_id: None }
    }

    /// A family that was merged into another one changes no more.
    pub fn check_goes_on(&self) -> Result<()> {
        match self.merged_into {
            None => Ok(()),
            Some(_) => Err(Error::new(Problem::FamilyMerged)),
        }
    }
}
