-- Identifiers are UUIDv7 in 16 bytes, times microseconds since 1970 in UTC, documents JSON text.

-- What each migration looked like when it ran here: a database laid out by another text is refused.
CREATE TABLE migration_fingerprints (
    version TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL
) STRICT;

CREATE TABLE directory_state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    synthetic INTEGER NOT NULL CHECK (synthetic IN (0, 1))
) STRICT;
INSERT INTO directory_state (id, version, synthetic) VALUES (1, 0, 0);

-- What only the snapshot reads, whole: the municipality, postal codes, holidays, legal references, deadlines.
CREATE TABLE directory_documents (
    name TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL CHECK (json_valid(content))
) STRICT;

-- Which keys sealed and hashed what is here; a key itself is nowhere.
CREATE TABLE vault_keys (
    kind TEXT NOT NULL,
    id INTEGER NOT NULL,
    check_value BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE areas (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (json_valid(name)),
    description TEXT CHECK (json_valid(description)),
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE districts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (json_valid(name)),
    place_names TEXT NOT NULL CHECK (json_valid(place_names)),
    area_id BLOB NOT NULL REFERENCES areas (id),
    population TEXT CHECK (json_valid(population)),
    boundary TEXT NOT NULL CHECK (json_valid(boundary)),
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX districts_area_id ON districts (area_id);

CREATE TABLE services (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (json_valid(name)),
    description TEXT NOT NULL CHECK (json_valid(description)),
    orientation TEXT NOT NULL,
    provision TEXT NOT NULL,
    needs_assessment INTEGER NOT NULL CHECK (needs_assessment IN (0, 1)),
    assessment_kind TEXT,
    identity_exempt INTEGER NOT NULL CHECK (identity_exempt IN (0, 1)),
    ages TEXT NOT NULL CHECK (json_valid(ages)),
    needs TEXT NOT NULL CHECK (json_valid(needs)),
    languages TEXT NOT NULL CHECK (json_valid(languages)),
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE offices (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (json_valid(name)),
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    address TEXT CHECK (json_valid(address)),
    location TEXT CHECK (json_valid(location)),
    phone TEXT,
    email TEXT,
    opening_hours TEXT,
    languages TEXT NOT NULL CHECK (json_valid(languages)),
    accessibility TEXT NOT NULL CHECK (json_valid(accessibility)),
    entrance_note TEXT CHECK (json_valid(entrance_note)),
    opened_on TEXT,
    closed_on TEXT,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE office_areas (
    office_id BLOB NOT NULL REFERENCES offices (id) ON DELETE CASCADE,
    area_id BLOB NOT NULL REFERENCES areas (id),
    PRIMARY KEY (office_id, area_id)
) STRICT;
CREATE INDEX office_areas_area_id ON office_areas (area_id);

CREATE TABLE office_services (
    office_id BLOB NOT NULL REFERENCES offices (id) ON DELETE CASCADE,
    service_id BLOB NOT NULL REFERENCES services (id),
    PRIMARY KEY (office_id, service_id)
) STRICT;
CREATE INDEX office_services_service_id ON office_services (service_id);

CREATE TABLE partners (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- The secret itself is nowhere: only its keyed hash is.
CREATE TABLE partner_keys (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id BLOB NOT NULL REFERENCES partners (id),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX partner_keys_partner_id ON partner_keys (partner_id);

-- Who is met and helped. `facts` is sealed: nothing personal can be read here. A person is found by keyed hashes alone, and several
-- records may carry one identity number where a protected one among them must not become known: each has a slot of its own.
CREATE TABLE families (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    district_id BLOB REFERENCES districts (id),
    merged_into BLOB REFERENCES families (id),
    facts BLOB NOT NULL,
    registered_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX families_district_id ON families (district_id);
CREATE INDEX families_merged_into ON families (merged_into);

CREATE TABLE people (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    number_hash BLOB,
    number_slot INTEGER NOT NULL,
    protection TEXT NOT NULL,
    family_id BLOB REFERENCES families (id),
    district_id BLOB REFERENCES districts (id),
    facts BLOB NOT NULL,
    registered_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (number_hash, number_slot)
) STRICT;
CREATE INDEX people_family_id ON people (family_id);
CREATE INDEX people_district_id ON people (district_id);

CREATE TABLE person_name_tokens (
    token_hash BLOB NOT NULL,
    person_id BLOB NOT NULL REFERENCES people (id),
    PRIMARY KEY (token_hash, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_name_tokens_person_id ON person_name_tokens (person_id);

-- Which offices have reason to know of whom: who registered them, and later who had a referral about them.
CREATE TABLE person_offices (
    person_id BLOB NOT NULL REFERENCES people (id),
    office_id BLOB NOT NULL REFERENCES offices (id),
    PRIMARY KEY (person_id, office_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_offices_office_id ON person_offices (office_id);

CREATE TABLE family_offices (
    family_id BLOB NOT NULL REFERENCES families (id),
    office_id BLOB NOT NULL REFERENCES offices (id),
    PRIMARY KEY (family_id, office_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX family_offices_office_id ON family_offices (office_id);

-- How families came to be what they are: somebody joined, left or changed over, or one was merged into another. `reason` is sealed.
CREATE TABLE family_events (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    person_id BLOB REFERENCES people (id),
    from_family_id BLOB REFERENCES families (id),
    to_family_id BLOB REFERENCES families (id),
    reason BLOB,
    staff_id BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX family_events_person ON family_events (person_id, at, id);
CREATE INDEX family_events_from_family ON family_events (from_family_id, at, id);
CREATE INDEX family_events_to_family ON family_events (to_family_id, at, id);

-- `matter` and `routing` are sealed: nothing personal can be read here.
CREATE TABLE referrals (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    urgency TEXT NOT NULL,
    protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
    partner_id BLOB NOT NULL REFERENCES partners (id),
    sender_reference_hash BLOB,
    office_id BLOB NOT NULL REFERENCES offices (id),
    area_id BLOB REFERENCES areas (id),
    district_id BLOB REFERENCES districts (id),
    assignee_id BLOB,
    person_id BLOB REFERENCES people (id),
    matter BLOB NOT NULL,
    routing BLOB NOT NULL,
    deadlines TEXT NOT NULL CHECK (json_valid(deadlines)),
    next_due_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
-- The office's queue, newest first or by what is due next; the row's key at the end makes each order total.
CREATE INDEX referrals_office_received ON referrals (office_id, received_at, id);
CREATE INDEX referrals_office_due ON referrals (office_id, next_due_at, id);
CREATE INDEX referrals_partner_received ON referrals (partner_id, received_at, id);
CREATE INDEX referrals_area_id ON referrals (area_id);
CREATE INDEX referrals_district_id ON referrals (district_id);
-- What is known of a person, newest first.
CREATE INDEX referrals_person_received ON referrals (person_id, received_at, id);

CREATE TABLE referral_services (
    referral_id BLOB NOT NULL REFERENCES referrals (id),
    service_id BLOB NOT NULL REFERENCES services (id),
    PRIMARY KEY (referral_id, service_id)
) STRICT;
CREATE INDEX referral_services_service_id ON referral_services (service_id);

CREATE TABLE audit_records (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_ids TEXT NOT NULL CHECK (json_valid(resource_ids)),
    trace_id TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_records_are_not_changed BEFORE UPDATE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
CREATE TRIGGER audit_records_are_not_removed BEFORE DELETE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
