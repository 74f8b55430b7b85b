-- The audit log as a chain: each record carries a dense number, the hash of the one before and its own. docs/audit.md says what that proves.
--
-- The link is made in the transaction of the change, under the lock of the one row of audit_head, which is held until COMMIT: the order of
-- the numbers is the order of the commits, on every replica, and no record is ever readable and not yet linked. It costs that changes commit
-- one after another; a cluster takes a tenth of what that leaves. A record is therefore appended last in its transaction.

CREATE TABLE audit_head (
    is_head boolean PRIMARY KEY DEFAULT true,
    number bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT head_is_one_row CHECK (is_head),
    CONSTRAINT head_is_counted CHECK (number >= 0),
    CONSTRAINT head_hash_is_sha256 CHECK (length(hash) = 32)
) WITH (fillfactor = 10);
INSERT INTO audit_head (number, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- A field with its length before it, so that no two records give the same bytes; NULL has the length -1.
CREATE FUNCTION audit_field(field bytea) RETURNS bytea LANGUAGE sql IMMUTABLE
    RETURN coalesce(int4send(length(field)) || field, int4send(-1));

-- What a record's hash is over. The verification has the same in its own words and calls none of these functions.
CREATE FUNCTION audit_hash(
    previous_hash bytea, number bigint, id bigint, at timestamptz, actor text, token_id text, role text, account_id text, remote_address text,
    request_id text, action text, target text, before jsonb, after jsonb, result text
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(audit_field('store-platform audit 1'::bytea) || audit_field(previous_hash) || audit_field(int8send(number))
        || audit_field(int8send(id)) || audit_field(int8send((extract(epoch FROM at) * 1000000)::bigint))
        || audit_field(convert_to(actor, 'UTF8')) || audit_field(convert_to(token_id, 'UTF8')) || audit_field(convert_to(role, 'UTF8'))
        || audit_field(convert_to(account_id, 'UTF8')) || audit_field(convert_to(remote_address, 'UTF8'))
        || audit_field(convert_to(request_id, 'UTF8')) || audit_field(convert_to(action, 'UTF8')) || audit_field(convert_to(target, 'UTF8'))
        || audit_field(convert_to(before::text, 'UTF8')) || audit_field(convert_to(after::text, 'UTF8'))
        || audit_field(convert_to(result, 'UTF8')))
$$;

ALTER TABLE audit_log ADD COLUMN number bigint, ADD COLUMN previous_hash bytea, ADD COLUMN hash bytea;
ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only;
DO $$
DECLARE
    head audit_head;
    entry audit_log;
BEGIN
    SELECT * INTO head FROM audit_head;
    FOR entry IN SELECT * FROM audit_log ORDER BY id LOOP
        head.number := head.number + 1;
        UPDATE audit_log SET number = head.number, previous_hash = head.hash,
            hash = audit_hash(head.hash, head.number, id, at, actor, token_id, role, account_id, remote_address, request_id, action, target,
                before, after, result)
        WHERE at = entry.at AND id = entry.id RETURNING hash INTO head.hash;
    END LOOP;
    UPDATE audit_head SET number = head.number, hash = head.hash;
END $$;
ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only;
ALTER TABLE audit_log
    ALTER COLUMN number SET NOT NULL, ALTER COLUMN previous_hash SET NOT NULL, ALTER COLUMN hash SET NOT NULL,
    ADD CONSTRAINT audit_number_is_counted CHECK (number >= 1),
    ADD CONSTRAINT audit_hashes_are_sha256 CHECK (length(hash) = 32 AND length(previous_hash) = 32),
    ADD CONSTRAINT audit_fields_are_bounded CHECK
        (length(actor) <= 255 AND length(token_id) <= 255 AND length(role) <= 64 AND length(account_id) <= 64 AND length(remote_address) <= 64
            AND length(request_id) <= 64 AND length(action) <= 64 AND length(target) <= 255 AND length(result) <= 64) NOT VALID;

-- How many records there are of a kind on a day, counted by the same trigger under the same lock. A report over months of the log itself
-- takes seconds; over this, milliseconds.
CREATE TABLE audit_daily (
    day date NOT NULL,
    account_id text NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    result text NOT NULL,
    records bigint NOT NULL,
    PRIMARY KEY (day, account_id, actor, action, result),
    CONSTRAINT daily_is_counted CHECK (records >= 1)
) WITH (fillfactor = 70);
INSERT INTO audit_daily SELECT (at AT TIME ZONE 'UTC')::date, account_id, actor, action, result, count(*) FROM audit_log GROUP BY 1, 2, 3, 4, 5;

CREATE FUNCTION audit_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    head audit_head;
BEGIN
    IF abs(extract(epoch FROM NEW.at - clock_timestamp())) > 60 THEN
        RAISE EXCEPTION 'An audit record is of now, not of %', NEW.at USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_time_is_now';
    END IF;
    SELECT * INTO head FROM audit_head FOR NO KEY UPDATE;
    NEW.number := head.number + 1;
    NEW.previous_hash := head.hash;
    NEW.hash := audit_hash(NEW.previous_hash, NEW.number, NEW.id, NEW.at, NEW.actor, NEW.token_id, NEW.role, NEW.account_id,
        NEW.remote_address, NEW.request_id, NEW.action, NEW.target, NEW.before, NEW.after, NEW.result);
    UPDATE audit_head SET number = NEW.number, hash = NEW.hash;
    INSERT INTO audit_daily AS daily (day, account_id, actor, action, result, records)
    VALUES ((NEW.at AT TIME ZONE 'UTC')::date, NEW.account_id, NEW.actor, NEW.action, NEW.result, 1)
    ON CONFLICT (day, account_id, actor, action, result) DO UPDATE SET records = daily.records + 1;
    RETURN NEW;
END $$;
-- Before the record's time is taken: numbers and times go the same way, and a month is one piece of the chain.
CREATE FUNCTION audit_take_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM FROM audit_head FOR NO KEY UPDATE;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_log_take_turn BEFORE INSERT ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_take_turn();
CREATE TRIGGER audit_log_link BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_link();
-- Statement triggers of a partitioned table do not speak for its partitions.
CREATE TRIGGER audit_log_default_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log_default
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE INDEX audit_log_by_number ON audit_log (number);
-- Told to the client and in the service's log; each request has one record.
CREATE INDEX audit_log_by_request ON audit_log (request_id);
-- What the log is searched by, newest first.
CREATE INDEX audit_log_by_actor ON audit_log (actor, number);
CREATE INDEX audit_log_by_account ON audit_log (account_id, number);
CREATE INDEX audit_log_by_action ON audit_log (action, number);
CREATE INDEX audit_log_by_target ON audit_log (target, number);
CREATE INDEX audit_log_refused ON audit_log (at) WHERE result NOT IN ('ok', 'unchanged');

-- What was moved out of the database: the chain goes on behind the last of them.
CREATE TABLE audit_archives (
    partition text PRIMARY KEY,
    first_number bigint NOT NULL,
    last_number bigint NOT NULL,
    last_hash bytea NOT NULL,
    file text NOT NULL,
    file_sha256 bytea NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT archive_is_a_range CHECK (first_number >= 1 AND last_number >= first_number),
    CONSTRAINT archive_hashes_are_sha256 CHECK (length(last_hash) = 32 AND length(file_sha256) = 32)
);
CREATE TRIGGER audit_archives_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_archives
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Makes the partitions of this month and the next, and of months whose records lie in the default partition, which it moves there.
-- With the owner's rights, so that the application needs none to make tables.
-- Returns the names of those it has made.
CREATE FUNCTION audit_prepare_partitions() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public SET TimeZone = 'UTC' AS $$
DECLARE
    months timestamptz[];
    month timestamptz;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_prepare_partitions', 0));
    months := ARRAY(
        SELECT date_trunc('month', now()) UNION SELECT date_trunc('month', now()) + interval '1 month'
        UNION SELECT date_trunc('month', at) FROM audit_log_default ORDER BY 1);
    FOREACH month IN ARRAY months LOOP
        partition := 'audit_log_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || partition) IS NOT NULL;
        -- Or a record on its way into the default partition, that waits for the lock of it, would afterwards belong elsewhere and be refused.
        LOCK TABLE audit_log IN SHARE ROW EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
        IF EXISTS (SELECT FROM audit_log_default WHERE at >= month AND at < month + interval '1 month') THEN
            -- The records keep their numbers and hashes: to the chain nothing has happened.
            LOCK TABLE audit_log_default IN ACCESS EXCLUSIVE MODE;
            EXECUTE format('INSERT INTO public.%I SELECT * FROM audit_log_default WHERE at >= $1 AND at < $1 + interval ''1 month''', partition)
                USING month;
            ALTER TABLE audit_log_default DISABLE TRIGGER audit_log_default_append_only;
            DELETE FROM audit_log_default WHERE at >= month AND at < month + interval '1 month';
            ALTER TABLE audit_log_default ENABLE TRIGGER audit_log_default_append_only;
        END IF;
        EXECUTE format('ALTER TABLE public.audit_log ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', partition, month,
            month + interval '1 month');
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON public.%I FOR EACH STATEMENT EXECUTE FUNCTION append_only()',
            partition || '_append_only', partition);
        RETURN NEXT partition;
    END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION audit_link(), audit_take_turn(), audit_prepare_partitions() FROM PUBLIC;

CREATE INDEX store_events_of_failures ON store_events (at) WHERE type = 'phase_changed' AND phase = 'failed';

-- What an auditor reads: docs/reporting.md has a query for each question.
CREATE SCHEMA reporting;

-- The log, its head and what was archived, as they are: the verification reads them here for one who may see no more.
CREATE VIEW reporting.audit_log AS SELECT * FROM public.audit_log;
CREATE VIEW reporting.audit_head AS SELECT number, hash FROM public.audit_head;
CREATE VIEW reporting.audit_archives AS SELECT * FROM public.audit_archives;

CREATE VIEW reporting.activity AS
    SELECT day, account_id AS account, actor, action, result, records AS requests FROM audit_daily;

-- Requests of callers who had no right to them, or more of them than they may have.
CREATE VIEW reporting.denied_attempts AS
    SELECT at, actor, token_id, role, account_id AS account, remote_address, request_id, action, target, result FROM public.audit_log
    WHERE result NOT IN ('ok', 'unchanged')
        AND result IN ('unauthenticated', 'forbidden', 'no_role', 'csrf_proof_missing', 'store_not_found', 'account_not_found', 'token_not_found',
            'not_found', 'quota_exceeded', 'platform_full', 'rate_limited');

CREATE VIEW reporting.stores AS
    SELECT id AS store, name, slug, engine, plan, account_id AS account, phase, reason, created_at, ready_at, deleted_at,
        extract(epoch FROM ready_at - created_at)::double precision AS seconds_to_ready,
        extract(epoch FROM coalesce(deleted_at, now()) - created_at)::double precision AS seconds_of_life
    FROM public.stores;

CREATE VIEW reporting.failures AS
    SELECT e.at, e.store_id AS store, s.engine, s.plan, s.account_id AS account, e.stage, e.reason, e.message
    FROM store_events e JOIN public.stores s ON s.id = e.store_id WHERE e.type = 'phase_changed' AND e.phase = 'failed';

-- The event of the same transaction tells when: without it every month of the log would be searched for each store.
CREATE VIEW reporting.deletions AS
    SELECT s.id AS store, s.name, s.engine, s.plan, s.account_id AS account, event.at AS requested_at, request.actor AS requested_by,
        request.remote_address, s.deleted_at, extract(epoch FROM s.deleted_at - event.at)::double precision AS seconds_to_delete
    FROM public.stores s
    LEFT JOIN LATERAL (
        SELECT at FROM store_events WHERE store_id = s.id AND type = 'deletion_requested' ORDER BY seq LIMIT 1) AS event ON true
    LEFT JOIN LATERAL (
        SELECT actor, remote_address FROM public.audit_log WHERE target = s.id AND action = 'store.delete' AND result = 'ok'
            AND at BETWEEN event.at - interval '1 minute' AND event.at + interval '1 minute'
        ORDER BY number LIMIT 1) AS request ON true
    WHERE s.desired = 'absent';

-- What each account has. What it may have is to be joined here from the quotas, when accounts have them.
CREATE VIEW reporting.quota_use AS
    SELECT a.id AS account, a.name, count(s.id) AS stores, count(s.id) FILTER (WHERE s.phase = 'ready') AS ready,
        count(s.id) FILTER (WHERE s.phase = 'failed') AS failed
    FROM accounts a LEFT JOIN public.stores s ON s.account_id = a.id AND s.phase <> 'deleted' GROUP BY a.id;
