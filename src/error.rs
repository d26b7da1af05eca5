//! What can go wrong, free of HTTP and SQL.
//!
//! An [`Error`] names one [`Problem`], and may carry a sentence for the caller and the places in the
//! request that are wrong. Its cause, if there is one, is for the log alone and never reaches a caller:
//! causes may quote what somebody sent, and what people send here is personal.
//!
//! The status code, the title and the page of each problem stand in one table, `http/problem.rs`.

mod problem;

use std::borrow::Cow;
use std::fmt;

use uuid::Uuid;

pub use problem::Problem;

/// A sentence in the two languages in which the API speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// English, the default.
    pub en: Cow<'static, str>,
    /// Swedish.
    pub sv: Cow<'static, str>,
    /// What is wrong has a problem of its own.
    pub problem: Option<Problem>,
}

impl Text {
    /// The same sentence in English and in Swedish.
    pub fn new(en: impl Into<Cow<'static, str>>, sv: impl Into<Cow<'static, str>>) -> Self {
        Self { en: en.into(), sv: sv.into(), problem: None }
    }

    /// The same, of what is wrong in a way that has a problem of its own.
    pub fn of(problem: Problem, en: impl Into<Cow<'static, str>>, sv: impl Into<Cow<'static, str>>) -> Self {
        Self { problem: Some(problem), ..Self::new(en, sv) }
    }
}

/// Both languages behind each other, parted by a unit separator, and behind them the problem if there is one.
///
/// serde carries the error of a field's type as one string. This is how all of it gets through;
/// [`Text::from_carried`] takes it apart again.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SEPARATOR}{}", self.en, self.sv)?;
        self.problem.map_or(Ok(()), |problem| write!(f, "{SEPARATOR}{}", problem.slug()))
    }
}

const SEPARATOR: char = '\u{1f}';

impl Text {
    /// Takes apart what [`Display`](fmt::Display) put together; `None` for any other string.
    pub fn from_carried(carried: &str) -> Option<Self> {
        let (en, rest) = carried.split_once(SEPARATOR)?;
        let (sv, problem) = rest.split_once(SEPARATOR).unwrap_or((rest, ""));
        Some(Self { problem: problem.parse().ok(), ..Self::new(en.to_owned(), sv.to_owned()) })
    }
}

/// Where in the request something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViolationPlace {
    /// A JSON Pointer (RFC 6901) into the body, without the leading `#`.
    Pointer(String),
    /// Some characters of the text at such a pointer.
    Span {
        /// The pointer.
        pointer: String,
        /// The first of the characters, counted from 0.
        start: usize,
        /// The one behind them.
        end: usize,
    },
    /// A query parameter.
    Parameter(String),
    /// A header.
    Header(&'static str),
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where it is.
    pub place: ViolationPlace,
    /// What is wrong, and what would be right.
    pub detail: Text,
}

impl Violation {
    /// Something wrong in the body.
    pub fn at(pointer: impl Into<String>, detail: Text) -> Self {
        Self { place: ViolationPlace::Pointer(pointer.into()), detail }
    }
}

/// The one error type of the program.
pub struct Error(Box<ErrorParts>);

struct ErrorParts {
    problem: Problem,
    detail: Option<Text>,
    violations: Vec<Violation>,
    unknown: Vec<Uuid>,
    allowed: Option<Vec<&'static str>>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A problem that needs no further words.
    pub fn new(problem: Problem) -> Self {
        Self(Box::new(ErrorParts {
            problem,
            detail: None,
            violations: Vec::new(),
            unknown: Vec::new(),
            allowed: None,
            cause: None,
        }))
    }

    /// A problem with a sentence about this occurrence.
    pub fn with_detail(problem: Problem, detail: Text) -> Self {
        let mut error = Self::new(problem);
        error.0.detail = Some(detail);
        error
    }

    /// A well-formed body that breaks rules: all of them, not only the first.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let mut error = Self::new(Problem::ValidationFailed);
        error.0.violations = violations;
        error
    }

    /// A well-formed body that breaks rules which have a problem of their own.
    pub fn invalid_as(problem: Problem, violations: Vec<Violation>) -> Self {
        let mut error = Self::new(problem);
        error.0.violations = violations;
        error
    }

    /// A well-formed body that breaks one rule.
    pub fn invalid_at(pointer: impl Into<String>, detail: Text) -> Self {
        Self::invalid(vec![Violation::at(pointer, detail)])
    }

    /// A query parameter that cannot be used.
    pub fn parameter(name: impl Into<String>, detail: Text) -> Self {
        Self::bad_parameter(Violation { place: ViolationPlace::Parameter(name.into()), detail })
    }

    /// The same, where the violation is there already.
    pub fn bad_parameter(violation: Violation) -> Self {
        let mut error = Self::new(Problem::InvalidParameter);
        error.0.violations = vec![violation];
        error
    }

    /// A header that cannot be used.
    pub fn header(name: &'static str, detail: Text) -> Self {
        Self::header_problem(Problem::InvalidHeader, name, detail)
    }

    /// A header that cannot be used, with a problem of its own.
    pub fn header_problem(problem: Problem, name: &'static str, detail: Text) -> Self {
        let mut error = Self::new(problem);
        error.0.violations = vec![Violation { place: ViolationPlace::Header(name), detail }];
        error
    }

    /// It does not exist, or the caller may not know that it does: the two are one answer.
    pub fn not_found() -> Self {
        Self::new(Problem::NotFound)
    }

    /// Our fault; the cause goes to the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Problem::InternalError).because(cause)
    }

    /// Remembers what lies behind the problem, for the log alone.
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Remembers what the caller named and may not know of, for the audit alone.
    pub fn naming(mut self, unknown: Vec<Uuid>) -> Self {
        self.0.unknown = unknown;
        self
    }

    /// Names the actions that are allowed instead.
    pub fn allowing(mut self, actions: Vec<&'static str>) -> Self {
        self.0.allowed = Some(actions);
        self
    }

    /// The same for a part of a larger body: its pointers begin with where the part stands.
    pub fn within(mut self, part: &str) -> Self {
        for violation in &mut self.0.violations {
            if let ViolationPlace::Pointer(pointer) | ViolationPlace::Span { pointer, .. } = &mut violation.place {
                *pointer = format!("{part}{pointer}");
            }
        }
        self
    }

    /// The same for what is judged as a part of a larger body and stands by itself: its pointers do not name the part.
    pub fn from_part(mut self, part: &str) -> Self {
        for violation in &mut self.0.violations {
            if let ViolationPlace::Pointer(pointer) = &mut violation.place
                && let Some(rest) = pointer.strip_prefix(part)
            {
                *pointer = rest.to_owned();
            }
        }
        self
    }

    /// Which problem it is.
    pub fn problem(&self) -> Problem {
        self.0.problem
    }

    /// The sentence about this occurrence, if there is one.
    pub fn detail(&self) -> Option<&Text> {
        self.0.detail.as_ref()
    }

    /// Everything that is wrong with the request.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// What the caller named and may not know of, or what does not exist.
    pub fn unknown(&self) -> &[Uuid] {
        &self.0.unknown
    }

    /// The actions that are allowed instead, where one was refused.
    pub fn allowed(&self) -> Option<&[&'static str]> {
        self.0.allowed.as_deref()
    }

    /// What lies behind the problem, for the log.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }
}

impl Error {
    /// The error for somebody at a command line: what lies behind it, or what is wrong where.
    pub fn told(&self) -> String {
        if let Some(cause) = self.cause() {
            return cause.to_string();
        }
        let place = |violation: &Violation| match &violation.place {
            ViolationPlace::Pointer(place)
            | ViolationPlace::Span { pointer: place, .. }
            | ViolationPlace::Parameter(place) => {
                format!("{place} {}", violation.detail.en)
            }
            ViolationPlace::Header(place) => format!("{place} {}", violation.detail.en),
        };
        let detail = self.detail().map(|detail| detail.en.to_string());
        let told: Vec<String> = detail.into_iter().chain(self.violations().iter().map(place)).collect();
        if told.is_empty() { self.to_string() } else { told.join("; ") }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("problem", &self.0.problem)
            .field("violations", &self.0.violations)
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.problem.slug())
    }
}

impl std::error::Error for Error {}
