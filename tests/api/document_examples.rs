//! Whoever reads an example of the document takes it for something that can happen.

use std::path::Path;

use serde_json::Value;

use crate::support::document::{DOCUMENT, OPERATIONS, described};

/// Each example of a body or of an answer of success, with the operation that has it and the name of its schema.
fn examples() -> Vec<(&'static str, &'static str, &'static Value)> {
    let mut found = Vec::new();
    for operation in OPERATIONS.iter() {
        let described = described(operation);
        let answers = described["responses"].as_object().unwrap().iter();
        let answers = answers.filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
        for content in answers.chain(described.get("requestBody")).filter_map(|body| body["content"].as_object()) {
            for media_type in content.values() {
                let schema = media_type["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next());
                for example in media_type["examples"].as_object().unwrap().values() {
                    found.push((operation.id.as_str(), schema.unwrap_or_default(), &example["value"]));
                }
            }
        }
    }
    found
}

fn examples_of(wanted: &str) -> Vec<(&'static str, &'static Value)> {
    let of_schema = examples().into_iter().filter(|(_, schema, _)| *schema == wanted);
    let found: Vec<_> = of_schema.map(|(operation, _, example)| (operation, example)).collect();
    assert!(!found.is_empty(), "there is no example of {wanted}");
    found
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// That is what is put where a field says nothing.
#[test]
fn every_text_in_an_example_says_something() {
    for (operation, schema, example) in examples() {
        assert!(!texts(example).contains(&"text"), "{operation} {schema}: {example:#}");
    }
}

/// utoipa drops the example of a field whose type is a component, without a word: such a field has it in its doc comment.
#[test]
fn every_example_in_the_source_stands_in_the_document() {
    let document = DOCUMENT.to_string();
    let mut waiting = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for (at, _) in source.match_indices("#[schema(") {
            let attribute = &source[at..source[at..].find(")]").map_or(source.len(), |end| at + end)];
            let Some((_, example)) = attribute.split_once("example = \"") else { continue };
            let end = example.match_indices('"').find(|(at, _)| !example[..*at].ends_with('\\')).unwrap().0;
            let example = format!("\"{}\"", &example[..end]);
            assert!(document.contains(&example), "{}: {example} is dropped", path.display());
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} examples were found");
}

fn own_link(example: &Value) -> Option<&str> {
    example["_links"][0]["href"].as_str()?.strip_prefix("https://nara.example/nara/v1")
}

#[test]
fn a_page_links_to_its_own_operation() {
    let pages = examples().into_iter().filter(|(_, _, example)| example.get("_meta").is_some());
    let mut seen = 0;
    for (id, _, page) in pages {
        let operation = OPERATIONS.iter().find(|operation| operation.id == id).unwrap();
        let link = own_link(page).unwrap_or_else(|| panic!("{id} has no link: {page:#}"));
        let (mut template, mut called) = (operation.path.split('/'), link.split('/'));
        let fits = template.by_ref().zip(called.by_ref()).all(|(part, named)| part == named || part.starts_with('{'));
        assert!(fits && template.next().is_none() && called.next().is_none(), "{id} links to {link}");
        seen += 1;
    }
    assert!(seen > 20, "only {seen} pages were found");
}

/// Swagger UI fills the example of a path's parameter in, and the answer shows what it names.
#[test]
fn a_slug_in_a_path_is_the_one_that_the_answer_shows() {
    for (schema, slug) in [
        ("Area", "norr"),
        ("District", "skaggetorp-tornby"),
        ("Office", "skaggetorp"),
        ("Service", "forebyggande-insatser"),
        ("Partner", "school"),
    ] {
        for (operation, example) in examples_of(schema) {
            assert_eq!(example["slug"], slug, "{operation}");
            assert!(own_link(example).unwrap().ends_with(&format!("/{slug}")), "{operation}");
        }
    }
    for (operation, list) in examples_of("CodeList") {
        assert!(own_link(list).unwrap().ends_with(list["id"].as_str().unwrap()), "{operation}");
    }
}

#[test]
fn an_answer_to_where_to_turn_goes_together() {
    for (operation, answer) in examples_of("WhereToTurn") {
        assert_eq!(answer["outsideMunicipality"], false, "{operation}");
        assert_eq!(answer["office"]["status"], "open", "{operation}");
        assert!(answer["office"].get("closedOn").is_none(), "{operation}");
        assert_eq!(answer["office"]["openState"], answer["openState"], "{operation}");
        assert!(answer["openState"].get("opensAt").is_none(), "{operation} opens while it is open");
        assert_eq!(answer["onCall"]["kind"], "on_call", "{operation}");
    }
}

#[test]
fn a_receipt_tells_only_what_its_sender_may_know_now() {
    for (operation, receipt) in examples_of("Receipt") {
        let due = receipt["deadlines"].as_array().unwrap();
        assert!(due.iter().all(|due| due["kind"] == "inquiry_decision"), "{operation}");
        let told = ["/turnTo", "/feedback/value", "/feedback/sentAt"];
        assert!(told.iter().all(|place| receipt.pointer(place).is_none()), "{operation}: {receipt:#}");
    }
}

/// What came of a referral is there in the states that have it.
#[test]
fn a_referral_has_what_its_state_has() {
    let ends = [
        ("hold", "on_hold"),
        ("decline", "declined"),
        ("familyDeclineReason", "declined_by_family"),
        ("outcome", "completed"),
        ("duplicateOf", "duplicate"),
        ("withdrawnBy", "withdrawn"),
        ("inquiryDecision", "handed_over"),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (operation, referral) in examples_of("Referral") {
        for (field, status) in ends {
            assert_eq!(referral.get(field).is_some(), referral["status"] == status, "{operation}: {field}");
        }
        let is_request = referral["kind"] != "concern_report";
        assert_eq!(referral.get("consent").is_some(), is_request, "{operation}");
        assert!(!is_request || referral.get("feedback").is_none(), "{operation}");
        let source = referral["source"].as_object().unwrap();
        let origins = ["partnerId", "outreachContactId", "selfRequest", "private"];
        assert_eq!(origins.iter().filter(|origin| source.contains_key(**origin)).count(), 1, "{operation}");
        seen.insert(referral["status"].as_str().unwrap());
    }
    assert!(seen.len() >= 12, "only these states are shown: {seen:?}");
}
