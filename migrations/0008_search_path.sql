-- What runs with the owner's rights finds none of its names among the caller's temporary tables: PostgreSQL looks there first where the path
-- does not say that it is to look there last.
ALTER FUNCTION audit_link() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION audit_take_turn() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION audit_prepare_partitions() SET search_path = pg_catalog, public, pg_temp;
