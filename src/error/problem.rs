//! The kinds of failure. One table, in `http/problem.rs`, has the status code, the title and the explanation of each kind.

/// A kind of failure that a caller can tell apart from the others and act on. Each has a problem type of its own (RFC 9457).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[derive(strum::EnumIter, strum::IntoStaticStr, strum::EnumString)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Problem {
    /// The request's body is not JSON.
    MalformedJson,
    /// A query parameter is unknown, malformed or out of range.
    InvalidParameter,
    /// A request header is malformed.
    InvalidHeader,
    /// The paging cursor was changed, or belongs to another list or to other filters.
    InvalidCursor,
    /// The request's idempotency key has the wrong form, or was sent more than once.
    InvalidIdempotencyKey,
    /// The page was asked for by number and begins after row 10,000 of a list of cases. Such pages are reached only by cursor.
    PageTooDeep,
    /// The request has both a token and an API key, or one of them twice.
    AmbiguousCredentials,
    /// The request has no credentials, or its token or API key is not valid or not of the kind that the operation needs.
    Unauthenticated,
    /// The caller is signed in, but lacks a role (staff) or a scope (partner agencies) that the operation needs.
    Forbidden,
    /// The caller's token names no office of this municipality, so there is no office on whose behalf the caller could create
    /// something.
    NoOffice,
    /// The resource that the path names does not exist, or the caller may not know that it does.
    NotFound,
    /// The path exists, but not with the request's method.
    MethodNotAllowed,
    /// The request's `Accept` header allows no media type that the operation can answer with.
    NotAcceptable,
    /// The client sent its request too slowly.
    RequestTimeout,
    /// Another resource still refers to the resource that was to be deleted.
    StillReferenced,
    /// Another resource has the same slug, code, name or personal identity number.
    AlreadyExists,
    /// The family was merged into another one, so it cannot be changed any more.
    FamilyMerged,
    /// The identifier that the client made for an outreach contact belongs to another contact, which was submitted earlier.
    IdReused,
    /// The record (a contact or a referral) was marked as entered in error, so it cannot be changed any more.
    EnteredInError,
    /// The provider closed the offer of a service, so it takes no more answers.
    OfferClosed,
    /// The follow-up was already completed, so it cannot be completed again.
    FollowUpDone,
    /// The time of the outreach contact lies in the future.
    ContactInFuture,
    /// The outreach contact took place before its office opened, or the office is still planned.
    BeforeOfficeOpened,
    /// The district that the body names is no longer in use.
    DistrictRetired,
    /// A group in an outreach contact has fewer than 1 or more than 10,000 people in an age band.
    HeadCountOutOfRange,
    /// The body names a record, such as a person or a family, that does not exist or that the caller may not know of.
    UnknownReference,
    /// The body names a person, although the service in question records no identity.
    IdentityNotRecorded,
    /// A text contains an identity number, a telephone number or an e-mail address, although the service in question records no
    /// identity.
    IdentityInText,
    /// The batch has more outreach contacts than one call may send.
    BatchTooLarge,
    /// The state or the kind of the referral does not allow the action at present.
    ActionNotAllowed,
    /// The caller may not take the action: it is for team leads or qualified staff, or would give somebody else work.
    ActionForbidden,
    /// A decision on an inquiry was sent before a protection assessment of the child was recorded.
    AssessmentMissing,
    /// The referral cannot be closed as not reached, since fewer than three attempts to reach the family are recorded.
    TooFewAttempts,
    /// The law gives the sender of this referral no feedback about the decision, or the referral has no sender.
    FeedbackNotForSender,
    /// The sender of the referral was already given or refused the feedback about the decision.
    FeedbackGiven,
    /// The referral is not based on a consent, so none can be withdrawn.
    NoConsent,
    /// No deadline of the referral that could be extended is running.
    NothingToExtend,
    /// The referral has no sender who could be asked or sent a message.
    NoSender,
    /// The referral is about a person with a protected identity, so it cannot be redirected to another office.
    ProtectedStays,
    /// A deadline of the requested kind cannot be extended, or the referral has none that is running.
    DeadlineNotExtendable,
    /// The reason for extending the deadline is not one that the law accepts.
    ExtensionReasonRefused,
    /// The referral was to be redirected to the office that already has it.
    SameOffice,
    /// The office to which the referral was to be redirected is planned, closed, or takes no referrals.
    OfficeNotOpen,
    /// The consent on which the new support request is to be based was withdrawn.
    ConsentWithdrawn,
    /// The consent's day of withdrawal lies before the day on which it was given.
    ConsentOrder,
    /// The consent was given by somebody who cannot give it, considering the child's age and the requested services.
    ConsentGiver,
    TextTooLong,
    /// The child that a referral is about is listed among its own siblings.
    SiblingIsTheChild,
    /// Another call with the same idempotency key is still running.
    IdempotencyKeyInUse,
    /// The API key was revoked or rotated, or has expired, so it cannot be rotated.
    KeyEnded,
    /// The resource was changed since the caller read it: `If-Match` names another version than the current one.
    StaleVersion,
    /// The request's body is larger than the server accepts.
    BodyTooLarge,
    /// The operation does not accept the media type or the content encoding of the request's body.
    UnsupportedMediaType,
    /// The request's body is JSON but breaks a rule.
    ValidationFailed,
    /// The caller used the same idempotency key before, for a request with another path or body.
    IdempotencyKeyReused,
    /// The request has no `If-Match` header, and the operation requires it.
    PreconditionRequired,
    /// The caller has called more often than its rate limit allows.
    RateLimited,
    /// The server failed, through no fault of the caller.
    InternalError,
    /// More work is waiting on the server than it accepts.
    Overloaded,
    /// The database, or another service that is needed, does not answer.
    Unavailable,
}

impl Problem {
    /// Returns the last part of the problem type's address, for example `not-found`.
    pub fn slug(self) -> &'static str {
        self.into()
    }
}
