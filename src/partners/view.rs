//! Partner agencies and their keys as callers see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::keys::{ApiKey, KeyId, Network};
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

/// Where the law speaks of an agency's category.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LegalBasis {
    /// The legal reference.
    #[schema(max_length = 100, example = "sol-19-1")]
    id: &'static str,
    /// The point of SoL 19 kap. 1 § that names the category, for those with a duty to report.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 22, example = 4)]
    point: Option<u8>,
    /// Where it stands, as it reads today; absent where the installation has not loaded the reference.
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

/// A partner agency.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Partner)]
pub struct PartnerView {
    /// Its identifier.
    id: PartnerId,
    /// Its readable name in paths.
    ///
    /// @example "school"
    slug: Slug,
    /// What it is called.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Skäggetorps grundskola (påhittad)")]
    name: Line,
    /// What kind of organisation it is.
    ///
    /// @example "school"
    category: Category,
    /// Whether the law obliges it to report that a child may be harmed. Follows from the category.
    mandatory_reporter: bool,
    /// Where the law says so.
    legal_basis: LegalBasis,
    /// How it is reached.
    #[serde(skip_serializing_if = "Contact::is_empty")]
    #[schema(required = false)]
    contact: Contact,
    /// Whether it may call.
    status: PartnerStatus,
    /// How often it was written.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Since when it is known here.
    created_at: Timestamp,
    /// When it was written last.
    updated_at: Timestamp,
    /// Its own address, and that of its keys.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl PartnerView {
    /// An agency as `call` gets it.
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

/// A key of a partner agency, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub struct ApiKeyView {
    /// Its identifier: the third part of the key.
    id: KeyId,
    /// The identifier by which the audit names it.
    audit_id: uuid::Uuid,
    /// What people call it.
    #[schema(max_length = 200, example = "Elevhälsans system")]
    label: String,
    /// What it may be used for.
    #[schema(max_items = 2)]
    scopes: Vec<Scope>,
    /// From which networks alone it holds; absent if it holds from anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 50)]
    allowed_networks: Vec<Network>,
    /// When it was made.
    created_at: Timestamp,
    /// When it ends, if it does.
    ///
    /// @example "2027-11-21T00:00:00Z"
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// Until when it holds beside the key that takes its place.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap_until: Option<Timestamp>,
    /// The key that takes its place.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_to: Option<KeyId>,
    /// When it was revoked.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    /// When it was used last, to about a minute; absent if it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
    /// Its own address, its agency's, and what may be done with it now.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl ApiKeyView {
    /// A key of the agency with this slug, and what may be done with it now.
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

/// A new key, with its secret: the only time that it is shown.
#[derive(Serialize, ToSchema)]
pub struct IssuedApiKey<'a> {
    /// The key.
    #[serde(flatten)]
    pub key: &'a ApiKeyView,
    /// The whole key, for the header `X-API-Key`. It is shown this once and kept nowhere.
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
    /// Its identifier.
    id: PartnerId,
    /// Its readable name.
    ///
    /// @example "school"
    slug: Slug,
    /// What it is called.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Skäggetorps grundskola (påhittad)")]
    name: Line,
    /// What kind of organisation it is.
    ///
    /// @example "school"
    category: Category,
    /// Whether the law obliges it to report that a child may be harmed.
    mandatory_reporter: bool,
    /// Where the law says so.
    legal_basis: LegalBasis,
    /// How the municipality reaches it.
    #[serde(skip_serializing_if = "Contact::is_empty")]
    #[schema(required = false)]
    contact: Contact,
    /// The key that this call is made with.
    key_id: KeyId,
    /// What this key may be used for.
    #[schema(max_items = 2)]
    scopes: Vec<Scope>,
    /// How many calls each key may make; absent where the installation limits nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<KeyLimits>,
    /// All keys of the agency that hold at present, in the order in which they were made.
    #[schema(max_items = 1000)]
    keys: Vec<OwnKey>,
    /// Its own address, and what this key may do.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

/// A key as its agency sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartnerOwnKey)]
pub struct OwnKey {
    /// Its identifier: the third part of the key.
    id: KeyId,
    /// What the municipality calls it.
    #[schema(max_length = 200, example = "Elevhälsans system")]
    label: String,
    /// What it may be used for.
    #[schema(max_items = 2)]
    scopes: Vec<Scope>,
    /// When it ends, if it does: by its expiry or, when another key takes its place, by the end of the overlap.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
    /// The key that takes its place.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_to: Option<KeyId>,
}

impl OwnView {
    /// The agency as `call`, which it makes itself, gets it.
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

/// Where an agency lies below the root of the API.
pub fn path(slug: &Slug) -> String {
    format!("/partners/{slug}")
}

/// Where a key of an agency lies below the root of the API.
pub fn key_path(slug: &Slug, id: &KeyId) -> String {
    format!("/partners/{slug}/api-keys/{id}")
}
