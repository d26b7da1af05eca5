ALTER TABLE staff DROP COLUMN token_issued_at;
