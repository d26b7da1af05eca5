//! The structure of the program, checked on its source: the direction of imports, and code that may appear in one place only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, from the bottom up. A file may import modules of its own line and of lines above it, and none below.
///
/// A line with several names is a deliberate cycle, with its reason. `faces` stands for the files of the slices that speak HTTP, see
/// [`Source::is_face`]. They know the nouns, and of the faces of other slices only those of [`FACES_OF_OTHERS`].
const LAYERS: &[(&[&str], &str)] = &[
    (&["error", "hex"], ""),
    (&["code"], ""),
    (
        &["id", "time", "moment", "text", "db"],
        "identifiers, times and texts say themselves how the two databases store them",
    ),
    (&["vault"], ""),
    (&["binding"], ""),
    (&["rotation"], ""),
    (&["slug"], ""),
    (&["rules"], ""),
    (&["calendar"], ""),
    (&["config"], ""),
    (&["cli"], ""),
    (&["telemetry"], ""),
    (&["http"], ""),
    (&["openapi"], ""),
    (&["audit"], ""),
    (&["idempotency"], ""),
    (
        &["areas", "districts", "offices", "services", "directory"],
        "the snapshot is made of the nouns, and a noun is checked against the others that the snapshot knows",
    ),
    (&["auth"], ""),
    (&["context"], ""),
    (&["people"], ""),
    (&["families"], ""),
    (&["partners"], ""),
    (&["staff"], ""),
    (&["code_lists"], ""),
    (&["where_to_turn"], ""),
    (&["referrals"], ""),
    (
        &["outreach", "cases"],
        "a contact in the field takes a referral in, and the intake of a referral hides a contact",
    ),
    (&["timeline"], ""),
    (&["faces"], ""),
    (&["lookups", "bound_tables"], ""),
    (&["meta"], ""),
    (&["server"], ""),
    (&["demo"], ""),
    (&["main"], ""),
];

/// The faces that know another slice's: whose, which one's, and the reason.
const FACES_OF_OTHERS: &[(&str, &str, &str)] =
    &[("where_to_turn", "offices", "the answer shows the office as the directory does")];

/// Folders that are one idea in many files, and contain no HTTP files of slices.
const NOT_SLICES: [&str; 4] = ["auth", "http", "db", "meta"];

/// Files that are longer than 400 lines, each with its reason.
const LONG: &[(&str, &str)] = &[("http/problem.rs", "one table of all problems, which the compiler keeps whole")];

pub(super) struct Source {
    /// The file's path below `src`, such as `offices/mod.rs`.
    pub(super) path: String,
    pub(super) text: String,
    /// The text without comments, and without the tests at its end.
    pub(super) code: String,
}

pub(super) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    for path in files(&root) {
        let text = fs::read_to_string(&path).unwrap();
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
        let tests = ["#[cfg(test)]\nmod tests {", "#[cfg(test)]\npub(super) mod tests {"];
        let end = tests.iter().filter_map(|tests| code.find(tests)).min().unwrap_or(code.len());
        let code = code[..end].to_owned();
        let path = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        sources.push(Source { path, text, code });
    }
    assert!(sources.len() > 50, "the source was not found");
    sources
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

impl Source {
    fn parts(&self) -> Vec<&str> {
        self.path.trim_end_matches(".rs").split('/').collect()
    }

    /// Tests beside the code may import any module.
    pub(super) fn is_test(&self) -> bool {
        self.parts().contains(&"tests")
    }

    /// Whether the file is the part of a slice that speaks HTTP.
    fn is_face(&self) -> bool {
        let parts = self.parts();
        let (first, last) = (parts[0], parts[parts.len() - 1]);
        let speaks = last.ends_with("routes") || ["view", "views", "features", "patch", "answers"].contains(&last);
        parts.len() > 1 && (speaks || parts.contains(&"faces")) && !NOT_SLICES.contains(&first)
    }

    /// Whether the file calls the function that adds a referral, by whichever name it imports the module.
    fn adds_referrals(&self) -> bool {
        let imports = self.code.split(';').filter(|import| import.contains("use crate::referrals::"));
        let of_referrals = imports.filter(|import| !import.contains("messages::"));
        let mut names = Vec::new();
        for (_, after) in of_referrals.filter_map(|import| import.split_once("store")) {
            // As in `store as referral_store` and `store::{self as referral_store, SealedReferral}`.
            let renamed = after.trim_start_matches("::{self").strip_prefix(" as ").map(first_name);
            names.push(renamed.unwrap_or_else(|| "store".to_owned()));
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let calls = |name: &String| {
            let call = format!("{name}::insert(");
            self.code.match_indices(&call).any(|(at, _)| !self.code[..at].ends_with(is_part))
        };
        names.iter().any(calls) || self.code.contains("referrals::store::insert(")
    }

    fn layer(&self) -> usize {
        let name = if self.is_face() { "faces" } else { self.parts()[0] };
        layer(name).unwrap_or_else(|| panic!("{} has no place in the layers", self.path))
    }

    /// The top-level modules that this file imports.
    fn imports(&self) -> BTreeSet<String> {
        let mut imports = BTreeSet::new();
        for (at, found) in self.code.match_indices("crate::") {
            let rest = &self.code[at + found.len()..];
            // `$crate::` in a macro is this crate; `::crate::` does not exist.
            if let Some(list) = rest.strip_prefix('{') {
                imports.extend(names_of(list));
            } else {
                imports.insert(first_name(rest));
            }
        }
        // Macros are exported at the top of the crate, but belong to a module.
        let macros = [
            ("on_backend", "db"),
            ("text_column", "db"),
            ("bound_row", "binding"),
            ("bound_table", "binding"),
            ("bound_link", "binding"),
        ];
        for (name, module) in macros {
            if imports.remove(name) {
                imports.insert(module.to_owned());
            }
        }
        imports.remove(self.parts()[0]);
        imports
    }
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|(names, _)| names.contains(&name))
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// The first names in `a::{b, c}, d};`.
fn names_of(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut item) = (0, Vec::new(), String::new());
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut item)),
            _ => item.push(c),
        }
    }
    names.push(item);
    names.iter().map(|item| first_name(item.trim())).filter(|name| !name.is_empty()).collect()
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test() && source.path != "lib.rs") {
        let own = source.layer();
        for import in source.imports() {
            let Some(theirs) = layer(&import) else {
                panic!("{} imports {import}, which has no place in the layers", source.path)
            };
            if theirs > own {
                wrong.push(format!("{} imports {import}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_face_knows_its_own_slice_and_no_other_face() {
    let sources = sources();
    let faces: Vec<&Source> = sources.iter().filter(|source| source.is_face() && !source.is_test()).collect();
    let mut known = BTreeSet::new();
    for face in &faces {
        for other in faces.iter().filter(|other| other.parts()[0] != face.parts()[0]) {
            let module = format!("crate::{}", other.parts().join("::"));
            if face.code.contains(&module) {
                known.insert((face.parts()[0].to_owned(), other.parts()[0].to_owned()));
            }
        }
    }
    let told = FACES_OF_OTHERS.iter().map(|(whose, other, _)| ((*whose).to_owned(), (*other).to_owned()));
    assert_eq!(known, told.collect());
}

#[test]
fn every_module_has_its_place_and_every_place_its_module() {
    let mut modules: BTreeSet<String> = sources().iter().map(|source| source.parts()[0].to_owned()).collect();
    modules.remove("lib");
    modules.insert("faces".to_owned());
    let placed: BTreeSet<String> = LAYERS.iter().flat_map(|(names, _)| names.iter().map(ToString::to_string)).collect();
    assert_eq!(placed, modules);
    for (names, reason) in LAYERS.iter().filter(|(names, _)| names.len() > 2) {
        assert!(!reason.is_empty(), "{names:?} know each other for no reason");
    }
}

/// The paths of all files except tests whose `code` contains one of the words.
fn mentioning<'a>(sources: &'a [Source], words: &[&str]) -> Vec<&'a str> {
    let says = |source: &&Source| !source.is_test() && words.iter().any(|word| source.code.contains(word));
    sources.iter().filter(says).map(|source| source.path.as_str()).collect()
}

fn assert_only(what: &str, found: &[&str], allowed: impl Fn(&str) -> bool) {
    let others: Vec<&&str> = found.iter().filter(|path| !allowed(path)).collect();
    assert!(others.is_empty(), "{what} is no business of {others:?}");
}

#[test]
fn nouns_and_stores_know_nothing_of_actix_and_routes_nothing_of_diesel() {
    let sources = sources();
    let web: Vec<&str> = sources.iter().filter(|source| source.is_face()).map(|source| source.path.as_str()).collect();
    let actix = mentioning(&sources, &["actix_web", "actix_http", "actix_service", "actix_cors", "actix_rt"]);
    assert_only("actix", &actix, |path| {
        let runs = [
            "main.rs",
            "server.rs",
            "auth/desk.rs",
            "auth/extract.rs",
            "auth/sign_in.rs",
            "context/http.rs",
            "context/refused_calls.rs",
            "openapi/components.rs",
            "server/accept.rs",
            "server/transport.rs",
        ];
        runs.contains(&path) || web.contains(&path) || path.starts_with("http/") || path.starts_with("meta/")
    });
    let speaks_http = |path: &str| web.contains(&path) || path.starts_with("http/") || path.starts_with("meta/");
    assert_only("diesel", &mentioning(&sources, &["diesel"]), |path| !speaks_http(path));
}

#[test]
fn only_the_server_mounts_and_listens() {
    let sources = sources();
    let mounts = mentioning(&sources, &["App::new", "HttpServer::new", "web::scope"]);
    assert_only("mounting", &mounts, |path| path == "server.rs");
    let called: Vec<&str> = mentioning(&sources, &["::mount(api)"]);
    // A slice with several faces mounts the others through one.
    let through = ["referrals/faces/routes.rs", "referrals/faces/partner_routes.rs", "outreach/routes.rs"];
    assert_only("mounting slices", &called, |path| path == "server.rs" || through.contains(&path));
}

/// A sixth way in that adds a referral by itself would forget that the referral has reached the family.
#[test]
fn referrals_come_in_by_one_way() {
    let sources = sources();
    let way_in = |path: &str| path == "cases/intake.rs";
    let arrivals = ["of_person::arrived", "of_person::{self, arrived", "of_person::{arrived"];
    assert_only("the arrival of a referral", &mentioning(&sources, &arrivals), way_in);
    let adding: Vec<&str> =
        sources.iter().filter(|source| source.adds_referrals()).map(|source| &*source.path).collect();
    assert_eq!(adding, ["cases/intake.rs"], "only the intake adds referrals");
}

#[test]
fn only_the_configuration_knows_the_environment() {
    let sources = sources();
    assert_only("the environment", &mentioning(&sources, &["env::var", "env = \""]), |path| {
        path == "cli.rs" || path.starts_with("config")
    });
    // `main` names the variable that has an invalid value.
    let named = mentioning(&sources, &["NARA_", "DATABASE_URL"]);
    assert_only("a variable", &named, |path| ["cli.rs", "main.rs"].contains(&path) || path.starts_with("config"));
}

#[test]
fn only_the_database_layer_tells_the_databases_apart() {
    let sources = sources();
    let found = mentioning(
        &sources,
        &["DbConn::Sqlite", "DbConn::Postgres", "Target::Postgres", "SqliteConnection", "PgConnection"],
    );
    assert_only("the kind of database", &found, |path| path.starts_with("db/"));
}

#[test]
fn only_the_problem_table_knows_how_calls_fail() {
    let sources = sources();
    let codes = [
        "BadRequest",
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "Conflict",
        "PreconditionFailed",
        "UnprocessableEntity",
        "ServiceUnavailable",
        "InternalServerError",
    ];
    let words: Vec<String> = codes.iter().map(|code| format!("HttpResponse::{code}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_only("a status of failure", &mentioning(&sources, &words), |path| path == "http/envelope.rs");
    let tables =
        mentioning(&sources, &["StatusCode::CONFLICT", "StatusCode::FORBIDDEN", "StatusCode::UNPROCESSABLE_ENTITY"]);
    assert_only("a status of failure", &tables, |path| path == "http/problem.rs");
}

#[test]
fn only_time_asks_the_machine() {
    let sources = sources();
    let asks = mentioning(
        &sources,
        &["Utc::now", "SystemTime::now", "Local::now", "getrandom::", "thread_rng", "now_v7", "new_v4"],
    );
    assert_only("the machine's clock and its chance", &asks, |path| path == "time.rs");
}

#[test]
fn no_file_is_too_long_to_be_one_idea() {
    let tests = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let tests = tests.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()));
    let all = sources().into_iter().map(|source| (source.path, source.text)).chain(tests);
    let long = all
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(path, lines)| *lines > 400 && !LONG.iter().any(|(known, _)| known == path));
    let long: Vec<_> = long.collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn files_are_named_after_ideas_and_say_theirs_first() {
    for source in sources() {
        for part in source.parts() {
            let vague =
                ["util", "utils", "common", "helper", "helpers", "manager", "misc", "shared_code", "types", "models"];
            assert!(!vague.contains(&part), "{} is named after nothing", source.path);
        }
        assert!(source.is_test() || source.text.starts_with("//! "), "{} does not say what it is", source.path);
    }
}

#[test]
fn no_lint_is_switched_off_without_a_reason() {
    for source in sources() {
        let code = source.text.replace([' ', '\n'], "");
        assert!(
            !code.contains("#[allow(") && !code.contains("#![allow("),
            "{} allows; expect with a reason",
            source.path
        );
        for (at, _) in code.match_indices("#[expect(") {
            let attribute = &code[at..code[at..].find(")]").map_or(code.len(), |end| at + end)];
            assert!(attribute.contains("reason="), "{} expects without a reason", source.path);
        }
    }
}
