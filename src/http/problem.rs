//! Problems over HTTP (RFC 9457): one table with the status code, title and explanation of each kind of failure.

pub mod view;

use actix_web::http::StatusCode;

use crate::error::Problem;

/// The row of the table for one problem: its status code and its texts.
pub struct Meaning {
    /// The status code of the answer to a call that failed with this problem.
    pub status: StatusCode,
    /// A short title in English and in Swedish, the same each time that the problem occurs.
    pub title: (&'static str, &'static str),
    /// An explanation of the problem and its solution in English and in Swedish, for the page that the problem's type links to.
    pub explanation: (&'static str, &'static str),
}

/// Returns the row of a problem. This table is the only place with status codes of failures.
pub fn meaning(problem: Problem) -> Meaning {
    let (status, title, explanation) = row(problem);
    Meaning { status, title, explanation }
}

/// Whether a call that fails with this problem failed by what the caller did, and not by what the server could not do.
pub fn is_callers_fault(problem: Problem) -> bool {
    meaning(problem).status.is_client_error()
}

type ProblemRow = (StatusCode, (&'static str, &'static str), (&'static str, &'static str));

#[expect(clippy::too_many_lines, reason = "It is a table.")]
fn row(problem: Problem) -> ProblemRow {
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
            ("A query parameter is invalid", "En frågeparameter är fel"),
            (
                "A query parameter is unknown to the operation, malformed, out of range, or cannot be combined with another one. `errors` names it and says what is accepted.",
                "En frågeparameter är okänd för operationen, felformad, utanför sitt intervall eller går inte ihop med en annan. `errors` namnger den och säger vad som godtas.",
            ),
        ),
        Problem::InvalidHeader => (
            StatusCode::BAD_REQUEST,
            ("A header is invalid", "Ett huvudfält är fel"),
            (
                "A request header is malformed. `errors` names it and says what is accepted.",
                "Ett huvudfält i anropet är felformat. `errors` namnger det och säger vad som godtas.",
            ),
        ),
        Problem::InvalidCursor => (
            StatusCode::BAD_REQUEST,
            ("The cursor is invalid", "Markören är fel"),
            (
                "A cursor is opaque and belongs to one list with its filters. Follow the `next` link unchanged, or start again without a cursor.",
                "En markör är ogenomskinlig och hör till den lista och de filter som den kom med. Följ länken `next` som den är, eller börja om utan markör.",
            ),
        ),
        Problem::InvalidIdempotencyKey => (
            StatusCode::BAD_REQUEST,
            ("The idempotency key is invalid", "Idempotensnyckeln är fel"),
            (
                "`Idempotency-Key` names a call so that it can be repeated safely: 1 to 255 visible characters without spaces, bare or in quotes, sent once. A new UUID for each call is a good choice. Nothing was changed.",
                "`Idempotency-Key` namnger ett anrop så att det tryggt kan upprepas: 1 till 255 synliga tecken utan mellanslag, med eller utan citattecken, en gång. Ett nytt UUID för varje anrop passar bra. Inget ändrades.",
            ),
        ),
        Problem::PageTooDeep => (
            StatusCode::BAD_REQUEST,
            ("The page lies too deep in the list", "Sidan ligger för djupt"),
            (
                "Pages after row 10,000 cannot be reached by number. Follow the `next` links, which carry a cursor, or narrow the filters.",
                "Sidor bortom rad 10 000 lämnas inte ut efter nummer. Följ länkarna `next`, som bär en markör, eller snäva in filtren.",
            ),
        ),
        Problem::AmbiguousCredentials => (
            StatusCode::BAD_REQUEST,
            ("More than one set of credentials", "Mer än ett sätt att logga in"),
            (
                "Send one `Authorization` header or one `X-API-Key` header, not both, and neither of them twice.",
                "Skicka ett huvudfält `Authorization` eller ett `X-API-Key`, inte båda och inget två gånger.",
            ),
        ),
        Problem::Unauthenticated => (
            StatusCode::UNAUTHORIZED,
            ("Sign in first", "Logga in först"),
            (
                "The operation needs a valid token (staff: `Authorization: Bearer`) or a valid key (partner agencies: `X-API-Key`). The token or key is missing, expired, revoked or invalid.",
                "Operationen kräver en giltig token (personal: `Authorization: Bearer`) eller en giltig nyckel (samverkansparter: `X-API-Key`). Den saknas, har gått ut, är återkallad eller fel.",
            ),
        ),
        Problem::Forbidden => (
            StatusCode::FORBIDDEN,
            ("Not allowed", "Inte tillåtet"),
            (
                "You are signed in but lack the role or the scope that `detail` names. Ask your administrator.",
                "Du är inloggad men saknar den roll eller behörighet som `detail` namnger. Vänd dig till din administratör.",
            ),
        ),
        Problem::NoOffice => (
            StatusCode::FORBIDDEN,
            ("No office", "Inget kontor"),
            (
                "Everything is created on behalf of an office, and your token names no office that is in the directory. Ask your administrator.",
                "Det du skapar skapas för ett kontors räkning, och din token anger inget kontor som finns i katalogen. Vänd dig till din administratör.",
            ),
        ),
        Problem::NotFound => (
            StatusCode::NOT_FOUND,
            ("Not found", "Finns inte"),
            (
                "It does not exist, or you may not know whether it does: the answer is the same. Check the address and your offices.",
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
            ("No acceptable media type", "Inget godtagbart att svara med"),
            (
                "The header `Accept` excludes every media type of the operation. All operations answer with application/json, and those that say so also with application/geo+json.",
                "Huvudfältet `Accept` utesluter alla medietyper som operationen svarar med. Den svarar med application/json, och där det sägs med application/geo+json.",
            ),
        ),
        Problem::RequestTimeout => (
            StatusCode::REQUEST_TIMEOUT,
            ("The request arrived too slowly", "Anropet kom för långsamt"),
            (
                "The whole request did not arrive in time. Send it again.",
                "Hela anropet kom inte fram i tid. Skicka det igen.",
            ),
        ),
        Problem::StillReferenced => (
            StatusCode::CONFLICT,
            ("Something still refers to it", "Något hänvisar fortfarande till det"),
            (
                "A resource can be deleted only if nothing refers to it. Retire or close it instead, with a PATCH of its `status`.",
                "Det kan tas bort bara när inget hänvisar till det. Avveckla eller stäng det i stället, med en PATCH av dess `status`.",
            ),
        ),
        Problem::AlreadyExists => (
            StatusCode::CONFLICT,
            ("It exists already", "Det finns redan ett"),
            (
                "Another resource has the same slug, code or identity number.",
                "Ett annat har samma slug, kod eller personnummer.",
            ),
        ),
        Problem::FamilyMerged => (
            StatusCode::CONFLICT,
            ("The family was merged into another", "Familjen har gått upp i en annan"),
            (
                "A family that was merged into another one cannot be changed any more. Read it: `mergedInto` names the remaining family. Change that one.",
                "En familj som har gått upp i en annan ändras inte längre. Läs den: `mergedInto` anger familjen som fortsätter, och ändra den.",
            ),
        ),
        Problem::IdReused => (
            StatusCode::CONFLICT,
            ("The identifier is taken", "Identifieraren är upptagen"),
            (
                "A contact with this identifier was already submitted, with other content or by somebody else. Nothing was changed. To correct a contact, use PATCH; for another contact, make a new UUIDv7.",
                "En kontakt med denna identifierare har skickats in tidigare, med annat innehåll eller av någon annan. Inget ändrades. Rätta en kontakt med PATCH; gör ett nytt UUIDv7 för en annan kontakt.",
            ),
        ),
        Problem::EnteredInError => (
            StatusCode::CONFLICT,
            ("It was entered in error", "Det var felregistrerat"),
            (
                "A record that was entered in error is kept as it is. It cannot be corrected, and no offer or answer can be added to it. Register it again.",
                "Det som var felregistrerat sparas som det är och ändras inte mer: det rättas inte, och inget erbjuds eller besvaras där. Registrera det på nytt.",
            ),
        ),
        Problem::OfferClosed => (
            StatusCode::CONFLICT,
            ("The offer is closed", "Erbjudandet är stängt"),
            (
                "The provider closed the offer, so it takes no more answers. Make a new offer if the service can be given after all.",
                "Utföraren har stängt erbjudandet, så det tar inte emot fler svar. Lämna ett nytt erbjudande om insatsen ändå kan ges.",
            ),
        ),
        Problem::FollowUpDone => (
            StatusCode::CONFLICT,
            ("The follow-up is done", "Uppföljningen är klar"),
            (
                "Somebody has already completed the follow-up. Read it to see the result, and make a new one if there is more to do.",
                "Någon har redan slutfört uppföljningen. Läs den för att se resultatet, och gör en ny om mer återstår.",
            ),
        ),
        Problem::ContactInFuture => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The contact lies in the future", "Kontakten ligger i framtiden"),
            (
                "A contact is recorded after it has taken place. Check the clock of the device.",
                "En kontakt registreras när den har ägt rum. Se efter vad enhetens klocka visar.",
            ),
        ),
        Problem::BeforeOfficeOpened => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The office had not opened", "Kontoret hade inte öppnat"),
            (
                "The contact took place before the day on which its office opened, or the office is still planned.",
                "Kontakten ligger före den dag då dess kontor öppnade, eller så är kontoret fortfarande planerat.",
            ),
        ),
        Problem::DistrictRetired => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The district is retired", "Stadsdelen är avvecklad"),
            (
                "The district is no longer in use. Name the district that lies there now, or send the coordinates of the place.",
                "Stadsdelen används inte längre. Ange den som ligger där nu, eller skicka platsens koordinater.",
            ),
        ),
        Problem::HeadCountOutOfRange => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The head count is out of range", "Antalet är orimligt"),
            (
                "A group has 1 to 10,000 people in each age band. Leave out the age bands to which nobody belonged.",
                "En grupp har 1 till 10 000 personer i varje åldersgrupp. Utelämna de åldersgrupper som ingen tillhörde.",
            ),
        ),
        Problem::UnknownReference => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The body names something that does not exist", "Det anger något som inte finns"),
            (
                "A person, a family, a contact, a referral, an office or a colleague that the body names does not exist, or you may not know whether it does: the answer is the same in both cases.",
                "En person, familj, kontakt, kollega, ett ärende eller kontor som anges finns inte, eller så får du inte veta om den finns: svaret är detsamma.",
            ),
        ),
        Problem::IdentityNotRecorded => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("Identity is not recorded here", "Identitet registreras inte här"),
            (
                "The board decided that under this service nobody's identity is recorded (SoL 2025:400, 14 kap. 5 §). Name no person: describe the people who were there by age band and role, or as a group.",
                "Nämnden har beslutat att ingens identitet registreras i denna insats (SoL 2025:400, 14 kap. 5 §). Ange ingen person: beskriv dem som var där med åldersgrupp och roll, eller som grupp.",
            ),
        ),
        Problem::IdentityInText => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The text discloses who somebody is", "Texten röjer vem någon är"),
            (
                "Under a service that records no identity, a text contains something that looks like a personal identity number, a telephone number or an e-mail address. `errors` says where: `start` is its first character, counted from 0, and `end` the character after it. Remove it.",
                "I en insats där identitet inte registreras innehåller en text något som ser ut som ett personnummer, ett telefonnummer eller en e-postadress. `errors` säger var: `start` är dess första tecken, räknat från 0, och `end` tecknet efter. Ta bort det.",
            ),
        ),
        Problem::BatchTooLarge => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The batch is too large", "För många på en gång"),
            (
                "A batch may have at most 100 contacts. None of them was recorded. Send them in several batches.",
                "Högst 100 kontakter tas emot på en gång. Inget av dem registrerades. Skicka dem i flera omgångar.",
            ),
        ),
        Problem::ActionNotAllowed => (
            StatusCode::CONFLICT,
            ("Not possible in this state", "Inte i detta läge"),
            (
                "The state or the kind of the referral does not allow the action, so nothing was changed. `allowedActions` lists what you may do now; the referral's `_links` list the same.",
                "Ärendets läge eller slag tillåter inte åtgärden, så inget ändrades. `allowedActions` räknar upp vad du får göra nu; detsamma står i ärendets `_links`.",
            ),
        ),
        Problem::ActionForbidden => (
            StatusCode::FORBIDDEN,
            ("Not your action to take", "Någon annans uppgift"),
            (
                "The action is reserved for a team lead, needs the qualification of SoL (2025:400) 25 kap. 1 §, or would give somebody else work, so nothing was changed. `allowedActions` lists what you may do now.",
                "Åtgärden tillhör en arbetsledare, kräver behörighet enligt SoL (2025:400) 25 kap. 1 § eller skulle ge någon annan arbete, så inget ändrades. `allowedActions` räknar upp vad du får göra nu.",
            ),
        ),
        Problem::AssessmentMissing => (
            StatusCode::CONFLICT,
            ("The protection assessment is missing", "Skyddsbedömningen saknas"),
            (
                "An inquiry decision is made only after somebody has assessed and recorded whether the child needs immediate protection (SoL 2025:400, 20 kap. 1 §). Record the assessment first.",
                "Beslut om utredning fattas efter att det har bedömts och dokumenterats om barnet behöver omedelbart skydd (SoL 2025:400, 20 kap. 1 §). Dokumentera bedömningen först.",
            ),
        ),
        Problem::TooFewAttempts => (
            StatusCode::CONFLICT,
            ("Too few attempts", "För få försök"),
            (
                "A person counts as not reached only after three attempts are recorded.",
                "Ingen räknas som ej nådd förrän tre försök är dokumenterade.",
            ),
        ),
        Problem::FeedbackNotForSender => (
            StatusCode::CONFLICT,
            ("No feedback for this sender", "Ingen återkoppling till denna avsändare"),
            (
                "Only a sender who reported under the duty to report may be told whether an inquiry was opened (SoL 2025:400, 19 kap. 6 §). This sender did not, or there is no sender.",
                "Om en utredning har inletts får lämnas till den som anmält enligt anmälningsskyldigheten (SoL 2025:400, 19 kap. 6 §). Denna avsändare hör inte dit, eller så finns ingen avsändare.",
            ),
        ),
        Problem::FeedbackGiven => (
            StatusCode::CONFLICT,
            ("The feedback was already given or refused", "Återkopplingen är avklarad"),
            (
                "The reporter has already been told the decision, or it was decided not to tell it. This is done once for each decision.",
                "Beslutet har redan lämnats till anmälaren, eller så har det beslutats att inte lämna det. Det görs en gång per beslut.",
            ),
        ),
        Problem::NoConsent => (
            StatusCode::CONFLICT,
            ("There is no consent", "Det finns inget samtycke"),
            (
                "The referral is not based on a consent that could be withdrawn.",
                "Ärendet vilar inte på något samtycke som kan återkallas.",
            ),
        ),
        Problem::NothingToExtend => (
            StatusCode::CONFLICT,
            ("No deadline to extend", "Ingen tidsfrist att förlänga"),
            (
                "No deadline is running that can be extended: the deadlines of the protection assessment and of the feedback cannot.",
                "Ingen tidsfrist löper som kan förlängas: skyddsbedömningens och återkopplingens kan inte förlängas.",
            ),
        ),
        Problem::NoSender => (
            StatusCode::CONFLICT,
            ("Nobody to write to", "Ingen att skriva till"),
            (
                "The report came from a private person who stays unknown, so nobody can be asked or answered; or no partner agency sent the referral, so none can see it; or it is a copy for a sibling, and its sender may not know that the office made it: write about the first report.",
                "Anmälan togs emot från en privatperson som förblir okänd, så ingen kan tillfrågas eller få svar; eller så har ingen samverkanspart skickat ärendet, så ingen sådan ser det; eller så är det en kopia för ett syskon, och avsändaren får inte veta att kontoret gjort den: skriv om den första anmälan.",
            ),
        ),
        Problem::ProtectedStays => (
            StatusCode::CONFLICT,
            ("The referral stays at the reception", "Det stannar hos mottagningen"),
            (
                "Referrals about a person with a protected identity are handled at the central reception, so that the office does not disclose where the person lives.",
                "Det som rör en person med skyddad identitet handläggs hos den centrala mottagningen, så att kontoret inte röjer var personen bor.",
            ),
        ),
        Problem::DeadlineNotExtendable => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The deadline cannot be extended", "Tidsfristen kan inte förlängas"),
            (
                "A deadline of this kind is not running here, or the law does not allow extending it.",
                "En tidsfrist av detta slag löper inte här, eller får enligt lag inte förlängas.",
            ),
        ),
        Problem::ExtensionReasonRefused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The reason is not accepted", "Skälet godtas inte"),
            (
                "The time for deciding on an inquiry is extended only for exceptional reasons that lie with the child or the matter (SoL 2025:400, 20 kap. 2 §). Workload and staffing are not such reasons.",
                "Tiden för förhandsbedömningen får förlängas bara om det finns synnerliga skäl som rör barnet eller ärendet (SoL 2025:400, 20 kap. 2 §). Arbetsbelastning och bemanning är inga sådana skäl.",
            ),
        ),
        Problem::SameOffice => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The referral is already there", "Det finns redan där"),
            ("The referral is at this office. Name another one.", "Ärendet finns hos detta kontor. Ange ett annat."),
        ),
        Problem::OfficeNotOpen => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The office is not open", "Kontoret är inte öppet"),
            (
                "The office is planned, closed, or takes no referrals, so nobody would handle the referral there. Name an open office.",
                "Kontoret är planerat, stängt eller tar inte emot ärenden, så ingen skulle handlägga ärendet där. Ange ett öppet.",
            ),
        ),
        Problem::ConsentWithdrawn => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The consent was withdrawn", "Samtycket är återkallat"),
            (
                "A request cannot be based on a consent that was withdrawn. Nothing was recorded.",
                "Ett återkallat samtycke bär ingen förfrågan. Inget registrerades.",
            ),
        ),
        Problem::ConsentOrder => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The consent's dates contradict each other", "Samtyckets datum motsäger varandra"),
            (
                "A consent cannot have been withdrawn before it was given.",
                "Ett samtycke kan inte ha återkallats innan det gavs.",
            ),
        ),
        Problem::ConsentGiver => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("Somebody else must consent", "Någon annan måste samtycka"),
            (
                "The child's age and the requested services decide who must consent (SoL 2025:400, 21 kap. 1-2 §§). `errors` says who.",
                "Vem som samtycker följer av barnets ålder och av de begärda insatserna (SoL 2025:400, 21 kap. 1-2 §§). `errors` säger vem.",
            ),
        ),
        Problem::TextTooLong => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The text is too long", "Texten är för lång"),
            (
                "A text has more characters than its field accepts. `errors` names the field and the limit. Send the rest as another message.",
                "En text har fler tecken än fältet tar emot. `errors` anger fältet och gränsen. Skicka resten som ett ytterligare meddelande.",
            ),
        ),
        Problem::SiblingIsTheChild => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The child is listed among its siblings", "Barnet står bland sina syskon"),
            (
                "One of the listed siblings is the child that the referral is about. Leave the child out of that list.",
                "Ett av syskonen är det barn som ärendet gäller. Utelämna det där.",
            ),
        ),
        Problem::IdempotencyKeyInUse => (
            StatusCode::CONFLICT,
            ("The same call is still running", "Samma anrop pågår fortfarande"),
            (
                "Another call with the same `Idempotency-Key` has not been answered yet. Repeat the call after the number of seconds in `Retry-After`: you get the answer of the other call.",
                "Ett annat anrop med samma `Idempotency-Key` är ännu inte besvarat. Fråga igen efter sekunderna i `Retry-After`: då får du dess svar.",
            ),
        ),
        Problem::KeyEnded => (
            StatusCode::CONFLICT,
            ("The key has ended", "Nyckeln har upphört"),
            (
                "The key was revoked, has expired, or has already been rotated, so it cannot be rotated. Rotate the key that replaced it (`rotatedTo`), or make a new one.",
                "Nyckeln är återkallad, har löpt ut eller är redan bytt, och kan därför inte bytas. Byt nyckeln som tog dess plats (`rotatedTo`), eller gör en ny.",
            ),
        ),
        Problem::StaleVersion => (
            StatusCode::PRECONDITION_FAILED,
            ("It has changed since you read it", "Det har ändrats sedan dess"),
            (
                "`If-Match` names another version than the current one, so nothing was changed. Read the resource again, see what is new, and repeat your change with the new ETag.",
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
                "The body is well-formed JSON, but something in it is wrong. `errors` names each place by a JSON Pointer and says what is accepted. Nothing was changed.",
                "Innehållet är välformad JSON men något i det är fel. `errors` namnger varje ställe med en JSON Pointer och säger vad som godtas. Inget ändrades.",
            ),
        ),
        Problem::IdempotencyKeyReused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ("The idempotency key belongs to another call", "Idempotensnyckeln hör till ett annat anrop"),
            (
                "You have used the same `Idempotency-Key` within the last 24 hours for another path or another body. Nothing was changed. Use a new key for each call, and the same key only to repeat a call.",
                "Du har använt samma `Idempotency-Key` inom 24 timmar för en annan sökväg eller ett annat innehåll. Inget ändrades. Ta en ny nyckel för varje anrop, och samma bara för att upprepa det.",
            ),
        ),
        Problem::PreconditionRequired => (
            StatusCode::PRECONDITION_REQUIRED,
            ("If-Match is required", "If-Match behövs"),
            (
                "To keep two people from overwriting each other, send `If-Match` with the ETag of the version that you read.",
                "För att två personer inte ska skriva över varandra: skicka `If-Match` med ETag:en för den version som du läste.",
            ),
        ),
        Problem::RateLimited => (
            StatusCode::TOO_MANY_REQUESTS,
            ("Too many calls", "För många anrop"),
            (
                "You have called more often than your budget allows; `RateLimit-Policy` names the budget and its size. Nothing was changed. Try again after the number of seconds in `Retry-After`. Reading, writing, searching for people and failed sign-ins have separate budgets.",
                "Du har anropat oftare än din budget tillåter; `RateLimit-Policy` namnger budgeten och hur mycket den rymmer. Inget ändrades. Försök igen efter sekunderna i `Retry-After`. Budgetarna för läsning, skrivning, personsökning och misslyckade inloggningar är skilda från varandra.",
            ),
        ),
        Problem::InternalError => (
            StatusCode::INTERNAL_SERVER_ERROR,
            ("Something went wrong on the server", "Något gick fel hos oss"),
            (
                "The fault is ours, not yours, and it is logged under the trace id. Nothing was changed. Try again; if the fault remains, tell us the trace id.",
                "Felet är vårt, inte ditt, och det är loggat under spårnings-id:t. Inget ändrades. Försök igen; om det kvarstår, ange spårnings-id:t för oss.",
            ),
        ),
        Problem::Overloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            ("The server is overloaded", "För mycket på en gång"),
            (
                "More work is waiting than the server accepts. Try again after the number of seconds in `Retry-After`.",
                "Mer arbete väntar än vad servern tar på sig. Försök igen efter sekunderna i `Retry-After`.",
            ),
        ),
        Problem::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            ("Not available at the moment", "Inte tillgänglig just nu"),
            (
                "The database, or another service that the server needs, does not answer at the moment. It is unknown whether a change that was under way took effect. Try again after the number of seconds in `Retry-After`.",
                "Databasen, eller något annat som servern behöver, svarar inte just nu. Om en pågående ändring hann få verkan är okänt. Försök igen efter sekunderna i `Retry-After`.",
            ),
        ),
    }
}
