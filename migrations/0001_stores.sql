-- What is wanted of each store and what was last seen of it.

CREATE TABLE accounts (
    id text PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT account_id_is_a_label CHECK (id ~ '^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$')
);
INSERT INTO accounts (id, name) VALUES ('default', 'Default');

CREATE TABLE tokens (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id),
    role text NOT NULL,
    name text NOT NULL,
    -- SHA-256 of the secret; the secret itself is nowhere.
    secret_sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT token_role_is_known CHECK (role IN ('admin', 'operator', 'merchant', 'viewer', 'auditor')),
    CONSTRAINT token_hash_is_sha256 CHECK (length(secret_sha256) = 32)
);

CREATE TABLE stores (
    id text PRIMARY KEY,
    name text NOT NULL,
    slug text NOT NULL,
    engine text NOT NULL,
    plan text NOT NULL,
    account_id text NOT NULL REFERENCES accounts (id),
    desired text NOT NULL DEFAULT 'running',
    -- Counts changes of what is wanted; what was seen of an older one is not recorded.
    generation bigint NOT NULL DEFAULT 1,
    phase text NOT NULL DEFAULT 'pending',
    reason text,
    message text NOT NULL DEFAULT '',
    url text,
    namespace_uid text,
    -- Grows with every change of the row: the entity tag of the resource.
    version bigint NOT NULL DEFAULT 1,
    event_count bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    ready_at timestamptz,
    attempted_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    -- Of the request that made it, so that the same request finds it again.
    idempotency_key text,
    request_sha256 bytea,
    CONSTRAINT store_id_is_an_id CHECK (id ~ '^[a-z][a-z2-9]{11}$'),
    CONSTRAINT slug_is_a_label CHECK (slug ~ '^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$'),
    CONSTRAINT name_is_not_empty CHECK (name <> ''),
    CONSTRAINT desired_is_known CHECK (desired IN ('running', 'suspended', 'absent')),
    CONSTRAINT phase_is_known CHECK
        (phase IN ('pending', 'provisioning', 'ready', 'degraded', 'failed', 'suspended', 'deleting', 'deleted')),
    CONSTRAINT ready_has_url CHECK (phase <> 'ready' OR url IS NOT NULL),
    CONSTRAINT deleted_is_wanted CHECK (phase NOT IN ('deleting', 'deleted') OR desired = 'absent'),
    CONSTRAINT deleted_has_a_time CHECK ((phase = 'deleted') = (deleted_at IS NOT NULL))
) WITH (fillfactor = 80);

-- An address is taken while its store lives.
CREATE UNIQUE INDEX stores_slug_is_unique ON stores (slug) WHERE phase <> 'deleted';
CREATE UNIQUE INDEX stores_idempotency_key_is_unique ON stores (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX stores_by_creation ON stores (created_at DESC, id DESC);

-- What happened to a store. Append-only; survives the store.
CREATE TABLE store_events (
    store_id text NOT NULL REFERENCES stores (id),
    -- 1, 2, 3 ... for each store, given out under the lock of its row.
    seq bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    type text NOT NULL,
    stage text,
    phase text NOT NULL,
    reason text,
    message text NOT NULL,
    -- Order over all stores: rows of a transaction that commits late are not passed over.
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (store_id, seq)
);
CREATE INDEX store_events_in_order ON store_events (transaction_id, id);

-- That something must be done: a hint, one row per store. Emptying it loses nothing.
CREATE TABLE work (
    store_id text PRIMARY KEY REFERENCES stores (id),
    due_at timestamptz NOT NULL DEFAULT now(),
    -- Grows with every request; work is finished only if it has not grown meanwhile.
    requested bigint NOT NULL DEFAULT 1,
    attempt integer NOT NULL DEFAULT 0,
    lease_token uuid,
    lease_until timestamptz,
    CONSTRAINT lease_is_whole CHECK ((lease_token IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 50);

-- Who did what: in the transaction of the change, denied attempts too.
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
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
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
-- Catches what has no month of its own yet, so that a change is never refused for want of a partition.
CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT;

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER store_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON store_events
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
