//! The HTTP operations of the question "where do I turn?". Nothing of the question is stored or logged, and caches must
//! not keep the answer.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Anyone;
use crate::directory;
use crate::error::{Error, Result, Text, Violation, ViolationPlace};
use crate::http::body::Body;
use crate::http::call::{Cache, Call};
use crate::http::mount::Mount;
use crate::http::query::Query;
use crate::services::Need;
use crate::text::{LanguageCode, Line};
use crate::time::Timestamp;
use crate::where_to_turn::view::WhereToTurnView;
use crate::where_to_turn::{Whereabouts, Wish, answer};

/// Mounts the operations of the question "where do I turn?".
pub fn mount(api: &mut impl Mount) {
    api.service(where_to_turn).service(ask_where_to_turn);
}

/// A question about where to turn. Every field is optional. The place is decided by the first of `lat` with `lon`,
/// `district`, `place` and `postalCode` that is given and known.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[schema(as = WhereToTurnQuestion)]
pub struct Question {
    /// The latitude of the place in degrees (WGS 84). Must be given together with `lon`.
    #[schema(minimum = -90, maximum = 90, example = 58.4275)]
    #[param(minimum = -90, maximum = 90, example = 58.4275)]
    lat: Option<f64>,
    /// The longitude of the place in degrees (WGS 84). Must be given together with `lat`.
    #[schema(minimum = -180, maximum = 180, example = 15.5837)]
    #[param(minimum = -180, maximum = 180, example = 15.5837)]
    lon: Option<f64>,
    /// The district of the place, by its identifier, slug or name.
    #[schema(example = "skaggetorp-tornby")]
    #[param(example = "skaggetorp-tornby")]
    district: Option<Line>,
    /// The name of the place: a district, a part of a district or another municipality.
    #[schema(example = "Skäggetorp")]
    #[param(example = "Skäggetorp")]
    place: Option<Line>,
    /// The Swedish postal code of the place.
    #[schema(example = "58644")]
    #[param(example = "58644")]
    postal_code: Option<Line>,
    /// The age of the child or young person who needs help, in years.
    #[schema(minimum = 0, maximum = 120, example = 14)]
    #[param(minimum = 0, maximum = 120, example = 14)]
    age: Option<u8>,
    /// The problem with which help is needed.
    need: Option<Need>,
    /// The language in which help is wanted (ISO 639 code).
    language: Option<LanguageCode>,
    /// The time for which the answer says whether offices are open. The default is now.
    at: Option<Timestamp>,
}

impl Question {
    /// Checks the question and splits it into the place, the wish and the time. `place` turns the name of a field into
    /// the location of that field in the query or the body, for the errors.
    fn parts(
        self,
        place: fn(&str) -> ViolationPlace,
    ) -> std::result::Result<(Whereabouts, Wish, Option<Timestamp>), Violation> {
        let wrong = |field: &str, detail: Text| Violation { place: place(field), detail };
        let range = |field: &str, value: Option<f64>, most: f64| match value {
            Some(value) if !(-most..=most).contains(&value) => Err(wrong(
                field,
                Text::new(format!("must be -{most} to {most}"), format!("måste vara -{most} till {most}")),
            )),
            value => Ok(value),
        };
        let coordinates = match (range("lat", self.lat, 90.0)?, range("lon", self.lon, 180.0)?) {
            (Some(lat), Some(lon)) => Some((lat, lon)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(wrong("lon", Text::new("is required together with lat", "krävs tillsammans med lat")));
            }
            (None, Some(_)) => {
                return Err(wrong("lat", Text::new("is required together with lon", "krävs tillsammans med lon")));
            }
        };
        if self.age.is_some_and(|age| age > 120) {
            return Err(wrong("age", Text::new("must be 0 to 120", "måste vara 0 till 120")));
        }
        let text = |line: Option<Line>| line.map(|line| line.to_string());
        let asked = Whereabouts {
            coordinates,
            district: text(self.district),
            place: text(self.place),
            postal_code: text(self.postal_code),
        };
        Ok((asked, Wish { age: self.age, need: self.need, language: self.language }, self.at))
    }
}

/// Find out where to turn
///
/// The answer is the one office that is responsible for a place. `explanation` has each step that led to the office.
/// There is always an answer, even for a place outside the municipality and for a question without any field. Nothing
/// of the question is stored or logged.
#[utoipa::path(
    operation_id = "whereToTurn",
    tag = "where-to-turn",
    params(Question),
    responses((status = 200, description = "The responsible office, and why.", body = WhereToTurnView)),
    extensions(("x-answer-example" = json!({
        "explanation": [
            {
                "rule": "place_by_coordinates",
                "text": {
                    "en": "The coordinates lie in the district Skäggetorp-Tornby.",
                    "sv": "Koordinaterna ligger i stadsdelen Skäggetorp-Tornby.",
                },
            },
            {
                "rule": "office_of_area",
                "text": {
                    "en": "Nära socialtjänst Skäggetorp serves the area of the district.",
                    "sv": "Nära socialtjänst Skäggetorp har stadsdelens område som sitt upptagningsområde.",
                },
            },
        ],
    })))
)]
#[get("/where-to-turn")]
async fn where_to_turn(
    _: Anyone,
    call: Call,
    directory: Data<directory::Handle>,
    question: Query<Question>,
) -> Result<HttpResponse> {
    let parts = question.0.parts(|field| ViolationPlace::Parameter(field.to_owned()));
    answered(&call, &directory, parts.map_err(Error::bad_parameter)?)
}

/// Find out where to turn, with a body
///
/// This operation takes the fields of the GET request in a body and gives the same answer. It is for callers whose
/// proxies write addresses into their logs. It changes nothing.
#[utoipa::path(
    operation_id = "askWhereToTurn",
    tag = "where-to-turn",
    request_body(content = Question, example = json!({ "place": "Skäggetorp", "age": 14, "need": "school_absence" })),
    responses((status = 200, description = "The responsible office, and why.", body = WhereToTurnView)),
    extensions(("x-no-prefer" = json!(true)), ("x-answer-example" = json!({
        "resolvedBy": "place",
        "explanation": [
            {
                "rule": "place_by_name",
                "text": {
                    "en": "The place lies in the district Skäggetorp-Tornby.",
                    "sv": "Platsen ligger i stadsdelen Skäggetorp-Tornby.",
                },
            },
            {
                "rule": "office_of_area",
                "text": {
                    "en": "Nära socialtjänst Skäggetorp serves the area of the district.",
                    "sv": "Nära socialtjänst Skäggetorp har stadsdelens område som sitt upptagningsområde.",
                },
            },
        ],
    })))
)]
#[post("/where-to-turn")]
async fn ask_where_to_turn(
    _: Anyone,
    call: Call,
    directory: Data<directory::Handle>,
    question: Body<Question>,
) -> Result<HttpResponse> {
    let parts = question.0.parts(|field| ViolationPlace::Pointer(format!("/{field}")));
    answered(&call, &directory, parts.map_err(|wrong| Error::invalid(vec![wrong]))?)
}

fn answered(
    call: &Call,
    directory: &directory::Handle,
    (asked, wish, at): (Whereabouts, Wish, Option<Timestamp>),
) -> Result<HttpResponse> {
    let directory = directory.current();
    let at = at.unwrap_or(call.moment.now);
    let view = WhereToTurnView::new(answer(&directory, &asked, &wish)?, &directory, at, call);
    call.answer(&view, Cache::NoStore)
}
