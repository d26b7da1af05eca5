//! Signing in: from what a request carries to who is calling.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;
use futures_util::future::{Either, FutureExt, LocalBoxFuture, Ready, ready};

use crate::audit::AccessReason;
use crate::auth::keys::Keyring;
use crate::auth::permissions::{Permission, Permissions, Reach};
use crate::auth::register::Register;
use crate::auth::tokens::{Refusal, Verified, Verifier};
use crate::auth::{Agency, Scope, Staff};
use crate::directory;
use crate::error::{Error, Problem, Result, Text};
use crate::http::client;
use crate::http::limits::{self, Subject};
use crate::telemetry::Metrics;
use crate::time::{Clock, Timestamp};

/// All that signing in needs.
pub struct SignIn {
    /// Verifies tokens of staff; absent where no identity provider is configured.
    pub tokens: Option<Verifier>,
    /// Knows the keys of partner agencies.
    pub keys: Keyring,
    /// The rule that all go by.
    pub permissions: Permissions,
    /// Notes who signs in.
    pub register: Register,
    /// Knows which offices there are.
    pub directory: directory::Handle,
    /// Counts who is refused.
    pub metrics: Data<Metrics>,
    /// Tells the time.
    pub clock: Clock,
}

/// A sign-in that is done at once for a token that was seen before, and waits for the register or the identity provider else.
pub type SigningIn<T> = Either<Ready<Result<T>>, LocalBoxFuture<'static, Result<T>>>;

/// What a request carries to sign in with.
enum Credentials<'a> {
    Nothing,
    Token(&'a str),
    Key(&'a str),
}

/// A member of staff whom the rule allows `permission`, or with `None` whoever signs in.
pub fn staff(request: &HttpRequest, permission: Option<Permission>) -> SigningIn<Staff> {
    match known(request, permission) {
        Ok(Known::Before(staff)) => Either::Left(ready(Ok(*staff))),
        Ok(Known::Now(verified, staff)) => Either::Right(note(request.clone(), *verified, *staff).boxed_local()),
        Ok(Known::ByAnotherKey) => Either::Right(ask_for_keys(request.clone(), permission).boxed_local()),
        Err(error) => Either::Left(ready(Err(error))),
    }
}

/// What can be said of a token at once. All that is wrong with one is said here, before anybody looks at the request's body.
enum Known {
    /// It was verified before.
    Before(Box<Staff>),
    /// It holds, and was not seen before.
    Now(Box<Verified>, Box<Staff>),
    /// It names a key that is not known, and the identity provider may have new ones.
    ByAnotherKey,
}

fn known(request: &HttpRequest, permission: Option<Permission>) -> Result<Known> {
    let (sign_in, tokens, token, now) = token(request)?;
    match tokens.remembered(token, now) {
        Some(Ok(staff)) => return Ok(Known::Before(Box::new(sign_in.permit(request, staff, permission)?))),
        Some(Err(refusal)) => return Err(sign_in.refuse(request, refusal)),
        None => {}
    }
    match tokens.check(token, now) {
        Ok(verified) => {
            let staff = sign_in.permit(request, verified.staff.clone(), permission)?;
            Ok(Known::Now(Box::new(verified), Box::new(staff)))
        }
        Err(Refusal::UnknownKey) if tokens.may_have_other_keys(now) => Ok(Known::ByAnotherKey),
        Err(refusal) => Err(sign_in.refuse(request, refusal)),
    }
}

async fn ask_for_keys(request: HttpRequest, permission: Option<Permission>) -> Result<Staff> {
    let (sign_in, tokens, token, now) = token(&request)?;
    sign_in.metrics.key_renewal(tokens.renew_for_unknown_key(now).await.as_ref());
    let verified = tokens.check(token, now).map_err(|refusal| sign_in.refuse(&request, refusal))?;
    let staff = sign_in.permit(&request, verified.staff.clone(), permission)?;
    note(request.clone(), verified, staff).await
}

/// The register knows everybody whose token was ever let in, before anything is written that names them.
async fn note(request: HttpRequest, verified: Verified, staff: Staff) -> Result<Staff> {
    let (sign_in, tokens, token, now) = token(&request)?;
    let offices: Vec<_> = staff.offices(&sign_in.directory.current()).collect();
    sign_in.metrics.unknown_offices(staff.office_slugs.len().saturating_sub(offices.len()));
    sign_in.register.note(&staff, offices, now).await?;
    tokens.remember(token, verified, now);
    Ok(staff)
}

fn token(request: &HttpRequest) -> Result<(&SignIn, &Verifier, &str, Timestamp)> {
    let (sign_in, now) = sign_in(request)?;
    match (credentials(request)?, &sign_in.tokens) {
        (Credentials::Token(token), Some(tokens)) => Ok((sign_in, tokens, token, now)),
        (other, _) => Err(refused(request, &other)),
    }
}

/// An agency whose key has the scope, or with `None` any agency.
pub fn agency(request: &HttpRequest, scope: Option<Scope>) -> Result<Agency> {
    let (sign_in, now) = sign_in(request)?;
    let agency = match credentials(request)? {
        Credentials::Key(key) => {
            sign_in.keys.verify(key, client::address(request), now).ok_or_else(|| failed(request))?
        }
        other => return Err(refused(request, &other)),
    };
    limits::take(request, Subject::of_key(agency.key.as_ref()))?;
    let Some(lacking) = scope.filter(|scope| !agency.scopes.contains(scope)) else { return Ok(agency) };
    let lacking = lacking.as_ref();
    Err(Error::with_detail(
        Problem::Forbidden,
        Text::new(
            format!("This needs a key with the scope {lacking}."),
            format!("Detta kräver en nyckel med behörigheten {lacking}."),
        ),
    ))
}

impl SignIn {
    /// Counts why, and does not tell.
    fn refuse(&self, request: &HttpRequest, refusal: Refusal) -> Error {
        self.metrics.refused_sign_in(refusal.as_ref());
        failed(request)
    }

    /// What the rule makes of somebody who signed in.
    fn permit(&self, request: &HttpRequest, staff: Staff, permission: Option<Permission>) -> Result<Staff> {
        limits::take(request, Subject::Staff(staff.id))?;
        let Some(permission) = permission else { return Ok(staff) };
        let reach = self.permissions.reach(permission, &staff.roles);
        if reach.is_empty() {
            let roles = self.permissions.roles(permission);
            let needed = roles.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
            return Err(Error::with_detail(
                Problem::Forbidden,
                Text::new(
                    format!("This needs one of the roles: {needed}."),
                    format!("Detta kräver någon av rollerna: {needed}."),
                ),
            ));
        }
        let reason = access_reason(request)?.filter(|_| reach.contains(&Reach::Others));
        Ok(Staff { reach, reason, ..staff })
    }
}

fn access_reason(request: &HttpRequest) -> Result<Option<AccessReason>> {
    const NAME: &str = "access-reason";
    let mut given = request.headers().get_all(NAME);
    let Some(value) = given.next() else { return Ok(None) };
    let code = value.to_str().ok().and_then(|code| code.trim().parse().ok()).filter(|_| given.next().is_none());
    code.map(Some).ok_or_else(|| {
        let detail = Text::new(
            "must be one code of the code list access-reasons",
            "måste vara en kod ur kodlistan access-reasons",
        );
        Error::header("Access-Reason", detail)
    })
}

/// A token or a key that does not hold.
fn failed(request: &HttpRequest) -> Error {
    limits::failed_sign_in(request, Error::new(Problem::Unauthenticated))
}

/// Nothing to sign in with is no attempt, and counts like any other call of the address; the wrong thing is one.
fn refused(request: &HttpRequest, credentials: &Credentials<'_>) -> Error {
    match credentials {
        Credentials::Nothing => {
            limits::take_anonymous(request).err().unwrap_or_else(|| Error::new(Problem::Unauthenticated))
        }
        Credentials::Token(_) | Credentials::Key(_) => failed(request),
    }
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
    let ambiguous = || Err(limits::failed_sign_in(request, Error::new(Problem::AmbiguousCredentials)));
    match (tokens.next(), keys.next()) {
        (Some(_), Some(_)) => ambiguous(),
        (Some(_), None) if tokens.next().is_some() => ambiguous(),
        (None, Some(_)) if keys.next().is_some() => ambiguous(),
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
