//! The kinds of failure. Status, title and page of each stand in one table, `http/problem.rs`.

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
    /// A cursor was changed, or belongs to another list.
    InvalidCursor,
    /// An idempotency key is not of the form.
    InvalidIdempotencyKey,
    /// A page lies so deep that only a cursor may go there.
    PageTooDeep,
    /// More than one way to sign in was used at once.
    AmbiguousCredentials,
    /// Nobody, or somebody whose token or key does not hold, called.
    Unauthenticated,
    /// The caller lacks a role or a scope.
    Forbidden,
    /// The caller's token names no office of this municipality, on whose behalf something could be done.
    NoOffice,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The caller accepts nothing that the operation can answer.
    NotAcceptable,
    /// The client sent its request too slowly.
    RequestTimeout,
    /// Something else still refers to it.
    StillReferenced,
    /// Another one has the same slug, code or name.
    AlreadyExists,
    /// The family was merged into another one.
    FamilyMerged,
    /// The identifier that a client made is another contact's.
    IdReused,
    /// It was entered in error, and changes no more.
    EnteredInError,
    /// The provider closed the offer.
    OfferClosed,
    /// The follow-up was completed before.
    FollowUpDone,
    /// A contact that has not been yet.
    ContactInFuture,
    /// A contact from before its office opened.
    BeforeOfficeOpened,
    /// A district that is not in use any more.
    DistrictRetired,
    /// A group of nobody, of fewer, or of too many.
    HeadCountOutOfRange,
    /// The body names something that does not exist, or that the caller may not know of.
    UnknownReference,
    /// Somebody is named under a service that records no identity.
    IdentityNotRecorded,
    /// A text tells who somebody is under a service that records no identity.
    IdentityInText,
    /// More contacts than a batch takes.
    BatchTooLarge,
    /// The referral's state or kind does not allow the action.
    ActionNotAllowed,
    /// The action is another role's.
    ActionForbidden,
    /// A decision before the protection assessment.
    AssessmentMissing,
    /// Not reached, after too few attempts.
    TooFewAttempts,
    /// The law gives this sender no feedback.
    FeedbackNotForSender,
    /// The decision was told before, or refused to be.
    FeedbackGiven,
    /// There is no consent that could be taken back.
    NoConsent,
    /// No deadline runs that could be moved.
    NothingToExtend,
    /// There is nobody to write to.
    NoSender,
    /// What is about a protected person stays where it is.
    ProtectedStays,
    /// A deadline of this kind cannot be moved, or does not run.
    DeadlineNotExtendable,
    /// A reason that does not count.
    ExtensionReasonRefused,
    /// A redirect to the office that has it.
    SameOffice,
    /// An office that is not open for work.
    OfficeNotOpen,
    /// A consent that was withdrawn.
    ConsentWithdrawn,
    /// A consent that was withdrawn before it was given.
    ConsentOrder,
    /// A consent by somebody who cannot give it.
    ConsentGiver,
    /// A text that is too long.
    TextTooLong,
    /// The child among its own brothers and sisters.
    SiblingIsTheChild,
    /// The call with the same idempotency key still runs.
    IdempotencyKeyInUse,
    /// The key was revoked, replaced or has expired, so nothing can take its place.
    KeyEnded,
    /// It was changed since the caller read it.
    StaleVersion,
    /// The body is larger than the server takes.
    BodyTooLarge,
    /// The body's media type is not one that the operation takes.
    UnsupportedMediaType,
    /// The body is JSON, and breaks a rule.
    ValidationFailed,
    /// The idempotency key belongs to another request.
    IdempotencyKeyReused,
    /// `If-Match` is missing where it is needed.
    PreconditionRequired,
    /// The caller has called too often.
    RateLimited,
    /// Our fault.
    InternalError,
    /// More work is waiting than the server takes on.
    Overloaded,
    /// The database, or something else that is needed, does not answer.
    Unavailable,
}

impl Problem {
    /// The last part of the problem type's address, for example `not-found`.
    pub fn slug(self) -> &'static str {
        self.into()
    }
}
