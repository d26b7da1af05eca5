//! The geography of the directory: the boundaries of its districts, the search for the district of a point, and the
//! check that the active districts divide the municipality without gaps and overlaps.
//!
//! The geography takes far longer to work out than anything else in a snapshot, and most changes do not affect it. So
//! it is reused from an earlier snapshot, unless a boundary or the set of active districts has changed.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::directory::geometry::measures::Gap;
use crate::directory::geometry::{self, Boundary};
use crate::directory::locator::Locator;
use crate::districts::District;
use crate::id::DistrictId;

/// The boundaries of the districts and the outline of the municipality, with indexes for the search by point.
#[derive(Debug)]
pub struct Geography {
    boundaries: HashMap<DistrictId, Arc<Boundary>>,
    label_points: HashMap<DistrictId, [f64; 2]>,
    outline: Option<Arc<Boundary>>,
    /// The active districts in the order of their codes. A point on the border of two districts belongs to the one that
    /// comes first here.
    active: Vec<DistrictId>,
    locator: Locator,
    municipality: Locator,
    findings: OnceLock<Findings>,
}

/// The gaps between the active districts and their overlaps.
#[derive(Debug)]
pub struct Findings {
    /// The pieces of ground of the municipality that belong to no active district.
    pub gaps: Vec<Gap>,
    /// The pairs of active districts that cover the same ground, with the size of that ground in square metres.
    pub overlaps: Vec<(DistrictId, DistrictId, f64)>,
}

impl Geography {
    /// Makes the geography of these districts. Returns `before` if it was made of the same active districts, boundaries
    /// and outline.
    pub fn new(
        districts: &[District],
        boundaries: HashMap<DistrictId, Arc<Boundary>>,
        outline: Option<Arc<Boundary>>,
        before: Option<&Arc<Self>>,
    ) -> Arc<Self> {
        let mut active: Vec<&District> = districts.iter().filter(|district| district.is_active()).collect();
        active.sort_by(|one, other| one.code.cmp(&other.code));
        let active: Vec<DistrictId> = active.iter().map(|district| district.id).collect();
        if let Some(before) = before.filter(|before| before.is_of(&active, &boundaries, outline.as_ref())) {
            return Arc::clone(before);
        }
        let shapes = active.iter().enumerate().filter_map(|(key, id)| Some((key, boundaries.get(id)?.as_ref())));
        let locator = Locator::new(&shapes.collect::<Vec<_>>());
        let municipality: Vec<_> = outline.iter().map(|outline| (0, outline.as_ref())).collect();
        let municipality = Locator::new(&municipality);
        let label_point = |(id, boundary): (&DistrictId, &Arc<Boundary>)| {
            let known =
                before.filter(|before| before.boundaries.get(id).is_some_and(|held| Arc::ptr_eq(held, boundary)));
            let known = known.and_then(|before| before.label_points.get(id).copied());
            (*id, known.unwrap_or_else(|| boundary.label_point()))
        };
        let label_points = boundaries.iter().map(label_point).collect();
        Arc::new(Self { boundaries, label_points, outline, active, locator, municipality, findings: OnceLock::new() })
    }

    fn is_of(
        &self,
        active: &[DistrictId],
        boundaries: &HashMap<DistrictId, Arc<Boundary>>,
        outline: Option<&Arc<Boundary>>,
    ) -> bool {
        let same = |(id, boundary): (&DistrictId, &Arc<Boundary>)| {
            self.boundaries.get(id).is_some_and(|ours| Arc::ptr_eq(ours, boundary))
        };
        let same_outline = match (&self.outline, outline) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        };
        same_outline
            && self.active == active
            && self.boundaries.len() == boundaries.len()
            && boundaries.iter().all(same)
    }

    pub fn boundaries(&self) -> &HashMap<DistrictId, Arc<Boundary>> {
        &self.boundaries
    }

    pub fn boundary(&self, id: DistrictId) -> Option<&Boundary> {
        self.boundaries.get(&id).map(Arc::as_ref)
    }

    /// Returns a point in the middle of a district, as longitude and latitude. Every district in the database has a
    /// boundary, so the default of 0, 0 is never used.
    pub fn label_point(&self, id: DistrictId) -> [f64; 2] {
        self.label_points.get(&id).copied().unwrap_or_default()
    }

    pub fn outline(&self) -> Option<&Boundary> {
        self.outline.as_deref()
    }

    pub fn shared_outline(&self) -> Option<Arc<Boundary>> {
        self.outline.clone()
    }

    /// Returns the active district in which a point lies, or the nearest one within a metre. Returns `None` if there is
    /// none.
    pub fn locate(&self, lat: f64, lon: f64) -> Option<DistrictId> {
        self.active.get(self.locator.locate(lon, lat)?.key).copied()
    }

    /// Whether a point lies in the municipality: in its outline or in one of its active districts, or at most a metre
    /// from these.
    pub fn contains(&self, lat: f64, lon: f64) -> bool {
        self.municipality.locate(lon, lat).is_some() || self.locate(lat, lon).is_some()
    }

    /// Whether the gaps and overlaps have been worked out.
    pub fn has_findings(&self) -> bool {
        self.findings.get().is_some()
    }

    /// Returns the gaps between the active districts and their overlaps. They are worked out at the first call and
    /// kept. That takes up to seconds, so a call that is answered must come after [`super::Handle::searched`].
    pub fn findings(&self) -> &Findings {
        self.findings.get_or_init(|| {
            let all: Vec<(DistrictId, &Boundary)> =
                self.active.iter().filter_map(|id| Some((*id, self.boundary(*id)?))).collect();
            let boundaries: Vec<&Boundary> = all.iter().map(|(_, boundary)| *boundary).collect();
            let gaps = self.outline().map(|outline| geometry::measures::gaps(outline, &boundaries)).unwrap_or_default();
            let district = |index: usize| all.get(index).map(|(id, _)| *id);
            let overlaps = geometry::measures::overlaps(&boundaries).into_iter();
            let overlaps =
                overlaps.filter_map(|(one, other, area)| Some((district(one)?, district(other)?, area))).collect();
            Findings { gaps, overlaps }
        })
    }
}
