//! The operation that searches for people: by name or by identity number, and by nothing else (förordning 2001:637, 15 §).

use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::{Entry, actions};
use crate::auth::PeopleWorker;
use crate::binding;
use crate::context::Context;
use crate::error::{Error, Result, Text};
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::people::store::{self, SealedPerson};
use crate::people::view::PersonMatch;
use crate::people::{ConfidentialNumber, Person, names};
use crate::text::swedish_order;
use crate::vault::{Confidential, ConfidentialLine, Vault};

/// The largest number of people that one search returns. Somebody who seeks a person that is not among them must search more
/// exactly.
const MOST: usize = 20;

/// The key of a search for people: either a name or an identity number, and not both.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonSearch {
    /// The words to look for in names, at most ten: the given name, the family name or both, in any order and without regard to
    /// case and accents. A person is found if every word is a whole word of the person's name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa Öberg"
    name: Option<ConfidentialLine>,
    /// The personal identity number of the person who is sought.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    personal_identity_number: Option<ConfidentialNumber>,
}

/// The result of a search for people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonMatches {
    /// The people who were found, at most 20, in the Swedish alphabetical order of their names. If there are more, these are the
    /// ones that were registered last.
    #[schema(max_items = 20)]
    items: Vec<PersonMatch>,
    /// Whether more than 20 people were found, so that some are missing in `items`. If so, search more exactly.
    ///
    /// @example false
    has_more: bool,
}

/// The keyed hashes that a search compares with those in the database: of the words of a name, or of an identity number. The
/// audit records only which of the two was used.
enum WantedPerson {
    Name(Vec<Vec<u8>>),
    Number(Vec<u8>),
}

/// Look a person up
///
/// Searches by name or by personal identity number for people whom your own offices have met. The audit records each search with
/// the member of staff, the kind of key (name or number) and the people who were found, but without the name or the number
/// itself.
#[utoipa::path(
    operation_id = "searchPeople",
    tag = "people",
    request_body = PersonSearch,
    responses((status = 200, description = "The people who were found.", body = PersonMatches)),
    security(("staffToken" = [])),
    extensions(("x-no-prefer" = json!(true)))
)]
#[post("/people/search")]
pub async fn search_people(ctx: Context<PeopleWorker>, search: Body<PersonSearch>) -> Result<HttpResponse> {
    let (key, scope) = (WantedPerson::new(&search.0, &ctx.vault)?, ctx.readable());
    let action = match key {
        WantedPerson::Name(_) => actions::PERSON_LOOKED_UP_BY_NAME,
        WantedPerson::Number(_) => actions::PERSON_LOOKED_UP_BY_NUMBER,
    };
    let attempt = action.on_new().on_behalf_of(scope.only_office()).because(scope.reason);
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let read = move |conn: &mut _| match &key {
        WantedPerson::Name(words) => store::with_name(conn, &scope, words, limit),
        WantedPerson::Number(hash) => store::with_number(conn, &scope, hash, limit),
    };
    let seen = |found: &Vec<SealedPerson>, entry: Entry| {
        entry.about(found.iter().take(MOST).map(|person| person.id.uuid()).collect())
    };
    let found = ctx.read_recorded(attempt, read, seen).await?;
    let has_more = found.len() > MOST;
    let shown = found.into_iter().take(MOST);
    let mut people: Vec<Person> = binding::sound(shown, |person| person.open(&ctx.vault));
    people.sort_by_cached_key(|person| (swedish_order(&person.written.full_name()), person.id));
    let items = people.into_iter().map(|person| PersonMatch::new(person, &ctx.call)).collect();
    ctx.call.answer(&PersonMatches { items, has_more }, Cache::NoStore)
}

impl WantedPerson {
    fn new(search: &PersonSearch, vault: &Vault) -> Result<Self> {
        match (&search.name, search.personal_identity_number.as_ref().map(Confidential::reveal)) {
            (None, Some(number)) => Ok(Self::Number(store::number_hash(vault, number))),
            (Some(name), None) => {
                let words = store::name_hashes(vault, name.reveal().as_ref());
                match words.len() {
                    1..=names::MOST_WORDS => Ok(Self::Name(words)),
                    _ => Err(Error::invalid_at(
                        "/name",
                        Text::new("must have 1 to 10 words of letters", "måste ha 1 till 10 ord av bokstäver"),
                    )),
                }
            }
            _ => Err(Error::invalid_at(
                "",
                Text::new(
                    "must have exactly one of name and personalIdentityNumber",
                    "måste ha exakt ett av name och personalIdentityNumber",
                ),
            )),
        }
    }
}
