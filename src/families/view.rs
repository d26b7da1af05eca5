//! The views of families, for staff who may know of them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::families::{Family, FirstReached, FirstReachedThrough};
use crate::http::link::{Link, Linking};
use crate::id::{DistrictId, FamilyId, PersonId};
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine};

/// A family, as far as you may know of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Family)]
pub struct FamilyView {
    /// The identifier of the family.
    pub id: FamilyId,
    /// The district where the family lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The name that staff use for the family among themselves.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen på tredje våningen"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub label: Option<ConfidentialLine>,
    /// The members whom you may know of.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(max_items = 1000)]
    pub member_ids: Vec<PersonId>,
    /// When the family was first reached, by any office. Absent until it was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_reached_at: Option<Timestamp>,
    /// The way in which the family was first reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_reached_through: Option<FirstReachedThrough>,
    /// The family that goes on in place of this one. This family was merged into it, has no members and changes no more.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<FamilyId>,
    /// When the family was registered.
    pub registered_at: Timestamp,
    /// When the family's own facts last changed. Members who join or leave do not change this time.
    pub updated_at: Timestamp,
    /// The family's own address, the operations that you may use on it now, and the family that goes on in its place.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl FamilyView {
    /// Makes the view of a family. `members` and `first` are what the caller may know, and `may_change` is whether the caller may change
    /// it.
    pub fn new(
        family: Family,
        members: Vec<PersonId>,
        first: Option<FirstReached>,
        may_change: bool,
        addresses: &impl Linking,
    ) -> Self {
        let path = format!("/families/{}", family.id);
        let mut links = vec![addresses.link("self", "GET", &path)];
        match family.merged_into {
            Some(survivor) => links.push(addresses.link("merged-into", "GET", &format!("/families/{survivor}"))),
            None if may_change => {
                links.push(addresses.link("change", "PATCH", &path));
                links.push(addresses.link("merge", "POST", &format!("{path}/merge")));
            }
            None => {}
        }
        links.push(addresses.link("timeline", "GET", &format!("{path}/timeline")));
        Self {
            id: family.id,
            district_id: family.facts.district_id,
            label: family.facts.label,
            member_ids: members,
            first_reached_at: first.map(|first| first.at),
            first_reached_through: first.map(|first| first.through),
            merged_into: family.merged_into,
            registered_at: family.registered_at,
            updated_at: family.updated_at,
            links,
        }
    }
}
