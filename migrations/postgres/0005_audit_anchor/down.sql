DROP TABLE database_identity;
ALTER TABLE audit_records DROP COLUMN code;
