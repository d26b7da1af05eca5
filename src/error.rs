//! The error type of the program, independent of HTTP and SQL.
//!
//! An [`Error`] names one [`Problem`]. It may carry a sentence for the caller and the places in the request that are wrong. Its cause, if
//! there is one, is for the log alone and never reaches a caller: causes may quote the request, and requests hold personal data.
//!
//! The status code, the title and the page of each problem are in one table, `http/problem.rs`.

mod problem;

use std::borrow::Cow;
use std::fmt;

use uuid::Uuid;

pub use problem::Problem;

/// A text in the two languages of the API, English and Swedish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The English version, for callers who do not prefer Swedish.
    pub en: Cow<'static, str>,
    pub sv: Cow<'static, str>,
    /// The problem of a [`Violation`] that has this text as its detail. `None` means `ValidationFailed`.
    pub problem: Option<Problem>,
}

impl Text {
    /// Makes a text from its English and its Swedish version.
    pub fn new(en: impl Into<Cow<'static, str>>, sv: impl Into<Cow<'static, str>>) -> Self {
        Self { en: en.into(), sv: sv.into(), problem: None }
    }

    /// Makes a text from its English and its Swedish version, for a violation that has the problem `problem` of its own.
    pub fn of(problem: Problem, en: impl Into<Cow<'static, str>>, sv: impl Into<Cow<'static, str>>) -> Self {
        Self { problem: Some(problem), ..Self::new(en, sv) }
    }
}

/// Writes both languages, and the slug of the problem if there is one, separated by the control character U+001F.
///
/// serde carries the error of a field's type as a single string, so all parts must fit into one. [`Text::from_carried`] takes
/// them apart again.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SEPARATOR}{}", self.en, self.sv)?;
        self.problem.map_or(Ok(()), |problem| write!(f, "{SEPARATOR}{}", problem.slug()))
    }
}

const SEPARATOR: char = '\u{1f}';

impl Text {
    /// Parses a text from the string that its [`Display`](fmt::Display) wrote; `None` for any other string.
    pub fn from_carried(carried: &str) -> Option<Self> {
        let (en, rest) = carried.split_once(SEPARATOR)?;
        let (sv, problem) = rest.split_once(SEPARATOR).unwrap_or((rest, ""));
        Some(Self { problem: problem.parse().ok(), ..Self::new(en.to_owned(), sv.to_owned()) })
    }
}

/// The place in a request where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViolationPlace {
    /// A JSON Pointer (RFC 6901) into the body, without the leading `#`.
    Pointer(String),
    /// A range of characters inside the text that the JSON Pointer `pointer` leads to.
    Span {
        pointer: String,
        /// The index of the first wrong character in that text, counted from 0.
        start: usize,
        /// The index of the character after the last wrong one.
        end: usize,
    },
    Parameter(String),
    Header(&'static str),
}

/// One violation: a place in the request, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub place: ViolationPlace,
    /// A sentence for the caller that says what is wrong at this place, or what would be right.
    pub detail: Text,
}

impl Violation {
    /// Makes a violation in the body, at the JSON Pointer `pointer`, with the text `detail`.
    pub fn at(pointer: impl Into<String>, detail: Text) -> Self {
        Self { place: ViolationPlace::Pointer(pointer.into()), detail }
    }
}

/// The one error type of the program: a problem, what the caller is told about it, and its cause, which the caller is not told.
pub struct Error(Box<ErrorParts>);

struct ErrorParts {
    problem: Problem,
    detail: Option<Text>,
    violations: Vec<Violation>,
    unknown: Vec<Uuid>,
    allowed: Option<Vec<&'static str>>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything that can fail with the program's [`Problem`]s.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Makes an error that has a problem and nothing else.
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

    /// Makes an error with a sentence for the caller about this one failure.
    pub fn with_detail(problem: Problem, detail: Text) -> Self {
        let mut error = Self::new(problem);
        error.0.detail = Some(detail);
        error
    }

    /// Makes the error for a well-formed body that breaks rules. It names all violations, not only the first.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let mut error = Self::new(Problem::ValidationFailed);
        error.0.violations = violations;
        error
    }

    /// Makes the error for a well-formed body that breaks rules, with `problem` in place of the usual `ValidationFailed`.
    pub fn invalid_as(problem: Problem, violations: Vec<Violation>) -> Self {
        let mut error = Self::new(problem);
        error.0.violations = violations;
        error
    }

    /// Makes the error for a well-formed body that breaks one rule, at the JSON Pointer `pointer`.
    pub fn invalid_at(pointer: impl Into<String>, detail: Text) -> Self {
        Self::invalid(vec![Violation::at(pointer, detail)])
    }

    /// Makes the error for the query parameter `name`, whose value is missing or not acceptable.
    pub fn parameter(name: impl Into<String>, detail: Text) -> Self {
        Self::bad_parameter(Violation { place: ViolationPlace::Parameter(name.into()), detail })
    }

    /// Makes the error for a query parameter that is not acceptable, from a violation that already names the parameter.
    pub fn bad_parameter(violation: Violation) -> Self {
        let mut error = Self::new(Problem::InvalidParameter);
        error.0.violations = vec![violation];
        error
    }

    /// Makes the error for the request header `name`, whose value is not acceptable.
    pub fn header(name: &'static str, detail: Text) -> Self {
        Self::header_problem(Problem::InvalidHeader, name, detail)
    }

    /// Makes the error for the request header `name`, with `problem` in place of the usual `InvalidHeader`.
    pub fn header_problem(problem: Problem, name: &'static str, detail: Text) -> Self {
        let mut error = Self::new(problem);
        error.0.violations = vec![Violation { place: ViolationPlace::Header(name), detail }];
        error
    }

    /// Makes the error for a record that does not exist or that the caller may not know of: both get the same answer.
    pub fn not_found() -> Self {
        Self::new(Problem::NotFound)
    }

    /// Makes the error for a failure inside the server, which is no fault of the caller. The cause goes to the log only.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Problem::InternalError).because(cause)
    }

    /// Adds the cause of the error. It is for the log and never reaches a caller.
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds the identifiers that the caller named and that do not exist or that the caller may not know of. They are for the audit
    /// and never reach the caller.
    pub fn naming(mut self, unknown: Vec<Uuid>) -> Self {
        self.0.unknown = unknown;
        self
    }

    /// Adds the actions that the caller may take in place of the refused one.
    pub fn allowing(mut self, actions: Vec<&'static str>) -> Self {
        self.0.allowed = Some(actions);
        self
    }

    /// Adds `part`, the JSON Pointer to a part of the body, in front of the pointers of all violations. So an error about that part
    /// becomes one about the whole body.
    pub fn within(mut self, part: &str) -> Self {
        for violation in &mut self.0.violations {
            if let ViolationPlace::Pointer(pointer) | ViolationPlace::Span { pointer, .. } = &mut violation.place {
                *pointer = format!("{part}{pointer}");
            }
        }
        self
    }

    /// Removes `part`, the JSON Pointer to a part of the body, from the front of the pointers of violations. So an error about the
    /// whole body becomes one about that part, which was sent alone.
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

    pub fn problem(&self) -> Problem {
        self.0.problem
    }

    /// The sentence for the caller about this one failure, if there is one.
    pub fn detail(&self) -> Option<&Text> {
        self.0.detail.as_ref()
    }

    /// The wrong places in the request, each with what is wrong there. Empty if the error is about no particular place.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// The identifiers that the caller named and that do not exist or that the caller may not know of. For the audit only.
    pub fn unknown(&self) -> &[Uuid] {
        &self.0.unknown
    }

    /// The actions that the caller may take in place of the refused one; `None` if no action was refused.
    pub fn allowed(&self) -> Option<&[&'static str]> {
        self.0.allowed.as_deref()
    }

    /// The cause of the error, which is for the log and never reaches a caller.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }
}

impl Error {
    /// Returns the error as an English text for the command line: its cause, or else its details and violations, or else the slug
    /// of its problem.
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
