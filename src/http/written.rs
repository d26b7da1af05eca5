//! What a write is answered. It is made where the writing is done, on a thread of the database, so that the answer can be kept in
//! the same transaction for those who ask again.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::http::answer::{Answer, Validator};
use crate::http::call::Call;
use crate::http::link::Linking;

/// An answer of success, whole: what the caller prefers to do without is left out when it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    status: u16,
    location: Option<String>,
    etag: String,
    body: String,
    #[serde(skip)]
    is_replayed: bool,
    /// Whether the body tells something this once, so that leaving it out would lose it.
    #[serde(skip)]
    is_told_once: bool,
}

/// The body may be personal, or hold a key: it is not told.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("status", &self.status).field("etag", &self.etag).finish_non_exhaustive()
    }
}

impl Written {
    /// 201: the new resource, and where it lies below the root of the API.
    pub fn created(links: &impl Linking, path: &str, view: &impl Serialize, validator: Validator) -> Result<Self> {
        Ok(Self { status: 201, location: Some(links.absolute(path)), ..Self::changed(view, validator)? })
    }

    /// 201 with more than the new resource: what is told this once. The entity tag is the resource's.
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

    /// 200: the resource as it is now.
    pub fn changed(view: &impl Serialize, validator: Validator) -> Result<Self> {
        let answer = Answer::of(view, validator)?;
        let etag = answer.etag.to_str().map_err(Error::internal)?.to_owned();
        let body = String::from_utf8(answer.body.into()).map_err(Error::internal)?;
        Ok(Self { status: 200, location: None, etag, body, is_replayed: false, is_told_once: false })
    }

    /// The same with the resource as it is now.
    pub fn made_anew(self, view: &impl Serialize, validator: Validator) -> Result<Self> {
        Ok(Self { status: self.status, location: self.location, ..Self::changed(view, validator)? })
    }

    /// What it tells, or a part of that.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.body).map_err(Error::internal)
    }

    /// Whether it tells of something new.
    pub fn is_created(&self) -> bool {
        self.status == 201
    }

    /// Its status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Its entity tag.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The same, told even to a caller who prefers to do without a body: there is nowhere else to read it.
    pub fn told_whole(self) -> Self {
        Self { is_told_once: true, ..self }
    }

    /// The same, as somebody gets it who asks again.
    pub fn replayed(self) -> Self {
        Self { is_replayed: true, ..self }
    }

    /// The same without what is told only once: the field `secret`.
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
    /// 200 with the changed resource and its new ETag; 204 without its body when the caller prefers so.
    pub fn changed(&self, view: &impl Serialize, validator: Validator) -> Result<HttpResponse> {
        self.send(Written::changed(view, validator)?)
    }

    /// Sends what a write is answered; without its body when the caller prefers so.
    pub fn send(&self, written: Written) -> Result<HttpResponse> {
        let whole = StatusCode::from_u16(written.status).map_err(Error::internal)?;
        let answer = Answer::rendered(written.body.into(), &written.etag)?;
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
