//! The records that a request body can name, and the calendar with which the body is checked.

use crate::areas::Area;
use crate::calendar::Calendar;
use crate::offices::Office;
use crate::services::Service;
use crate::slug::{AreaName, OfficeName, ServiceName};

/// The areas, offices and services that a request body can name, and the calendar with which the body is checked.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryContext<'a> {
    pub areas: &'a [Area],
    pub offices: &'a [Office],
    pub services: &'a [Service],
    pub calendar: &'a Calendar,
}

impl<'a> DirectoryContext<'a> {
    /// Finds the area with this identifier or slug.
    pub fn area(&self, name: &AreaName) -> Option<&'a Area> {
        self.areas.iter().find(|area| name.names(area.id, &area.slug))
    }

    /// Finds the office with this identifier or slug.
    pub fn office(&self, name: &OfficeName) -> Option<&'a Office> {
        self.offices.iter().find(|office| name.names(office.id, &office.slug))
    }

    /// Finds the service with this identifier or slug.
    pub fn service(&self, name: &ServiceName) -> Option<&'a Service> {
        self.services.iter().find(|service| name.names(service.id, &service.slug))
    }
}
