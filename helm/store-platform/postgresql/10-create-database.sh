#!/bin/sh
# Run once by the image's entry point, as superuser over the socket. The service gets a role of its own that owns its database and is
# no superuser: a superuser could change what the append-only tables forbid.
set -eu

# psql reads the password from the environment by \getenv, so that it is in no argument list, and quotes it itself.
psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv password STORE_PLATFORM_PASSWORD
-- A statement with a password in it must not reach the server's log, not even when it fails.
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
CREATE ROLE store_platform LOGIN PASSWORD :'password';
CREATE DATABASE store_platform OWNER store_platform;
REVOKE ALL ON DATABASE store_platform FROM PUBLIC;
\connect store_platform
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO store_platform;
SQL

rm -f "${PGDATA%/*}/first-start-unfinished"
