-- The roles beside the owner, and what each may do. Run by “store-platform migrate --roles”, and again by every “migrate” once they are there:
-- what a migration adds is granted then. Written to be repeated. docs/audit.md says how the service and an auditor are to connect.
DO $$
DECLARE
    role text;
    relation record;
BEGIN
    FOREACH role IN ARRAY ARRAY['store_platform_application', 'store_platform_auditor'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role);
        BEGIN
            -- Without a password: where the server asks for one nobody enters until it is set.
            EXECUTE format('CREATE ROLE %I LOGIN', role);
            -- Over a table of many partitions PostgreSQL compiles for longer than the query then takes.
            EXECUTE format('ALTER ROLE %I SET jit = off', role);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;  -- somebody else has just made it
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'The role % is not there and % may not make it. Let a superuser run: CREATE ROLE % LOGIN', role, current_user, role;
        END;
    END LOOP;

    -- Against what an auditor forgets: an open transaction holds back the events of everybody, a query without end the months of the log. Only once:
    -- where somebody has set other bounds they stay.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'store_platform_auditor' AND rolconnlimit = -1) THEN
        BEGIN
            ALTER ROLE store_platform_auditor CONNECTION LIMIT 10;
            ALTER ROLE store_platform_auditor SET idle_in_transaction_session_timeout = '1min';
            ALTER ROLE store_platform_auditor SET statement_timeout = '15min';
            ALTER ROLE store_platform_auditor SET default_transaction_read_only = on;
        EXCEPTION WHEN insufficient_privilege THEN NULL;  -- who made the role is to do it: docs/deployment.md
        END;
    END IF;

    EXECUTE format('GRANT CONNECT ON DATABASE %I TO store_platform_application, store_platform_auditor', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    -- The auditor sees names in public and nothing more: the verification asks there whether it may read the log itself.
    GRANT USAGE ON SCHEMA public, reporting TO store_platform_application, store_platform_auditor;
    FOR relation IN
        SELECT c.oid::regclass AS name, c.relname, c.relispartition FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    LOOP
        -- Also from what an earlier version of this file granted.
        EXECUTE format('REVOKE ALL ON %s FROM store_platform_application, store_platform_auditor', relation.name);
        CONTINUE WHEN relation.relispartition;  -- reached by way of the log alone
        EXECUTE format('GRANT %s ON %s TO store_platform_application', CASE
            WHEN relation.relname IN ('audit_log', 'store_events') THEN 'SELECT, INSERT'
            WHEN relation.relname IN ('audit_head', 'audit_daily', 'audit_archives', 'schema_migrations') THEN 'SELECT'
            ELSE 'SELECT, INSERT, UPDATE, DELETE' END, relation.name);
    END LOOP;
    GRANT EXECUTE ON FUNCTION audit_prepare_partitions() TO store_platform_application;

    GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO store_platform_auditor;
END $$;
