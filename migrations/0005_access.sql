-- Who may do what, and how much of it: accounts with quotas, tokens that end, sessions, limits of requests.

-- NULL is without limit. Processor in thousandths of a core; memory and storage in bytes.
ALTER TABLE accounts
    ADD COLUMN quota_stores bigint,
    ADD COLUMN quota_cpu bigint,
    ADD COLUMN quota_memory bigint,
    ADD COLUMN quota_storage bigint,
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    -- Its id is never used again: events and the audit log go on naming it.
    ADD COLUMN deleted_at timestamptz,
    ADD CONSTRAINT account_name_is_not_empty CHECK (name <> ''),
    ADD CONSTRAINT quota_is_not_negative CHECK (quota_stores >= 0 AND quota_cpu >= 0 AND quota_memory >= 0 AND quota_storage >= 0);

ALTER TABLE tokens
    ADD COLUMN created_by text,
    -- To the minute: not every request writes.
    ADD COLUMN last_used_at timestamptz,
    ADD CONSTRAINT token_name_is_not_empty CHECK (name <> '');
CREATE INDEX tokens_by_creation ON tokens (created_at DESC, id DESC);

-- What its plan promised when it was ordered, in the units of the quotas. NULL where a version that knew no quotas has written the row: its
-- plan's present size counts.
ALTER TABLE stores
    ADD COLUMN cpu bigint,
    ADD COLUMN memory bigint,
    ADD COLUMN storage bigint,
    ADD CONSTRAINT size_is_whole CHECK ((cpu IS NULL) = (memory IS NULL) AND (cpu IS NULL) = (storage IS NULL)),
    ADD CONSTRAINT size_is_not_negative CHECK (cpu >= 0 AND memory >= 0 AND storage >= 0);
-- What an account has, counted under the lock of its row.
CREATE INDEX stores_living_by_account ON stores (account_id) WHERE phase <> 'deleted';

-- Who is signed in to the dashboard. The cookie's value is nowhere, only its SHA-256.
CREATE TABLE sessions (
    secret_sha256 bytea PRIMARY KEY,
    -- The token it was opened with: what ends that ends this. NULL for who came through an authenticating proxy.
    token_id text REFERENCES tokens (id),
    account_id text NOT NULL REFERENCES accounts (id),
    role text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT session_hash_is_sha256 CHECK (length(secret_sha256) = 32),
    CONSTRAINT session_role_is_known CHECK (role IN ('admin', 'operator', 'merchant', 'viewer', 'auditor')),
    CONSTRAINT session_name_is_not_empty CHECK (name <> ''),
    CONSTRAINT session_ends CHECK (expires_at > created_at)
);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- How many requests of a kind somebody has left, where all replicas must agree. Losing it in a crash fills every bucket, which harms nobody.
CREATE UNLOGGED TABLE rate_buckets (
    subject text PRIMARY KEY,
    level double precision NOT NULL,
    -- Whether the last request was let through.
    granted boolean NOT NULL,
    filled_at timestamptz NOT NULL,
    CONSTRAINT level_is_not_negative CHECK (level >= 0)
);
CREATE INDEX rate_buckets_by_filling ON rate_buckets (filled_at);
