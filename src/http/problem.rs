//! Problems over HTTP (RFC 9457): the one table of status codes, titles and explanations, and how an error becomes an answer.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Place, Problem};
use crate::http::language::Language;

/// The media type of every answer from 400 on.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What the table says about a problem.
pub struct Meaning {
    /// The status code it answers with.
    pub status: StatusCode,
    /// Its name in a few words, the same for each occurrence: in English and in Swedish.
    pub title: (&'static str, &'static str),
    /// What it means and how to mend it: its page, in English and in Swedish.
    pub explanation: (&'static str, &'static str),
}

/// The only place with status codes.
pub fn meaning(problem: Problem) -> Meaning {
    let (status, title, explanation) = row(problem);
    Meaning { status, title, explanation }
}

type Row = (StatusCode, (&'static str, &'static str), (&'static str, &'static str));

#[expect(clippy::too_many_lines, reason = "It is a table.")]
fn row(problem: Problem) -> Row {
    match problem {
        Problem::MalformedJson => (
            StatusCode::BAD_REQUEST,
            ("The body is not JSON", "Innehållet är inte JSON"),
            (
                "The body could not be read as JSON (RFC 8259), or is nested too deeply. Nothing was changed. Send one JSON object in UTF-8.",
                "Innehållet gick inte att läsa som JSON (RFC 8259), eller är för djupt nästlat. Inget ändrades. Skicka ett JSON-objekt i UTF-8.",
            ),
        ),
        Problem::InvalidParameter => (
            StatusCode::BAD_REQUEST,
            ("A query parameter is not right", "En frågeparameter är fel"),
            (
                "A query parameter is unknown to the operation, malformed, out of range, or does not go with another one. `errors` names it and says what is accepted.",
                "En frågeparameter är okänd för operationen, felformad, utanför sitt intervall eller går inte ihop med en annan. `errors` namnger den och säger vad som godtas.",
            ),
        ),
        Problem::InvalidHeader => (
            StatusCode::BAD_REQUEST,
            ("A header is not right", "Ett huvudfält är fel"),
            (
                "A request header is malformed. `errors` names it and says what is accepted.",
                "Ett huvudfält i anropet är felformat. `errors` namnger det och säger vad som godtas.",
            ),
        ),
        Problem::InvalidCursor => (
            StatusCode::BAD_REQUEST,
            ("The cursor is not right", "Markören är fel"),
            (
                "A cursor is opaque and belongs to the list and the filters that it came with. Follow the `next` link as it is, or begin again without a cursor.",
                "En markör är ogenomskinlig och hör till den lista och de filter som den kom med. Följ länken `next` som den är, eller börja om utan markör.",
            ),
        ),
        Problem::InvalidIdempotencyKey => (
            StatusCode::BAD_REQUEST,
            ("The idempotency key is not right", "Idempotensnyckeln är fel"),
            (
                "`Idempotency-Key` names a call so that it can be repeated safely: 1 to 255 visible characters without spaces, bare or in quotes, once. A fresh UUID for each call serves well. Nothing was changed.",
                "`Idempotency-Key` namnger ett anrop så att det tryggt kan upprepas: 1 till 255 synliga tecken utan mellanslag, med eller utan citattecken, en gång. Ett nytt UUID för varje anrop passar bra. Inget ändrades.",
            ),
        ),
        Problem::PageTooDeep => (
            StatusCode::BAD_REQUEST,
            ("The page lies too deep", "Sidan ligger för djupt"),
            (
                "Pages behind row 10,000 are not served by number. Follow the `next` links, which carry a cursor, or narrow the filters.",
                "Sidor bortom rad 10 000 lämnas inte ut efter nummer. Följ länkarna `next`, som bär en markör, eller snäva in filtren.",
            ),
        ),
        Problem::AmbiguousCredentials => (
            StatusCode::BAD_REQUEST,
            ("More than one way to sign in", "Mer än ett sätt att logga in"),
            (
                "Send one `Authorization` header or one `X-API-Key` header, not both and neither twice.",
                "Skicka ett huvudfält `Authorization` eller ett `X-API-Key`, inte båda och inget två gånger.",
            ),
        ),
        Problem::Unauthenticated => (
            StatusCode::UNAUTHORIZED,
            ("Sign in first", "Logga in först"),
            (
                "The operation needs a valid token (staff: `Authorization: Bearer`) or a valid key (partner agencies: `X-API-Key`). It is missing, expired, revoked or not right.",
                "Operationen kräver en giltig token (personal: `Authorization: Bearer`) eller en giltig nyckel (samverkansparter: `X-API-Key`). Den saknas, har gått ut, är återkallad eller fel.",
            ),
        ),
        Problem::Forbidden => (
            StatusCode::FORBIDDEN,
            ("Not allowed", "Inte tillåtet"),
            (
                "You are signed in and lack the role or the scope that `detail` names. Ask your administrator.",
                "Du är inloggad men saknar den roll eller behörighet som `detail` namnger. Vänd dig till din administratör.",
            ),
        ),
        Problem::NoOffice => (
            StatusCode::FORBIDDEN,
            ("No office", "Inget kontor"),
            (
                "What you create is created on behalf of an office, and your token names none that is in the directory. Ask your administrator.",
                "Det du skapar skapas för ett kontors räkning, och din token anger inget kontor som finns i katalogen. Vänd dig till din administratör.",
            ),
        ),
        Problem::NotFound => (
            StatusCode::NOT_FOUND,
            ("Not found", "Finns inte"),
            (
                "It does not exist, or you may not know whether it does: the two are one answer. Check the address and your offices.",
                "Det finns inte, eller så får du inte veta om det finns: svaret är detsamma. Kontrollera adressen och dina kontor.",
            ),
        ),
        Problem::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            ("The method does not exist here", "Metoden finns inte här"),
            (
                "The path exists; the header `Allow` lists its methods.",
                "Sökvägen finns; huvudfältet `Allow` räknar upp dess metoder.",
            ),
        ),
        Problem::NotAcceptable => (
            StatusCode::NOT_ACCEPTABLE,
            ("Nothing acceptable to answer with", "Inget godtagbart att svara med"),
            (
                "The header `Accept` leaves out every media type that the operation answers with. It answers with application/json, and where it says so with application/geo+json.",
                "Huvudfältet `Accept` utesluter alla medietyper som operationen svarar med. Den svarar med application/json, och där det sägs med application/geo+json.",
            ),
        ),
        Problem::RequestTimeout => (
            StatusCode::REQUEST_TIMEOUT,
            ("The request came too slowly", "Anropet kom för långsamt"),
            (
                "The whole request did not arrive in time. Send it again.",
                "Hela anropet kom inte fram i tid. Skicka det igen.",
            ),
        ),
        Problem::StillReferenced => (
            StatusCode::CONFLICT,
            ("Something still refers to it", "Något hänvisar fortfarande till det"),
            (
                "It can be deleted only where nothing refers to it. Retire or close it instead, with a PATCH of its `status`.",
                "Det kan tas bort bara när inget hänvisar till det. Avveckla eller stäng det i stället, med en PATCH av dess `status`.",
            ),
        ),
        Problem::AlreadyExists => (
            StatusCode::CONFLICT,
            ("There is one already", "Det finns redan ett"),
            (
                "Another one has the same slug, code or identity number.",
                "Ett annat har samma slug, kod eller personnummer.",
            ),
        ),
        Problem::FamilyMerged => (
            StatusCode::CONFLICT,
            ("The family was merged into another", "Familjen har gått upp i en annan"),
            (
                "A family that was merged into another one changes no more. Read it: `mergedInto` names the family that goes on, and change that one.",
                "En familj som har gått upp i en annan ändras inte längre. Läs den: `mergedInto` anger familjen som fortsätter, och ändra den.",
            ),
        ),
        Problem::IdempotencyKeyInUse => (
            StatusCode::CONFLICT,
            ("The same call still runs", "Samma anrop pågår fortfarande"),
            (
                "Another call with the same `Idempotency-Key` has not been answered yet. Ask again after the seconds in `Retry-After`: you get its answer.",
                "Ett annat anrop med samma `Idempotency-Key` är ännu inte besvarat. Fråga igen efter sekunderna i `Retry-After`: då får du dess svar.",
            ),
        ),
        Problem::KeyEnded => (
            StatusCode::CONFLICT,
            ("The key has ended", "Nyckeln har upphört"),
            (
                "The key was revoked, has expired, or has been rotated already, so it cannot be rotated. Rotate the key that took its place (`rotatedTo`), or make a new one.",
                "Nyckeln är återkallad, har löpt ut eller är redan bytt, och kan därför inte bytas. Byt nyckeln som tog dess plats (`rotatedTo`), eller gör en ny.",
            ),
        ),
        Problem::StaleVersion => (
            StatusCode::PRECONDITION_FAILED,
            ("It has changed since", "Det har ändrats sedan dess"),
            (
                "`If-Match` names another version than the current one, so nothing was changed. Read it again, look at what is new, and repeat your change with the new ETag.",
                "`If-Match` anger en annan version än den nuvarande, så inget ändrades. Läs det igen, se vad som är nytt och upprepa ändringen med den nya ETag:en.",
            ),
        ),
        Problem::BodyTooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            ("The body is too large", "Innehållet är för stort"),
            ("A body may have at most 1 MiB (1,048,576 bytes).", "Innehållet får vara högst 1 MiB (1 048 576 byte)."),
        ),
        Problem::UnsupportedMediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ("The media type is not supported", "Medietypen stöds inte"),
            (
                "Send JSON with `Content-Type: application/json`; a PATCH may also be application/merge-patch+json (RFC 7396). No content encoding is accepted.",
                "Skicka JSON med `Content-Type: application/json`; en PATCH får också vara application/merge-patch+json (RFC 7396). Ingen innehållskodning godtas.",
            ),
        ),
        Problem::ValidationFailed => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The body breaks a rule", "Innehållet bryter mot en regel"),
            (
                "The body is well-formed JSON and something in it is not right. `errors` names each place by a JSON Pointer and says what is accepted. Nothing was changed.",
                "Innehållet är välformad JSON men något i det är fel. `errors` namnger varje ställe med en JSON Pointer och säger vad som godtas. Inget ändrades.",
            ),
        ),
        Problem::IdempotencyKeyReused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The idempotency key belongs to another call", "Idempotensnyckeln hör till ett annat anrop"),
            (
                "You have used the same `Idempotency-Key` within 24 hours for another path or another body. Nothing was changed. Take a new key for each call, and the same one only to repeat it.",
                "Du har använt samma `Idempotency-Key` inom 24 timmar för en annan sökväg eller ett annat innehåll. Inget ändrades. Ta en ny nyckel för varje anrop, och samma bara för att upprepa det.",
            ),
        ),
        Problem::PreconditionRequired => (
            StatusCode::PRECONDITION_REQUIRED,
            ("If-Match is needed", "If-Match behövs"),
            (
                "To keep two people from overwriting each other, send `If-Match` with the ETag of the version that you read.",
                "För att två personer inte ska skriva över varandra: skicka `If-Match` med ETag:en för den version som du läste.",
            ),
        ),
        Problem::RateLimited => (
            StatusCode::TOO_MANY_REQUESTS,
            ("Too many calls", "För många anrop"),
            (
                "You have called more often than your budget allows; `RateLimit-Policy` names the budget and how much it holds. Nothing was changed. Try again after the seconds in `Retry-After`. The budgets for reading, writing, searching for people and failed sign-ins are apart from each other.",
                "Du har anropat oftare än din budget tillåter; `RateLimit-Policy` namnger budgeten och hur mycket den rymmer. Inget ändrades. Försök igen efter sekunderna i `Retry-After`. Budgetarna för läsning, skrivning, personsökning och misslyckade inloggningar är skilda från varandra.",
            ),
        ),
        Problem::InternalError => (
            StatusCode::INTERNAL_SERVER_ERROR,
            ("Something went wrong here", "Något gick fel hos oss"),
            (
                "It is our fault, not yours, and it is logged under the trace id. Nothing was changed. Try again; if it stays, tell us the trace id.",
                "Felet är vårt, inte ditt, och det är loggat under spårnings-id:t. Inget ändrades. Försök igen; om det kvarstår, ange spårnings-id:t för oss.",
            ),
        ),
        Problem::Overloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            ("Too much at once", "För mycket på en gång"),
            (
                "More work is waiting than the server takes on. Try again after the seconds in `Retry-After`.",
                "Mer arbete väntar än vad servern tar på sig. Försök igen efter sekunderna i `Retry-After`.",
            ),
        ),
        Problem::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            ("Not available for the moment", "Inte tillgänglig just nu"),
            (
                "The database, or something else that the server needs, does not answer for the moment. Whether a change that was under way took effect is unknown. Try again after the seconds in `Retry-After`.",
                "Databasen, eller något annat som servern behöver, svarar inte just nu. Om en pågående ändring hann få verkan är okänt. Försök igen efter sekunderna i `Retry-After`.",
            ),
        ),
    }
}

/// A problem as callers see it (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemView {
    /// The address of the page that explains the problem.
    #[schema(format = "uri", max_length = 500, example = "https://nara.example/problems/validation-failed")]
    r#type: String,
    /// The problem in a few words; the same for each occurrence.
    #[schema(max_length = 200, example = "The body breaks a rule")]
    title: &'static str,
    /// The status code of this answer.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, example = "Something in the body is not right.")]
    detail: Option<String>,
    /// The path that was called, without its query.
    #[schema(max_length = 2000, example = "/nara/v1/partner/referrals")]
    instance: String,
    /// The trace under which the server logged it.
    #[schema(
        min_length = 32,
        max_length = 32,
        pattern = "^[0-9a-f]{32}$",
        example = "4bf92f3577b34da6a3ce929d0e0e4736"
    )]
    trace_id: String,
    /// Each thing that is wrong with the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    errors: Vec<ViolationView>,
}

/// One thing that is wrong with a request. Exactly one of `pointer`, `parameter` and `header` says where.
#[derive(Serialize, ToSchema)]
#[schema(as = Violation)]
pub struct ViolationView {
    /// Where in the body: a JSON Pointer in fragment form (RFC 6901, section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, example = "#/child/birthYear")]
    pointer: Option<String>,
    /// Which query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    parameter: Option<String>,
    /// Which header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    header: Option<&'static str>,
    /// What is wrong, and what would be right.
    #[schema(max_length = 1000, example = "must not lie in the future")]
    detail: String,
}

impl ProblemView {
    /// The problem of `error`, in `language`, for the caller of `instance`.
    pub fn new(error: &Error, language: Language, base: &str, instance: String, trace_id: String) -> Self {
        let meaning = meaning(error.problem());
        Self {
            r#type: format!("{base}/problems/{}", error.problem().slug()),
            title: language.choose(meaning.title),
            status: meaning.status.as_u16(),
            detail: error.detail().map(|text| language.of(text).to_owned()),
            instance,
            trace_id,
            errors: error.violations().iter().map(|violation| ViolationView::new(violation, language)).collect(),
        }
    }
}

impl ViolationView {
    fn new(violation: &crate::error::Violation, language: Language) -> Self {
        let mut view =
            Self { pointer: None, parameter: None, header: None, detail: language.of(&violation.detail).to_owned() };
        match &violation.place {
            Place::Pointer(pointer) => view.pointer = Some(format!("#{pointer}")),
            Place::Parameter(name) => view.parameter = Some(name.clone()),
            Place::Header(name) => view.header = Some(name),
        }
        view
    }
}

/// The answer here has no body yet: only the envelope around all routes knows the language, the path and the trace.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        meaning(self.problem()).status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = HttpResponse::build(self.status_code());
        match self.problem() {
            Problem::Unauthenticated => {
                answer.append_header((header::WWW_AUTHENTICATE, "Bearer realm=\"nara\""));
                answer.append_header((header::WWW_AUTHENTICATE, "ApiKey realm=\"nara\", header=\"X-API-Key\""));
            }
            // What is still to come of the request would be taken for the next one.
            Problem::RequestTimeout => {
                answer.force_close();
            }
            Problem::Overloaded | Problem::IdempotencyKeyInUse => {
                answer.insert_header((header::RETRY_AFTER, "1"));
            }
            Problem::Unavailable => {
                answer.insert_header((header::RETRY_AFTER, "5"));
            }
            _ => {}
        }
        answer.finish()
    }
}
