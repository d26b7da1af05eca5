//! The operations of the server as the generated OpenAPI document describes them: methods, query parameters, headers and media
//! types.
//!
//! The router knows which paths exist; only the document knows what the operations accept. So 404, 405, 406 and the refusal of
//! unknown parameters follow from the published document and cannot deviate from it.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};

use crate::error::{Error, Problem, Result, Text};
use crate::http::documented::{self, LONGEST_HEADER};
use crate::http::settings::ROOT;
use crate::http::withheld::has_identity_number;

/// All operations of the server, by the patterns of their paths, such as `/nara/v1/areas/{id}`.
pub struct Operations {
    by_pattern: HashMap<String, Vec<Operation>>,
}

pub struct Operation {
    id: &'static str,
    method: String,
    query: Vec<String>,
    headers: Vec<&'static str>,
    produces: Vec<String>,
}

impl Operations {
    /// Makes the collection from the operations of the document and from `others`: paths outside the document, which are all read
    /// with GET.
    pub fn new(documented: Vec<documented::DocumentedOperation>, others: &[&str]) -> Self {
        let mut by_pattern: HashMap<String, Vec<Operation>> = HashMap::new();
        for found in documented {
            let pattern = format!("{ROOT}{}", found.path);
            by_pattern.entry(pattern).or_default().push(Operation::new(found));
        }
        for path in others {
            let operation = Operation {
                id: "other",
                method: "GET".to_owned(),
                query: Vec::new(),
                headers: Vec::new(),
                produces: Vec::new(),
            };
            by_pattern.entry((*path).to_owned()).or_default().push(operation);
        }
        Self { by_pattern }
    }

    /// Returns the operation that the router chose for a request; `None` if it chose none.
    pub fn of(&self, request: &HttpRequest) -> Option<&Operation> {
        let operations = self.by_pattern.get(request.match_pattern()?.as_str())?;
        operations.iter().find(|operation| operation.method == request.method().as_str())
    }

    /// Whether the router may handle a call of this method and path. It may not if the path is exactly that of an operation which
    /// does not have the method. The router would also match `/people/search` as a person called `search`, so the methods of a
    /// person must be refused for this path.
    pub fn may_take(&self, method: &Method, path: &str) -> bool {
        let Some(operations) = self.by_pattern.get(path) else { return true };
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        operations.iter().any(|operation| operation.method == method.as_str())
    }

    /// Returns the value of the `Allow` header for a path that the router refused: the methods that it has. `None` if no such path
    /// exists.
    pub fn allowed(&self, path: &str) -> Option<String> {
        let named = self.by_pattern.get(path);
        let fitting =
            || self.by_pattern.iter().find(|(pattern, _)| fits(pattern, path)).map(|(_, operations)| operations);
        let mut methods: Vec<&str> = Vec::new();
        for operation in named.or_else(fitting)? {
            methods.push(&operation.method);
            if operation.method == "GET" {
                methods.push("HEAD");
            }
        }
        methods.sort_unstable();
        Some(methods.join(", "))
    }
}

impl Operation {
    /// Makes an operation from its description in the OpenAPI document.
    pub fn new(documented: documented::DocumentedOperation) -> Self {
        let documented::DocumentedOperation { id, method, query, headers, produces, .. } = documented;
        Self { id: kept(id), method, query, headers: headers.into_iter().map(kept).collect(), produces }
    }

    /// The `operationId` of the operation, for the log and the metrics; `other` for a path outside the document.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Refuses a query with a parameter that the operation does not have: a typing error in the name of a filter must not make a
    /// list longer. A value with a personal identity number is refused as well, since it would also be repeated in the links of a
    /// list.
    pub fn check_query(&self, query: &str) -> Result<()> {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !self.query.iter().any(|known| *known == name) {
                let name: String = name.chars().take(60).collect();
                return Err(Error::parameter(name, Text::new("is not a parameter here", "är inte en parameter här")));
            }
            if has_identity_number(&value) {
                let detail = Text::new(
                    "must not hold a personal identity number: addresses are logged in many places",
                    "får inte innehålla ett personnummer: adresser loggas på många ställen",
                );
                return Err(Error::parameter(name, detail));
            }
        }
        Ok(())
    }

    /// Refuses a request in which a header that the operation reads is longer than the document allows.
    pub fn check_headers(&self, headers: &HeaderMap) -> Result<()> {
        let mut long = headers.iter().filter(|(_, value)| value.len() > LONGEST_HEADER).map(|(name, _)| name.as_str());
        let read = |name: &str| self.headers.iter().find(|read| read.eq_ignore_ascii_case(name));
        let Some(name) = long.find_map(read) else { return Ok(()) };
        Err(Error::header(
            name,
            Text::new(
                format!("must not be longer than {LONGEST_HEADER} bytes"),
                format!("får inte vara längre än {LONGEST_HEADER} byte"),
            ),
        ))
    }

    /// Refuses a request whose `Accept` header allows none of the operation's media types.
    pub fn check_accept(&self, headers: &HeaderMap) -> Result<()> {
        let Some(accept) = headers.get(header::ACCEPT) else { return Ok(()) };
        let accept = accept.to_str().map_err(|_| Error::new(Problem::NotAcceptable))?.to_ascii_lowercase();
        let acceptable =
            self.produces.is_empty() || self.produces.iter().any(|produced| weight(&accept, produced) > 0.0);
        if acceptable { Ok(()) } else { Err(Error::new(Problem::NotAcceptable)) }
    }
}

/// Makes a name live as long as the program, by leaking its memory. It is used only for the document, which is built once.
fn kept(name: String) -> &'static str {
    Box::leak(name.into_boxed_str())
}

/// Returns the weight from 0 to 1 that the `Accept` header `accept`, in lower case, gives to a media type: the weight of the most
/// specific range that matches (RFC 9110, section 12.5.1).
pub fn weight(accept: &str, media_type: &str) -> f32 {
    let closeness = |range: &str| match range.strip_suffix("/*") {
        Some("*") => Some(0),
        Some(kind) => (media_type.split('/').next() == Some(kind)).then_some(1),
        None => (range == media_type).then_some(2),
    };
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let close = closeness(parts.next().unwrap_or_default())?;
        let given = parts.find_map(|part| part.strip_prefix("q="));
        let weight = given.map_or(Some(1.0), |given| given.trim().parse::<f32>().ok());
        // An invalid weight counts as 1, not as 0.
        Some((close, weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(1.0)))
    });
    ranges.max_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))).map_or(0.0, |(_, weight)| weight)
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || (wanted.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn operation() -> Operation {
        let strings = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Operation {
            id: "listDistricts",
            method: "GET".to_owned(),
            query: strings(&["name"]),
            headers: vec!["Accept-Language"],
            produces: strings(&["application/json", "application/geo+json"]),
        }
    }

    #[test]
    fn an_accept_that_leaves_out_every_answer_is_refused() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(value));
            operation().check_accept(&headers).is_ok()
        };
        assert!(
            accepts("*/*")
                && accepts("application/*")
                && accepts("text/html, application/geo+json;q=0.5")
                && accepts("Application/JSON")
        );
        assert!(!accepts("text/csv") && !accepts("application/json;q=0") && !accepts("applicationx/*"));
        assert!(accepts("*/*, application/json;q=0") && !accepts("application/*;q=0"));
    }

    #[test]
    fn the_range_that_names_a_type_most_closely_says_how_much_it_is_wanted() {
        assert_eq!(weight("application/json, application/geo+json;q=0", "application/geo+json"), 0.0);
        assert_eq!(weight("*/*;q=0.1, application/json;q=0.5", "application/json"), 0.5);
        assert_eq!(weight("*/*;q=0.1, application/json;q=0.5", "application/geo+json"), 0.1);
        assert_eq!(weight("application/json;q=rubbish", "application/json"), 1.0);
    }

    #[test]
    fn a_path_fits_its_pattern_and_no_other() {
        assert!(fits("/districts/{id}/boundary", "/districts/ryd/boundary"));
        assert!(!fits("/districts/{id}/boundary", "/districts/ryd"));
        assert!(!fits("/districts/{id}", "/districts/"));
    }

    #[test]
    fn a_path_of_its_own_is_nobodys_name() {
        let documented = [("GET", "/people/{id}"), ("PATCH", "/people/{id}"), ("POST", "/people/search")];
        let documented = documented.map(|(method, path)| documented::DocumentedOperation {
            id: path.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            produces: Vec::new(),
            secured_by: Vec::new(),
        });
        let operations = Operations::new(documented.into(), &["/health/live"]);
        let may_take = |method: Method, path: &str| operations.may_take(&method, path);
        assert!(may_take(Method::POST, "/nara/v1/people/search") && !may_take(Method::GET, "/nara/v1/people/search"));
        assert!(may_take(Method::DELETE, "/nara/v1/people/somebody"), "the router knows");
        assert!(may_take(Method::HEAD, "/health/live") && !may_take(Method::HEAD, "/nara/v1/people/search"));
        assert_eq!(operations.allowed("/nara/v1/people/search").as_deref(), Some("POST"));
        assert_eq!(operations.allowed("/nara/v1/people/somebody").as_deref(), Some("GET, HEAD, PATCH"));
    }

    #[test]
    fn a_header_that_is_read_has_a_limit() {
        let refuses = |name: &'static str, length: usize| {
            let value = HeaderValue::from_str(&"x".repeat(length)).unwrap();
            let headers: HeaderMap = [(header::HeaderName::from_static(name), value)].into_iter().collect();
            operation().check_headers(&headers).is_err()
        };
        assert!(refuses("accept-language", LONGEST_HEADER + 1));
        assert!(!refuses("accept-language", LONGEST_HEADER) && !refuses("x-unread", LONGEST_HEADER + 1));
    }

    #[test]
    fn an_unknown_parameter_is_refused() {
        assert!(operation().check_query("name=ryd").is_ok());
        assert!(operation().check_query("nam=ryd").is_err());
    }
}
