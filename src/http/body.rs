//! Request bodies: complete JSON documents, parsed into types with rules before a handler sees them.
//!
//! A wrong media type gets 415, a body over 1 MiB 413, a body that is not JSON 400, and JSON of the wrong shape 422 with a JSON
//! Pointer. Unless the operation says otherwise, an explicit `null` is refused: a field without a value is left out.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::error::{Error, Problem, Result, Text, Violation};
use crate::http::idempotency;
use crate::http::settings::Settings;
use crate::text::invisible::as_sent;

/// The size of the largest request body that the server accepts, in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// The JSON body of a request, parsed into a `T`. Null is refused.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let bytes = json_bytes(request, payload, &["application/json"]);
        Box::pin(async move { parse_object(&bytes.await?).map(Self) })
    }
}

/// The JSON body of a request, parsed into a `T` whose fields may be null, for fields in which null has a meaning, such as "belongs
/// to no family".
pub struct BodyWithNulls<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for BodyWithNulls<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let bytes = json_bytes(request, payload, &["application/json"]);
        Box::pin(async move { read(parse_value(&bytes.await?)?).map(Self) })
    }
}

pub(super) fn json_bytes(
    request: &HttpRequest,
    payload: &mut dev::Payload,
    accepted: &[&str],
) -> impl Future<Output = Result<Bytes>> + use<> {
    let headers = request.headers();
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let supported = accepted.contains(&essence.as_str()) && !headers.contains_key(header::CONTENT_ENCODING);
    let patience = request.app_data::<Data<Settings>>().map_or(Duration::MAX, |settings| settings.body_timeout);
    let bytes = tokio::time::timeout(patience, Bytes::from_request(request, payload));
    let request = request.clone();
    async move {
        if !supported {
            return Err(Error::new(Problem::UnsupportedMediaType));
        }
        // Without a limit, a client that sends a byte now and then would hold a connection and memory for as long as it likes.
        let read = bytes.await.map_err(|_| Error::new(Problem::RequestTimeout))?;
        let read = read.map_err(|refused| match refused.as_error::<PayloadError>() {
            Some(PayloadError::Overflow) => Error::new(Problem::BodyTooLarge),
            _ if refused.as_response_error().status_code() == 413 => Error::new(Problem::BodyTooLarge),
            _ => Error::new(Problem::MalformedJson),
        })?;
        idempotency::note_body(&request, &read);
        Ok(read)
    }
}

/// Parses a body as a `T`, which must be a JSON object without nulls. A list is refused first, since serde would read it as the
/// fields of `T` in their order.
pub fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match bytes.trim_ascii_start().first() {
        Some(b'[') => Err(parse_value(bytes).err().unwrap_or_else(no_object)),
        _ => parse(bytes),
    }
}

/// Parses JSON as a `T`. Null is refused anywhere in it. The error has a JSON Pointer to the place that is wrong.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    as_sent(|| parse_sent(bytes))
}

fn parse_sent<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // The usual case parses straight into the type. Only a body that may contain a null is searched for one first.
    if bytes.windows(4).any(|word| word == b"null")
        && let Some(pointer) = first_null(&parse_value(bytes)?, &mut String::new())
    {
        return Err(null_at(pointer));
    }
    // The path to each value is recorded only if something is wrong.
    if let Ok(parsed) = serde_json::from_slice(bytes) {
        return Ok(parsed);
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    // A type may refuse a body before its end, and an enum refuses some valid JSON as malformed, so the JSON is checked separately.
    let is_json =
        || std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| match is_json() {
        true => refused(&error),
        false => Error::new(Problem::MalformedJson),
    })?;
    json.end().map_err(|_| Error::new(Problem::MalformedJson))?;
    Ok(parsed)
}

pub(super) fn no_object() -> Error {
    Error::invalid_at("", Text::new("must be a JSON object", "måste vara ett JSON-objekt"))
}

pub(super) fn parse_value(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|_| Error::new(Problem::MalformedJson))
}

/// Converts a parsed JSON value, such as an item of a batch, into a `T`. Null is accepted where `T` accepts it. The error has a
/// JSON Pointer to the place that is wrong.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    as_sent(|| read_stored(value))
}

/// Converts a JSON value like [`read`], without the rules on invisible characters, which older texts in the database need not satisfy.
pub(super) fn read_stored<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| refused(&error))
}

/// Converts a parsed JSON object, which is to create a resource, into a `T`. Null is refused anywhere in it.
pub fn read_new<T: DeserializeOwned>(value: Value) -> Result<T> {
    if !value.is_object() {
        return Err(no_object());
    }
    match first_null(&value, &mut String::new()) {
        Some(pointer) => Err(null_at(pointer)),
        None => read(value),
    }
}

fn null_at(pointer: String) -> Error {
    let detail = Text::new("must not be null; leave the field out", "får inte vara null; utelämna fältet");
    Error::invalid_at(pointer, detail)
}

fn first_null(value: &Value, pointer: &mut String) -> Option<String> {
    let length = pointer.len();
    let mut inside = |name: &str, value: &Value| {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let found = first_null(value, pointer);
        pointer.truncate(length);
        found
    };
    match value {
        Value::Null => Some(pointer.clone()),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| inside(&index.to_string(), item)),
        Value::Object(fields) => fields.iter().find_map(|(name, field)| inside(name, field)),
        _ => None,
    }
}

/// Makes the error for a body of the wrong shape from serde's error. It names the first wrong place. serde's own message may quote
/// the body, so it is replaced, not passed on.
fn refused(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let (field, detail) = explain(&error.inner().to_string());
    let mut pointer = pointer(error.path());
    if let Some(field) = field {
        pointer.push('/');
        pointer.push_str(&field);
    }
    let problem = detail.problem.unwrap_or(Problem::ValidationFailed);
    Error::invalid_as(problem, vec![Violation::at(pointer, detail)])
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Translates an error message of serde into both languages, without the quoted value. For a missing or duplicate field it also
/// returns the name of the field, since serde's path then leads to the object around it.
pub fn explain(message: &str) -> (Option<String>, Text) {
    let message = without_position(message);
    let quoted = || message.split('`').nth(1).unwrap_or_default().to_owned();
    if message.starts_with("missing field") {
        return (Some(quoted()), Text::new("is required", "krävs"));
    }
    if message.starts_with("unknown field") {
        return (None, Text::new("is not a field here", "är inte ett fält här"));
    }
    if message.starts_with("duplicate field") {
        return (Some(quoted()), Text::new("occurs twice", "står två gånger"));
    }
    // The text after the last "expected" contains nothing from the body: the names of the variants are ours.
    let expected = message.rsplit_once("expected ").map_or("another value", |(_, expected)| expected);
    if message.starts_with("unknown variant") {
        let codes = expected.strip_prefix("one of ").unwrap_or(expected).replace('`', "");
        return (None, Text::new(format!("must be one of: {codes}"), format!("måste vara något av: {codes}")));
    }
    // This comes after the messages of serde itself, which quote the body, and a quoted text may look like one of ours.
    if let Some(text) = Text::from_carried(message) {
        return (None, text);
    }
    let (en, sv) = kind_of_value(expected);
    (None, Text::new(format!("must be {en}"), format!("måste vara {sv}")))
}

/// Removes the position in the body (line and column) that serde_json appends to its messages. The same words may also occur in the
/// quoted body, so only the last ones are removed.
fn without_position(message: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match message.rsplit_once(" at line ") {
        Some((before, place))
            if place.split_once(" column ").is_some_and(|(line, column)| is_number(line) && is_number(column)) =>
        {
            before
        }
        _ => message,
    }
}

fn kind_of_value(expected: &str) -> (&'static str, &'static str) {
    match expected {
        "a string" | "a borrowed string" | "string or map" => ("a string", "en sträng"),
        "a boolean" => ("true or false", "true eller false"),
        "a sequence" => ("an array", "en lista"),
        "a map" => ("an object", "ett objekt"),
        "f64" | "f32" => ("a number", "ett tal"),
        "u8" | "u16" | "u32" | "u64" | "usize" => {
            ("a whole number from 0, not too large", "ett heltal från 0, inte för stort")
        }
        "i32" | "i64" => ("a whole number", "ett heltal"),
        _ if expected.starts_with("struct") => ("an object", "ett objekt"),
        _ if expected.starts_with("a formatted date string") => {
            ("a date such as 2026-11-21", "ett datum såsom 2026-11-21")
        }
        _ => ("of another kind", "av ett annat slag"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ViolationPlace;
    use crate::http::merge_patch::MergePatch;
    use serde::Deserialize;
    use serde::Serialize;
    use serde_json::json;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Child {
        name: crate::text::Line,
        #[serde(skip_serializing_if = "Option::is_none")]
        birth_year: Option<u16>,
    }

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Family {
        children: Vec<Child>,
    }

    fn pointer_of(body: &str) -> (Problem, Option<String>) {
        let error = parse_object::<Family>(body.as_bytes()).unwrap_err();
        let pointer = error.violations().first().map(|violation| match &violation.place {
            ViolationPlace::Pointer(pointer) => pointer.clone(),
            other => panic!("{other:?}"),
        });
        (error.problem(), pointer)
    }

    #[test]
    fn what_is_wrong_is_named_by_its_pointer() {
        let at = |pointer: &str| (Problem::ValidationFailed, Some(pointer.to_owned()));
        assert_eq!(
            pointer_of(r#"{"children":[{"name":"A"},{"name":"B","birth_year":"x"}]}"#),
            at("/children/1/birth_year")
        );
        assert_eq!(pointer_of(r#"{"children":[{"birth_year":2010}]}"#), at("/children/0/name"));
        assert_eq!(pointer_of(r#"{"children":[{"name":"A","birth_year":null}]}"#), at("/children/0/birth_year"));
        assert_eq!(pointer_of(r#"{"children":[{"name":"A","b/c":1}]}"#), at("/children/0/b~1c"));
        assert_eq!(pointer_of(r#"{"children":[{"name":" "}]}"#), at("/children/0/name"));
        let long = format!(r#"{{"children":[{{"name":"{}"}}]}}"#, "å".repeat(201));
        assert_eq!(pointer_of(&long), (Problem::TextTooLong, Some("/children/0/name".to_owned())));
        // If the document were parsed as a `Value`, the second of two equal fields would win.
        assert_eq!(pointer_of(r#"{"children":[{"name":"A","name":"null"}]}"#), at("/children/0/name"));
        assert_eq!(pointer_of("[]"), at(""));
        assert_eq!(pointer_of(r#" [[{"name":"A"}]]"#), at(""));
        assert_eq!(pointer_of("[[}"), (Problem::MalformedJson, None));
        assert_eq!(pointer_of("{"), (Problem::MalformedJson, None));
        assert_eq!(pointer_of(r#"{"children":[]} x"#), (Problem::MalformedJson, None));
    }

    #[test]
    fn a_patch_removes_merges_and_replaces() {
        let family = Family { children: vec![] };
        let child = Child { name: "A".parse().unwrap(), birth_year: Some(2010) };
        let patched = MergePatch(json!({"birth_year": null})).apply(&child).unwrap();
        assert_eq!(patched.birth_year, None);
        assert!(MergePatch(json!({"name": null})).apply(&child).is_err());
        let patched = MergePatch(json!({"children": [{"name": "B"}]})).apply(&family).unwrap();
        assert_eq!(patched.children.len(), 1);
    }

    #[test]
    fn no_value_that_was_sent_is_told_back() {
        let error = parse::<Family>(br#"{"children":[{"name":"A","birth_year":"20130101-2386"}]}"#).unwrap_err();
        assert!(!format!("{:?}", error.violations()).contains("2386"));
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "Only whether it parses is looked at.")]
    struct Matter {
        channel: crate::people::Channel,
    }

    #[test]
    fn nor_is_a_code_whatever_words_it_is_made_of() {
        let words = [
            "Alva",
            "Alva at line 3",
            "x`, expected Alva at line 3",
            "expected Alva",
            "Alva\u{1f}Alva",
            "a at line 1 column 2 Alva",
        ];
        for word in words {
            let body = json!({ "channel": word });
            let parsed = parse::<Matter>(body.to_string().as_bytes()).unwrap_err();
            for error in [parsed, read::<Matter>(body).unwrap_err()] {
                let [violation] = error.violations() else { panic!("{word}") };
                assert!(violation.detail.en.starts_with("must be one of: street, school, "), "{word}: {violation:?}");
                assert!(!format!("{violation:?}").contains("Alva"), "{word}: {violation:?}");
            }
        }
    }
}
