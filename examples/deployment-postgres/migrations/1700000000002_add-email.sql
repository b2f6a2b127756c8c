-- Up Migration
ALTER TABLE users ADD COLUMN email text NOT NULL DEFAULT '';
CREATE INDEX users_email ON users (email);

-- Down Migration
DROP INDEX users_email;
ALTER TABLE users DROP COLUMN email;
