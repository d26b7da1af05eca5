//! Signing in: finds the caller from the credentials of a request and checks the caller's permission or scope.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use futures_util::future::{Either, FutureExt, LocalBoxFuture, Ready, ready};
use strum::IntoEnumIterator;

use crate::audit::{AccessReason, Actor};
use crate::auth::holder::TokenHolder;
use crate::auth::keys::Keyring;
use crate::auth::permissions::{Permission, Permissions, Reach};
use crate::auth::register::Register;
use crate::auth::staff::offices_named;
use crate::auth::tokens::{TokenRefusal, TokenVerifier};
use crate::auth::verified::Verified;
use crate::auth::{Agency, Role, Scope, Staff};
use crate::directory;
use crate::error::{Error, Problem, Result, Text};
use crate::http::limits::subject::BudgetHolder;
use crate::http::{client, limits};
use crate::id::StaffId;
use crate::telemetry::Metrics;
use crate::time::{Clock, Timestamp};

/// The verifiers and tables that signing in needs.
pub struct SignIn {
    /// The verifier of the tokens of staff.
    pub tokens: TokenVerifier,
    /// The API keys of partner agencies, in memory.
    pub keys: Keyring,
    /// The table that says which role has which permission.
    pub permissions: Permissions,
    /// The register in which staff are recorded when they sign in.
    pub register: Register,
    /// The directory, in which the offices that tokens name are looked up.
    pub directory: directory::Handle,
    pub metrics: Data<Metrics>,
    pub clock: Clock,
}

/// The future of a sign-in. It is ready at once for a token that was seen before, and for most refusals; otherwise it waits for the
/// register of staff or for the identity provider's keys.
pub type SigningIn<T> = Either<Ready<Result<T>>, LocalBoxFuture<'static, Result<T>>>;

/// The credentials that a request carries: none, a bearer token, or an API key.
enum Credentials<'a> {
    Nothing,
    Token(&'a str),
    Key(&'a str),
    /// An `Authorization` header with a scheme other than Bearer.
    Foreign,
}

/// A reason for refusing a sign-in that does not lie in the token or API key itself, as counted by the metrics. Callers are not
/// told the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Misuse {
    /// The request has a token and an API key at once, or one of them twice.
    Ambiguous,
    /// The request has an API key where a token is needed, or a token where an API key is needed.
    WrongKind,
    /// The `Authorization` header has a scheme other than Bearer.
    ForeignScheme,
}

/// Signs in the member of staff whose token the request carries. Fails unless they have `permission`; with `None`, any member of
/// staff is accepted.
pub fn staff(request: &HttpRequest, permission: Option<Permission>) -> SigningIn<Staff> {
    match known(request, permission) {
        Ok(TokenVerdict::Staff(staff)) => Either::Left(ready(Ok(*staff))),
        Ok(TokenVerdict::Newcomer(holder)) => {
            Either::Right(register(request.clone(), holder, permission).boxed_local())
        }
        Ok(TokenVerdict::ByAnotherKey) => Either::Right(ask_for_keys(request.clone(), permission).boxed_local()),
        Err(error) => Either::Left(ready(Err(error))),
    }
}

/// Checks that the signed-in `staff` also have `permission`, and returns them with the reach of that permission in place of the
/// first one's.
pub fn also(request: &HttpRequest, staff: &Staff, permission: Permission) -> Result<Staff> {
    let (reach, reason) = sign_in(request)?.0.allowed(request, &staff.roles, permission)?;
    Ok(Staff { reach, reason, ..staff.clone() })
}

/// Whether the roles of the signed-in `staff` also have `permission`.
pub fn may(request: &HttpRequest, staff: &Staff, permission: Permission) -> bool {
    sign_in(request).is_ok_and(|(sign_in, _)| !sign_in.permissions.reach(permission, &staff.roles).is_empty())
}

/// The result of checking a token without waiting for anything. A token that is refused at this point is refused before the
/// request's body is read.
enum TokenVerdict {
    /// The token is valid, and its holder's identifier in the register of staff is known.
    Staff(Box<Staff>),
    /// The token is valid, but its holder's identifier in the register of staff is not known yet. Without it, the audit could not
    /// name the holder, also if the holder lacks the permission.
    Newcomer(Arc<TokenHolder>),
    /// The token names an unknown key, and the identity provider may have other keys by now, so they have to be read again.
    ByAnotherKey,
}

fn known(request: &HttpRequest, permission: Option<Permission>) -> Result<TokenVerdict> {
    let (sign_in, token, now) = token(request)?;
    let holder = match sign_in.tokens.remembered(token, now) {
        Some(Ok(holder)) => holder,
        Some(Err(refusal)) => return Err(sign_in.refuse(request, refusal)),
        None => match sign_in.tokens.check(token, now) {
            Ok(verified) => sign_in.remember(token, verified, now),
            Err(TokenRefusal::UnknownKey) if sign_in.tokens.may_have_other_keys(now) => {
                return Ok(TokenVerdict::ByAnotherKey);
            }
            Err(refusal) => return Err(sign_in.refuse(request, refusal)),
        },
    };
    limits::take(request, BudgetHolder::of_staff(holder.identity_hash.bytes()))?;
    Ok(match holder.id() {
        Some(id) => TokenVerdict::Staff(Box::new(sign_in.admit(request, &holder, id, permission)?)),
        None => {
            request.extensions_mut().insert(Arc::clone(&holder));
            TokenVerdict::Newcomer(holder)
        }
    })
}

async fn ask_for_keys(request: HttpRequest, permission: Option<Permission>) -> Result<Staff> {
    let (sign_in, token, now) = token(&request)?;
    // Other calls wait for the same reading, so it goes on even if the caller who started it disconnects.
    let asking = Data::clone(sign_in);
    let reading = actix_web::rt::spawn(async move {
        if let Some(renewal) = asking.tokens.renew_for_unknown_key(now).await {
            asking.metrics.key_renewal(renewal.as_ref());
        }
    });
    reading.await.map_err(Error::internal)?;
    let verified = sign_in.tokens.check(token, now).map_err(|refusal| sign_in.refuse(&request, refusal))?;
    let holder = sign_in.remember(token, verified, now);
    limits::take(&request, BudgetHolder::of_staff(holder.identity_hash.bytes()))?;
    register(request.clone(), holder, permission).await
}

/// Adds the token's holder to the register of staff, or updates the entry, and checks that the holder has the permission. This
/// happens before anything is written or answered that names the holder.
async fn register(request: HttpRequest, holder: Arc<TokenHolder>, permission: Option<Permission>) -> Result<Staff> {
    let id = enter(&request, &holder).await?;
    sign_in(&request)?.0.admit(&request, &holder, id, permission)
}

/// Finishes the sign-in of a newcomer whose call failed by something else in the meantime, such as its body, so that the failure can
/// be recorded. If that fails, nobody has signed in.
pub async fn finish(request: &HttpRequest) {
    let newcomer = request.extensions().get::<Arc<TokenHolder>>().cloned();
    if signed_in(request).is_none()
        && let Some(holder) = newcomer
        && let Ok(id) = enter(request, &holder).await
    {
        note_caller(request, Actor::Staff(id));
    }
}

async fn enter(request: &HttpRequest, holder: &TokenHolder) -> Result<StaffId> {
    let (sign_in, now) = sign_in(request)?;
    let directory = sign_in.directory.current();
    let slugs = &holder.verified.claims.office_slugs;
    let offices: Vec<_> = offices_named(slugs, &directory).collect();
    sign_in.metrics.unknown_offices(slugs.len().saturating_sub(offices.len()));
    let id = sign_in.register.sign_in(holder, offices, now).await?;
    holder.is_registered_as(id);
    Ok(id)
}

/// Notes in the request who makes the call, so that a failure can be recorded whatever the call fails by.
fn note_caller(request: &HttpRequest, actor: Actor) {
    request.extensions_mut().insert(actor);
}

/// Returns the caller who signed in for this request; `None` if nobody did.
pub fn signed_in(request: &HttpRequest) -> Option<Actor> {
    request.extensions().get::<Actor>().copied()
}

fn token(request: &HttpRequest) -> Result<(&Data<SignIn>, &str, Timestamp)> {
    let (sign_in, now) = sign_in(request)?;
    match credentials(request)? {
        Credentials::Token(token) => Ok((sign_in, token, now)),
        other => Err(refused(request, &other)),
    }
}

/// Signs in the partner agency whose API key the request carries. Fails unless the key has `scope`; with `None`, any valid key is
/// accepted.
pub fn agency(request: &HttpRequest, scope: Option<Scope>) -> Result<Agency> {
    let (sign_in, now) = sign_in(request)?;
    let agency = match credentials(request)? {
        Credentials::Key(key) => {
            sign_in.keys.verify(key, client::address(request), now).ok_or_else(|| failed(request))?
        }
        other => return Err(refused(request, &other)),
    };
    note_caller(request, Actor::Partner(agency.id));
    limits::take(request, BudgetHolder::of_key(agency.key.as_ref()))?;
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
    /// Makes the metrics show a zero for every reason for refusing a sign-in, so that a rate can be computed over reasons that
    /// never occurred.
    pub fn count_from_zero(metrics: &Metrics) {
        let reasons = TokenRefusal::iter().map(<&str>::from).chain(Misuse::iter().map(<&str>::from));
        reasons.for_each(|reason| metrics.count_refused_sign_ins(reason, 0));
    }

    /// Whether tokens of staff can be verified at all: this needs the identity provider's keys, which may never have been read.
    pub fn can_judge_tokens(&self) -> bool {
        self.tokens.has_keys()
    }

    /// Makes the error for a refused token. The reason is counted and not told to the caller. A token that cannot be verified for
    /// lack of keys is no failed sign-in, and counts like any anonymous call from the address.
    fn refuse(&self, request: &HttpRequest, refusal: TokenRefusal) -> Error {
        self.metrics.count_refused_sign_ins(refusal.into(), 1);
        match refusal {
            TokenRefusal::NoKeys => limits::take_anonymous(request).err().unwrap_or_else(cannot_judge_tokens),
            _ => failed(request),
        }
    }

    fn remember(&self, token: &str, verified: Verified, now: Timestamp) -> Arc<TokenHolder> {
        self.metrics.verified_token();
        let holder = Arc::new(TokenHolder::new(verified, &self.register.vault));
        self.tokens.remember(token, Arc::clone(&holder), now);
        holder
    }

    /// Notes the token's holder as the caller, and checks that the holder has `permission`.
    fn admit(
        &self,
        request: &HttpRequest,
        holder: &TokenHolder,
        id: StaffId,
        permission: Option<Permission>,
    ) -> Result<Staff> {
        note_caller(request, Actor::Staff(id));
        let (reach, reason) = match permission {
            Some(permission) => self.allowed(request, &holder.verified.claims.roles, permission)?,
            // No reach is needed here, but an invalid reason is still reported.
            None => access_reason(request).map(|_| (Vec::new(), None))?,
        };
        Ok(holder.staff(id, reach, reason))
    }

    /// Returns the reach of a permission for these roles, and the reason that the request states for reading records of other
    /// offices, if the reach includes those. Fails if no role has the permission.
    fn allowed(
        &self,
        request: &HttpRequest,
        roles: &[Role],
        permission: Permission,
    ) -> Result<(Vec<Reach>, Option<AccessReason>)> {
        let reach = self.permissions.reach(permission, roles);
        if !reach.is_empty() {
            let reason = access_reason(request)?.filter(|_| reach.contains(&Reach::Others));
            return Ok((reach, reason));
        }
        let roles = self.permissions.roles(permission);
        let needed = roles.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
        Err(Error::with_detail(
            Problem::Forbidden,
            Text::new(
                format!("This needs one of the roles: {needed}."),
                format!("Detta kräver någon av rollerna: {needed}."),
            ),
        ))
    }
}

/// Makes the error for a token that came while the identity provider's keys have never been read.
pub fn cannot_judge_tokens() -> Error {
    let detail = Text::new(
        "The identity provider's keys have not been read yet, so no staff can sign in. Try again soon.",
        "Identitetsleverantörens nycklar har inte kunnat läsas än, så ingen i personalen kan logga in. Försök snart igen.",
    );
    Error::with_detail(Problem::Unavailable, detail)
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

/// Makes the error for a token or API key that is not valid, and counts a failed sign-in of the caller's address.
fn failed(request: &HttpRequest) -> Error {
    limits::failed_sign_in(request, Error::new(Problem::Unauthenticated))
}

/// Makes the error for credentials that are missing or of the wrong kind. A request without credentials is no attempt to sign in,
/// and counts like any other call from the address; the wrong kind is a failed attempt.
fn refused(request: &HttpRequest, credentials: &Credentials<'_>) -> Error {
    match credentials {
        Credentials::Nothing => {
            limits::take_anonymous(request).err().unwrap_or_else(|| Error::new(Problem::Unauthenticated))
        }
        Credentials::Token(_) | Credentials::Key(_) => misused(request, Misuse::WrongKind, Problem::Unauthenticated),
        Credentials::Foreign => misused(request, Misuse::ForeignScheme, Problem::Unauthenticated),
    }
}

fn misused(request: &HttpRequest, misuse: Misuse, problem: Problem) -> Error {
    if let Ok((sign_in, _)) = sign_in(request) {
        sign_in.metrics.count_refused_sign_ins(misuse.into(), 1);
    }
    limits::failed_sign_in(request, Error::new(problem))
}

fn sign_in(request: &HttpRequest) -> Result<(&Data<SignIn>, Timestamp)> {
    let sign_in =
        request.app_data::<Data<SignIn>>().ok_or_else(|| Error::internal("the server was built without sign-in"))?;
    Ok((sign_in, sign_in.clock.now()))
}

/// Returns the credentials of the request. Two at once are refused, since it would be unclear who calls.
fn credentials(request: &HttpRequest) -> Result<Credentials<'_>> {
    let mut tokens = request.headers().get_all(header::AUTHORIZATION);
    let mut keys = request.headers().get_all("x-api-key");
    let ambiguous = || Err(misused(request, Misuse::Ambiguous, Problem::AmbiguousCredentials));
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
        _ => Credentials::Foreign,
    }
}
