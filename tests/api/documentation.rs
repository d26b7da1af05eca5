//! The documentation: it is short where it must be, its links lead somewhere, and it leaves out no variable.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest first page, in lines.
const FIRST_PAGE: usize = 120;

/// A page of the documentation.
struct Page {
    /// The path from the root of the repository, such as `docs/tour.md`.
    name: String,
    /// The text without its blocks of code.
    prose: String,
    /// The whole text.
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<Page> {
    let in_docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let in_docs = in_docs.map(|name| format!("docs/{}", name.to_str().unwrap())).filter(|name| name.ends_with(".md"));
    let mut names: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map(str::to_owned).into();
    names.extend(in_docs);
    names.sort();
    assert!(names.len() > 5, "the documentation was not found");
    names.into_iter().map(|name| page(&name)).collect()
}

fn page(name: &str) -> Page {
    let text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    Page { name: name.to_owned(), prose: without_code_blocks(&text), text }
}

fn without_code_blocks(text: &str) -> String {
    let mut inside = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// The text without its code in backticks: a link in there is none.
fn without_code_spans(prose: &str) -> String {
    prose.split('`').step_by(2).collect()
}

/// The targets of `[text](target)` and `![text](target)`.
fn links(prose: &str) -> Vec<String> {
    let targets = prose.match_indices("](").filter_map(|(at, found)| prose[at + found.len()..].split(')').next());
    targets.map(str::to_owned).collect()
}

/// The text of each code in backticks that stands on one line.
fn code_spans(prose: &str) -> Vec<&str> {
    prose.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// The anchors that a page's headings have, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose = without_code_blocks(text);
    let headings = prose.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#');
        (heading.len() < line.len() && heading.starts_with(' ')).then(|| anchor(heading.trim()))
    });
    let mut anchors = BTreeSet::new();
    for heading in headings {
        let numbered = (1..).map(|number| format!("{heading}-{number}"));
        let free = std::iter::once(heading.clone()).chain(numbered).find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Whether a path in backticks, such as `src/db` or `fuzz/corpus/`, is of this repository and of no placeholder.
fn is_own_path(span: &str) -> bool {
    let begins = ["src/", "tests/", "proof/", "docs/", "data/", "openapi/", "migrations/", "fuzz/", ".ci/"];
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    begins.iter().any(|begin| span.starts_with(begin)) && span.chars().all(plain)
}

/// Every environment variable that the configuration declares.
fn variables() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<PathBuf> = ["src/cli.rs", "src/config.rs", "src/config"].map(|path| root().join(path)).into();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            let source = fs::read_to_string(&path).unwrap();
            let named = source.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(named.map(str::to_owned));
        }
    }
    found
}

/// The flags that go with the variables: `--public-url` with `NARA_PUBLIC_URL`.
fn flag(variable: &str) -> String {
    let name = variable.strip_prefix("NARA_").unwrap_or(variable);
    format!("--{}", name.to_lowercase().replace('_', "-"))
}

#[test]
fn the_first_page_is_short() {
    let lines = page("README.md").text.lines().count();
    assert!(lines <= FIRST_PAGE, "README.md has {lines} lines, and at most {FIRST_PAGE} are read");
}

#[test]
fn every_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in pages() {
        let folder = root().join(Path::new(&page.name).parent().unwrap());
        for target in links(&without_code_spans(&page.prose)) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            let (file, heading) = target.split_once('#').map_or((target.as_str(), None), |(file, at)| (file, Some(at)));
            let path = if file.is_empty() { root().join(&page.name) } else { folder.join(file) };
            if !path.exists() {
                broken.push(format!("{}: {target} is no file", page.name));
            } else if let Some(heading) = heading
                && !anchors(&fs::read_to_string(&path).unwrap_or_default()).contains(heading)
            {
                broken.push(format!("{}: {target} is no heading", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(followed > 50, "only {followed} links were found");
}

#[test]
fn every_path_that_is_named_is_there() {
    let mut missing = Vec::new();
    let mut seen = 0;
    // The changelog tells of the past.
    for page in pages().into_iter().filter(|page| page.name != "CHANGELOG.md") {
        for span in code_spans(&page.prose) {
            // `proof/fuzz [SECONDS]` is a command: the path is its first word.
            let path = span.split_whitespace().next().unwrap_or_default();
            if is_own_path(path) {
                seen += 1;
                if !root().join(path).exists() {
                    missing.push(format!("{}: {path}", page.name));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(seen > 40, "only {seen} paths were found");
}

#[test]
fn every_variable_and_its_flag_are_explained_to_operators() {
    let operating = page("docs/operating.md").text;
    let variables = variables();
    assert!(variables.len() > 25, "only {} variables were found", variables.len());
    let rows: Vec<&str> = operating.lines().filter(|line| line.starts_with("| `")).collect();
    let is_explained = |variable: &&String| {
        rows.iter().any(|row| row.starts_with(&format!("| `{variable}` | `{}` |", flag(variable))))
    };
    let missing: Vec<&String> = variables.iter().filter(|variable| !is_explained(variable)).collect();
    assert!(missing.is_empty(), "docs/operating.md has no row for {missing:?}");
}

#[test]
fn every_picture_tells_what_it_shows() {
    for picture in fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()) {
        if picture.extension().is_some_and(|extension| extension == "svg") {
            let text = fs::read_to_string(&picture).unwrap();
            assert!(text.contains("<title") && text.contains("<desc"), "{}", picture.display());
        }
    }
}

#[test]
fn anchors_are_those_of_github() {
    let text = "# Nära\n## `proof/document`\n```\n# no heading\n```\n### What's new, 1.0?\n## Limits\n## Limits\n";
    let expected = ["limits", "limits-1", "nära", "proofdocument", "whats-new-10"].map(str::to_owned);
    assert_eq!(anchors(text), BTreeSet::from(expected));
    assert_eq!(links("[a](b.md#c), ![d](e.svg)"), ["b.md#c", "e.svg"]);
    assert_eq!(without_code_spans("see `[a](b)` and [c](d)"), "see  and [c](d)");
}
