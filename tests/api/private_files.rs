//! Files and memory that are for nobody else: what the program writes, the files with its secrets, and the text of the vault's keys.

use std::fs::{self, Permissions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::commands::installation;
use crate::program::{Folder, Server, anyone_at, command, refused, somebody, written};
use crate::support::credentials::vault;
use crate::support::fixtures::concern_report;

fn mode(path: &str) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{path}: {error}")).permissions().mode() & 0o777
}

fn set_mode(path: &str, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The files below a folder that other users can read or change.
fn open_to_others(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(open_to_others(&path));
        } else if mode(path.to_str().unwrap()) & 0o077 != 0 {
            found.push(format!("{} {:o}", path.display(), mode(path.to_str().unwrap())));
        }
    }
    found
}

/// The program with these arguments, started by somebody whose new files are for everybody.
fn carelessly(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut shell = Command::new("/bin/sh");
    let program = command(arguments, environment);
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
    shell.env_clear().envs(environment.iter().copied());
    shell
}

fn borrowed<'a>(all: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    all.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[actix_web::test]
async fn what_the_program_writes_is_for_its_owner_alone() {
    let folder = Folder::new();
    let demo = Server::start_by(carelessly(&["demo", "--data-dir", &folder.path("demo"), "--port", "0"], &[]));
    let told = serde_json::from_str(&fs::read_to_string(folder.0.join("demo/demo.json")).unwrap()).unwrap();
    somebody(&told, "partnerKeys", "school").post("/partner/referrals", concern_report()).await.expect(201);
    let database = format!("sqlite://{}", folder.path("demo/nara.db"));
    let backup = carelessly(&["backup", &folder.path("backup.db")], &[("DATABASE_URL", &database)]).output().unwrap();
    assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    // SQLite's log and its index are there while the server runs.
    for file in ["demo/nara.db", "demo/nara.db-wal", "demo/nara.db-shm", "backup.db"] {
        assert_eq!(mode(&folder.path(file)), 0o600, "{file}");
    }
    let fresh = folder.database("fresh.db");
    let migrated = carelessly(&["migrate"], &[("DATABASE_URL", &fresh)]).output().unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    assert_eq!(open_to_others(&folder.0), [""; 0]);
    drop(demo);
}

#[test]
fn a_database_that_others_could_read_is_taken_from_them_and_that_is_told() {
    let folder = Folder::new();
    let all = installation(&folder);
    let environment = borrowed(&all);
    written(&["migrate"], &[environment[0]]);
    let database = folder.path("serve.db");
    set_mode(&database, 0o644);
    let server = Server::start(&["serve"], &environment);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&format!("{database}{suffix}")), 0o600, "{suffix}");
    }
    let (code, said) = server.end("TERM");
    assert_eq!(code, Some(0));
    assert!(said.contains("serve.db") && said.contains("could read or change it until now"), "{said}");
    let (_, said) = Server::start(&["serve"], &environment).end("TERM");
    assert!(!said.contains("until now"), "{said}");
}

#[test]
fn a_secret_that_others_may_read_is_a_warning_and_refused_where_files_are_strict() {
    let folder = Folder::new();
    let mut all = installation(&folder);
    all.push(("NARA_DATABASE_PASSWORD_FILE", folder.file("password", "secret word\n")));
    let at = |variable: &str| all.iter().find(|(name, _)| *name == variable).unwrap().1.clone();
    let secrets = ["NARA_SECRET_FILE", "NARA_VAULT_KEYS_FILE", "NARA_DATABASE_PASSWORD_FILE"];
    for variable in secrets {
        set_mode(&at(variable), 0o600);
    }
    let strict = |database: &str| {
        let mut environment = all.clone();
        environment
            .iter_mut()
            .filter(|(name, _)| *name == "DATABASE_URL")
            .for_each(|(_, url)| *url = database.to_owned());
        environment.push(("NARA_STRICT_FILES", "true".to_owned()));
        environment
    };
    // Nobody answers there, which is found out only after the files were judged.
    let strict = strict("postgres://nara@127.0.0.1:1/nara?connect_timeout=1");
    let says = |arguments: &[&str]| refused(arguments, &borrowed(&strict));
    for variable in secrets {
        for wrong in [0o604, 0o644, 0o602, 0o620, 0o666] {
            set_mode(&at(variable), wrong);
            let said = says(&["serve"]);
            assert!(said.contains(variable) && said.contains("--strict-files refuses"), "{variable} {wrong:o}: {said}");
            assert!(!said.contains("secret word"), "{said}");
        }
        set_mode(&at(variable), 0o600);
    }
    // Everybody may know the identity provider's public keys, and nobody may put in others.
    let jwks = "NARA_JWKS_FILE";
    for wrong in [0o646, 0o664] {
        set_mode(&at(jwks), wrong);
        let said = says(&["serve"]);
        assert!(said.contains(jwks) && said.contains("may change it"), "{wrong:o}: {said}");
    }
    set_mode(&at(jwks), 0o644);
    assert!(says(&["serve"]).contains("DATABASE_URL"), "the files are well kept");
    // Every command that takes a secret looks at it.
    set_mode(&at("NARA_VAULT_KEYS_FILE"), 0o604);
    for command in
        [&["vault", "rotate"][..], &["vault", "add-key"], &["vault", "rebuild-lookups"], &["audit", "verify"]]
    {
        let said = says(command);
        assert!(said.contains("--strict-files refuses"), "{command:?}: {said}");
    }
    set_mode(&at("NARA_DATABASE_PASSWORD_FILE"), 0o604);
    assert!(says(&["migrate"]).contains("NARA_DATABASE_PASSWORD_FILE"));

    all.retain(|(name, _)| *name != "NARA_DATABASE_PASSWORD_FILE");
    let (code, said) = Server::start(&["serve"], &borrowed(&all)).end("TERM");
    assert!(code == Some(0) && said.contains("NARA_VAULT_KEYS_FILE"), "{said}");
    assert!(said.contains("everybody on this machine may read it"), "{said}");
    set_mode(&all.iter().find(|(name, _)| *name == "NARA_VAULT_KEYS_FILE").unwrap().1, 0o600);
    let server = Server::start(&["serve", "--strict-files"], &borrowed(&all));
    let (code, said) = server.end("TERM");
    assert!(code == Some(0) && !said.contains("may read"), "{said}");
}

/// The parts of a process's memory that it can write, as texts. A byte that is no letter of ASCII is a question mark.
fn memory(process: &str) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = fs::File::open(format!("/proc/{process}/mem")).expect("a process may look into its children");
    let mut parts = Vec::new();
    for line in maps.lines().filter(|line| line.split_whitespace().nth(1).is_some_and(|may| may.starts_with("rw"))) {
        let (from, to) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut part = Vec::new();
        memory.seek(SeekFrom::Start(from)).unwrap();
        // A part may be given back to the system meanwhile; what could be read of it counts.
        drop(memory.by_ref().take(to - from).read_to_end(&mut part));
        part.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
        parts.push(String::from_utf8(part).unwrap());
    }
    parts
}

#[actix_web::test]
async fn the_text_of_the_vaults_keys_does_not_stay_in_the_memory_of_the_server() {
    let ring = vault().ring().reveal();
    let keys: Vec<&str> = ring.lines().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert!(keys.len() > 1 && keys.iter().all(|key| key.len() == 64));
    for way in ["NARA_VAULT_KEYS_FILE", "NARA_VAULT_KEYS"] {
        let folder = Folder::new();
        let mut all = installation(&folder);
        let file = all.iter().find(|(name, _)| *name == "NARA_VAULT_KEYS_FILE").unwrap().1.clone();
        if way == "NARA_VAULT_KEYS" {
            all.retain(|(name, _)| *name != "NARA_VAULT_KEYS_FILE");
            all.push((way, ring.trim_end().replace('\n', ",")));
        } else {
            set_mode(&file, 0o600);
        }
        all.push(("NARA_PROBE", "a-word-that-is-in-its-environment".to_owned()));
        let server = Server::start(&["serve"], &borrowed(&all));
        anyone_at(&server.base).get("/code-lists").await.expect(200);
        let parts = memory(&server.id());
        assert!(parts.iter().any(|part| part.contains("a-word-that-is-in-its-environment")), "nothing was read");
        for key in &keys {
            let (start, end) = key.split_at(32);
            for half in [start, end] {
                assert!(!parts.iter().any(|part| part.contains(half)), "{way}: a key is in memory as text");
            }
        }
        let environment = fs::read_to_string(format!("/proc/{}/environ", server.id())).unwrap();
        assert!(!keys.iter().any(|key| environment.contains(key)), "{way}: the keys are in the environment");
        assert_eq!(server.end("TERM").0, Some(0));
    }
}
