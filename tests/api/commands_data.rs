//! A municipality's data: imported from a folder, served, and refused where they are not right.

use std::fs;
use std::path::Path;

use nara::time::Clock;
use serde_json::{Value, json};

use crate::commands::installation;
use crate::program::{Folder, Server, anyone_at, refused, written};
use crate::support::credentials::{self, KEY_ID, PROVIDER};

const LINKOPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/linkoping");

fn copy_of_linkoping(folder: &Folder) -> String {
    let copy = folder.path("linkoping");
    fs::create_dir(&copy).expect("the folder is empty");
    for file in fs::read_dir(LINKOPING).expect("the data are there").map(|file| file.expect("they can be listed")) {
        fs::copy(file.path(), Path::new(&copy).join(file.file_name())).expect("they can be copied");
    }
    copy
}

#[actix_web::test]
async fn a_directory_is_imported_into_an_empty_database_and_served_whole() {
    let folder = Folder::new();
    let all = installation(&folder);
    let environment: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let database: Vec<(&str, &str)> = ["DATABASE_URL", "NARA_VAULT_KEYS_FILE"]
        .map(|name| *environment.iter().find(|(known, _)| *known == name).unwrap())
        .into();
    let database = &database[..];
    assert!(written(&["migrate"], database).contains("ran: "));
    assert_eq!(written(&["migrate"], database).trim(), "nothing to do");

    let server = Server::start(&["serve"], &environment);
    let empty = anyone_at(&server.base);
    assert_eq!(empty.get("/districts").await.expect(200)["_meta"]["totalRecords"], 0);
    empty.get("/where-to-turn").await.problem(503, "unavailable");
    assert_eq!(server.end("TERM").0, Some(0));

    let summary = written(&["import", "directory", LINKOPING], database);
    for told in ["areas: 4 new, 0 changed, 0 unchanged", "districts: 32 new", "services: 10 new", "offices: 8 new"] {
        assert!(summary.contains(told), "{summary}");
    }
    let again = written(&["import", "directory", LINKOPING], database);
    assert!(again.contains("districts: 0 new, 0 changed, 32 unchanged"), "{again}");

    let server = Server::start(&["serve"], &environment);
    let anyone = anyone_at(&server.base);
    for (list, count) in [("areas", 4), ("districts", 32), ("offices", 8), ("services", 10)] {
        assert_eq!(anyone.get(&format!("/{list}")).await.expect(200)["_meta"]["totalRecords"], count, "{list}");
    }
    let coverage = anyone.get("/directory/coverage").await.expect(200);
    assert_eq!((&coverage["gaps"], &coverage["overlaps"]), (&json!([]), &json!([])));
    let answer = anyone.get("/where-to-turn?postalCode=58643&at=2026-12-24T10:00:00Z").await.expect(200);
    assert_eq!(answer["office"]["slug"], "skaggetorp");
    // Tokens of the identity provider hold here.
    let now = Clock::system().now().utc().timestamp();
    let mut claims = credentials::claims("somebody", "caseworker", &["skaggetorp"]);
    (claims["iat"], claims["exp"]) = (json!(now), json!(now + 600));
    let token = PROVIDER.sign(Some(KEY_ID), &claims);
    let caseworker = anyone.clone().and("authorization", format!("Bearer {token}"));
    assert_eq!(caseworker.get("/referrals").await.expect(200)["items"], json!([]));
    // Metrics have an address of their own, or none.
    anyone.get("//metrics").await.problem(404, "not-found");
    assert_eq!(server.end("TERM").0, Some(0));
}

#[test]
fn a_folder_that_is_not_right_is_refused_with_the_file_and_the_place_and_nothing_is_imported() {
    let folder = Folder::new();
    let database = folder.database("nara.db");
    let keys = folder.file("vault-keys", &credentials::vault().ring().reveal());
    let environment = [("DATABASE_URL", database.as_str()), ("NARA_VAULT_KEYS_FILE", keys.as_str())];
    let copy = copy_of_linkoping(&folder);
    let read = |name: &str| fs::read_to_string(format!("{copy}/{name}")).unwrap();
    let json_of = |name: &str| -> Value { serde_json::from_str(&read(name)).unwrap() };
    let changed = |name: &str, pointer: &str, value: Value| {
        let mut file = json_of(name);
        *file.pointer_mut(pointer).unwrap() = value;
        file.to_string()
    };
    let open_ring = {
        let mut file = json_of("boundaries.geojson");
        file.pointer_mut("/features/0/geometry/coordinates/0/0").unwrap().as_array_mut().unwrap().pop();
        file.to_string()
    };
    let overlapping = {
        let file = json_of("boundaries.geojson");
        changed("boundaries.geojson", "/features/1/geometry", file["features"][0]["geometry"].clone())
    };
    for (name, content, told) in [
        ("offices.json", "[{]".to_owned(), "offices.json"),
        ("services.json", changed("services.json", "/0/needs/0", json!("magic")), "services.json#/0/needs/0"),
        ("offices.json", changed("offices.json", "/0/areaIds/0", json!("nowhere")), "offices.json#/0/areaIds/0"),
        ("offices.json", changed("offices.json", "/4/phone", json!("112")), "offices.json#/4/phone"),
        ("districts.json", changed("districts.json", "/3/areaId", json!("nowhere")), "districts.json#/3/areaId"),
        ("areas.json", changed("areas.json", "/1/name", json!({"en": "South"})), "areas.json#/1/name"),
        (
            "municipality.json",
            changed("municipality.json", "/timeZone", json!("Sweden/Linköping")),
            "municipality.json#/timeZone",
        ),
        ("boundaries.geojson", open_ring, "boundaries.geojson#/features/0/geometry/coordinates/0/0"),
        ("boundaries.geojson", overlapping, "Berga"),
        ("holidays.csv", read("holidays.csv").replace("2026-12-24", "2026-12-32"), "holidays.csv"),
        ("deadlines.json", changed("deadlines.json", "/0/kind", json!("lunch")), "deadlines.json#/0/kind"),
    ] {
        let before = read(name);
        fs::write(format!("{copy}/{name}"), content).unwrap();
        let said = refused(&["import", "directory", &copy], &environment);
        assert!(said.contains(told), "{told}: {said}");
        fs::write(format!("{copy}/{name}"), before).unwrap();
    }
    let postal_codes = read("postal_codes.csv");
    fs::remove_file(format!("{copy}/postal_codes.csv")).unwrap();
    assert!(refused(&["import", "directory", &copy], &environment).contains("postal_codes.csv"));
    assert!(refused(&["import", "directory", "/no/such/folder"], &environment).contains("/no/such/folder"));
    fs::write(format!("{copy}/postal_codes.csv"), postal_codes).unwrap();
    let summary = written(&["import", "directory", &copy], &environment);
    assert!(summary.contains("districts: 32 new"), "nothing was left by those that were refused: {summary}");
}
