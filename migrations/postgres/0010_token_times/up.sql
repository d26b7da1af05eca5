-- When the token was issued whose statements about a member of staff are kept. An older token does not replace them. Absent until the
-- next sign-in.
ALTER TABLE staff ADD COLUMN token_issued_at TIMESTAMPTZ;
