DROP INDEX follow_ups_next_referral;
ALTER TABLE follow_ups DROP COLUMN next_referral_id;
CREATE TABLE met_people (
    person_id BLOB NOT NULL REFERENCES people (id),
    office_id BLOB NOT NULL REFERENCES offices (id),
    PRIMARY KEY (person_id, office_id)
) STRICT, WITHOUT ROWID;
-- The table before opens to everybody of an office whom it names, so what only the cleared may know of is not taken along.
INSERT INTO met_people SELECT person_id, office_id FROM person_offices WHERE through_protected = 0;
DROP TABLE person_offices;
ALTER TABLE met_people RENAME TO person_offices;
CREATE INDEX person_offices_office_id ON person_offices (office_id);
