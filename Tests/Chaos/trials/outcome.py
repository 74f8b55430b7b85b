"""What a trial gives back, and how long it goes on."""

import time

from witnesses import Ledger


class Outcome:
    """Trials, failures, and a sentence of figures."""

    def __init__(self, trials=0, failures=(), figures=""):
        self.trials, self.failures, self.figures = trials, list(failures), figures


def until(seconds):
    """Numbers, one at least, for as long as there is time."""
    deadline, number = time.monotonic() + seconds, 0
    while number == 0 or time.monotonic() < deadline:
        yield number
        number += 1


def ledger_of(fleet):
    return Ledger(fleet.postgres.directory / "ledger.jsonl")
