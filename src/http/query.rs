//! Query strings, parsed into types that know each parameter. Any other parameter gets 400.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::error::{Error, Result, Text};
use crate::http::body::explain;

/// The query string of a request, parsed into a `T`. The parameters of paging do not belong to `T`: see
/// [`crate::http::page::Paging`].
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(parse(&without_paging(request.query_string())).map(Self))
    }
}

fn without_paging(query: &str) -> Cow<'_, str> {
    if !query.split('&').any(crate::http::parameters::is_paging) {
        return Cow::Borrowed(query);
    }
    Cow::Owned(query.split('&').filter(|pair| !crate::http::parameters::is_paging(pair)).collect::<Vec<_>>().join("&"))
}

/// Parses a query string as a `T`. The error names the first parameter that is wrong.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    let pairs = || serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    // The wrong parameter is searched for only if parsing fails.
    T::deserialize(pairs()).or_else(|_| serde_path_to_error::deserialize(pairs())).map_err(|error| {
        let (field, detail) = explain_text(&error.inner().to_string());
        let named = error.path().iter().next_back().and_then(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            _ => None,
        });
        Error::parameter(field.or(named).unwrap_or_default(), detail)
    })
}

/// Translates an error message of serde about a query string into both languages, with the name of the parameter if the message has
/// it. A query contains only texts, so the messages about numbers and booleans differ from those for JSON.
fn explain_text(message: &str) -> (Option<String>, Text) {
    let text = |en: &'static str, sv: &'static str| (None, Text::new(en, sv));
    match message {
        _ if message.starts_with("unknown field") => text("is not a parameter here", "är inte en parameter här"),
        _ if message.starts_with("duplicate field") => {
            (message.split('`').nth(1).map(str::to_owned), Text::new("occurs twice", "står två gånger"))
        }
        _ if message.contains("float literal") || message.contains("float from empty") => {
            text("must be a number", "måste vara ett tal")
        }
        _ if message.contains("digit") || message.contains("number too") || message.contains("integer from empty") => {
            text("must be a whole number from 0, not too large", "måste vara ett heltal från 0, inte för stort")
        }
        _ if message.contains("`true` or `false`") => text("must be true or false", "måste vara true eller false"),
        _ => explain(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ViolationPlace;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "Only whether it parses is looked at.")]
    struct Question {
        lat: Option<f64>,
        age: Option<u8>,
        open: Option<bool>,
        slug: Option<crate::slug::Slug>,
    }

    fn wrong_parameter(query: &str) -> String {
        let error = parse::<Question>(query).unwrap_err();
        match &error.violations()[0].place {
            ViolationPlace::Parameter(name) => name.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(wrong_parameter("lat=north"), "lat");
        assert_eq!(wrong_parameter("age=-1"), "age");
        assert_eq!(wrong_parameter("age=300"), "age");
        assert_eq!(wrong_parameter("open=yes"), "open");
        assert_eq!(wrong_parameter("slug=A+B"), "slug");
        assert_eq!(wrong_parameter("unknown=1"), "unknown");
        assert_eq!(wrong_parameter("age=1&age=2"), "age");
    }

    #[test]
    fn an_empty_number_is_told_to_be_no_number() {
        let told = |query| parse::<Question>(query).unwrap_err().violations()[0].detail.en.clone();
        assert_eq!(told("lat="), told("lat=north"));
        assert_eq!(told("age="), told("age=x"));
    }

    #[test]
    fn paging_is_somebody_elses() {
        assert!(parse::<Question>(&without_paging("limit=5&age=7&cursor=x")).is_ok());
        assert!(parse::<Question>(&without_paging("%6Cimit=5&age=7&p%61ge=1")).is_ok());
    }
}
