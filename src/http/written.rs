//! Answers to successful writes. They are made on the database thread that writes, so that an answer can be stored in the same
//! transaction for repeated calls.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::http::answer::{Representation, Validator};
use crate::http::call::Call;
use crate::http::link::Linking;

/// A complete answer to a successful write. If the caller prefers no body, the body is left out only when the answer is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    status: u16,
    location: Option<String>,
    etag: String,
    body: String,
    #[serde(skip)]
    is_replayed: bool,
    /// Whether the body is sent even if the caller prefers none, because it contains data that cannot be read again.
    #[serde(skip)]
    is_told_once: bool,
}

/// Formats the status and the entity tag only, since the body may contain personal data or a key.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("status", &self.status).field("etag", &self.etag).finish_non_exhaustive()
    }
}

impl Written {
    /// Makes an answer 201 with a new resource and its address, which is `path` below the root of the API.
    pub fn created(links: &impl Linking, path: &str, view: &impl Serialize, validator: Validator) -> Result<Self> {
        Ok(Self { status: 201, location: Some(links.absolute(path)), ..Self::changed(view, validator)? })
    }

    /// Makes an answer 201 with the body `told`, which contains data that is shown only this once. The address and the entity tag
    /// are those of the new resource `view`.
    pub fn created_telling(
        links: &impl Linking,
        path: &str,
        view: &impl Serialize,
        validator: Validator,
        told: &impl Serialize,
    ) -> Result<Self> {
        let body = serde_json::to_string(told).map_err(Error::internal)?;
        Ok(Self { body, is_told_once: true, ..Self::created(links, path, view, validator)? })
    }

    /// Makes an answer 200 with a resource as it is after the write.
    pub fn changed(view: &impl Serialize, validator: Validator) -> Result<Self> {
        let answer = Representation::of(view, validator)?;
        let etag = answer.etag.to_str().map_err(Error::internal)?.to_owned();
        let body = String::from_utf8(answer.body.into()).map_err(Error::internal)?;
        Ok(Self { status: 200, location: None, etag, body, is_replayed: false, is_told_once: false })
    }

    /// Makes an answer 200 with the body `told`, which says more than the resource `view` as it is after the write: something that
    /// is told only now. The entity tag is that of `view`.
    pub fn changed_telling(view: &impl Serialize, validator: Validator, told: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_string(told).map_err(Error::internal)?;
        Ok(Self { body, is_told_once: true, ..Self::changed(view, validator)? })
    }

    /// Makes an answer 204 without an entity tag, for a change that the caller was allowed to make but whose outcome the caller may
    /// not read.
    pub fn out_of_sight() -> Self {
        Self {
            status: 204,
            location: None,
            etag: String::new(),
            body: String::new(),
            is_replayed: false,
            is_told_once: false,
        }
    }

    /// Replaces the body and the entity tag by those of the resource `view` as it is now. The status and the location stay.
    pub fn made_anew(self, view: &impl Serialize, validator: Validator) -> Result<Self> {
        Ok(Self { status: self.status, location: self.location, ..Self::changed(view, validator)? })
    }

    /// Parses the body as a `T`, which may have only some of its fields.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.body).map_err(Error::internal)
    }

    /// Whether the answer has the status 201: the write made a new resource.
    pub fn is_created(&self) -> bool {
        self.status == 201
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Marks the answer so that its body is sent even if the caller prefers none, because it cannot be read elsewhere.
    pub fn told_whole(self) -> Self {
        Self { is_told_once: true, ..self }
    }

    /// Marks the answer as given again to a repeated call, which the header `Idempotent-Replayed` tells.
    pub fn replayed(self) -> Self {
        Self { is_replayed: true, ..self }
    }

    /// Removes the top-level field `secret`, which is shown only once, from the body.
    pub fn without_secret(mut self) -> Self {
        const SECRET: &str = "secret";
        if self.body.contains(SECRET)
            && let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_str(&self.body)
            && fields.remove(SECRET).is_some()
        {
            self.body = serde_json::Value::Object(fields).to_string();
        }
        self
    }
}

impl Call {
    /// Answers 200 with a changed resource and its new ETag, or 204 without a body if the caller prefers that.
    pub fn changed(&self, view: &impl Serialize, validator: Validator) -> Result<HttpResponse> {
        self.send(Written::changed(view, validator)?)
    }

    /// Makes the HTTP response of an answer to a write, without its body if the caller prefers that and the body can be left out.
    pub fn send(&self, written: Written) -> Result<HttpResponse> {
        let whole = StatusCode::from_u16(written.status).map_err(Error::internal)?;
        if whole == StatusCode::NO_CONTENT {
            return Ok(self.changed_out_of_sight());
        }
        let answer = Representation::rendered(written.body.into(), &written.etag)?;
        let minimal = if whole == StatusCode::OK { StatusCode::NO_CONTENT } else { whole };
        let mut response = match self.prefers_minimal() && !written.is_told_once {
            true => self.without_body(answer, minimal),
            false => self.with_body(answer, whole),
        };
        let headers = response.headers_mut();
        if let Some(location) = written.location {
            headers.insert(header::LOCATION, HeaderValue::try_from(location).map_err(Error::internal)?);
        }
        if written.is_replayed {
            headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::link::Links;
    use serde_json::json;

    #[test]
    fn a_secret_is_kept_by_nobody() {
        let links = Links::new("https://nara.test".to_owned());
        let view = json!({ "id": "a", "secret": "nara_live_x", "note": "no secret here" });
        let written = Written::created(&links, "/keys/a", &view, Validator::Version(1)).unwrap();
        assert!(written.body.contains("nara_live_x"));
        assert_eq!(written.location.as_deref(), Some("https://nara.test/nara/v1/keys/a"));
        let kept = written.clone().without_secret();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&kept.body).unwrap(),
            json!({ "id": "a", "note": "no secret here" })
        );
        assert_eq!((kept.status, kept.etag), (201, written.etag));
        let harmless = Written::changed(&json!({ "text": "secret" }), Validator::Content).unwrap();
        assert_eq!(harmless.clone().without_secret(), harmless);
    }
}
