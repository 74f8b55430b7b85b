-- The roles beside the owner, where they are missing, and their passwords as the Secrets have them. Run by psql as superuser before each
-- migration, which then grants them what they may do; the owner cannot make roles, for in PostgreSQL 15 that is as good as being superuser.

-- psql reads the passwords from the environment, so that they are in no argument list, and quotes them itself.
\getenv application_password APPLICATION_PASSWORD
\getenv auditor_password AUDITOR_PASSWORD

-- A statement with a password in it must not reach the server's log, not even when it fails.
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;

BEGIN;
-- Of two pods that alter a role at once, one would fail.
SELECT pg_advisory_xact_lock(hashtextextended('store-platform roles', 0));
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['store_platform_application', 'store_platform_auditor']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE store_platform_application PASSWORD :'application_password';
ALTER ROLE store_platform_auditor PASSWORD :'auditor_password';
-- Over a table of many partitions PostgreSQL compiles for longer than the query then takes.
ALTER ROLE store_platform_application SET jit = off;
ALTER ROLE store_platform_auditor SET jit = off;
-- Against what an auditor forgets: an open transaction holds back the events of everybody, a query without end the months of the log.
ALTER ROLE store_platform_auditor CONNECTION LIMIT 10;
ALTER ROLE store_platform_auditor SET idle_in_transaction_session_timeout = '1min';
ALTER ROLE store_platform_auditor SET statement_timeout = '15min';
ALTER ROLE store_platform_auditor SET default_transaction_read_only = on;
COMMIT;
