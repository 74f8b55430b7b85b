-- What must never be, whatever was killed when. Each line names itself and counts what is wrong; every count must be 0.
SELECT 'two living stores at one address', count(*) FROM (SELECT slug FROM stores WHERE phase <> 'deleted' GROUP BY slug HAVING count(*) > 1) t
UNION ALL SELECT 'one key made two stores', count(*) FROM (SELECT idempotency_key FROM stores WHERE idempotency_key IS NOT NULL GROUP BY account_id, idempotency_key HAVING count(*) > 1) t
UNION ALL SELECT 'events with gaps or doubled', count(*) FROM (SELECT store_id FROM store_events GROUP BY store_id HAVING count(*) <> max(seq) OR min(seq) <> 1) t
UNION ALL SELECT 'event counter and events differ', count(*) FROM stores s WHERE event_count <> (SELECT count(*) FROM store_events e WHERE e.store_id = s.id)
UNION ALL SELECT 'stores without a first event', count(*) FROM stores s WHERE NOT EXISTS (SELECT FROM store_events e WHERE e.store_id = s.id AND e.seq = 1 AND e.type IN ('created', 'adopted'))
UNION ALL SELECT 'creations not audited once', count(*) FROM stores s WHERE (SELECT count(*) FROM audit_log a WHERE a.target = s.id AND a.action IN ('store.create', 'store.adopt') AND a.result = 'ok') <> 1
UNION ALL SELECT 'deletions not audited', count(*) FROM stores s WHERE desired = 'absent' AND NOT EXISTS (SELECT FROM audit_log a WHERE a.target = s.id AND a.action = 'store.delete' AND a.result = 'ok')
UNION ALL SELECT 'last event tells another phase', count(*) FROM stores s WHERE phase IN ('ready', 'deleted', 'failed') AND phase <> (SELECT e.phase FROM store_events e WHERE e.store_id = s.id AND e.type IN ('phase_changed', 'created', 'adopted') ORDER BY seq DESC LIMIT 1)
UNION ALL SELECT 'ready and not sealed', count(*) FROM stores WHERE phase = 'ready' AND (seal IS NULL OR url IS NULL OR namespace_uid IS NULL)
UNION ALL SELECT 'work left for what is settled', count(*) FROM work w JOIN stores s ON s.id = w.store_id WHERE s.phase = 'deleted'
UNION ALL SELECT 'ready before its set-up', count(*) FROM store_events r WHERE type = 'phase_changed' AND phase = 'ready' AND NOT EXISTS (SELECT FROM store_events e WHERE e.store_id = r.store_id AND e.seq < r.seq AND (e.stage = 'setup' AND e.type = 'stage_completed' OR e.type = 'adopted' OR e.phase = 'ready'))
