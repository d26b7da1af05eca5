CREATE TABLE met_families (
    family_id BLOB NOT NULL REFERENCES families (id),
    office_id BLOB NOT NULL REFERENCES offices (id),
    through_protected INTEGER NOT NULL CHECK (through_protected IN (0, 1)),
    PRIMARY KEY (family_id, office_id, through_protected)
) STRICT, WITHOUT ROWID;
INSERT INTO met_families SELECT DISTINCT family_id, office_id, through_protected FROM family_offices;
DROP TABLE family_offices;
ALTER TABLE met_families RENAME TO family_offices;
CREATE INDEX family_offices_office_id ON family_offices (office_id);
CREATE TABLE met_people (
    person_id BLOB NOT NULL REFERENCES people (id),
    office_id BLOB NOT NULL REFERENCES offices (id),
    through_protected INTEGER NOT NULL DEFAULT 0 CHECK (through_protected IN (0, 1)),
    PRIMARY KEY (person_id, office_id, through_protected)
) STRICT, WITHOUT ROWID;
INSERT INTO met_people SELECT DISTINCT person_id, office_id, through_protected FROM person_offices;
DROP TABLE person_offices;
ALTER TABLE met_people RENAME TO person_offices;
CREATE INDEX person_offices_office_id ON person_offices (office_id);
DROP TABLE family_guests;
