//! The kinds of failure. One table, `http/problem.rs`, has the status, the title and the page of each.

/// The kinds of failure that a caller can tell apart and act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[derive(strum::EnumIter, strum::IntoStaticStr, strum::EnumString)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Problem {
    /// The body is not JSON.
    MalformedJson,
    /// A query parameter is unknown, malformed or out of range.
    InvalidParameter,
    /// A header is malformed.
    InvalidHeader,
    /// The cursor was changed, or belongs to another list.
    InvalidCursor,
    /// An idempotency key has the wrong form.
    InvalidIdempotencyKey,
    /// The page lies so deep in the list that only a cursor may go there.
    PageTooDeep,
    /// More than one way to sign in was used at once.
    AmbiguousCredentials,
    /// The request has no credentials, or its token or key is not valid.
    Unauthenticated,
    /// The caller lacks a role or a scope.
    Forbidden,
    /// The caller's token names no office of this municipality on whose behalf the caller could act.
    NoOffice,
    /// The resource does not exist, or the caller may not know that it does.
    NotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The operation cannot answer in any format that the caller accepts.
    NotAcceptable,
    /// The client sent its request too slowly.
    RequestTimeout,
    /// Another resource still refers to the one that was to be removed.
    StillReferenced,
    /// Another resource has the same slug, code or name.
    AlreadyExists,
    /// The family was merged into another one.
    FamilyMerged,
    /// The identifier that the client made belongs to another contact.
    IdReused,
    /// The record was entered in error and cannot be changed any more.
    EnteredInError,
    /// The provider closed the offer.
    OfferClosed,
    /// The follow-up was already completed.
    FollowUpDone,
    /// The contact lies in the future.
    ContactInFuture,
    /// The contact took place before its office opened.
    BeforeOfficeOpened,
    /// The district is no longer in use.
    DistrictRetired,
    /// A group has too few or too many people.
    HeadCountOutOfRange,
    /// The body names something that does not exist, or that the caller may not know of.
    UnknownReference,
    /// A person is named under a service that records no identity.
    IdentityNotRecorded,
    /// A text tells who somebody is, under a service that records no identity.
    IdentityInText,
    /// The batch has more contacts than are allowed.
    BatchTooLarge,
    /// The referral's state or kind does not allow the action.
    ActionNotAllowed,
    /// The action is reserved for another role.
    ActionForbidden,
    /// A decision was made before the protection assessment.
    AssessmentMissing,
    /// A referral cannot be closed as not reached after so few attempts.
    TooFewAttempts,
    /// The law gives this sender no feedback.
    FeedbackNotForSender,
    /// The feedback about the decision was already given or refused.
    FeedbackGiven,
    /// There is no consent that could be withdrawn.
    NoConsent,
    /// No deadline that could be extended is running.
    NothingToExtend,
    /// The referral has no sender to whom a message could be sent.
    NoSender,
    /// A referral about a protected person cannot be sent to another office.
    ProtectedStays,
    /// A deadline of this kind cannot be extended, or is not running.
    DeadlineNotExtendable,
    /// The reason for the extension is not one that the law accepts.
    ExtensionReasonRefused,
    /// The referral was redirected to the office where it already is.
    SameOffice,
    /// The office is not open for work.
    OfficeNotOpen,
    /// The consent was withdrawn.
    ConsentWithdrawn,
    /// The consent was withdrawn before it was given.
    ConsentOrder,
    /// The consent was given by somebody who cannot give it.
    ConsentGiver,
    TextTooLong,
    /// The child is listed among its own siblings.
    SiblingIsTheChild,
    /// The call with the same idempotency key is still running.
    IdempotencyKeyInUse,
    /// The key was revoked or replaced, or has expired, so no other key can take its place.
    KeyEnded,
    /// The resource was changed since the caller read it.
    StaleVersion,
    /// The body is larger than the server accepts.
    BodyTooLarge,
    /// The operation does not accept the body's media type.
    UnsupportedMediaType,
    /// The body is JSON but breaks a rule.
    ValidationFailed,
    /// The idempotency key belongs to another request.
    IdempotencyKeyReused,
    /// `If-Match` is missing, and the operation requires it.
    PreconditionRequired,
    /// The caller has called too often.
    RateLimited,
    /// The server failed, through no fault of the caller.
    InternalError,
    /// More work is waiting than the server accepts.
    Overloaded,
    /// The database, or another service that is needed, does not answer.
    Unavailable,
}

impl Problem {
    /// The last part of the problem type's address, for example `not-found`.
    pub fn slug(self) -> &'static str {
        self.into()
    }
}
