-- What the migrations make, as pg_dump writes it. A test compares; docs/architecture.md says how to renew it.
CREATE FUNCTION public.append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
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
    result text NOT NULL
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
    result text NOT NULL
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
    cpu bigint,
    memory bigint,
    storage bigint,
    CONSTRAINT absent_is_leaving CHECK (((desired <> 'absent'::text) OR (phase = ANY (ARRAY['deleting'::text, 'deleted'::text])))),
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
ALTER TABLE ONLY public.audit_log ATTACH PARTITION public.audit_log_default DEFAULT;
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
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
CREATE INDEX rate_buckets_by_filling ON public.rate_buckets USING btree (filled_at);
CREATE INDEX sessions_by_end ON public.sessions USING btree (expires_at);
CREATE INDEX store_events_in_order ON public.store_events USING btree (transaction_id, id);
CREATE INDEX stores_by_creation ON public.stores USING btree (created_at DESC, id DESC);
CREATE UNIQUE INDEX stores_idempotency_key_is_unique ON public.stores USING btree (account_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX stores_living_by_account ON public.stores USING btree (account_id) WHERE (phase <> 'deleted'::text);
CREATE UNIQUE INDEX stores_slug_is_unique ON public.stores USING btree (slug) WHERE (phase <> 'deleted'::text);
CREATE INDEX tokens_by_creation ON public.tokens USING btree (created_at DESC, id DESC);
ALTER INDEX public.audit_log_pkey ATTACH PARTITION public.audit_log_default_pkey;
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
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
