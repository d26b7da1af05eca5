-- The proof that the program wrote a record of the audit: a keyed code, whose key is not in the database. Older records have none; their
-- seals prove them.
ALTER TABLE audit_records ADD COLUMN code BLOB CHECK (length(code) = 32);

-- The identity of this database, which the audit's anchor names. The code proves that the program made it.
CREATE TABLE database_identity (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    id BLOB NOT NULL CHECK (length(id) = 16),
    code BLOB NOT NULL CHECK (length(code) = 32)
) STRICT;
