-- What each account may have beside what it has. NULL is without limit. The size of a store is what its plan promised when it was ordered;
-- a store of before sizes were noted counts for nothing in the sums. New columns stand at the end: the old ones go on being read.
CREATE OR REPLACE VIEW reporting.quota_use AS
    SELECT a.id AS account, a.name, count(s.id) AS stores, count(s.id) FILTER (WHERE s.phase = 'ready') AS ready,
        count(s.id) FILTER (WHERE s.phase = 'failed') AS failed,
        a.quota_stores,
        coalesce(sum(s.cpu), 0) / 1000 AS cpu_cores, a.quota_cpu / 1000.0 AS quota_cpu_cores,
        coalesce(sum(s.memory), 0) AS memory_bytes, a.quota_memory AS quota_memory_bytes,
        coalesce(sum(s.storage), 0) AS storage_bytes, a.quota_storage AS quota_storage_bytes,
        a.deleted_at AS closed_at
    FROM accounts a LEFT JOIN public.stores s ON s.account_id = a.id AND s.phase <> 'deleted' GROUP BY a.id;
