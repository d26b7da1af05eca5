//! Routing of a referral: finding the office that is responsible for the child, with an explanation that is kept with the referral.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::Result;
use crate::id::{AreaId, DistrictId, OfficeId};
use crate::referrals::matter::child::Child;
use crate::where_to_turn::{self, ExplanationStep, Whereabouts, Wish};

/// The office that a referral was routed to, and the steps that led there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// The district where the child lives, if it is known and may be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The area that the child's district belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_id: Option<AreaId>,
    /// The office that was found responsible.
    pub office_id: OfficeId,
    /// The steps that led to the office, in their order.
    #[schema(max_items = 20)]
    pub explanation: Vec<ExplanationStep>,
    /// The version of the directory that was used to find the office.
    pub directory_version: i64,
}

impl Routing {
    /// Finds the office that is responsible for the child. The child's home decides, and never the school's address. If the child
    /// is `protected`, the office is the central reception.
    pub fn find(child: &Child, protected: bool, directory: &Directory) -> Result<Self> {
        let answer = if protected {
            where_to_turn::answer_protected(directory)?
        } else {
            let asked = Whereabouts {
                coordinates: None,
                district: child.district_id.map(|id| id.to_string()),
                place: child.place_name.as_ref().map(|place| place.reveal().to_string()),
                postal_code: child.postal_code.as_ref().map(|code| code.reveal().to_string()),
            };
            where_to_turn::answer(directory, &asked, &Wish::default())?
        };
        let district = answer.place.district;
        Ok(Self {
            district_id: district.map(|district| district.id),
            area_id: district.map(|district| district.area_id),
            office_id: answer.office.id,
            explanation: answer.explanation,
            directory_version: directory.version,
        })
    }
}
