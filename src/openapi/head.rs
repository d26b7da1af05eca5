//! The description of the API as a whole, in English and in Swedish, since agencies read both.

use serde_json::{Value, json};

/// Writes everything into the document except paths and components: its title, version, description, servers and tags, and the ways
/// to sign in.
pub fn write(document: &mut Value) {
    document["openapi"] = json!("3.1.0");
    document["info"] = json!({
        "title": "Nära",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Social services in the city districts: where to turn, the directory, referrals, and outreach.",
        "description": DESCRIPTION,
        "contact": { "name": "Nära", "url": "https://nara.example", "email": "nara@nara.example" },
        "license": { "name": "MIT", "url": "https://opensource.org/license/mit" },
        "termsOfService": "https://nara.example/terms",
    });
    document["servers"] = json!([{
        // A literal: the linter of the national profile takes a template for plain HTTP.
        "url": "https://nara.example/nara/v1",
        "description": "A municipality's installation, in production.",
        // The OWASP rules ask who can reach a server. This one is open to everybody, since residents use it.
        "x-internal": false,
    }]);
    document["tags"] = tags();
    document["components"]["securitySchemes"] = security_schemes();
}

fn security_schemes() -> Value {
    json!({
        "staffToken": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "Staff: a JWT from the municipality's sign-in service, validated as RFC8725 advises. Its claims name the roles and the offices of the caller.",
        },
        "partnerKey": {
            "type": "apiKey", "in": "header", "name": "X-API-Key",
            "description": "Partner agencies: the API key that the municipality's administrator gave to the agency. Its scopes say which operations it may call.",
        },
    })
}

/// Returns the document's tags, which group the operations, in alphabetical order, so that they are easy to find.
fn tags() -> Value {
    let tag = |name: &str, description: &str| json!({ "name": name, "description": description });
    json!([
        tag("areas", "The areas into which the municipality is divided, each served by a base. Geografiska områden."),
        tag("audit", "The record of every change and every reading, and the check that it is complete. Åtkomstloggen."),
        tag("directory", "The directory as a whole: a check for gaps. Katalogen som helhet."),
        tag("districts", "The districts. Each has a boundary and belongs to one area. Stadsdelar."),
        tag("families", "The families that are reached, and their history. Familjer."),
        tag("meta", "Metadata about the API: its version, its document, its code lists. Om API:et självt."),
        tag("offices", "The places and hours at which social services meet residents. Kontor och baser."),
        tag("outreach", "Meetings in the field, offers and their answers, promises to get back. Uppsökande arbete."),
        tag("partner", "Referrals, as seen by the partner agency that sent them. Samverkansparter."),
        tag(
            "partners",
            "Partner agencies and their API keys, which administrators maintain. Samverkansparter och deras nycklar."
        ),
        tag("people", "The people met and helped, as known to staff of the offices that met them. Personer."),
        tag(
            "referrals",
            "Matters about a child or a family that were sent to an office, as its staff work on them. Remisser och anmälningar."
        ),
        tag("services", "The kinds of help, the people they are for, and their offices. Insatser och stöd."),
        tag("staff", "The signed-in member of staff, and their colleagues. Personal."),
        tag(
            "where-to-turn",
            "A resident's question: where do I turn? It always gets an answer, with reasons. Vart vänder jag mig?"
        ),
    ])
}

const DESCRIPTION: &str = r#"## In English

Nära is the API behind social services that have moved out of the town hall and into the districts, so that children and young people (0 to 20 years) and their families get help early. It tells residents where to turn, and keeps the directory of areas, districts, offices and services. It carries referrals from partner agencies to the office that handles them, and feedback to the sender as far as secrecy allows. Outreach workers record the people they meet, their offers and the answers, and the days on which they promised to get back. The offices keep records of the people and families they meet. Every change and every reading of a case leaves a sealed audit record.

**Callers.** Residents' web pages and apps use where-to-turn and the directory, without signing in. Staff sign in with a token (`Authorization: Bearer`) and work with the queue of referrals, with people and families, and with outreach contacts, offers and follow-ups; administrators also with the directory and the partner agencies, and auditors with the audit. Partner agencies, such as schools, police and health care, sign in with a key (`X-API-Key`) and work with their own referrals.

**Formats.** Bodies are JSON in UTF-8, times are in UTC (RFC 3339), and problems are `application/problem+json` (RFC 9457) in English or Swedish by `Accept-Language`. Fields without a value are left out and never null, unless the schema says so. Lists come in pages: follow the `next` links. PATCH, DELETE and the PUT of a boundary require `If-Match`. Personal identity numbers never occur in a path or a query: a query with one is refused. Names and all other texts of up to 200 characters hold no invisible characters (Unicode `Cf` and what else is drawn as nothing), and longer texts none that override the direction of writing.

**Lifecycle.** While `info.version` begins with 0 the API is being built and may change between releases. From 1.0 on, `/nara/v1` only grows: new operations, new optional fields, new values in code lists. So ignore fields that you do not know. Changes that break callers get a new path, `/nara/v2`. The removal of an operation is announced in advance in the headers `Deprecation`, `Sunset` and `Link` (`successor-version`), and in `apiStatus` of `api-info`.

**Limits.** Each key and each member of staff has one budget for reading and one for writing. Each address has one for calls without signing in. Looking people up and failed sign-ins have small budgets of their own. People are looked up by `POST /people/search` and `POST /referrals/search`, and by any call in which an identity number makes the server look somebody up. `RateLimit-Policy` and `RateLimit` tell the state of the budgets that a call was taken from. If the budget is empty, the answer is 429 with `Retry-After`.

**Service level.** Each municipality runs its own installation and agrees on availability and support with its callers; the software itself promises none. Under overload the answer is 503 with `Retry-After`. A call is safe to repeat if its method is GET, PUT or DELETE, if it carries `If-Match`, or if it has an `Idempotency-Key`: then it is done only once, and gets the same answer for 24 hours.

**Known limits.** One installation serves one municipality. A body has at most 1 MiB, and a page at most 100 items. In lists of cases, pages after row 10,000 can be reached only by cursor. Nära ends where a formal inquiry is opened or support has started: it decides nothing about benefits, keeps no case files, and holds no documents.

## På svenska

Nära är API:et bakom en socialtjänst som har flyttat ut från kommunhuset till stadsdelarna, så att barn och unga (0 till 20 år) och deras familjer får hjälp tidigt. Det svarar på vart en invånare vänder sig, håller katalogen över områden, stadsdelar, kontor och insatser, och förmedlar remisser från samverkansparter till det kontor som tar hand om dem, och besked tillbaka till avsändaren så långt sekretessen medger. Fältarbetare skriver ned vilka de möter, vad de erbjuder, vad svaret blev och när de lovat återkomma; kontoren känner de personer och familjer som de möter. Varje ändring och varje läsning av ett ärende lämnar en förseglad post i åtkomstloggen.

**Vilka som anropar.** Invånarnas webbsidor och appar, utan inloggning: vart man vänder sig och katalogen. Personal, med token (`Authorization: Bearer`): kön av remisser, personer och familjer, uppsökande kontakter med erbjudanden och uppföljningar, för administratörer katalogen och samverkansparterna, och för granskare åtkomstloggen. Samverkansparter som skola, polis och vård, med nyckel (`X-API-Key`): sina egna remisser.

**Hur det talar.** JSON i UTF-8, tider i UTC (RFC 3339), fel som `application/problem+json` (RFC 9457) på engelska eller svenska enligt `Accept-Language`. Fält som saknar värde utelämnas och är aldrig null, om inte schemat säger det. Listor kommer i sidor: följ länkarna `next`. PATCH, DELETE och PUT av en stadsdelsgräns kräver `If-Match`. Personnummer står aldrig i en sökväg eller en fråga; en fråga med ett personnummer avvisas. Namn och alla andra texter på högst 200 tecken innehåller inga osynliga tecken (Unicode `Cf` och annat som inte syns), och längre texter inga som vänder skrivriktningen.

**Livscykel.** Så länge `info.version` börjar med 0 är API:et under uppbyggnad och kan ändras mellan utgåvor. Från 1.0 växer `/nara/v1` bara: nya operationer, nya frivilliga fält, nya värden i kodlistor. Bortse därför från fält som du inte känner till. Ändringar som inte är bakåtkompatibla får en ny sökväg, `/nara/v2`. Det som ska försvinna säger det i förväg i huvudfälten `Deprecation`, `Sunset` och `Link` (`successor-version`), och i `apiStatus` i `api-info`.

**Gränser.** En nyckel och en anställd har en budget för läsning och en för skrivning, en adress som inte loggar in har en, och uppslag av personer och misslyckade inloggningar har små. Personer slås upp med `POST /people/search`, `POST /referrals/search` och varje anrop där ett personnummer får servern att slå upp någon. `RateLimit-Policy` och `RateLimit` säger hur det står till med anropets budget; är den tom blir svaret 429 med `Retry-After`.

**Servicenivå.** Varje kommun driver sin egen installation och kommer överens om tillgänglighet och stöd med dem som anropar; programvaran i sig lovar ingen. Vid överlast är svaret 503 med `Retry-After`. Ett anrop är säkert att upprepa om metoden är GET, PUT eller DELETE, om det bär `If-Match` eller om det namnger sig med en `Idempotency-Key`: då utförs det en gång och besvaras likadant i 24 timmar.

**Kända begränsningar.** En installation betjänar en kommun. Ett innehåll får ha högst 1 MiB, en sida högst 100 poster; i listor över ärenden nås sidor bortom rad 10 000 bara med markör. Nära slutar där en utredning inleds eller ett stöd har börjat: det beslutar inget om bistånd, för inga akter och förvarar inga handlingar.
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_says_who_answers_for_it_in_both_languages() {
        let mut document = json!({ "info": { "title": "utoipa-actix-web", "contact": { "name": "somebody else" } }, "components": {} });
        write(&mut document);
        assert_eq!(document["info"]["title"], "Nära");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(document["info"]["contact"]["email"], "nara@nara.example");
        let description = document["info"]["description"].as_str().unwrap();
        assert!(description.contains("## In English") && description.contains("## På svenska"));
        assert_eq!(document["servers"][0]["url"], "https://nara.example/nara/v1");
        assert_eq!(document["components"]["securitySchemes"]["partnerKey"]["name"], "X-API-Key");
    }
}
