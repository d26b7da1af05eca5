//! Where the districts lie: their boundaries, which one a point is in, and whether they partition the municipality.
//!
//! Working all this out takes far longer than anything else in a snapshot, and most changes do not touch it: it is
//! taken over from the snapshot before as long as no boundary and no status is another.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::directory::geometry::measures::Gap;
use crate::directory::geometry::{self, Boundary};
use crate::directory::locator::Locator;
use crate::districts::District;
use crate::id::DistrictId;

/// Where the districts lie.
#[derive(Debug)]
pub struct Geography {
    boundaries: HashMap<DistrictId, Arc<Boundary>>,
    label_points: HashMap<DistrictId, [f64; 2]>,
    outline: Option<Arc<Boundary>>,
    /// The active districts by their codes: their order decides to which of two a border belongs.
    active: Vec<DistrictId>,
    locator: Locator,
    municipality: Locator,
    findings: OnceLock<Findings>,
}

/// Where the districts fail to partition the municipality.
#[derive(Debug)]
pub struct Findings {
    /// Ground that belongs to no district.
    pub gaps: Vec<Gap>,
    /// Pairs that cover the same ground, and how much in square metres.
    pub overlaps: Vec<(DistrictId, DistrictId, f64)>,
}

impl Geography {
    /// The geography of these districts, taken over from `before` where it is the same.
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
        let label_points = boundaries.iter().map(|(id, boundary)| (*id, boundary.label_point())).collect();
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

    /// All boundaries.
    pub fn boundaries(&self) -> &HashMap<DistrictId, Arc<Boundary>> {
        &self.boundaries
    }

    /// The boundary of a district.
    pub fn boundary(&self, id: DistrictId) -> Option<&Boundary> {
        self.boundaries.get(&id).map(Arc::as_ref)
    }

    /// The middle of a district, longitude first. Each district has a boundary: the database holds no other.
    pub fn label_point(&self, id: DistrictId) -> [f64; 2] {
        self.label_points.get(&id).copied().unwrap_or_default()
    }

    /// The outline of the municipality.
    pub fn outline(&self) -> Option<&Boundary> {
        self.outline.as_deref()
    }

    /// The outline, to be shared.
    pub fn shared_outline(&self) -> Option<Arc<Boundary>> {
        self.outline.clone()
    }

    /// The active district that a point lies in.
    pub fn locate(&self, lat: f64, lon: f64) -> Option<DistrictId> {
        self.active.get(self.locator.locate(lon, lat)?.key).copied()
    }

    /// Whether a point lies in the municipality: in its outline, or in a district where nothing was imported.
    pub fn contains(&self, lat: f64, lon: f64) -> bool {
        self.municipality.locate(lon, lat).is_some() || self.locate(lat, lon).is_some()
    }

    /// Where the active districts fail to partition the municipality; worked out when somebody asks first.
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
