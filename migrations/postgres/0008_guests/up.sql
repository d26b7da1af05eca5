-- People whom somebody took into a family without being allowed to know of the family that they are members of: they are guests there,
-- in the order in which they came. Nobody is a guest who is not a member of another family.
CREATE TABLE family_guests (
    person_id UUID NOT NULL REFERENCES people (id),
    family_id UUID NOT NULL REFERENCES families (id),
    place INTEGER NOT NULL,
    PRIMARY KEY (person_id, family_id)
);
CREATE INDEX family_guests_family_id ON family_guests (family_id);

-- Why an office knows of somebody: a contact, a referral, or the person or the family itself, which the office registered. What was
-- entered in error is no reason. A link that nothing explains stays, as if the office had registered whom it leads to.
CREATE TABLE met_because (
    subject_id UUID NOT NULL,
    office_id UUID NOT NULL,
    source_id UUID NOT NULL,
    stands BOOLEAN NOT NULL
);
INSERT INTO met_because
SELECT named.person_id, contacts.office_id, contacts.id, NOT contacts.in_error
FROM outreach_participants AS named JOIN outreach_contacts AS contacts ON contacts.id = named.contact_id;
INSERT INTO met_because
SELECT person_id, office_id, id, status <> 'entered_in_error' FROM referrals WHERE person_id IS NOT NULL
UNION
SELECT referrals.person_id, events.office_id, referrals.id, referrals.status <> 'entered_in_error'
FROM referral_events AS events JOIN referrals ON referrals.id = events.referral_id WHERE referrals.person_id IS NOT NULL
UNION
SELECT referrals.person_id, events.to_office_id, referrals.id, referrals.status <> 'entered_in_error'
FROM referral_events AS events JOIN referrals ON referrals.id = events.referral_id
WHERE referrals.person_id IS NOT NULL AND events.to_office_id IS NOT NULL;
INSERT INTO met_because
SELECT people.family_id, because.office_id, because.source_id, because.stands
FROM met_because AS because JOIN people ON people.id = because.subject_id WHERE people.family_id IS NOT NULL;
INSERT INTO met_because
SELECT family_id, office_id, id, NOT in_error FROM outreach_contacts WHERE family_id IS NOT NULL;
CREATE INDEX met_because_subject ON met_because (subject_id, office_id);

ALTER TABLE person_offices ADD COLUMN source_id UUID;
ALTER TABLE person_offices DROP CONSTRAINT person_offices_pkey;
INSERT INTO person_offices (person_id, office_id, through_protected, source_id)
SELECT DISTINCT known.person_id, known.office_id, known.through_protected, because.source_id
FROM person_offices AS known
JOIN met_because AS because ON because.subject_id = known.person_id AND because.office_id = known.office_id
WHERE because.stands;
INSERT INTO person_offices (person_id, office_id, through_protected, source_id)
SELECT known.person_id, known.office_id, known.through_protected, known.person_id FROM person_offices AS known
WHERE known.source_id IS NULL AND (
    EXISTS (SELECT 1 FROM audit_records AS audit
        WHERE audit.resource_id = known.person_id AND audit.office_id = known.office_id AND audit.action = 'person.created')
    OR NOT EXISTS (SELECT 1 FROM met_because AS because
        WHERE because.subject_id = known.person_id AND because.office_id = known.office_id));
DELETE FROM person_offices WHERE source_id IS NULL;
ALTER TABLE person_offices ALTER COLUMN source_id SET NOT NULL;
ALTER TABLE person_offices ADD PRIMARY KEY (person_id, office_id, through_protected, source_id);
CREATE INDEX person_offices_source_id ON person_offices (source_id);

-- A record of several resources names the family in the table beside it.
ALTER TABLE family_offices ADD COLUMN source_id UUID;
ALTER TABLE family_offices DROP CONSTRAINT family_offices_pkey;
INSERT INTO family_offices (family_id, office_id, through_protected, source_id)
SELECT DISTINCT known.family_id, known.office_id, known.through_protected, because.source_id
FROM family_offices AS known
JOIN met_because AS because ON because.subject_id = known.family_id AND because.office_id = known.office_id
WHERE because.stands;
INSERT INTO family_offices (family_id, office_id, through_protected, source_id)
SELECT known.family_id, known.office_id, known.through_protected, known.family_id FROM family_offices AS known
WHERE known.source_id IS NULL AND (
    EXISTS (SELECT 1 FROM audit_records AS audit
        WHERE audit.resource_id = known.family_id AND audit.office_id = known.office_id AND audit.action = 'family.created')
    OR EXISTS (SELECT 1 FROM audit_record_resources AS named JOIN audit_records AS audit ON audit.id = named.record_id
        WHERE named.resource_id = known.family_id AND audit.office_id = known.office_id AND audit.action = 'family.created')
    OR NOT EXISTS (SELECT 1 FROM met_because AS because
        WHERE because.subject_id = known.family_id AND because.office_id = known.office_id));
DELETE FROM family_offices WHERE source_id IS NULL;
ALTER TABLE family_offices ALTER COLUMN source_id SET NOT NULL;
ALTER TABLE family_offices ADD PRIMARY KEY (family_id, office_id, through_protected, source_id);
CREATE INDEX family_offices_source_id ON family_offices (source_id);

DROP TABLE met_because;
