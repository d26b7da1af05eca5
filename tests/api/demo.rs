//! `nara demo`: a whole installation in one folder, with nobody real in it.

use std::collections::HashSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use diesel::prelude::*;
use nara::config::DEMO_MARK;
use nara::db::connection::Purpose;
use nara::db::schema::{families, offices, people, referrals};
use nara::db::{DbConn, Target};
use nara::id::{OfficeId, PersonId, ReferralId};
use nara::people::ProtectedIdentity;
use nara::vault::{self, Sealed, Vault};
use serde_json::{Value, json};

use crate::program::{Folder, somebody};
use crate::support::Actor;
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::concern_report;

/// A demo on a thread of its own.
pub struct Demo {
    pub told: Value,
    handle: ServerHandle,
    thread: JoinHandle<()>,
}

impl Demo {
    pub fn start(folder: &Folder) -> Self {
        Self::try_start(&folder.0).unwrap_or_else(|refused| panic!("{refused}"))
    }

    fn try_start(folder: &Path) -> Result<Self, String> {
        let (tell, hear) = mpsc::channel();
        let path = folder.to_owned();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
                match nara::demo::start(&path, listener, None, None).await {
                    Ok(running) => {
                        let _ = tell.send(Ok(running.handle.clone()));
                        running.until_stopped().await.expect("the demo ends well");
                    }
                    Err(refused) => drop(tell.send(Err(refused))),
                }
            });
        });
        let handle = hear.recv().expect("it starts or says why not")?;
        let told = fs::read_to_string(folder.join("demo.json")).expect("it was written");
        Ok(Self { told: serde_json::from_str(&told).expect("it is JSON"), handle, thread })
    }

    pub async fn stop(self) {
        self.handle.stop(true).await;
        self.thread.join().expect("the demo ends well");
    }

    pub fn token(&self, of: &str) -> Actor {
        somebody(&self.told, "tokens", of)
    }

    pub fn key(&self, of: &str) -> Actor {
        somebody(&self.told, "partnerKeys", of)
    }
}

fn fields(value: &Value) -> Vec<&str> {
    let mut fields: Vec<&str> = value.as_object().expect("it is an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

/// How many referrals somebody can see.
async fn count(of: &Actor) -> u64 {
    of.get("/referrals?total=true").await.expect(200)["_meta"]["totalRecords"].as_u64().expect("it was asked for")
}

/// A connection to the demo's database.
pub fn open(folder: &Folder) -> DbConn {
    let target: Target = folder.database("nara.db").parse().expect("a URL of a database");
    target.connect(Purpose::Writing).unwrap_or_else(|error| panic!("{error:?}"))
}

/// All texts within a value.
fn texts<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, into)),
        _ => {}
    }
}

/// Whether a text holds what looks like an identity number.
fn identity_numbers(text: &str) -> Vec<String> {
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '-');
    words
        .filter(|word| {
            digits(word, 12) || word.split_once('-').is_some_and(|(date, rest)| digits(date, 8) && digits(rest, 4))
        })
        .map(str::to_owned)
        .collect()
}

#[actix_web::test]
async fn a_demo_writes_down_exactly_what_one_needs_to_get_in() {
    let folder = Folder::new();
    let demo = Demo::start(&folder);
    let told = folder.told();
    assert_eq!(fields(&told), ["baseUrl", "partnerKeys", "tokens"]);
    assert_eq!(
        fields(&told["tokens"]),
        [
            "administrator",
            "analyst",
            "auditor",
            "caseworker",
            "outreachWorker",
            "protectedIdentityCaseworker",
            "qualifiedCaseworker",
            "receptionCaseworker",
            "teamLead"
        ]
    );
    assert_eq!(fields(&told["partnerKeys"]), ["association", "healthcare", "police", "school"]);
    assert!(told["baseUrl"].as_str().unwrap().starts_with("http://127.0.0.1:"), "it listens to this machine alone");
    let keys = told["partnerKeys"].as_object().unwrap().values();
    assert!(keys.clone().all(|key| key.as_str().unwrap().starts_with("nara_demo_")));
    for secret in ["demo.json", "demo-secret", "demo-signing-key.pem", "demo-vault-keys"] {
        let mode = fs::metadata(folder.0.join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only its owner may read {secret}");
    }
    demo.stop().await;
}

#[actix_web::test]
async fn the_tokens_and_keys_of_a_demo_open_what_their_names_promise() {
    let folder = Folder::new();
    let demo = Demo::start(&folder);
    let here = count(&demo.token("caseworker")).await;
    assert!(here > 0, "there is something to look at");
    assert_eq!(count(&demo.token("qualifiedCaseworker")).await, here);
    assert_eq!(count(&demo.token("teamLead")).await, here);
    assert_eq!(count(&demo.token("outreachWorker")).await, 0);
    let (ordinary, cleared) =
        (count(&demo.token("receptionCaseworker")).await, count(&demo.token("protectedIdentityCaseworker")).await);
    assert!(0 < ordinary && ordinary < cleared, "{ordinary} and {cleared}: some identities are protected");
    for role in ["administrator", "auditor", "analyst"] {
        demo.token(role).get("/referrals").await.problem(403, "forbidden");
    }
    let area = json!({"slug": "mitt", "name": {"sv": "Mitt"}});
    demo.token("administrator").post("/areas", area.clone()).await.expect(201);
    demo.token("teamLead").post("/areas", area).await.problem(403, "forbidden");
    for partner in ["school", "police", "healthcare", "association"] {
        let receipt = demo.key(partner).post("/partner/referrals", concern_report()).await.expect(201);
        demo.token("caseworker").get(&format!("/referrals/{}", receipt["id"].as_str().unwrap())).await.expect(200);
        demo.key(partner).get(&format!("/partner/referrals/{}", receipt["id"].as_str().unwrap())).await.expect(200);
    }
    assert_eq!(count(&demo.token("caseworker")).await, here + 4);
    demo.stop().await;
}

#[actix_web::test]
async fn a_demo_that_starts_again_keeps_its_keys_and_its_cases() {
    let folder = Folder::new();
    let demo = Demo::start(&folder);
    let (first, cases) = (folder.told(), count(&demo.token("caseworker")).await);
    let receipt = demo.key("school").post("/partner/referrals", concern_report()).await.expect(201);
    demo.stop().await;

    let demo = Demo::start(&folder);
    let second = folder.told();
    assert_eq!(second["partnerKeys"], first["partnerKeys"]);
    assert_eq!(count(&demo.token("caseworker")).await, cases + 1);
    let again =
        demo.key("school").get(&format!("/partner/referrals/{}", receipt["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(again["reference"], receipt["reference"]);
    // A token of the first start holds still: the signing key is the same.
    let mut older = first;
    older["baseUrl"] = second["baseUrl"].clone();
    assert_eq!(count(&somebody(&older, "tokens", "caseworker")).await, cases + 1);
    demo.stop().await;
}

#[actix_web::test]
async fn a_lost_demo_json_is_written_anew_with_keys_that_work() {
    let folder = Folder::new();
    Demo::start(&folder).stop().await;
    fs::remove_file(folder.0.join("demo.json")).unwrap();
    let demo = Demo::start(&folder);
    demo.key("police").post("/partner/referrals", concern_report()).await.expect(201);
    assert!(count(&demo.token("caseworker")).await > 1);
    demo.stop().await;
}

#[actix_web::test]
async fn what_a_demo_tells_of_belongs_to_two_offices_and_to_nobody_real() {
    let folder = Folder::new();
    Demo::start(&folder).stop().await;
    let mut conn = open(&folder);
    let cases: Vec<(ReferralId, OfficeId, Sealed)> =
        referrals::table.select((referrals::id, referrals::office_id, referrals::matter)).load(&mut conn).unwrap();
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    let held: HashSet<OfficeId> = cases.iter().map(|(_, office, _)| *office).collect();
    let two = offices::table.filter(offices::slug.eq_any([SKAGGETORP, RECEPTION])).select(offices::id);
    let two: Vec<OfficeId> = two.load(&mut conn).unwrap();
    assert_eq!(held, two.into_iter().collect());
    let published = include_str!("../../data/demo/test_identities.csv");
    let mut numbers = 0;
    let keys = fs::read_to_string(folder.0.join("demo-vault-keys")).unwrap();
    let vault = Vault::new(keys.trim_start_matches(DEMO_MARK).parse().unwrap());
    for (id, _, matter) in &cases {
        let mut told = Vec::new();
        let matter: Value = vault.open_json(vault::REFERRAL_MATTER, id.uuid(), matter).unwrap();
        texts(&matter, &mut told);
        for number in told.into_iter().flat_map(identity_numbers) {
            assert!(published.contains(&number), "{number} is not one of Skatteverket's test numbers");
            numbers += 1;
        }
    }
    assert!(numbers * 3 >= cases.len() * 2, "most children have one: {numbers} of {}", cases.len());
    let met: Vec<(PersonId, ProtectedIdentity, Sealed)> =
        people::table.select((people::id, people::protection, people::facts)).load(&mut conn).unwrap();
    let mut numbers = Vec::new();
    for (id, _, facts) in &met {
        let facts: Value = vault.open_json(vault::PERSON_FACTS, id.uuid(), facts).unwrap();
        numbers.extend(facts["personalIdentityNumber"].as_str().map(str::to_owned));
    }
    assert!(numbers.iter().all(|number| published.contains(number)), "{numbers:?}");
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len(), "nobody is registered twice");
    let protected = met.iter().filter(|(_, protection, _)| protection.is_protected()).count();
    let linked: i64 =
        referrals::table.filter(referrals::person_id.is_not_null()).count().get_result(&mut conn).unwrap();
    let families: i64 = families::table.count().get_result(&mut conn).unwrap();
    assert!(
        met.len() >= 40 && families == 15 + 220 && protected >= 3 && linked >= 12,
        "{} {families} {protected} {linked}",
        met.len()
    );
}

#[actix_web::test]
async fn the_families_of_a_demo_have_members_and_a_history() {
    let folder = Folder::new();
    let demo = Demo::start(&folder);
    let find = async |of: &str, name: &str| {
        let found = demo.token(of).post("/people/search", json!({ "name": name })).await.expect(200);
        found["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect::<Vec<Value>>()
    };
    let ahmeds = find("outreachWorker", "Ahmed").await;
    assert_eq!(ahmeds.len(), 5);
    let caseworker = demo.token("caseworker");
    let person = caseworker.get(&format!("/people/{}", ahmeds[0].as_str().unwrap())).await.expect(200);
    let family = format!("/families/{}", person["familyId"].as_str().unwrap());
    let view = caseworker.get(&family).await.expect(200);
    assert_eq!((view["memberIds"].as_array().unwrap().len(), &view["firstReachedThrough"]), (5, &json!("referral")));
    let told = caseworker.get(&format!("{family}/timeline?limit=100")).await.expect(200);
    let kinds: Vec<&str> =
        told["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert!(kinds.iter().filter(|kind| **kind == "referral_received").count() >= 2, "{kinds:?}");
    // Of this family one child is protected, and of another one everybody.
    assert_eq!(find("caseworker", "Novak").await.len(), 2);
    assert_eq!(find("protectedIdentityCaseworker", "Novak").await.len(), 1);
    assert!(find("receptionCaseworker", "Lindqvist").await.is_empty());
    assert_eq!(find("protectedIdentityCaseworker", "Lindqvist").await.len(), 2);
    demo.stop().await;
}

#[actix_web::test]
async fn a_folder_of_another_layout_is_refused_with_a_clear_message_and_left_alone() {
    let folder = Folder::new();
    Demo::start(&folder).stop().await;
    diesel::sql_query("UPDATE migration_fingerprints SET fingerprint = 'another'").execute(&mut open(&folder)).unwrap();
    let before = fs::read(folder.0.join("demo.json")).unwrap();
    let refused = Demo::try_start(&folder.0).err().expect("it does not start");
    assert!(refused.contains("another layout") && refused.contains("nara.db"), "{refused}");
    assert_eq!(fs::read(folder.0.join("demo.json")).unwrap(), before);
}
