-- What the replicas agree on, and what tells that a store's objects are as they were left.

-- Of all objects of a ready store together: kind, name, uid, version and labels as they were when everything was last found right.
-- Another seal in the cluster means that somebody has changed something.
ALTER TABLE stores ADD COLUMN seal text;
-- Of the manifests that this engine and plan had then: another one now means that this version of the platform wants other objects.
ALTER TABLE stores ADD COLUMN manifests_hash text;
-- How often a store has become unwell in the present spell, when it last did, and since when it looks well again.
ALTER TABLE stores ADD COLUMN relapses integer NOT NULL DEFAULT 0;
ALTER TABLE stores ADD COLUMN relapsed_at timestamptz;
ALTER TABLE stores ADD COLUMN well_since timestamptz;

ALTER TABLE stores
    ADD CONSTRAINT generation_is_counted CHECK (generation >= 1),
    ADD CONSTRAINT version_is_counted CHECK (version >= 1),
    ADD CONSTRAINT relapses_are_counted CHECK (relapses >= 0 AND (relapses = 0 OR relapsed_at IS NOT NULL)),
    ADD CONSTRAINT absent_is_leaving CHECK (desired <> 'absent' OR phase IN ('deleting', 'deleted')),
    ADD CONSTRAINT failed_has_reason CHECK (phase <> 'failed' OR reason IS NOT NULL),
    ADD CONSTRAINT ready_has_namespace CHECK (phase <> 'ready' OR namespace_uid IS NOT NULL);

ALTER TABLE store_events
    ADD CONSTRAINT event_is_numbered CHECK (seq >= 1);

ALTER TABLE work
    ADD CONSTRAINT request_is_counted CHECK (requested >= 1),
    ADD CONSTRAINT attempt_is_counted CHECK (attempt >= 0);

-- What one replica does for all of them: held for a while, renewed, and taken by another when its holder is silent.
CREATE TABLE duties (
    duty text PRIMARY KEY,
    holder uuid NOT NULL,
    held_until timestamptz NOT NULL
);
