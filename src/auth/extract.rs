//! The callers as handlers' first arguments.

use std::future::{Ready, ready};

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev};

use crate::audit::Actor;
use crate::auth::keys::Keyring;
use crate::auth::tokens::Verifier;
use crate::auth::{Agency, Role, Scope, Staff};
use crate::error::{Error, Problem, Result, Text};
use crate::time::{Clock, Timestamp};

/// All that signing in needs.
pub struct SignIn {
    /// Verifies tokens of staff; absent where no identity provider is configured.
    pub tokens: Option<Verifier>,
    /// Knows the keys of partner agencies.
    pub keys: Keyring,
    /// Tells whether they are still valid.
    pub clock: Clock,
}

/// What a request carries to sign in with.
enum Credentials<'a> {
    Nothing,
    Token(&'a str),
    Key(&'a str),
}

/// The public: no sign-in, and none is looked at.
pub struct Anyone;

/// Staff who keep the directory.
pub struct Administrator(Staff);

/// Staff who read the audit.
pub struct Auditor(pub Staff);

/// Staff who work with cases. Which cases is [`Staff::sight`]'s to say.
pub struct CaseReader(pub Staff);

/// A partner agency that may submit.
pub struct Submitter(pub Agency);

/// A partner agency that may read what it submitted.
pub struct PartnerReader(pub Agency);

impl Administrator {
    /// Who did it, for the audit.
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }
}

macro_rules! extracted_by {
    ($($caller:ty: $sign_in:expr;)*) => { $(
        impl FromRequest for $caller {
            type Error = Error;
            type Future = Ready<Result<Self>>;

            fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
                let sign_in: fn(&HttpRequest) -> Result<Self> = $sign_in;
                ready(sign_in(request))
            }
        }
    )* };
}

extracted_by! {
    Anyone: |_| Ok(Self);
    Administrator: |request| staff(request, &[Role::Administrator]).map(Self);
    Auditor: |request| staff(request, &[Role::Auditor]).map(Self);
    CaseReader: |request| staff(request, &[Role::OutreachWorker, Role::Caseworker, Role::TeamLead]).map(Self);
    Submitter: |request| agency(request, Scope::Submit).map(Self);
    PartnerReader: |request| agency(request, Scope::Read).map(Self);
}

fn staff(request: &HttpRequest, roles: &[Role]) -> Result<Staff> {
    let (sign_in, now) = sign_in(request)?;
    let Credentials::Token(token) = credentials(request)? else { return Err(Error::new(Problem::Unauthenticated)) };
    let verified = sign_in.tokens.as_ref().and_then(|tokens| tokens.verify(token, now));
    let staff = verified.ok_or_else(|| Error::new(Problem::Unauthenticated))?;
    if staff.roles.iter().any(|role| roles.contains(role)) {
        return Ok(staff);
    }
    let needed = roles.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    Err(Error::with_detail(
        Problem::Forbidden,
        Text::new(
            format!("This needs one of the roles: {needed}."),
            format!("Detta kräver någon av rollerna: {needed}."),
        ),
    ))
}

fn agency(request: &HttpRequest, scope: Scope) -> Result<Agency> {
    let (sign_in, now) = sign_in(request)?;
    let Credentials::Key(key) = credentials(request)? else { return Err(Error::new(Problem::Unauthenticated)) };
    let agency = sign_in.keys.verify(key, now).ok_or_else(|| Error::new(Problem::Unauthenticated))?;
    if agency.scopes.contains(&scope) {
        return Ok(agency);
    }
    let scope = scope.as_ref();
    Err(Error::with_detail(
        Problem::Forbidden,
        Text::new(
            format!("This needs a key with the scope {scope}."),
            format!("Detta kräver en nyckel med behörigheten {scope}."),
        ),
    ))
}

fn sign_in(request: &HttpRequest) -> Result<(&SignIn, Timestamp)> {
    let sign_in =
        request.app_data::<Data<SignIn>>().ok_or_else(|| Error::internal("the server was built without sign-in"))?;
    Ok((sign_in, sign_in.clock.now()))
}

/// The one way in which the request signs in: two at once leave open who is calling.
fn credentials(request: &HttpRequest) -> Result<Credentials<'_>> {
    let mut tokens = request.headers().get_all(header::AUTHORIZATION);
    let mut keys = request.headers().get_all("x-api-key");
    match (tokens.next(), keys.next()) {
        (Some(_), Some(_)) => Err(Error::new(Problem::AmbiguousCredentials)),
        (Some(_), None) if tokens.next().is_some() => Err(Error::new(Problem::AmbiguousCredentials)),
        (None, Some(_)) if keys.next().is_some() => Err(Error::new(Problem::AmbiguousCredentials)),
        (Some(authorization), None) => Ok(bearer(authorization.to_str().unwrap_or_default())),
        (None, Some(key)) => Ok(Credentials::Key(key.to_str().unwrap_or_default())),
        (None, None) => Ok(Credentials::Nothing),
    }
}

fn bearer(authorization: &str) -> Credentials<'_> {
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Credentials::Token(token.trim()),
        _ => Credentials::Nothing,
    }
}
