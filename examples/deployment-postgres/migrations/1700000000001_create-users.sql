-- Up Migration
CREATE TABLE users (id serial PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL);

-- Down Migration
DROP TABLE users;
