-- Up Migration
-- What was first and what was last is lost: there is no way down.
ALTER TABLE users ADD COLUMN name text;
UPDATE users SET name = first_name || ' ' || last_name;
ALTER TABLE users ALTER COLUMN name SET NOT NULL, DROP COLUMN first_name, DROP COLUMN last_name;
