//! What people call places: districts and their parts, postal codes, other municipalities.
//!
//! - Names are compared without case and marks ([`folded`]).
//! - The name of a district goes before the place names of another, and these before the parts of a name with a hyphen.
//!   A name that two districts have in the same way means neither.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::directory::documents::{Documents, Municipality, OtherMunicipality};
use crate::districts::District;
use crate::id::DistrictId;
use crate::text::folded;

/// What is known of a postal code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalCodePlace {
    /// The town or village.
    pub locality: String,
    /// The active district that its point lies in; none for boxes.
    pub district: Option<DistrictId>,
    /// How far its point is from the border of that district.
    pub metres_to_border: Option<u32>,
}

/// Names and codes, and what they mean.
#[derive(Debug, Default)]
pub struct Places {
    /// `None` where two districts have the name.
    districts: HashMap<String, Option<DistrictId>>,
    municipalities: HashMap<String, OtherMunicipality>,
    postal_codes: HashMap<String, PostalCodePlace>,
}

impl Places {
    /// The places of these districts and documents.
    pub fn new(documents: &Documents, districts: &[District], ours: &Municipality) -> Self {
        let mut places = Self::default();
        let active: Vec<&District> = districts.iter().filter(|district| district.is_active()).collect();
        let parts = |district: &District| district.name.sv().split('-').map(folded).collect::<Vec<_>>();
        places.add(&active, |district| vec![folded(district.name.sv())]);
        places.add(&active, |district| district.place_names.iter().map(|name| folded(name.as_ref())).collect());
        places.add(&active, parts);
        for other in documents.municipalities.iter().filter(|other| other.code != ours.code) {
            for name in [&other.short_name, &other.name] {
                places.municipalities.insert(folded(name), other.clone());
            }
        }
        let by_code: HashMap<&str, DistrictId> =
            active.iter().map(|district| (district.code.as_ref(), district.id)).collect();
        let codes = documents.postal_codes.iter().map(|row| {
            let district = row.district_code.as_deref().and_then(|code| by_code.get(code)).copied();
            let metres_to_border = row.metres_to_border.filter(|_| district.is_some());
            (row.postal_code.clone(), PostalCodePlace { locality: row.locality.clone(), district, metres_to_border })
        });
        places.postal_codes = codes.collect();
        places
    }

    /// Adds one kind of names; those that are taken by a kind before stay as they are.
    fn add(&mut self, districts: &[&District], names: impl Fn(&District) -> Vec<String>) {
        let mut added: HashMap<String, Option<DistrictId>> = HashMap::new();
        for district in districts {
            for name in names(district) {
                match added.entry(name) {
                    Entry::Vacant(place) => {
                        place.insert(Some(district.id));
                    }
                    Entry::Occupied(mut place) if *place.get() != Some(district.id) => {
                        place.insert(None);
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
        for (name, district) in added {
            self.districts.entry(name).or_insert(district);
        }
    }

    /// The district that is called so.
    pub fn district(&self, name: &str) -> Option<DistrictId> {
        *self.districts.get(&folded(name))?
    }

    /// The other municipality that is called so.
    pub fn other_municipality(&self, name: &str) -> Option<&OtherMunicipality> {
        self.municipalities.get(&folded(name))
    }

    /// What is known of a postal code, with or without its space.
    pub fn postal_code(&self, code: &str) -> Option<&PostalCodePlace> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        self.postal_codes.get(&digits)
    }
}
