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

-- Who has signed in, as their last token said. A subject is nowhere: the identifier is made of its keyed hash.
-- Who they are at the identity provider is sealed, and found by its keyed hash.
CREATE TABLE staff (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    subject_hash BLOB NOT NULL UNIQUE,
    subject BLOB NOT NULL,
    name BLOB,
    works_cases INTEGER NOT NULL CHECK (works_cases IN (0, 1)),
    signed_in_at INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_offices (
    staff_id BLOB NOT NULL REFERENCES staff (id),
    office_id BLOB NOT NULL REFERENCES offices (id) ON DELETE CASCADE,
    PRIMARY KEY (staff_id, office_id)
) STRICT;
CREATE INDEX staff_offices_office_id ON staff_offices (office_id);

CREATE TABLE partners (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- The name in the order of the Swedish alphabet, and without marks and case: for sorting, and for finding by how it begins.
    name_order TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    category TEXT NOT NULL,
    phone TEXT,
    email TEXT,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX partners_name_order ON partners (name_order, id);
CREATE INDEX partners_name_folded ON partners (name_folded);
CREATE INDEX partners_category ON partners (category, name_order, id);
CREATE INDEX partners_status ON partners (status, name_order, id);

-- The secret itself is nowhere: only its keyed hash is.
CREATE TABLE partner_keys (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id BLOB NOT NULL REFERENCES partners (id),
    label TEXT NOT NULL,
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    allowed_networks TEXT NOT NULL CHECK (json_valid(allowed_networks)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    overlap_until INTEGER,
    rotated_to TEXT UNIQUE REFERENCES partner_keys (id),
    revoked_at INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX partner_keys_partner_created ON partner_keys (partner_id, created_at, id);

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

-- What an office knows only through somebody whose identity is protected, only those may know of who are cleared for it.
CREATE TABLE family_offices (
    family_id BLOB NOT NULL REFERENCES families (id),
    office_id BLOB NOT NULL REFERENCES offices (id),
    through_protected INTEGER NOT NULL CHECK (through_protected IN (0, 1)),
    PRIMARY KEY (family_id, office_id, through_protected)
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

-- What only the program writes, at every submission, is not checked for being JSON once more.
-- `matter` and `routing` are sealed: nothing personal can be read here.
CREATE TABLE referrals (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    urgency TEXT NOT NULL,
    protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
    -- Where it comes from: a partner agency, or a contact in the field.
    partner_id BLOB REFERENCES partners (id),
    contact_id BLOB,
    sender_reference_hash BLOB,
    office_id BLOB NOT NULL REFERENCES offices (id),
    disclosed_office_id BLOB NOT NULL,
    district_id BLOB REFERENCES districts (id),
    assignee_id BLOB,
    person_id BLOB REFERENCES people (id),
    child_number_hash BLOB,
    matter BLOB NOT NULL,
    routing BLOB NOT NULL,
    deadlines TEXT NOT NULL,
    next_due_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
-- The office's queue, newest first or by what is due next; the row's key at the end makes each order total.
CREATE INDEX referrals_office_received ON referrals (office_id, received_at, id);
CREATE INDEX referrals_office_due ON referrals (office_id, next_due_at, id);
CREATE INDEX referrals_partner_received ON referrals (partner_id, received_at, id);
CREATE INDEX referrals_partner_reference ON referrals (partner_id, sender_reference_hash, received_at, id);
CREATE INDEX referrals_district_id ON referrals (district_id);
-- What is known of a person, newest first.
CREATE INDEX referrals_person_received ON referrals (person_id, received_at, id) WHERE person_id IS NOT NULL;
-- Whom a referral names by number and nobody has registered yet. What is linked to a person needs no entry.
CREATE INDEX referrals_unlinked_child ON referrals (child_number_hash) WHERE person_id IS NULL AND child_number_hash IS NOT NULL;

CREATE TABLE referral_services (
    referral_id BLOB NOT NULL REFERENCES referrals (id),
    service_id BLOB NOT NULL REFERENCES services (id),
    PRIMARY KEY (referral_id, service_id)
) STRICT;
CREATE INDEX referral_services_service_id ON referral_services (service_id);

-- What a record is about stands in it, as a list. The only thing that it is about, which is the rule, also stands in a column of its
-- own; the things of a list are named in a table of their own, which a trigger fills. So a reading of one thing is one row, and
-- whatever a record names finds it.
CREATE TABLE audit_records (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id BLOB CHECK (length(resource_id) = 16),
    resource_ids TEXT NOT NULL,
    office_id BLOB CHECK (length(office_id) = 16),
    reason TEXT,
    client_address TEXT,
    client_agent TEXT,
    trace_id TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Identifiers of records sort by time, so each index gives the newest first.
CREATE INDEX audit_records_actor ON audit_records (actor, id);
CREATE INDEX audit_records_action ON audit_records (action, id);
CREATE INDEX audit_records_resource_type ON audit_records (resource_type, id);
CREATE INDEX audit_records_resource_id ON audit_records (resource_id, id) WHERE resource_id IS NOT NULL;
CREATE TRIGGER audit_records_are_not_changed BEFORE UPDATE ON audit_records
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_records_are_not_removed BEFORE DELETE ON audit_records
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TABLE audit_record_resources (
    resource_id BLOB NOT NULL CHECK (length(resource_id) = 16),
    record_id BLOB NOT NULL CHECK (length(record_id) = 16),
    PRIMARY KEY (resource_id, record_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_records_of_lists_name_their_resources AFTER INSERT ON audit_records
WHEN NEW.resource_id IS NULL BEGIN
    INSERT INTO audit_record_resources (resource_id, record_id)
    SELECT DISTINCT unhex(replace(value, '-', '')), NEW.id FROM json_each(NEW.resource_ids);
END;
CREATE TRIGGER audit_record_resources_are_not_changed BEFORE UPDATE ON audit_record_resources
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_record_resources_are_not_removed BEFORE DELETE ON audit_record_resources
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

-- The chain: each hash covers the number, the hash before and the record.
CREATE TABLE audit_seals (
    seq INTEGER NOT NULL PRIMARY KEY,
    record_id BLOB NOT NULL UNIQUE CHECK (length(record_id) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_seals_are_not_changed BEFORE UPDATE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_seals_are_not_removed BEFORE DELETE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

-- What a call with an idempotency key was answered, for whoever asks again. Key and request are here as keyed hashes alone.
CREATE TABLE kept_answers (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    resource_id BLOB NOT NULL CHECK (length(resource_id) = 16),
    answer BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX kept_answers_expires_at ON kept_answers (expires_at);
