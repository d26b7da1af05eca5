//! The meanings of place names and postal codes: the districts and the other municipalities that they name.
//!
//! - Names are compared without case and marks ([`folded`]).
//! - A name means the district of that name. If there is none, it means the district that lists it as the name of a
//!   part (`place_names`). If there is none either, it means the district that has it as a part of a name with a
//!   hyphen. If two districts have a name in the same one of these ways, the name means neither of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::directory::documents::{Documents, Municipality, OtherMunicipality};
use crate::districts::District;
use crate::id::DistrictId;
use crate::text::folded;

/// The facts about a postal code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalCodePlace {
    /// The town or village to which the postal code belongs.
    pub locality: String,
    /// The active district in which the postal code's point lies. Absent for post-office boxes, and if that district is
    /// retired.
    pub district: Option<DistrictId>,
    /// The distance from the postal code's point to the border of that district, in metres.
    pub metres_to_border: Option<u32>,
}

/// All place names and postal codes that the directory knows, with the districts and municipalities that they mean.
#[derive(Debug, Default)]
pub struct Places {
    /// The districts by their names, without case and marks. The value is `None` if a name can mean two districts.
    districts: HashMap<String, Option<DistrictId>>,
    municipalities: HashMap<String, OtherMunicipality>,
    postal_codes: HashMap<String, PostalCodePlace>,
}

impl Places {
    /// Collects the place names and postal codes of the active districts and of the other municipalities in the
    /// documents. `ours` is the directory's own municipality, which is left out.
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

    /// Adds names of districts that have a lower priority than all names added before. A name that has a meaning
    /// already keeps it.
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

    pub fn district(&self, name: &str) -> Option<DistrictId> {
        *self.districts.get(&folded(name))?
    }

    pub fn other_municipality(&self, name: &str) -> Option<&OtherMunicipality> {
        self.municipalities.get(&folded(name))
    }

    /// Returns the facts about a postal code, which may be written with or without its space. Returns `None` if the
    /// directory does not have it.
    pub fn postal_code(&self, code: &str) -> Option<&PostalCodePlace> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        self.postal_codes.get(&digits)
    }
}
