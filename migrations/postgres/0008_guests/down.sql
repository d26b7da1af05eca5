DROP INDEX family_offices_source_id;
ALTER TABLE family_offices DROP CONSTRAINT family_offices_pkey;
DELETE FROM family_offices AS known USING family_offices AS other
WHERE known.family_id = other.family_id AND known.office_id = other.office_id
    AND known.through_protected = other.through_protected AND known.source_id > other.source_id;
ALTER TABLE family_offices DROP COLUMN source_id;
ALTER TABLE family_offices ADD PRIMARY KEY (family_id, office_id, through_protected);
DROP INDEX person_offices_source_id;
ALTER TABLE person_offices DROP CONSTRAINT person_offices_pkey;
DELETE FROM person_offices AS known USING person_offices AS other
WHERE known.person_id = other.person_id AND known.office_id = other.office_id
    AND known.through_protected = other.through_protected AND known.source_id > other.source_id;
ALTER TABLE person_offices DROP COLUMN source_id;
ALTER TABLE person_offices ADD PRIMARY KEY (person_id, office_id, through_protected);
DROP TABLE family_guests;
