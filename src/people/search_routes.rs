//! The operation that looks people up: by name or by identity number, and by nothing else (förordning 2001:637, 15 §).

use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::{Entry, actions};
use crate::auth::PeopleWorker;
use crate::context::Context;
use crate::error::{Error, Result, Text};
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::people::store::{self, SealedPerson};
use crate::people::view::PersonMatch;
use crate::people::{ConfidentialNumber, Person, names};
use crate::text::swedish_order;
use crate::vault::{Confidential, ConfidentialLine, Vault};

/// The most people that are shown. A person who is not among them must be looked up more exactly.
const MOST: usize = 20;

/// The person who is looked up: either a name or an identity number.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonSearch {
    /// The given name, the family name or both, in any order and without regard to case and accents. Every word must be a whole word of
    /// the person's name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa Öberg"
    name: Option<ConfidentialLine>,
    /// The personal identity number of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    personal_identity_number: Option<ConfidentialNumber>,
}

/// The people who were found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonMatches {
    /// The people who were found, at most 20, in the Swedish order of their names.
    #[schema(max_items = 20)]
    items: Vec<PersonMatch>,
    /// Whether more people were found than are shown. If so, search more exactly.
    ///
    /// @example false
    has_more: bool,
}

/// The key of a look-up, as the database knows it. The audit records the kind of the key, and never the key itself.
enum WantedPerson {
    Name(Vec<Vec<u8>>),
    Number(Vec<u8>),
}

/// Look a person up
///
/// Looks a person up by name or by personal identity number, among the people whom your own offices have met. Each look-up is recorded
/// with the member of staff, the kind of key and the people who were found, but without the name or the number itself.
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
    let mut people = shown.map(|person| person.open(&ctx.vault)).collect::<Result<Vec<Person>>>()?;
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
