//! What the document says of the API as a whole: in English and in Swedish, since agencies of both read it.

use serde_json::{Value, json};

/// Writes everything but paths and components.
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
        "url": "https://{host}/nara/v1",
        "description": "A municipality's installation, in production.",
        // The OWASP rules want to know who may reach a server: this one lies open, since residents ask it.
        "x-internal": false,
        "variables": { "host": { "default": "nara.example", "description": "The host under which a municipality runs Nära." } },
    }]);
    document["tags"] = tags();
    document["components"]["securitySchemes"] = security_schemes();
}

fn security_schemes() -> Value {
    json!({
        "staffToken": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "Staff: a JWT from the municipality's sign-in service, validated as RFC8725 advises. Its claims say which roles and which offices the caller has.",
        },
        "partnerKey": {
            "type": "apiKey", "in": "header", "name": "X-API-Key",
            "description": "Partner agencies: the key that the municipality's administrator gave to the agency, with the scopes that it was given.",
        },
    })
}

/// By name, so that each is where one looks for it.
fn tags() -> Value {
    let tag = |name: &str, description: &str| json!({ "name": name, "description": description });
    json!([
        tag("areas", "The areas into which the municipality is divided, each served by a base. Geografiska områden."),
        tag("audit", "What is remembered of every change and every reading, and whether it is whole. Åtkomstloggen."),
        tag("directory", "The directory as a whole: whether it has gaps. Katalogen som helhet."),
        tag("districts", "The districts, each with a boundary, each in one area. Stadsdelar."),
        tag("families", "The families that are reached, and how they came to be. Familjer."),
        tag("meta", "About the API itself: its version, its document, its code lists. Om API:et självt."),
        tag("offices", "Where and when social services meet residents. Kontor och baser."),
        tag("outreach", "Meetings in the field, offers and their answers, promises to get back. Uppsökande arbete."),
        tag("partner", "Referrals as the partner agency that sends them sees them. Samverkansparter."),
        tag(
            "partners",
            "Partner agencies and their keys, as administrators keep them. Samverkansparter och deras nycklar."
        ),
        tag("people", "Who is met and helped, as known to staff of the offices that met them. Personer."),
        tag(
            "referrals",
            "Matters about a child or a family, sent to an office, as its staff work with them. Remisser och anmälningar."
        ),
        tag("services", "The kinds of help that there are, for whom, and where. Insatser och stöd."),
        tag("staff", "Who is calling, and who their colleagues are. Personal."),
        tag(
            "where-to-turn",
            "A resident's one question: where do I turn? It always has an answer, and says why. Vart vänder jag mig?"
        ),
    ])
}

const DESCRIPTION: &str = r#"## In English

Nära is the API behind social services that have moved out of the town hall and into the districts, so that children and young people (0 to 20 years) and their families get help early. It answers where a resident turns, keeps the directory of areas, districts, offices and services, and carries referrals from partner agencies to the office that takes care of them, and word back to the sender as far as secrecy allows. Field workers write down whom they meet, what they offer and what was answered, and when they promised to get back; the offices know the people and families they meet. Every change and every reading of a case leaves a sealed audit record.

**Who calls it.** Residents' web pages and apps, without signing in: where to turn and the directory. Staff, with a token (`Authorization: Bearer`): the queue of referrals, people and families, outreach contacts with offers and follow-ups, for administrators the directory and the partner agencies, and for auditors the audit. Partner agencies such as schools, police and health care, with a key (`X-API-Key`): their own referrals.

**How it speaks.** JSON in UTF-8, times in UTC (RFC 3339), problems as `application/problem+json` (RFC 9457) in English or Swedish by `Accept-Language`. Absent fields are left out and never null, unless the schema says so. Lists come in pages: follow the `next` links. PATCH, DELETE and the PUT of a boundary need `If-Match`. Personal identity numbers never stand in a path or a query.

**Lifecycle.** While `info.version` begins with 0 the API is being built and may change between releases. From 1.0 on, `/nara/v1` only grows: new operations, new optional fields, new values in code lists. So ignore fields that you do not know. What breaks callers gets a new path, `/nara/v2`. What is going away says so beforehand in the headers `Deprecation`, `Sunset` and `Link` (`successor-version`), and in `apiStatus` of `api-info`.

**Limits.** A key and a member of staff have a budget for reading and one for writing, an address that does not sign in has one, and searching for people and failing to sign in have small ones. `RateLimit-Policy` and `RateLimit` tell how the budget of a call stands; an empty one is 429 with `Retry-After`.

**Service level.** Each municipality runs its own installation and agrees on availability and support with those who call it; the software by itself promises none. Under overload the answer is 503 with `Retry-After`. A call is safe to repeat if its method is GET, PUT or DELETE, if it carries `If-Match`, or if it names itself by an `Idempotency-Key`: then it is done once, and answered alike for 24 hours.

**Known limits.** One installation serves one municipality. A body has at most 1 MiB, a page at most 100 items; on lists of cases pages behind row 10,000 are reached by cursor only. Nära ends where a formal inquiry is opened or support has started: it decides nothing about benefits, keeps no case files, and holds no documents.

## På svenska

Nära är API:et bakom en socialtjänst som har flyttat ut från kommunhuset till stadsdelarna, så att barn och unga (0 till 20 år) och deras familjer får hjälp tidigt. Det svarar på vart en invånare vänder sig, håller katalogen över områden, stadsdelar, kontor och insatser, och förmedlar remisser från samverkansparter till det kontor som tar hand om dem, och besked tillbaka till avsändaren så långt sekretessen medger. Fältarbetare skriver ned vilka de möter, vad de erbjuder, vad svaret blev och när de lovat återkomma; kontoren känner de personer och familjer som de möter. Varje ändring och varje läsning av ett ärende lämnar en förseglad post i åtkomstloggen.

**Vilka som anropar.** Invånarnas webbsidor och appar, utan inloggning: vart man vänder sig och katalogen. Personal, med token (`Authorization: Bearer`): kön av remisser, personer och familjer, uppsökande kontakter med erbjudanden och uppföljningar, för administratörer katalogen och samverkansparterna, och för granskare åtkomstloggen. Samverkansparter som skola, polis och vård, med nyckel (`X-API-Key`): sina egna remisser.

**Hur det talar.** JSON i UTF-8, tider i UTC (RFC 3339), fel som `application/problem+json` (RFC 9457) på engelska eller svenska enligt `Accept-Language`. Fält som saknar värde utelämnas och är aldrig null, om inte schemat säger det. Listor kommer i sidor: följ länkarna `next`. PATCH, DELETE och PUT av en stadsdelsgräns kräver `If-Match`. Personnummer står aldrig i en sökväg eller en fråga.

**Livscykel.** Så länge `info.version` börjar med 0 är API:et under uppbyggnad och kan ändras mellan utgåvor. Från 1.0 växer `/nara/v1` bara: nya operationer, nya frivilliga fält, nya värden i kodlistor. Bortse därför från fält som du inte känner till. Ändringar som inte är bakåtkompatibla får en ny sökväg, `/nara/v2`. Det som ska försvinna säger det i förväg i huvudfälten `Deprecation`, `Sunset` och `Link` (`successor-version`), och i `apiStatus` i `api-info`.

**Gränser.** En nyckel och en anställd har en budget för läsning och en för skrivning, en adress som inte loggar in har en, och personsökning och misslyckade inloggningar har små. `RateLimit-Policy` och `RateLimit` säger hur det står till med anropets budget; är den tom blir svaret 429 med `Retry-After`.

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
        assert_eq!(document["servers"][0]["url"], "https://{host}/nara/v1");
        assert_eq!(document["components"]["securitySchemes"]["partnerKey"]["name"], "X-API-Key");
    }
}
