//! Signing in: from what a request carries to who is calling.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;
use futures_util::future::{Either, FutureExt, LocalBoxFuture, Ready, ready};
use strum::IntoEnumIterator;

use crate::audit::AccessReason;
use crate::auth::holder::Holder;
use crate::auth::keys::Keyring;
use crate::auth::permissions::{Permission, Permissions, Reach};
use crate::auth::register::Register;
use crate::auth::staff::offices_named;
use crate::auth::tokens::{Refusal, Verifier};
use crate::auth::verified::Verified;
use crate::auth::{Agency, Role, Scope, Staff};
use crate::directory;
use crate::error::{Error, Problem, Result, Text};
use crate::http::limits::subject::Subject;
use crate::http::{client, limits};
use crate::id::StaffId;
use crate::telemetry::Metrics;
use crate::time::{Clock, Timestamp};

/// All that signing in needs.
pub struct SignIn {
    /// Verifies tokens of staff.
    pub tokens: Verifier,
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
    /// An `Authorization` of another scheme.
    Foreign,
}

/// Why nobody was signed in, beside what may be wrong with a token or a key: for the metrics. A caller is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Misuse {
    /// Two ways to sign in at once, or one of them twice.
    Ambiguous,
    /// A key where a token is needed, or a token where a key is.
    WrongKind,
    /// A scheme that is neither.
    ForeignScheme,
}

/// A member of staff whom the rule allows `permission`, or with `None` whoever signs in.
pub fn staff(request: &HttpRequest, permission: Option<Permission>) -> SigningIn<Staff> {
    match known(request, permission) {
        Ok(Known::Staff(staff)) => Either::Left(ready(Ok(*staff))),
        Ok(Known::Newcomer(admitted)) => Either::Right(register(request.clone(), *admitted).boxed_local()),
        Ok(Known::ByAnotherKey) => Either::Right(ask_for_keys(request.clone(), permission).boxed_local()),
        Err(error) => Either::Left(ready(Err(error))),
    }
}

/// The same member of staff, as far as another permission goes that is needed as well.
pub fn also(request: &HttpRequest, staff: &Staff, permission: Permission) -> Result<Staff> {
    let (reach, reason) = sign_in(request)?.0.allowed(request, &staff.roles, permission)?;
    Ok(Staff { reach, reason, ..staff.clone() })
}

/// Whether another permission lets them do something as well.
pub fn may(request: &HttpRequest, staff: &Staff, permission: Permission) -> bool {
    sign_in(request).is_ok_and(|(sign_in, _)| !sign_in.permissions.reach(permission, &staff.roles).is_empty())
}

/// What can be said of a token at once. All that is wrong with one is said here, before anybody looks at the request's body.
enum Known {
    /// It was verified before, and its holder is in the register.
    Staff(Box<Staff>),
    /// It holds, and the rule lets its holder go on to the register.
    Newcomer(Box<Admitted>),
    /// It names a key that is not known, and the identity provider may have new ones.
    ByAnotherKey,
}

/// Somebody whom the rule lets go on.
struct Admitted {
    holder: Arc<Holder>,
    reach: Vec<Reach>,
    reason: Option<AccessReason>,
}

fn known(request: &HttpRequest, permission: Option<Permission>) -> Result<Known> {
    let (sign_in, token, now) = token(request)?;
    let holder = match sign_in.tokens.remembered(token, now) {
        Some(Ok(holder)) => holder,
        Some(Err(refusal)) => return Err(sign_in.refuse(request, refusal)),
        None => match sign_in.tokens.check(token, now) {
            Ok(verified) => sign_in.remember(token, verified, now),
            Err(Refusal::UnknownKey) if sign_in.tokens.may_have_other_keys(now) => return Ok(Known::ByAnotherKey),
            Err(refusal) => return Err(sign_in.refuse(request, refusal)),
        },
    };
    let admitted = sign_in.admit(request, holder, permission)?;
    Ok(match admitted.holder.id() {
        Some(id) => Known::Staff(Box::new(admitted.into_staff(id))),
        None => Known::Newcomer(Box::new(admitted)),
    })
}

async fn ask_for_keys(request: HttpRequest, permission: Option<Permission>) -> Result<Staff> {
    let (sign_in, token, now) = token(&request)?;
    // Others wait for the same reading, so it goes on when the one who asked for it hangs up.
    let asking = Data::clone(sign_in);
    let reading = actix_web::rt::spawn(async move {
        if let Some(renewal) = asking.tokens.renew_for_unknown_key(now).await {
            asking.metrics.key_renewal(renewal.as_ref());
        }
    });
    reading.await.map_err(Error::internal)?;
    let verified = sign_in.tokens.check(token, now).map_err(|refusal| sign_in.refuse(&request, refusal))?;
    let holder = sign_in.remember(token, verified, now);
    let admitted = sign_in.admit(&request, holder, permission)?;
    register(request.clone(), admitted).await
}

/// Whoever the rule lets go on is in the register before anything is written or answered that names them.
async fn register(request: HttpRequest, admitted: Admitted) -> Result<Staff> {
    let (sign_in, now) = sign_in(&request)?;
    let (holder, directory) = (&admitted.holder, sign_in.directory.current());
    let slugs = &holder.verified.claims.office_slugs;
    let offices: Vec<_> = offices_named(slugs, &directory).collect();
    sign_in.metrics.unknown_offices(slugs.len().saturating_sub(offices.len()));
    let id = sign_in.register.sign_in(holder, offices, now).await?;
    holder.is_registered_as(id);
    Ok(admitted.into_staff(id))
}

impl Admitted {
    fn into_staff(self, id: StaffId) -> Staff {
        self.holder.staff(id, self.reach, self.reason)
    }
}

fn token(request: &HttpRequest) -> Result<(&Data<SignIn>, &str, Timestamp)> {
    let (sign_in, now) = sign_in(request)?;
    match credentials(request)? {
        Credentials::Token(token) => Ok((sign_in, token, now)),
        other => Err(refused(request, &other)),
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
    /// Lets every reason stand at zero that never occurred, so that a rate over it can be drawn.
    pub fn count_from_zero(metrics: &Metrics) {
        let reasons = Refusal::iter().map(<&str>::from).chain(Misuse::iter().map(<&str>::from));
        reasons.for_each(|reason| metrics.count_refused_sign_ins(reason, 0));
    }

    /// Whether tokens of staff can be judged at all: not before the identity provider's keys were read for the first time.
    pub fn can_judge_tokens(&self) -> bool {
        self.tokens.has_keys()
    }

    /// Counts why, and does not tell. What cannot be judged is no failure to sign in, and counts like any call of the address.
    fn refuse(&self, request: &HttpRequest, refusal: Refusal) -> Error {
        self.metrics.count_refused_sign_ins(refusal.into(), 1);
        match refusal {
            Refusal::NoKeys => limits::take_anonymous(request).err().unwrap_or_else(cannot_judge_tokens),
            _ => failed(request),
        }
    }

    fn remember(&self, token: &str, verified: Verified, now: Timestamp) -> Arc<Holder> {
        self.metrics.verified_token();
        let holder = Arc::new(Holder::new(verified, &self.register.vault));
        self.tokens.remember(token, Arc::clone(&holder), now);
        holder
    }

    /// Takes the call from the holder's budget, and asks the rule.
    fn admit(&self, request: &HttpRequest, holder: Arc<Holder>, permission: Option<Permission>) -> Result<Admitted> {
        limits::take(request, Subject::of_staff(holder.identity_hash.bytes()))?;
        let (reach, reason) = match permission {
            Some(permission) => self.allowed(request, &holder.verified.claims.roles, permission)?,
            // There is nothing to look at further; a reason that is none is told all the same.
            None => access_reason(request).map(|_| (Vec::new(), None))?,
        };
        Ok(Admitted { holder, reach, reason })
    }

    /// How far the rule lets somebody with these roles go, and the reason that they give for looking further than others.
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

/// The answer to a token while the identity provider's keys were never read.
pub fn cannot_judge_tokens() -> Error {
    let detail = Text::new(
        "The identity provider's keys could not be read yet, so nobody of the staff can sign in. Try again soon.",
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

/// The one way in which the request signs in: two at once leave open who is calling.
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
