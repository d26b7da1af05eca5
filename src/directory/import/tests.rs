use super::*;
use crate::db::migrations;
use crate::directory::Directory;
use crate::time::{Random, Timestamp};

fn moment() -> Moment {
    let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    Moment { now, random: Random::system() }
}

/// Runs `test` on an empty database of its own, which is deleted afterwards.
fn with_database(test: impl Fn(&mut DbConn)) {
    let name = uuid::Uuid::from_bytes(Random::system().bytes());
    let path = std::env::temp_dir().join(format!("nara-import-{name}.sqlite"));
    let target: Target = format!("sqlite://{}", path.display()).parse().unwrap();
    migrations::run(&target).unwrap();
    test(&mut target.connect(Purpose::Writing).unwrap());
    for suffix in ["", "-wal", "-shm"] {
        let _absent = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
}

fn import_now(conn: &mut DbConn, data: &Data) -> Result<Summary> {
    in_transaction(conn, &|conn: &mut DbConn| write(conn, data, &RecordKey::new([7; 32]), &moment()))
}

fn linkoping() -> Data {
    Data::parse(&files::linkoping()).unwrap()
}

fn load(conn: &mut DbConn) -> Directory {
    store::load(conn, moment().now).unwrap()
}

#[test]
fn an_empty_database_is_an_empty_directory() {
    with_database(|conn| {
        let directory = load(conn);
        assert_eq!(
            (directory.version, directory.areas.len(), directory.municipality.emergency_number.as_str()),
            (0, 0, "112")
        );
        assert!(directory.locate(58.41, 15.62).is_none() && !directory.contains(58.41, 15.62));
    });
}

#[test]
fn linkoping_is_read_back_as_it_was_imported() {
    with_database(|conn| {
        let summary = import_now(conn, &linkoping()).unwrap();
        assert_eq!(
            (summary.areas.created, summary.districts.created, summary.services.created, summary.offices.created),
            (4, 32, 10, 8)
        );
        let (stored, made) = (load(conn), in_memory(&moment()).unwrap());
        assert_eq!(stored.version, 1);
        assert_eq!(stored.documents, made.documents);
        let names = |directory: &Directory| {
            directory.districts.iter().map(|district| district.name.sv().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&stored), names(&made));
        for district in &made.districts {
            let same = stored.districts.iter().find(|stored| stored.slug == district.slug).unwrap();
            assert_eq!(stored.boundary(same), made.boundary(district));
        }
    });
}

#[test]
fn importing_again_changes_nothing_and_keeps_identifiers() {
    with_database(|conn| {
        import_now(conn, &linkoping()).unwrap();
        let before = load(conn);
        let summary = import_now(conn, &linkoping()).unwrap();
        let unchanged = |count: usize| Count { created: 0, changed: 0, unchanged: count };
        let expected =
            Summary { areas: unchanged(4), districts: unchanged(32), services: unchanged(10), offices: unchanged(8) };
        assert_eq!(summary, expected);
        let after = load(conn);
        assert_eq!((after.version, &after.areas, &after.districts), (2, &before.areas, &before.districts));
        assert_eq!((&after.offices, &after.services), (&before.offices, &before.services));
    });
}

#[test]
fn what_differs_is_changed_and_what_is_gone_is_left_alone() {
    with_database(|conn| {
        import_now(conn, &linkoping()).unwrap();
        let before = load(conn);
        let mut data = linkoping();
        data.offices.retain(|office| office.slug.as_ref() != "rad-och-stod");
        data.offices.iter_mut().for_each(|office| office.service_ids.clear());
        data.services.retain(|service| service.slug.as_ref() == "bokat-samtal");
        data.services[0].office_ids = vec!["skaggetorp".parse().unwrap()];
        let summary = import_now(conn, &data).unwrap();
        assert_eq!((summary.offices.created, summary.offices.changed), (0, 3));
        let after = load(conn);
        let office = |slug: &str| after.find_office(&slug.parse().unwrap()).unwrap();
        assert_eq!(office("rad-och-stod").service_ids.len(), 3);
        let linked = after.find_service(&"bokat-samtal".parse().unwrap()).unwrap().id;
        assert_eq!(office("skaggetorp").service_ids, [linked]);
        assert_eq!(office("skaggetorp").version, 2);
        assert_eq!(office("skaggetorp").id, before.find_office(&"skaggetorp".parse().unwrap()).unwrap().id);
    });
}

#[test]
fn districts_that_overlap_are_refused_by_name_and_nothing_is_written() {
    with_database(|conn| {
        let mut data = linkoping();
        data.districts[1].1 = data.districts[0].1.clone();
        let refusal = import_now(conn, &data).unwrap_err().told();
        assert!(refusal.contains("Berga and Domkyrkan-Slottet overlap"), "{refusal}");
        assert_eq!(load(conn).version, 0);
    });
}

/// Replaces the text `from` in one file of Linköping by `to`, and returns the message with which the import refuses the
/// files.
fn refusal(file: &'static str, from: &str, to: &str) -> String {
    let mut texts = files::linkoping();
    let text = texts[file].replacen(from, to, 1);
    assert_ne!(text, texts[file]);
    texts.insert(file, text.into());
    let made = Data::parse(&texts).and_then(|data| Plan::new(data, Default::default(), &moment()).map(|_| ()));
    made.unwrap_err().told()
}

#[test]
fn what_is_wrong_is_told_with_its_file_and_its_place() {
    let told = refusal("offices.json", "\"norr\"", "\"nowhere\"");
    assert_eq!(told, "offices.json#/0/areaIds/0: names nothing that exists");
    let told = refusal("offices.json", "+46 13 20 61 88", "013-20 61 88");
    assert!(told.starts_with("offices.json#/4/phone: must be an international number"), "{told}");
    let told = refusal("districts.json", "\"0580R001\"", "\"0580R999\"");
    assert!(told.contains("0580R999"), "{told}");
    let told = refusal("holidays.csv", "public_holiday", "holiday");
    assert!(told.starts_with("holidays.csv: ") && told.contains("line: 2"), "{told}");
    let told = refusal("areas.json", "\"syd\"", "\"norr\"");
    assert_eq!(told, "areas.json#/1/slug: occurs twice");
    let told = refusal("municipality.json", "Europe/Stockholm", "Europe/Linkoping");
    assert!(told.starts_with("municipality.json#/timeZone: "), "{told}");
}
