//! Parameters in paths. A text that cannot be the identifier or the name of anything gets 404, like everything else that does not
//! exist.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::{FromRequest, HttpRequest, dev};

use crate::error::{Error, Result};

/// Returns the path of a request as the router read it: with all escapes decoded but those of `%`, `/` and `+`. One resource may be
/// called by many spellings of its path, such as `/people/%73earch`; everything that is bound to the resource goes by this form.
pub fn called(request: &HttpRequest) -> &str {
    request.match_info().as_str()
}

/// The parameter `{id}` of a path, parsed as a `T`.
pub struct Named<T>(pub T);

impl<T: FromStr> FromRequest for Named<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let name = request.match_info().get("id").and_then(|name| name.parse().ok());
        ready(name.map(Self).ok_or_else(Error::not_found))
    }
}

/// The two parameters of a path such as `/partners/{id}/api-keys/{keyId}`: of a resource, and of another one that belongs to it.
pub struct NamedWithin<Outer, Inner>(pub Outer, pub Inner);

impl<Outer: FromStr, Inner: FromStr> FromRequest for NamedWithin<Outer, Inner> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let mut names = request.match_info().iter().map(|(_, name)| name);
        let (outer, inner) = (names.next(), names.next());
        let parsed = outer.and_then(|name| name.parse().ok()).zip(inner.and_then(|name| name.parse().ok()));
        ready(parsed.map(|(outer, inner)| Self(outer, inner)).ok_or_else(Error::not_found))
    }
}
