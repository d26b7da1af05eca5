//! The OpenAPI document, for tests that check a convention on every operation.

use std::sync::{Arc, LazyLock};

use nara::http::documented::DocumentedOperation;
use nara::openapi;
use serde_json::{Value, json};

use super::app::SKAGGETORP;
use super::caller::{Actor, Answer, Method};
use super::{TestApp, fixtures};

/// The document as `nara openapi` writes it.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(nara::server::document);

/// The document for the servers that tests start. Making it takes longer than most tests, so they share one.
pub static PUBLISHED: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(DOCUMENT.clone()));

pub static OPERATIONS: LazyLock<Vec<DocumentedOperation>> = LazyLock::new(|| openapi::operations(&DOCUMENT));

/// The document's entry of an operation.
pub fn described(operation: &DocumentedOperation) -> &'static Value {
    &DOCUMENT["paths"][&operation.path][operation.method.to_ascii_lowercase()]
}

/// The document's entry of an operation's answer with this status, with its reference resolved; null if there is none.
pub fn answer_of(operation: &DocumentedOperation, status: &str) -> &'static Value {
    let answer = &described(operation)["responses"][status];
    let pointer = answer["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.map_or(answer, |pointer| DOCUMENT.pointer(pointer).expect("a reference leads somewhere"))
}

/// Whether an operation takes a body.
pub fn takes_body(operation: &DocumentedOperation) -> bool {
    described(operation).get("requestBody").is_some()
}

/// Whether the document allows null in a field of an operation's body.
pub fn may_be_null(operation: &DocumentedOperation, field: &str) -> bool {
    let schema = &described(operation)["requestBody"]["content"]["application/json"]["schema"];
    let name =
        schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()).expect("a body has a schema with a name");
    DOCUMENT["components"]["schemas"][name]["properties"][field]["x-nullable"] == true
}

/// Whether an operation requires `If-Match`, because it changes a version that its caller has read.
pub fn needs_if_match(operation: &DocumentedOperation) -> bool {
    let parameters = described(operation)["parameters"].as_array().expect("every operation has parameters");
    parameters.iter().any(|parameter| parameter["$ref"] == "#/components/parameters/IfMatch")
}

/// The referral step that an operation takes, if it takes one.
pub fn step_of(operation: &DocumentedOperation) -> Option<&str> {
    let step = operation.path.strip_prefix("/referrals/{id}/").filter(|_| operation.method == "POST");
    step.filter(|step| !["messages", "copy-for-sibling"].contains(step))
}

/// Whether an operation is a list with pages.
pub fn is_list(operation: &DocumentedOperation) -> bool {
    operation.query.iter().any(|name| name == "cursor")
}

/// The first example of an operation's request body.
pub fn example(operation: &DocumentedOperation) -> Value {
    let examples = &described(operation)["requestBody"]["content"]["application/json"]["examples"];
    let first = examples.as_object().and_then(|examples| examples.values().next());
    first.unwrap_or_else(|| panic!("{} has no example", operation.id))["value"].clone()
}

/// A request that succeeds if the right caller sends it.
#[derive(Clone)]
pub struct Prepared {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
    pub etag: Option<String>,
}

impl Prepared {
    pub async fn send(&self, actor: &Actor) -> Answer {
        self.request(actor).send().await
    }

    /// The request, so that a test can add to it.
    pub fn request(&self, actor: &Actor) -> super::caller::Request {
        let mut request = actor.request(self.method.clone(), &self.path);
        if let Some(etag) = &self.etag {
            request = request.header("if-match", etag);
        }
        match &self.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// The path without the query.
    pub fn path_alone(&self) -> String {
        self.path.split('?').next().unwrap_or_default().to_owned()
    }

    /// The request with another body.
    pub fn with_body(&self, body: Value) -> Self {
        Self { body: Some(body), ..self.clone() }
    }

    /// The request without its body and its precondition.
    pub fn bare(&self, actor: &Actor) -> super::caller::Request {
        actor.request(self.method.clone(), &self.path)
    }
}

impl TestApp {
    /// A caller who may call an operation.
    pub fn right_caller(&self, operation: &DocumentedOperation) -> Actor {
        match operation.secured_by.first().map(String::as_str) {
            None => self.anyone(),
            Some("partnerKey") => self.school(),
            Some(_) if operation.path.ends_with("/versions") => self.team_lead(),
            Some(_) if step_of(operation).is_some() => self.team_lead(),
            Some(_)
                if [
                    "/referrals",
                    "/people",
                    "/families",
                    "/staff",
                    "/me",
                    "/outreach-contacts",
                    "/offers",
                    "/follow-ups",
                ]
                .iter()
                .any(|path| operation.path.starts_with(path)) =>
            {
                self.caseworker()
            }
            Some(_) if operation.path.starts_with("/audit-records") => self.auditor(),
            Some(_) => self.administrator(),
        }
    }

    /// Prepares a request that succeeds once. The things that it changes or removes are made for it.
    pub async fn prepare(&self, operation: &DocumentedOperation) -> Prepared {
        let method: Method = operation.method.parse().expect("a method");
        let changes = needs_if_match(operation);
        let id = if changes { self.made_for(operation).await } else { self.known_for(operation).await };
        let mut path = operation.path.replace("{id}", &id);
        if path.contains("{keyId}") {
            path = path.replace("{keyId}", &self.issued_key(&id).await.0);
        }
        let etag = if changes {
            let (thing, _) = path.split_once("/boundary").unwrap_or((&path, ""));
            Some(self.right_caller(operation).get(thing).await.etag())
        } else {
            None
        };
        let body = match operation.id.as_str() {
            "createOffer" => Some(self.new_offer().await),
            "createFollowUp" => Some(fixtures::follow_up(&self.contact().await)),
            "createDistrict" => Some(self.new_district().await),
            "movePerson" => Some(json!({ "familyId": self.family().await, "reason": "Flyttade." })),
            "mergeFamilies" => Some(json!({ "otherId": self.family().await, "reason": "Samma familj." })),
            "replaceBoundary" => Some(self.anyone().get(&path).await.expect(200)),
            _ => match step_of(operation) {
                Some(step) => Some(self.step_body(step).await),
                None => takes_body(operation).then(|| body_for(operation)),
            },
        };
        let question = match operation.id.as_str() {
            "whereToTurn" => "?district=ryd",
            // Each reading of the audit adds a record, so only a list of older records stays the same.
            "listAuditRecords" => "?to=2026-11-23T08:59:59Z",
            _ => "",
        };
        let path = path + question;
        Prepared { method, path, body, etag }
    }

    /// The name of something that exists and that the operation can be called on.
    async fn known_for(&self, operation: &DocumentedOperation) -> String {
        match operation.path.split('/').nth(1).unwrap_or_default() {
            _ if !operation.path.contains('{') => String::new(),
            "areas" => "norr".to_owned(),
            "districts" => "ryd".to_owned(),
            "offices" => SKAGGETORP.to_owned(),
            "services" => "telefonradgivning".to_owned(),
            "code-lists" => "needs".to_owned(),
            "people" => self.person().await,
            "families" => self.family().await,
            // A client itself makes the identifier of a contact that it puts.
            "outreach-contacts" if operation.method == "PUT" => fixtures::fresh_id(),
            "outreach-contacts" => self.contact().await,
            "offers" => self.offer().await,
            "follow-ups" => self.follow_up().await,
            "partners" => "school".to_owned(),
            "referrals" if step_of(operation).is_some() => {
                self.referral_for(step_of(operation).unwrap_or_default()).await
            }
            "partner" if operation.id == "withdrawPartnerReferral" => self.submitted(fixtures::support_request()).await,
            "partner" if operation.id == "requestFeedback" => {
                self.submitted(fixtures::without(fixtures::unnumbered(), "/feedbackRequested")).await
            }
            "referrals" | "partner" => self.submitted(fixtures::unnumbered()).await,
            other => panic!("nothing is known to read at /{other}"),
        }
    }

    /// A body for a new district, in place of one that is retired for it.
    pub async fn new_district(&self) -> Value {
        let path = format!("/districts/{}", self.free_district().await);
        let etag = self.anyone().get(&path).await.etag();
        self.administrator().patch(&path, json!({ "status": "retired" }), &etag).await.expect(200);
        let boundary = self.anyone().get(&format!("{path}/boundary")).await.expect(200);
        let slug = slug("stadsdel");
        json!({
            "slug": slug, "code": slug.to_uppercase(), "name": { "sv": "Påhittad stadsdel" }, "placeNames": [],
            "areaId": "norr", "boundary": boundary,
        })
    }

    /// A district that is active and that no other test uses.
    async fn free_district(&self) -> String {
        let districts = self.anyone().get("/districts?limit=100").await.expect(200);
        let districts = districts["items"].as_array().expect("a list").iter();
        let mut active = districts
            .filter(|district| district["status"] == "active")
            .filter_map(|district| district["slug"].as_str());
        active.find(|slug| !KEPT.contains(slug)).expect("there are many districts").to_owned()
    }

    /// Submits a referral of the school and returns its id.
    pub async fn submitted(&self, body: Value) -> String {
        let receipt = self.school().post("/partner/referrals", body).await.expect(201);
        receipt["id"].as_str().expect("a receipt has an id").to_owned()
    }

    /// Registers a person in Skäggetorp and returns the id.
    pub async fn person(&self) -> String {
        self.registered("/people", fixtures::person()).await
    }

    /// Registers a family in Skäggetorp and returns the id.
    pub async fn family(&self) -> String {
        self.registered("/families", fixtures::family()).await
    }

    /// Creates an outreach contact in Skäggetorp and returns its id.
    pub async fn contact(&self) -> String {
        self.registered("/outreach-contacts", fixtures::contact()).await
    }

    /// Creates an offer to a participant of a new contact and returns its id.
    pub async fn offer(&self) -> String {
        let contact = self.contact().await;
        self.registered(&format!("/outreach-contacts/{contact}/offers"), self.new_offer().await).await
    }

    /// A body that offers a service to the first participant.
    pub async fn new_offer(&self) -> Value {
        let service = self.anyone().get("/services/telefonradgivning").await.expect(200)["id"].clone();
        json!({ "serviceId": service, "to": { "participantIndex": 0 } })
    }

    /// Creates a follow-up of a new contact and returns its id.
    pub async fn follow_up(&self) -> String {
        let contact = self.contact().await;
        self.registered("/follow-ups", fixtures::follow_up(&contact)).await
    }

    /// Creates something as a caseworker in Skäggetorp and returns its id.
    pub async fn registered(&self, collection: &str, body: Value) -> String {
        let made = self.caseworker().post(collection, body).await.expect(201);
        made["id"].as_str().expect("it has an id").to_owned()
    }

    /// Makes a new key of an agency, and returns its id and the whole key.
    pub async fn issued_key(&self, agency: &str) -> (String, String) {
        let issued =
            self.administrator().post(&format!("/partners/{agency}/api-keys"), new_api_key()).await.expect(201);
        let text = |name: &str| issued[name].as_str().expect("it is a text").to_owned();
        (text("id"), text("secret"))
    }

    /// Creates something that the operation can be called on and that nothing refers to, and returns its id.
    async fn made_for(&self, operation: &DocumentedOperation) -> String {
        let noun = operation.path.split('/').nth(1).unwrap_or_default();
        let body = match noun {
            "areas" => new_area(),
            "districts" if operation.method == "DELETE" => return self.free_district().await,
            "districts" => return "valkebo-omland".to_owned(),
            "offices" => new_office(),
            "services" => new_service(),
            "people" => return self.person().await,
            "families" => return self.family().await,
            "outreach-contacts" => return self.contact().await,
            "partners" => new_partner(),
            "referrals" => return self.submitted(fixtures::unnumbered()).await,
            other => panic!("nothing can be made at /{other}"),
        };
        let made = self.administrator().post(&format!("/{noun}"), body).await.expect(201);
        made["id"].as_str().expect("it has an id").to_owned()
    }
}

/// Whether a path is about people and their cases, and not about the directory.
pub fn is_of_cases(path: &str) -> bool {
    [
        "/referrals",
        "/partner/",
        "/people",
        "/families",
        "/audit-records",
        "/outreach-contacts",
        "/offers",
        "/follow-ups",
    ]
    .iter()
    .any(|noun| path.starts_with(noun))
}

/// The districts that other tests use.
const KEPT: [&str; 3] = ["ryd", "skaggetorp-tornby", "valkebo-omland"];

/// A slug that is not yet used.
fn slug(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub fn new_area() -> Value {
    json!({ "slug": slug("omrade"), "name": { "sv": "Påhittat område" } })
}

pub fn new_office() -> Value {
    json!({
        "slug": slug("kontor"), "name": { "sv": "Påhittat kontor" }, "kind": "satellite", "status": "planned",
        "areaIds": ["norr"], "languages": ["sv"], "accessibility": [], "serviceIds": [],
    })
}

pub fn new_service() -> Value {
    json!({
        "slug": slug("insats"), "name": { "sv": "Påhittad insats" }, "description": { "sv": "Finns inte." },
        "orientation": "preventive", "provision": "provider", "needsAssessment": false, "identityExempt": false,
        "ages": { "from": 0, "to": 20 }, "needs": [], "languages": ["sv"], "officeIds": [],
    })
}

pub fn new_partner() -> Value {
    json!({ "slug": slug("part"), "name": "Påhittad skola", "category": "school" })
}

pub fn new_api_key() -> Value {
    json!({ "label": "Påhittat system", "scopes": ["referrals:submit", "referrals:read"] })
}

fn body_for(operation: &DocumentedOperation) -> Value {
    match operation.id.as_str() {
        "createArea" => new_area(),
        "createOffice" => new_office(),
        "createService" => new_service(),
        "createPartner" => new_partner(),
        "createApiKey" => new_api_key(),
        "rotateApiKey" => json!({}),
        "changePartner" => json!({ "name": "Omdöpt" }),
        "submitReferral" => fixtures::unnumbered(),
        "createPerson" => fixtures::person(),
        "createFamily" => fixtures::family(),
        "createOutreachContact" | "putOutreachContact" => fixtures::contact(),
        "submitOutreachContactBatch" => json!({ "items": [fixtures::contact()] }),
        "correctOutreachContact" => json!({ "durationMinutes": 30 }),
        "answerOffer" => json!({ "answer": "thinking" }),
        "completeFollowUp" => json!({ "result": "De hörde av sig." }),
        "createReferral" => fixtures::private_report(),
        "correctReferral" => json!({ "urgency": "immediate" }),
        "changePerson" => json!({ "givenName": "Omdöpt" }),
        "changeFamily" => json!({ "label": "Omdöpt" }),
        _ if operation.method == "PATCH" => json!({ "name": { "sv": "Omdöpt" } }),
        _ => example(operation),
    }
}
