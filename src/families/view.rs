//! The JSON forms of families in answers to staff.

use serde::Serialize;
use utoipa::ToSchema;

use crate::families::{Family, FirstReached, FirstReachedThrough};
use crate::http::link::{Link, Linking};
use crate::id::{DistrictId, FamilyId, PersonId};
use crate::time::Timestamp;
use crate::vault::{self, ConfidentialLine};

/// A family, with those of its members that you may know of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Family)]
pub struct FamilyView {
    /// The identifier of the family.
    pub id: FamilyId,
    /// The district where the family lives, if it is known.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The name that staff use for the family among themselves. It need not be a family name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Familjen på tredje våningen"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub label: Option<ConfidentialLine>,
    /// The identifiers of those members of the family whom you may know of.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[schema(max_items = 1000)]
    pub member_ids: Vec<PersonId>,
    /// The identifiers of people who were taken into this family, although they are members of another family that you may know of
    /// too. Move such a person to one of the two families to decide where the person belongs.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub guest_ids: Vec<PersonId>,
    /// When the family was first reached, by a contact or a referral of any office. Absent if that has not happened, or only in
    /// ways that you may not know of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_reached_at: Option<Timestamp>,
    /// The way in which the family was first reached. Absent together with `firstReachedAt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_reached_through: Option<FirstReachedThrough>,
    /// The family that this one was merged into. A merged family has no members and can no longer be changed.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<FamilyId>,
    /// When the family was registered.
    pub registered_at: Timestamp,
    /// When the district, the label or `mergedInto` last changed. Members who join or leave do not change this time.
    pub updated_at: Timestamp,
    /// The link to the family, the links to the operations that you may use on it now and, after a merge, the link to the family
    /// that it was merged into.
    #[serde(rename = "_links")]
    #[schema(max_items = 40)]
    pub links: Vec<Link>,
}

impl FamilyView {
    /// Makes the view of a family for a caller. The members, the guests and `first` must be limited to what the caller may know;
    /// `may_change` says whether the caller may change the family.
    pub fn new(
        family: Family,
        (members, guests): (Vec<PersonId>, Vec<PersonId>),
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
            guest_ids: guests,
            first_reached_at: first.map(|first| first.at),
            first_reached_through: first.map(|first| first.through),
            merged_into: family.merged_into,
            registered_at: family.registered_at,
            updated_at: family.updated_at,
            links,
        }
    }
}
