-- What the migrations make, as pg_dump writes it. A test compares; docs/architecture.md says how to renew it.
CREATE SCHEMA reporting;
CREATE FUNCTION public.append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION public.audit_field(field bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    RETURN COALESCE((int4send(length(field)) || field), int4send('-1'::integer));
CREATE FUNCTION public.audit_hash(previous_hash bytea, number bigint, id bigint, at timestamp with time zone, actor text, token_id text, role text, account_id text, remote_address text, request_id text, action text, target text, before jsonb, after jsonb, result text) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
    SELECT sha256(audit_field('store-platform audit 1'::bytea) || audit_field(previous_hash) || audit_field(int8send(number))
        || audit_field(int8send(id)) || audit_field(int8send((extract(epoch FROM at) * 1000000)::bigint))
        || audit_field(convert_to(actor, 'UTF8')) || audit_field(convert_to(token_id, 'UTF8')) || audit_field(convert_to(role, 'UTF8'))
        || audit_field(convert_to(account_id, 'UTF8')) || audit_field(convert_to(remote_address, 'UTF8'))
        || audit_field(convert_to(request_id, 'UTF8')) || audit_field(convert_to(action, 'UTF8')) || audit_field(convert_to(target, 'UTF8'))
        || audit_field(convert_to(before::text, 'UTF8')) || audit_field(convert_to(after::text, 'UTF8'))
        || audit_field(convert_to(result, 'UTF8')))
$$;
CREATE FUNCTION public.audit_link() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION public.audit_prepare_partitions() RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
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
END $_$;
CREATE FUNCTION public.audit_take_turn() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM audit_head FOR NO KEY UPDATE;
    RETURN NULL;
END $$;
CREATE TABLE public.accounts (
    id text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    quota_stores bigint,
    quota_cpu bigint,
    quota_memory bigint,
    quota_storage bigint,
    version bigint DEFAULT 1 NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT account_id_is_a_label CHECK ((id ~ '^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$'::text)),
    CONSTRAINT account_name_is_not_empty CHECK ((name <> ''::text)),
    CONSTRAINT quota_is_not_negative CHECK (((quota_stores >= 0) AND (quota_cpu >= 0) AND (quota_memory >= 0) AND (quota_storage >= 0)))
);
CREATE TABLE public.audit_archives (
    partition text NOT NULL,
    first_number bigint NOT NULL,
    last_number bigint NOT NULL,
    last_hash bytea NOT NULL,
    file text NOT NULL,
    file_sha256 bytea NOT NULL,
    archived_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT archive_hashes_are_sha256 CHECK (((length(last_hash) = 32) AND (length(file_sha256) = 32))),
    CONSTRAINT archive_is_a_range CHECK (((first_number >= 1) AND (last_number >= first_number)))
);
CREATE TABLE public.audit_daily (
    day date NOT NULL,
    account_id text NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    result text NOT NULL,
    records bigint NOT NULL,
    CONSTRAINT daily_is_counted CHECK ((records >= 1))
)
WITH (fillfactor='70');
CREATE TABLE public.audit_head (
    is_head boolean DEFAULT true NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT head_hash_is_sha256 CHECK ((length(hash) = 32)),
    CONSTRAINT head_is_counted CHECK ((number >= 0)),
    CONSTRAINT head_is_one_row CHECK (is_head)
)
WITH (fillfactor='10');
CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    token_id text,
    role text NOT NULL,
    account_id text NOT NULL,
    remote_address text NOT NULL,
    request_id text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    before jsonb,
    after jsonb,
    result text NOT NULL,
    number bigint NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_hashes_are_sha256 CHECK (((length(hash) = 32) AND (length(previous_hash) = 32))),
    CONSTRAINT audit_number_is_counted CHECK ((number >= 1))
)
PARTITION BY RANGE (at);
CREATE TABLE public.audit_log_default (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    token_id text,
    role text NOT NULL,
    account_id text NOT NULL,
    remote_address text NOT NULL,
    request_id text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    before jsonb,
    after jsonb,
    result text NOT NULL,
    number bigint NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_hashes_are_sha256 CHECK (((length(hash) = 32) AND (length(previous_hash) = 32))),
    CONSTRAINT audit_number_is_counted CHECK ((number >= 1))
);
ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.duties (
    duty text NOT NULL,
    holder uuid NOT NULL,
    held_until timestamp with time zone NOT NULL
);
CREATE UNLOGGED TABLE public.rate_buckets (
    subject text NOT NULL,
    level double precision NOT NULL,
    granted boolean NOT NULL,
    filled_at timestamp with time zone NOT NULL,
    CONSTRAINT level_is_not_negative CHECK ((level >= (0)::double precision))
);
CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.sessions (
    secret_sha256 bytea NOT NULL,
    token_id text,
    account_id text NOT NULL,
    role text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT session_ends CHECK ((expires_at > created_at)),
    CONSTRAINT session_hash_is_sha256 CHECK ((length(secret_sha256) = 32)),
    CONSTRAINT session_name_is_not_empty CHECK ((name <> ''::text)),
    CONSTRAINT session_role_is_known CHECK ((role = ANY (ARRAY['admin'::text, 'operator'::text, 'merchant'::text, 'viewer'::text, 'auditor'::text])))
);
CREATE TABLE public.store_events (
    store_id text NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    type text NOT NULL,
    stage text,
    phase text NOT NULL,
    reason text,
    message text NOT NULL,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT event_is_numbered CHECK ((seq >= 1))
);
ALTER TABLE public.store_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.store_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.stores (
    id text NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    engine text NOT NULL,
    plan text NOT NULL,
    account_id text NOT NULL,
    desired text DEFAULT 'running'::text NOT NULL,
    generation bigint DEFAULT 1 NOT NULL,
    phase text DEFAULT 'pending'::text NOT NULL,
    reason text,
    message text DEFAULT ''::text NOT NULL,
    url text,
    namespace_uid text,
    version bigint DEFAULT 1 NOT NULL,
    event_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    ready_at timestamp with time zone,
    attempted_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    idempotency_key text,
    request_sha256 bytea,
    seal text,
    manifests_hash text,
    relapses integer DEFAULT 0 NOT NULL,
    relapsed_at timestamp with time zone,
    well_since timestamp with time zone,
    country text DEFAULT 'US:CA'::text NOT NULL,
    currency text DEFAULT 'USD'::text NOT NULL,
    catalogue text DEFAULT 'sample'::text NOT NULL,
    cpu bigint,
    memory bigint,
    storage bigint,
    CONSTRAINT absent_is_leaving CHECK (((desired <> 'absent'::text) OR (phase = ANY (ARRAY['deleting'::text, 'deleted'::text])))),
    CONSTRAINT catalogue_is_known CHECK ((catalogue = ANY (ARRAY['sample'::text, 'empty'::text]))),
    CONSTRAINT country_is_a_code CHECK ((country ~ '^[A-Z]{2}(:[A-Z0-9]{1,3})?$'::text)),
    CONSTRAINT currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT deleted_has_a_time CHECK (((phase = 'deleted'::text) = (deleted_at IS NOT NULL))),
    CONSTRAINT deleted_is_wanted CHECK (((phase <> ALL (ARRAY['deleting'::text, 'deleted'::text])) OR (desired = 'absent'::text))),
    CONSTRAINT desired_is_known CHECK ((desired = ANY (ARRAY['running'::text, 'suspended'::text, 'absent'::text]))),
    CONSTRAINT failed_has_reason CHECK (((phase <> 'failed'::text) OR (reason IS NOT NULL))),
    CONSTRAINT generation_is_counted CHECK ((generation >= 1)),
    CONSTRAINT name_is_not_empty CHECK ((name <> ''::text)),
    CONSTRAINT phase_is_known CHECK ((phase = ANY (ARRAY['pending'::text, 'provisioning'::text, 'ready'::text, 'degraded'::text, 'failed'::text, 'suspended'::text, 'deleting'::text, 'deleted'::text]))),
    CONSTRAINT ready_has_namespace CHECK (((phase <> 'ready'::text) OR (namespace_uid IS NOT NULL))),
    CONSTRAINT ready_has_url CHECK (((phase <> 'ready'::text) OR (url IS NOT NULL))),
    CONSTRAINT relapses_are_counted CHECK (((relapses >= 0) AND ((relapses = 0) OR (relapsed_at IS NOT NULL)))),
    CONSTRAINT size_is_not_negative CHECK (((cpu >= 0) AND (memory >= 0) AND (storage >= 0))),
    CONSTRAINT size_is_whole CHECK ((((cpu IS NULL) = (memory IS NULL)) AND ((cpu IS NULL) = (storage IS NULL)))),
    CONSTRAINT slug_is_a_label CHECK ((slug ~ '^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$'::text)),
    CONSTRAINT store_id_is_an_id CHECK ((id ~ '^[a-z][a-z2-9]{11}$'::text)),
    CONSTRAINT version_is_counted CHECK ((version >= 1))
)
WITH (fillfactor='80');
CREATE TABLE public.tokens (
    id text NOT NULL,
    account_id text NOT NULL,
    role text NOT NULL,
    name text NOT NULL,
    secret_sha256 bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_by text,
    last_used_at timestamp with time zone,
    CONSTRAINT token_hash_is_sha256 CHECK ((length(secret_sha256) = 32)),
    CONSTRAINT token_name_is_not_empty CHECK ((name <> ''::text)),
    CONSTRAINT token_role_is_known CHECK ((role = ANY (ARRAY['admin'::text, 'operator'::text, 'merchant'::text, 'viewer'::text, 'auditor'::text])))
);
CREATE TABLE public.work (
    store_id text NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    requested bigint DEFAULT 1 NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    lease_token uuid,
    lease_until timestamp with time zone,
    CONSTRAINT attempt_is_counted CHECK ((attempt >= 0)),
    CONSTRAINT lease_is_whole CHECK (((lease_token IS NULL) = (lease_until IS NULL))),
    CONSTRAINT request_is_counted CHECK ((requested >= 1))
)
WITH (fillfactor='50');
CREATE VIEW reporting.activity AS
 SELECT audit_daily.day,
    audit_daily.account_id AS account,
    audit_daily.actor,
    audit_daily.action,
    audit_daily.result,
    audit_daily.records AS requests
   FROM public.audit_daily;
CREATE VIEW reporting.audit_archives AS
 SELECT audit_archives.partition,
    audit_archives.first_number,
    audit_archives.last_number,
    audit_archives.last_hash,
    audit_archives.file,
    audit_archives.file_sha256,
    audit_archives.archived_at
   FROM public.audit_archives;
CREATE VIEW reporting.audit_head AS
 SELECT audit_head.number,
    audit_head.hash
   FROM public.audit_head;
CREATE VIEW reporting.audit_log AS
 SELECT audit_log.id,
    audit_log.at,
    audit_log.actor,
    audit_log.token_id,
    audit_log.role,
    audit_log.account_id,
    audit_log.remote_address,
    audit_log.request_id,
    audit_log.action,
    audit_log.target,
    audit_log.before,
    audit_log.after,
    audit_log.result,
    audit_log.number,
    audit_log.previous_hash,
    audit_log.hash
   FROM public.audit_log;
CREATE VIEW reporting.deletions AS
 SELECT s.id AS store,
    s.name,
    s.engine,
    s.plan,
    s.account_id AS account,
    event.at AS requested_at,
    request.actor AS requested_by,
    request.remote_address,
    s.deleted_at,
    (EXTRACT(epoch FROM (s.deleted_at - event.at)))::double precision AS seconds_to_delete
   FROM ((public.stores s
     LEFT JOIN LATERAL ( SELECT store_events.at
           FROM public.store_events
          WHERE ((store_events.store_id = s.id) AND (store_events.type = 'deletion_requested'::text))
          ORDER BY store_events.seq
         LIMIT 1) event ON (true))
     LEFT JOIN LATERAL ( SELECT audit_log.actor,
            audit_log.remote_address
           FROM public.audit_log
          WHERE ((audit_log.target = s.id) AND (audit_log.action = 'store.delete'::text) AND (audit_log.result = 'ok'::text) AND ((audit_log.at >= (event.at - '00:01:00'::interval)) AND (audit_log.at <= (event.at + '00:01:00'::interval))))
          ORDER BY audit_log.number
         LIMIT 1) request ON (true))
  WHERE (s.desired = 'absent'::text);
CREATE VIEW reporting.denied_attempts AS
 SELECT audit_log.at,
    audit_log.actor,
    audit_log.token_id,
    audit_log.role,
    audit_log.account_id AS account,
    audit_log.remote_address,
    audit_log.request_id,
    audit_log.action,
    audit_log.target,
    audit_log.result
   FROM public.audit_log
  WHERE ((audit_log.result <> ALL (ARRAY['ok'::text, 'unchanged'::text])) AND (audit_log.result = ANY (ARRAY['unauthenticated'::text, 'forbidden'::text, 'no_role'::text, 'csrf_proof_missing'::text, 'store_not_found'::text, 'account_not_found'::text, 'token_not_found'::text, 'not_found'::text, 'quota_exceeded'::text, 'platform_full'::text, 'rate_limited'::text])));
CREATE VIEW reporting.failures AS
 SELECT e.at,
    e.store_id AS store,
    s.engine,
    s.plan,
    s.account_id AS account,
    e.stage,
    e.reason,
    e.message
   FROM (public.store_events e
     JOIN public.stores s ON ((s.id = e.store_id)))
  WHERE ((e.type = 'phase_changed'::text) AND (e.phase = 'failed'::text));
CREATE VIEW reporting.quota_use AS
SELECT
    NULL::text AS account,
    NULL::text AS name,
    NULL::bigint AS stores,
    NULL::bigint AS ready,
    NULL::bigint AS failed,
    NULL::bigint AS quota_stores,
    NULL::numeric AS cpu_cores,
    NULL::numeric AS quota_cpu_cores,
    NULL::numeric AS memory_bytes,
    NULL::bigint AS quota_memory_bytes,
    NULL::numeric AS storage_bytes,
    NULL::bigint AS quota_storage_bytes,
    NULL::timestamp with time zone AS closed_at;
CREATE VIEW reporting.stores AS
 SELECT stores.id AS store,
    stores.name,
    stores.slug,
    stores.engine,
    stores.plan,
    stores.account_id AS account,
    stores.phase,
    stores.reason,
    stores.created_at,
    stores.ready_at,
    stores.deleted_at,
    (EXTRACT(epoch FROM (stores.ready_at - stores.created_at)))::double precision AS seconds_to_ready,
    (EXTRACT(epoch FROM (COALESCE(stores.deleted_at, now()) - stores.created_at)))::double precision AS seconds_of_life
   FROM public.stores;
ALTER TABLE ONLY public.audit_log ATTACH PARTITION public.audit_log_default DEFAULT;
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_archives
    ADD CONSTRAINT audit_archives_pkey PRIMARY KEY (partition);
ALTER TABLE ONLY public.audit_daily
    ADD CONSTRAINT audit_daily_pkey PRIMARY KEY (day, account_id, actor, action, result);
ALTER TABLE public.audit_log
    ADD CONSTRAINT audit_fields_are_bounded CHECK (((length(actor) <= 255) AND (length(token_id) <= 255) AND (length(role) <= 64) AND (length(account_id) <= 64) AND (length(remote_address) <= 64) AND (length(request_id) <= 64) AND (length(action) <= 64) AND (length(target) <= 255) AND (length(result) <= 64))) NOT VALID;
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (is_head);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (at, id);
ALTER TABLE ONLY public.audit_log_default
    ADD CONSTRAINT audit_log_default_pkey PRIMARY KEY (at, id);
ALTER TABLE ONLY public.duties
    ADD CONSTRAINT duties_pkey PRIMARY KEY (duty);
ALTER TABLE ONLY public.rate_buckets
    ADD CONSTRAINT rate_buckets_pkey PRIMARY KEY (subject);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (secret_sha256);
ALTER TABLE ONLY public.store_events
    ADD CONSTRAINT store_events_pkey PRIMARY KEY (store_id, seq);
ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.work
    ADD CONSTRAINT work_pkey PRIMARY KEY (store_id);
CREATE INDEX audit_log_by_account ON ONLY public.audit_log USING btree (account_id, number);
CREATE INDEX audit_log_by_action ON ONLY public.audit_log USING btree (action, number);
CREATE INDEX audit_log_by_actor ON ONLY public.audit_log USING btree (actor, number);
CREATE INDEX audit_log_by_number ON ONLY public.audit_log USING btree (number);
CREATE INDEX audit_log_by_request ON ONLY public.audit_log USING btree (request_id);
CREATE INDEX audit_log_by_target ON ONLY public.audit_log USING btree (target, number);
CREATE INDEX audit_log_default_account_id_number_idx ON public.audit_log_default USING btree (account_id, number);
CREATE INDEX audit_log_default_action_number_idx ON public.audit_log_default USING btree (action, number);
CREATE INDEX audit_log_default_actor_number_idx ON public.audit_log_default USING btree (actor, number);
CREATE INDEX audit_log_refused ON ONLY public.audit_log USING btree (at) WHERE (result <> ALL (ARRAY['ok'::text, 'unchanged'::text]));
CREATE INDEX audit_log_default_at_idx ON public.audit_log_default USING btree (at) WHERE (result <> ALL (ARRAY['ok'::text, 'unchanged'::text]));
CREATE INDEX audit_log_default_number_idx ON public.audit_log_default USING btree (number);
CREATE INDEX audit_log_default_request_id_idx ON public.audit_log_default USING btree (request_id);
CREATE INDEX audit_log_default_target_number_idx ON public.audit_log_default USING btree (target, number);
CREATE INDEX rate_buckets_by_filling ON public.rate_buckets USING btree (filled_at);
CREATE INDEX sessions_by_end ON public.sessions USING btree (expires_at);
CREATE INDEX store_events_in_order ON public.store_events USING btree (transaction_id, id);
CREATE INDEX store_events_of_failures ON public.store_events USING btree (at) WHERE ((type = 'phase_changed'::text) AND (phase = 'failed'::text));
CREATE INDEX stores_by_creation ON public.stores USING btree (created_at DESC, id DESC);
CREATE UNIQUE INDEX stores_idempotency_key_is_unique ON public.stores USING btree (account_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX stores_living_by_account ON public.stores USING btree (account_id) WHERE (phase <> 'deleted'::text);
CREATE UNIQUE INDEX stores_slug_is_unique ON public.stores USING btree (slug) WHERE (phase <> 'deleted'::text);
CREATE INDEX tokens_by_creation ON public.tokens USING btree (created_at DESC, id DESC);
CREATE INDEX work_by_due ON public.work USING btree (due_at);
ALTER INDEX public.audit_log_by_account ATTACH PARTITION public.audit_log_default_account_id_number_idx;
ALTER INDEX public.audit_log_by_action ATTACH PARTITION public.audit_log_default_action_number_idx;
ALTER INDEX public.audit_log_by_actor ATTACH PARTITION public.audit_log_default_actor_number_idx;
ALTER INDEX public.audit_log_refused ATTACH PARTITION public.audit_log_default_at_idx;
ALTER INDEX public.audit_log_by_number ATTACH PARTITION public.audit_log_default_number_idx;
ALTER INDEX public.audit_log_pkey ATTACH PARTITION public.audit_log_default_pkey;
ALTER INDEX public.audit_log_by_request ATTACH PARTITION public.audit_log_default_request_id_idx;
ALTER INDEX public.audit_log_by_target ATTACH PARTITION public.audit_log_default_target_number_idx;
CREATE OR REPLACE VIEW reporting.quota_use AS
 SELECT a.id AS account,
    a.name,
    count(s.id) AS stores,
    count(s.id) FILTER (WHERE (s.phase = 'ready'::text)) AS ready,
    count(s.id) FILTER (WHERE (s.phase = 'failed'::text)) AS failed,
    a.quota_stores,
    (COALESCE(sum(s.cpu), (0)::numeric) / (1000)::numeric) AS cpu_cores,
    ((a.quota_cpu)::numeric / 1000.0) AS quota_cpu_cores,
    COALESCE(sum(s.memory), (0)::numeric) AS memory_bytes,
    a.quota_memory AS quota_memory_bytes,
    COALESCE(sum(s.storage), (0)::numeric) AS storage_bytes,
    a.quota_storage AS quota_storage_bytes,
    a.deleted_at AS closed_at
   FROM (public.accounts a
     LEFT JOIN public.stores s ON (((s.account_id = a.id) AND (s.phase <> 'deleted'::text))))
  GROUP BY a.id;
CREATE TRIGGER audit_archives_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_archives FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER audit_log_default_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log_default FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER audit_log_link BEFORE INSERT ON public.audit_log FOR EACH ROW EXECUTE FUNCTION public.audit_link();
CREATE TRIGGER audit_log_take_turn BEFORE INSERT ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.audit_take_turn();
CREATE TRIGGER store_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.store_events FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.tokens(id);
ALTER TABLE ONLY public.store_events
    ADD CONSTRAINT store_events_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);
ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.work
    ADD CONSTRAINT work_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);
