//! The JSON forms of partner agencies and of their API keys in answers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::keys::{ApiKey, ApiKeyId, Network};
use crate::auth::{Agency, Category, PartnerStatus, Scope};
use crate::calendar::in_force;
use crate::directory::Directory;
use crate::http::call::Call;
use crate::http::link::{Link, Linking};
use crate::id::PartnerId;
use crate::partners::limits::KeyLimits;
use crate::partners::{Contact, Partner};
use crate::slug::Slug;
use crate::text::Line;
use crate::time::Timestamp;

/// The provision of law under which an agency of some category reports: the duty to report (SoL 19 kap. 1 §), or everybody's
/// right to report (SoL 19 kap. 4 §).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LegalBasis {
    /// The identifier of the provision in the list of legal references.
    #[schema(max_length = 100, example = "sol-19-1")]
    id: &'static str,
    /// The number of the point of SoL 19 kap. 1 § that names the agency's category; absent if the category has no duty to report.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 22, example = 4)]
    point: Option<u8>,
    /// The citation of the provision as it is in force today; absent if the installation has not loaded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, example = "SoL (2025:400) 19 kap. 1 §")]
    citation: Option<String>,
}

impl LegalBasis {
    fn of(category: Category, directory: &Directory, now: Timestamp) -> Self {
        let (id, today) = (category.legal_reference(), directory.calendar.local_date(now.utc()));
        let reference = in_force(&directory.legal_references, id, today);
        Self { id, point: category.point(), citation: reference.map(|reference| reference.citation.clone()) }
    }
}

/// A partner agency as administrators see it in answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Partner)]
pub struct PartnerView {
    /// The agency's unique identifier.
    id: PartnerId,
    /// The short readable name by which paths name the agency, besides its identifier.
    ///
    /// @example "school"
    slug: Slug,
    /// The agency's name in full.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Skäggetorps grundskola (påhittad)")]
    name: Line,
    /// The category of the agency: the kind of organisation that it is.
    ///
    /// @example "school"
    category: Category,
    /// Whether the law obliges the agency to report that a child may be harmed. This follows from the category.
    mandatory_reporter: bool,
    /// The provision of law under which the agency reports. This follows from its category.
    legal_basis: LegalBasis,
    /// The agency's contact details.
    #[serde(skip_serializing_if = "Contact::is_empty")]
    #[schema(required = false)]
    contact: Contact,
    /// The status of the agency. The keys of a suspended agency are not accepted.
    status: PartnerStatus,
    /// The number of the agency's present version: 1 when it was created, and one more with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// The time at which the agency was created here.
    created_at: Timestamp,
    /// The time at which the agency was last changed here.
    updated_at: Timestamp,
    /// The links to the agency and to its keys.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl PartnerView {
    /// Makes the view of an agency for the answer to `call`.
    pub fn new(partner: Partner, directory: &Directory, call: &Call) -> Self {
        let path = path(&partner.slug);
        let links = vec![call.link("self", "GET", &path), call.link("api-keys", "GET", &format!("{path}/api-keys"))];
        Self {
            id: partner.id,
            slug: partner.slug,
            name: partner.name,
            category: partner.category,
            mandatory_reporter: partner.category.is_mandatory_reporter(),
            legal_basis: LegalBasis::of(partner.category, directory, call.moment.now),
            contact: partner.contact,
            status: partner.status,
            version: partner.version,
            created_at: partner.created_at,
            updated_at: partner.updated_at,
            links,
        }
    }
}

/// An API key of a partner agency, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub struct ApiKeyView {
    /// The identifier of the key: the third of the parts of the whole key, which are separated by `_`.
    id: ApiKeyId,
    /// The identifier by which the records of the audit name the key.
    audit_id: uuid::Uuid,
    /// The label by which people recognise the key.
    #[schema(max_length = 200, example = "Elevhälsans system")]
    label: String,
    /// The scopes of the key: the kinds of operations that it may be used for.
    #[schema(max_items = 2)]
    scopes: Vec<Scope>,
    /// The only networks from which the key is accepted; absent if it is accepted from everywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 50)]
    allowed_networks: Vec<Network>,
    /// The time at which the key was made.
    created_at: Timestamp,
    /// The time at which the key expires; absent if it never does.
    ///
    /// @example "2027-11-21T00:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// The time until which the key stays valid beside the new key that replaces it. Absent if it was not replaced.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap_until: Option<Timestamp>,
    /// The identifier of the new key that replaces this one. Absent if it was not replaced.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_to: Option<ApiKeyId>,
    /// The time at which the key was revoked. Absent if it was not revoked.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    /// The time at which the key was last used, accurate to about a minute; absent if it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
    /// The links to the key, to its agency and to the operations that are possible on the key now.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl ApiKeyView {
    /// Makes the view of a key of the agency with the slug `slug`, with links to the operations that are possible on the key at
    /// the time `now`.
    pub fn new(key: ApiKey, slug: &Slug, addresses: &impl Linking, now: Timestamp) -> Self {
        let path = key_path(slug, &key.id);
        let mut links = vec![addresses.link("self", "GET", &path), addresses.link("partner", "GET", &self::path(slug))];
        if key.may_be_rotated(now) {
            links.push(addresses.link("rotate", "POST", &format!("{path}/rotate")));
        }
        if key.revoked_at.is_none() {
            links.push(addresses.link("revoke", "POST", &format!("{path}/revoke")));
        }
        Self {
            audit_id: key.id.uuid(),
            scopes: key.scopes(),
            allowed_networks: key.allowed_networks().to_vec(),
            id: key.id,
            label: key.label,
            created_at: key.created_at,
            expires_at: key.expires_at,
            overlap_until: key.overlap_until,
            rotated_to: key.rotated_to,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            links,
        }
    }
}

/// A new API key with its secret, which is shown only this once.
#[derive(Serialize, ToSchema)]
pub struct IssuedApiKey<'a> {
    /// The fields of the key that later answers show as well.
    #[serde(flatten)]
    pub key: &'a ApiKeyView,
    /// The whole key, to be sent in the header `X-API-Key`. It is shown only this once and is not stored.
    #[schema(
        min_length = 56,
        max_length = 70,
        pattern = "^nara_[a-z]+_[0-9A-Za-z]{10}_[0-9A-Za-z]+$",
        example = "nara_live_3kT9xZ0aQw_0123456789ABCDEFGHIJKLMNOPQRSTUVabcdef"
    )]
    pub secret: String,
}

/// A partner agency as its own system sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartnerMe)]
pub struct OwnView {
    /// The agency's unique identifier.
    id: PartnerId,
    /// The short readable name of the agency, such as `school`.
    ///
    /// @example "school"
    slug: Slug,
    /// The agency's name in full.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Skäggetorps grundskola (påhittad)")]
    name: Line,
    /// The category of the agency: the kind of organisation that it is.
    ///
    /// @example "school"
    category: Category,
    /// Whether the law obliges the agency to report that a child may be harmed. This follows from the category.
    mandatory_reporter: bool,
    /// The provision of law under which the agency reports. This follows from its category.
    legal_basis: LegalBasis,
    /// The contact details that the municipality has for the agency.
    #[serde(skip_serializing_if = "Contact::is_empty")]
    #[schema(required = false)]
    contact: Contact,
    /// The identifier of the key that this call is made with.
    key_id: ApiKeyId,
    /// The scopes of the key that this call is made with: the kinds of operations that it may be used for.
    #[schema(max_items = 2)]
    scopes: Vec<Scope>,
    /// The rate limits that apply to each key of the agency; absent if the installation sets no limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<KeyLimits>,
    /// The agency's keys that are valid now, in the order in which they were made.
    #[schema(max_items = 1000)]
    keys: Vec<OwnKey>,
    /// The links to this view of the agency, and to the operations that the key of this call may be used for.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

/// An API key of a partner agency as the agency itself sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartnerOwnKey)]
pub struct OwnKey {
    /// The identifier of the key: the third of the parts of the whole key, which are separated by `_`.
    id: ApiKeyId,
    /// The label by which the municipality's administrators recognise the key.
    #[schema(max_length = 200, example = "Elevhälsans system")]
    label: String,
    /// The scopes of the key: the kinds of operations that it may be used for.
    #[schema(max_items = 2)]
    scopes: Vec<Scope>,
    /// The time at which the key ends: its expiry or, if another key replaces it, the end of the overlap. Absent if it does not
    /// end.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
    /// The identifier of the new key that replaces this one. Absent if it was not replaced.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_to: Option<ApiKeyId>,
}

impl OwnView {
    /// Makes the view of the agency that makes the call `call` with one of its keys.
    pub fn new(
        partner: Partner,
        keys: Vec<ApiKey>,
        agency: &Agency,
        limits: Option<KeyLimits>,
        directory: &Directory,
        call: &Call,
    ) -> Self {
        let now = call.moment.now;
        let mut links = vec![call.link("self", "GET", "/partner/me")];
        for scope in &agency.scopes {
            links.push(match scope {
                Scope::Submit => call.link("submit-referral", "POST", "/partner/referrals"),
                Scope::Read => call.link("referrals", "GET", "/partner/referrals"),
            });
        }
        let keys = keys.into_iter().filter(|key| key.holds(now)).map(|key| OwnKey {
            scopes: key.scopes(),
            ends_at: key.ends_at(),
            id: key.id,
            label: key.label,
            rotated_to: key.rotated_to,
        });
        Self {
            id: partner.id,
            slug: partner.slug,
            name: partner.name,
            category: partner.category,
            mandatory_reporter: partner.category.is_mandatory_reporter(),
            legal_basis: LegalBasis::of(partner.category, directory, now),
            contact: partner.contact,
            key_id: agency.key.clone(),
            scopes: agency.scopes.clone(),
            limits,
            keys: keys.collect(),
            links,
        }
    }
}

/// The path of the agency with the slug `slug`, below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/partners/{slug}")
}

/// The path of the key `id` of the agency with the slug `slug`, below the root of the API.
pub fn key_path(slug: &Slug, id: &ApiKeyId) -> String {
    format!("/partners/{slug}/api-keys/{id}")
}
