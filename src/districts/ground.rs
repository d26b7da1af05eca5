//! The ground of the districts as a change will leave it. It is measured before the transaction that stores the change,
//! because measuring takes up to seconds, and one transaction at a time can write.

use std::sync::Arc;

use serde_json::Value;

use crate::directory::geometry::Boundary;
use crate::directory::{Directory, Handle, measuring};
use crate::districts::District;
use crate::districts::boundary::BoundaryBody;
use crate::districts::rules::check_boundary;
use crate::error::Result;
use crate::id::DistrictId;
use crate::time::Timestamp;

/// The effect of a change of the directory on the districts.
#[derive(Debug, Clone)]
pub enum GroundChange {
    /// No district is written.
    None,
    /// A district is created, or written in its next version.
    Written {
        district: Box<District>,
        /// The new boundary of the district. `None` if it keeps its boundary.
        boundary: Option<Arc<Boundary>>,
        /// The field of the request body that errors about the ground name. `None` if the change cannot break a rule
        /// about it.
        judged_at: Option<&'static str>,
    },
    Deleted(DistrictId),
}

/// A boundary that somebody has drawn, found valid by itself, without the other districts.
#[derive(Debug, Clone)]
pub struct DrawnBoundary {
    pub boundary: Arc<Boundary>,
    /// The boundary as a GeoJSON geometry.
    pub geojson: Arc<Value>,
}

impl DrawnBoundary {
    /// Reads and checks a boundary, on a thread of its own when its turn comes. `pointer` is the location of the
    /// boundary in the request body, for the errors.
    pub async fn read(
        body: &Arc<BoundaryBody>,
        handle: &Handle,
        latest: &Directory,
        pointer: &'static str,
    ) -> Result<Self> {
        let (body, outline) = (Arc::clone(body), latest.shared_outline());
        let read = move || {
            let boundary = body.parse(outline.as_deref(), pointer)?;
            let geojson = Arc::new(boundary.to_geojson());
            Ok(Self { boundary: Arc::new(boundary), geojson })
        };
        handle.measuring.in_turn(read).await?
    }
}

impl GroundChange {
    /// Returns the directory as this change of `latest` will leave it, with its ground measured. Fails if the ground
    /// breaks a rule. `earlier` is the result of an earlier attempt of the same call; if the ground is still the same, it
    /// is not measured again.
    pub async fn measured(
        self,
        handle: &Handle,
        latest: Arc<Directory>,
        earlier: Option<Arc<Directory>>,
        now: Timestamp,
    ) -> Result<Arc<Directory>> {
        if matches!(self, Self::None) {
            return Ok(latest);
        }
        let moves_ground = self.moves_ground(&latest);
        let measure = move || self.applied(&latest, earlier.as_deref(), now).map(Arc::new);
        if moves_ground { handle.measuring.in_turn(measure).await? } else { measuring::apart(measure).await? }
    }

    /// Whether the change may affect the boundaries or the set of active districts.
    fn moves_ground(&self, latest: &Directory) -> bool {
        match self {
            Self::None => false,
            Self::Deleted(_) => true,
            Self::Written { district, boundary, .. } => {
                let before = latest.district(district.id);
                boundary.is_some()
                    || before.is_none_or(|before| before.status != district.status || before.code != district.code)
            }
        }
    }

    fn applied(self, latest: &Directory, earlier: Option<&Directory>, now: Timestamp) -> Result<Directory> {
        let (mut districts, mut boundaries) = (latest.districts.clone(), latest.boundaries().clone());
        let mut judged = None;
        match self {
            Self::None => {}
            Self::Written { district, boundary, judged_at } => {
                judged = judged_at.map(|pointer| (district.id, pointer));
                if let Some(boundary) = boundary {
                    boundaries.insert(district.id, boundary);
                }
                match districts.iter_mut().find(|held| held.id == district.id) {
                    Some(held) => *held = *district,
                    None => districts.push(*district),
                }
            }
            Self::Deleted(id) => {
                districts.retain(|district| district.id != id);
                boundaries.remove(&id);
            }
        }
        let after = latest.with_districts(districts, boundaries, now, earlier.unwrap_or(latest))?;
        let is_measured = earlier.is_some_and(|earlier| after.has_ground_of(earlier));
        if let Some((id, pointer)) = judged.filter(|_| !is_measured) {
            check_boundary(&after, id, pointer)?;
        }
        Ok(after)
    }
}
