"""The benchmarks behind scripts/bench: each compares two things in one run and prints what it measured."""

import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "System"))

from provision import provision  # noqa: E402
from reconcile import reconcile  # noqa: E402
from replicas import replicas  # noqa: E402
from reports import reports  # noqa: E402
from serving import serving  # noqa: E402
from simulator import simulator  # noqa: E402
from work import queue  # noqa: E402

# The number that each takes, when none is given.
BENCHES = {
    "provision": (provision, 500), "http": (serving, 5), "simulator": (simulator, 10_000), "reconcile": (reconcile, 10_000),
    "queue": (queue, 20), "replicas": (replicas, 500), "reports": (reports, 1_000_000),
}

if __name__ == "__main__":
    print(datetime.datetime.now().isoformat(timespec="seconds"), flush=True)
    bench, number = BENCHES[sys.argv[1]]
    bench(int(sys.argv[2]) if len(sys.argv) > 2 else number)
