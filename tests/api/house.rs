//! The house rules that a reader of the source relies on: plain language, one name for one thing, functions that fit on a page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::architecture::{Source, sources};
use crate::support::document::DOCUMENT;

/// Words that promise a riddle as the first word of a description.
const RIDDLES: [&str; 9] = ["What", "Who", "Whom", "Whose", "Which", "How", "Where", "Why", "Those"];

/// Functions over 60 lines that are one table each.
const LONG_TABLES: &[&str] = &["http/problem.rs: row", "telemetry.rs: new"];

fn is_riddle(text: &str) -> bool {
    let first: String =
        text.chars().skip_while(|c| !c.is_alphanumeric()).take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    RIDDLES.contains(&first.as_str())
}

/// The doc comments of a file: the line of each, and its text.
fn doc_comments(source: &Source) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_inside = false;
    for (number, line) in source.text.lines().enumerate() {
        let line = line.trim_start();
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        match (comment, found.last_mut()) {
            (Some(more), Some((_, text))) if is_inside => {
                text.push(' ');
                text.push_str(more.trim());
            }
            (Some(first), _) => found.push((number + 1, first.trim().to_owned())),
            (None, _) => {}
        }
        is_inside = comment.is_some();
    }
    found
}

/// The share of riddles must stay below 2 %.
fn assert_rare(what: &str, riddles: &[String], all: usize) {
    assert!(all > 1000, "{what}: only {all} were found");
    assert!(riddles.len() * 50 < all, "{what}: {} of {all} begin with a riddle: {riddles:#?}", riddles.len());
}

#[test]
fn doc_comments_begin_with_a_noun_or_a_verb() {
    let sources = sources();
    let comments = sources.iter().flat_map(|source| {
        doc_comments(source).into_iter().map(move |(line, text)| (format!("{}:{line}: {text}", source.path), text))
    });
    let comments: Vec<(String, String)> = comments.collect();
    let riddles: Vec<String> =
        comments.iter().filter(|(_, text)| is_riddle(text)).map(|(place, _)| place.clone()).collect();
    assert_rare("doc comments", &riddles, comments.len());
}

#[test]
fn descriptions_of_the_document_begin_with_a_noun_or_a_verb() {
    let mut descriptions = Vec::new();
    let mut open = vec![&*DOCUMENT];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                let texts = fields.iter().filter(|(name, _)| ["description", "summary"].contains(&name.as_str()));
                descriptions.extend(texts.filter_map(|(_, value)| value.as_str()).map(str::to_owned));
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    let riddles: Vec<String> = descriptions.iter().filter(|text| is_riddle(text)).cloned().collect();
    assert_rare("descriptions", &riddles, descriptions.len());
}

#[test]
fn a_type_name_stands_for_one_thing() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for line in source.code.lines() {
            let is_inner = line.starts_with(' ');
            let words: Vec<&str> = line
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|word| !word.is_empty() && !["pub", "crate", "super", "in", "unsafe"].contains(word))
                .collect();
            let (Some(kind), Some(name)) = (words.first(), words.get(1)) else { continue };
            // A `type` inside a block belongs to its trait.
            let is_type = ["struct", "enum", "trait", "union"].contains(kind) || (*kind == "type" && !is_inner);
            if is_type && name.starts_with(char::is_uppercase) {
                places.entry((*name).to_owned()).or_default().push(source.path.clone());
            }
        }
    }
    assert!(places.len() > 300, "only {} types were found", places.len());
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

/// The functions of a file: the name, the number of parameters and the number of lines of each.
fn functions(source: &Source) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = source.code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let mut before_name = line.trim_start().split("fn ");
        let (Some(before), Some(after)) = (before_name.next(), before_name.next()) else { continue };
        let qualifiers = ["pub", "pub(super)", "pub(crate)", "pub(in", "async", "const", "unsafe", "extern", "default"];
        if !before.split_whitespace().all(|word| qualifiers.contains(&word)) {
            continue;
        }
        let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let close = format!("{}}}", " ".repeat(indent));
        let is_end = |line: &str| line == close || (line.starts_with(&close) && !line.trim_end().ends_with('{'));
        let is_short = line.trim_end().ends_with('}') || line.trim_end().ends_with(';');
        let length = if is_short { 1 } else { lines[at..].iter().position(|line| is_end(line)).unwrap_or(0) + 1 };
        found.push((name, parameters(&lines[at..].join("\n")), length));
    }
    found
}

/// The number of parameters of the function that begins here.
fn parameters(code: &str) -> usize {
    let after_name = &code[code.find("fn ").map_or(0, |at| at + 3)..];
    // Generic parameters may hold parentheses of their own, as in `F: Fn(u8)`.
    let (mut angles, mut depth, mut count, mut is_blank) = (0_i32, 0_i32, 0, true);
    let mut before = ' ';
    for c in after_name.chars() {
        match c {
            '<' => angles += 1,
            '>' if before != '-' && before != '=' => angles -= 1,
            '(' | '[' | '{' if depth > 0 || angles == 0 => depth += 1,
            ')' | ']' | '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return count + usize::from(!is_blank);
                }
            }
            ',' if depth == 1 && angles == 0 => {
                count += usize::from(!is_blank);
                is_blank = true;
            }
            c if depth > 0 && !c.is_whitespace() => is_blank = false,
            _ => {}
        }
        before = c;
    }
    count
}

#[test]
fn functions_fit_on_a_page_and_take_six_parameters_at_most() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (name, parameters, lines) in functions(source) {
            count += 1;
            let place = format!("{}: {name}", source.path);
            if lines > 60 && !LONG_TABLES.contains(&place.as_str()) {
                wrong.push(format!("{place} has {lines} lines"));
            }
            if parameters > 6 {
                wrong.push(format!("{place} has {parameters} parameters"));
            }
        }
    }
    assert!(count > 1500, "only {count} functions were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_that_know_actix_have_no_function_that_takes_a_connection() {
    for source in sources().iter().filter(|source| source.code.contains("actix_web")) {
        assert!(!source.code.contains("DbConn"), "{} knows actix and takes a database connection", source.path);
    }
}

#[test]
fn every_action_of_the_audit_is_a_line_of_the_table() {
    use nara::audit::actions::ALL;
    let codes: BTreeSet<&str> =
        ALL.iter().flat_map(|action| [Some(action.code), action.again().map(|again| again.code)]).flatten().collect();
    let listed: Value = serde_json::from_str(include_str!("../../data/code_lists.json")).unwrap();
    let listed = listed["audit-actions"]["items"].as_array().unwrap();
    assert_eq!(codes, listed.iter().map(|item| item["code"].as_str().unwrap()).collect());
    for source in sources().iter().filter(|source| !source.is_test() && source.path != "audit/actions.rs") {
        // The document's examples name some.
        let lines: Vec<&str> = source.code.lines().filter(|line| !line.contains("example")).collect();
        for code in &codes {
            let quoted = format!("\"{code}\"");
            assert!(lines.iter().all(|line| !line.contains(&quoted)), "{} writes {code} by itself", source.path);
        }
    }
}
