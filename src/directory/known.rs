//! Names that a body can use, and the calendar that it is read by.

use crate::areas::Area;
use crate::calendar::Calendar;
use crate::offices::Office;
use crate::services::Service;
use crate::slug::{AreaName, OfficeName, ServiceName};

/// What a body can name, and the calendar that it is read by.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// All areas.
    pub areas: &'a [Area],
    /// All offices.
    pub offices: &'a [Office],
    /// All services.
    pub services: &'a [Service],
    /// The municipality's calendar.
    pub calendar: &'a Calendar,
}

impl<'a> Known<'a> {
    /// The area of this name.
    pub fn area(&self, name: &AreaName) -> Option<&'a Area> {
        self.areas.iter().find(|area| name.names(area.id, &area.slug))
    }

    /// The office of this name.
    pub fn office(&self, name: &OfficeName) -> Option<&'a Office> {
        self.offices.iter().find(|office| name.names(office.id, &office.slug))
    }

    /// The service of this name.
    pub fn service(&self, name: &ServiceName) -> Option<&'a Service> {
        self.services.iter().find(|service| name.names(service.id, &service.slug))
    }
}
