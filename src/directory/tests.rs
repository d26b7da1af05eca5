use std::sync::Arc;

use super::*;
use crate::calendar::OpenState;
use crate::directory::coverage::Coverage;
use crate::moment::Moment;
use crate::offices::NewOffice;
use crate::time::Random;

fn moment(now: &str) -> Moment {
    Moment { now: now.parse().unwrap(), random: Random::system() }
}

/// Makes the snapshot of Linköping's directory on a Monday morning in November 2026.
fn linkoping() -> Directory {
    import::in_memory(&moment("2026-11-23T09:00:00Z")).unwrap()
}

/// Returns the contents of a snapshot, from which the tests make another snapshot.
fn parts(directory: Directory) -> DirectoryParts {
    DirectoryParts {
        version: directory.version,
        documents: directory.documents,
        areas: directory.areas,
        districts: directory.districts,
        boundaries: directory.geography.boundaries().clone(),
        outline: directory.geography.shared_outline(),
        offices: directory.offices,
        services: directory.services,
    }
}

#[test]
fn a_point_lies_in_one_district_or_outside() {
    let directory = linkoping();
    assert_eq!(directory.locate(58.4275, 15.5837).map(|district| district.name.sv()), Some("Skäggetorp-Tornby"));
    assert!(directory.contains(58.4275, 15.5837));
    assert!(directory.locate(58.59, 16.18).is_none() && !directory.contains(58.59, 16.18));
    for district in &directory.districts {
        let [lon, lat] = directory.label_point(district);
        assert_eq!(directory.locate(lat, lon), Some(district));
    }
}

#[test]
fn a_retired_district_leaves_a_gap_in_the_municipality() {
    let mut parts = parts(linkoping());
    let retired = parts.districts.iter_mut().find(|district| district.slug.as_ref() == "skaggetorp-tornby").unwrap();
    retired.status = crate::districts::DistrictStatus::Retired;
    let directory = Directory::new(parts, moment("2026-11-23T09:00:00Z").now, None).unwrap();
    assert!(directory.locate(58.4275, 15.5837).is_none() && directory.contains(58.4275, 15.5837));
    assert!(directory.district_of_place("Skäggetorp").is_none());
    assert!(directory.postal_code("586 44").unwrap().district.is_none());
    let coverage = Coverage::of(&directory);
    assert_eq!((coverage.gaps.len(), coverage.overlaps.len()), (1, 0));
}

#[test]
fn places_are_known_by_any_spelling_and_codes_with_or_without_a_space() {
    let directory = linkoping();
    let district = |name: &str| directory.district_of_place(name).map(|district| district.slug.to_string());
    assert_eq!(district("SKAGGETORP"), Some("skaggetorp-tornby".to_owned()));
    assert_eq!(district("domkyrkan"), Some("domkyrkan-slottet".to_owned()));
    assert_eq!(district("Norrköping"), None);
    assert_eq!(directory.other_municipality("norrkoping").map(|other| other.code.as_str()), Some("0581"));
    assert!(directory.other_municipality("Linköping").is_none());
    let codes = ["586 44", "58644"].map(|code| directory.postal_code(code).cloned());
    assert!(codes[0].is_some() && codes[0] == codes[1]);
    assert!(directory.postal_code("11122").is_none());
}

#[test]
fn the_real_directory_lacks_the_bases_that_have_not_opened() {
    let directory = linkoping();
    let coverage = Coverage::of(&directory);
    assert!(coverage.gaps.is_empty() && coverage.overlaps.is_empty() && coverage.unreachable_services.is_empty());
    let norr = directory.find_area(&"norr".parse().unwrap()).unwrap().id;
    let elsewhere = directory.districts.iter().filter(|district| district.area_id != norr).count();
    assert_eq!(coverage.districts_without_open_office.len(), elsewhere);
    assert!(!coverage.complete);
}

#[test]
fn an_office_is_open_by_its_hours_and_unknown_without_them() {
    let moment = moment("2026-11-23T09:00:00Z");
    let directory = linkoping();
    let base = directory.find_office(&"skaggetorp".parse().unwrap()).unwrap();
    assert_eq!(directory.open_state(base, moment.now.utc()), OpenState::unknown());
    let planned = directory.find_office(&"bas-syd".parse().unwrap()).unwrap();
    assert_eq!(directory.open_state(planned, moment.now.utc()).open_now, Some(false));
    let (known, days) = directory.hours_between(base, "2026-12-24".parse().unwrap(), "2026-12-25".parse().unwrap());
    assert!(!known && days.len() == 2 && days[0].holiday.is_some() && days[0].intervals.is_empty());

    let id = base.id;
    let with_hours = NewOffice { opening_hours: Some("Mo-Fr 08:00-16:30; PH off".parse().unwrap()), ..base.as_new() };
    let changed = base.changed(with_hours, &directory.known(), &moment).unwrap();
    let mut parts = parts(directory);
    parts.offices.iter_mut().filter(|office| office.id == id).for_each(|office| *office = changed.clone());
    let directory = Directory::new(parts, moment.now, None).unwrap();
    let state = directory.open_state(directory.office(id).unwrap(), moment.now.utc());
    assert_eq!((state.open_now, state.closes_at), (Some(true), Some("2026-11-23T15:30:00Z".parse().unwrap())));
}

#[test]
fn what_did_not_change_is_taken_over() {
    let before = linkoping();
    let geography = Arc::clone(&before.geography);
    let copy = DirectoryParts {
        version: 2,
        boundaries: geography.boundaries().clone(),
        outline: geography.shared_outline(),
        ..copy_of(&before)
    };
    let after = Directory::new(copy, moment("2026-11-23T10:00:00Z").now, Some(&before)).unwrap();
    assert!(Arc::ptr_eq(&after.geography, &geography) && after.is_newer_than(&before));
    let copy = DirectoryParts {
        version: 2,
        boundaries: geography.boundaries().clone(),
        outline: geography.shared_outline(),
        ..copy_of(&before)
    };
    let tomorrow = Directory::new(copy, moment("2026-11-24T10:00:00Z").now, Some(&before)).unwrap();
    assert!(tomorrow.is_newer_than(&after));
}

fn copy_of(directory: &Directory) -> DirectoryParts {
    DirectoryParts {
        documents: directory.documents.clone(),
        areas: directory.areas.clone(),
        districts: directory.districts.clone(),
        offices: directory.offices.clone(),
        services: directory.services.clone(),
        ..DirectoryParts::default()
    }
}

#[test]
fn an_older_snapshot_never_takes_the_place_of_a_newer_one() {
    let now = moment("2026-11-23T09:00:00Z").now;
    let of_version =
        |version| Directory::new(DirectoryParts { version, ..DirectoryParts::default() }, now, None).unwrap();
    let handle = Handle::new(of_version(2));
    assert_eq!(handle.install(of_version(1)).version, 1);
    assert_eq!(handle.current().version, 2);
    handle.install(of_version(3));
    assert_eq!(handle.current().version, 3);
}
