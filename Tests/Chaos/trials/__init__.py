"""One function for each promise: it does its worst for a while and returns what it saw.

Each has a fleet of its own. `chance` comes from the seed; `seconds` is how long it may go on trying.
"""

from trials.agreement import drift_is_healed, foreign_things_are_untouched
from trials.audit import the_log_is_complete
from trials.cluster import a_sick_cluster_corrupts_nothing, deletions_are_complete
from trials.database import ambiguous_commits_are_resolved, postgres_may_go_away
from trials.leaks import no_secret_leaks
from trials.orders import keys_have_one_effect, quotas_are_exact
from trials.outcome import Outcome  # noqa: F401  # for who runs them
from trials.readers import readers_miss_nothing
from trials.tenants import one_tenant_never_sees_another
from trials.workers import (
    acknowledged_creates_are_kept, dead_workers_are_replaced, one_namespace_and_one_secret, paused_workers_write_nothing,
    rolling_restarts_fail_no_request, the_queue_is_a_hint)

PROMISES = [
    (1, "an acknowledged create is never lost", acknowledged_creates_are_kept),
    (2, "one namespace per store, passwords set once", one_namespace_and_one_secret),
    (3, "a dead worker's store is taken up", dead_workers_are_replaced),
    (4, "a paused worker writes nothing", paused_workers_write_nothing),
    (5, "the queue is a hint", the_queue_is_a_hint),
    (6, "drift is healed", drift_is_healed),
    (7, "nothing that is not ours is touched", foreign_things_are_untouched),
    (8, "a deletion is complete or says why", deletions_are_complete),
    (9, "a sick API server corrupts nothing", a_sick_cluster_corrupts_nothing),
    (10, "an ambiguous COMMIT is resolved", ambiguous_commits_are_resolved),
    (11, "an Idempotency-Key has one effect", keys_have_one_effect),
    (12, "a quota is exact", quotas_are_exact),
    (13, "PostgreSQL may go away", postgres_may_go_away),
    (14, "a rolling restart fails no request", rolling_restarts_fail_no_request),
    (17, "one tenant never sees another", one_tenant_never_sees_another),
    (19, "the audit log is complete and shows tampering", the_log_is_complete),
    (20, "no secret leaks", no_secret_leaks),
    (21, "a reader misses nothing", readers_miss_nothing),
]
