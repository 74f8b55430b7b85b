"""Does its worst to a fleet of replicas for a bounded time and prints, for each promise, what that came to.

Every random choice comes from the seed, promise by promise: the same seed makes the same plan. What the machine does in between is its own.
"""

import argparse
import random
import sys
import time
import traceback

from trials import PROMISES, Outcome


def main():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="of the random choices; without it one is chosen and printed")
    parser.add_argument("--minutes", type=float, default=10, help="about how long to go on, whatever it takes to settle not counted (default 10)")
    parser.add_argument("--promise", type=int, action="append", help="only this one; may be given several times")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    promises = [promise for promise in PROMISES if not options.promise or promise[0] in options.promise]
    if not promises:
        parser.error(f"the promises are {', '.join(str(number) for number, *_ in PROMISES)}")
    share = options.minutes * 60 / len(promises)
    print(f"seed {seed}, {share:.0f} s for each of {len(promises)} promises", flush=True)
    rows, began = [], time.monotonic()
    for number, promise, trial in promises:
        started = time.monotonic()
        try:
            outcome = trial(random.Random(f"{seed}/{number}"), share)
        except Exception:  # pylint: disable=broad-except  # a trial that cannot be held is a failure of its promise
            outcome = Outcome(0, [traceback.format_exc(limit=4)])
        rows.append((number, promise, outcome))
        print(f"  {number:2} {promise}: {outcome.trials} trials, {len(outcome.failures)} failures, {outcome.figures} ({time.monotonic() - started:.0f} s)", flush=True)
        for failure in outcome.failures[:5]:
            print(f"     {failure}", flush=True)
    print("\n| # | promise | trials | failures | figures |\n|---|---|---|---|---|")
    for number, promise, outcome in rows:
        print(f"| {number} | {promise} | {outcome.trials} | {len(outcome.failures)} | {outcome.figures} |")
    failed = sum(bool(outcome.failures) for *_, outcome in rows)
    print(f"\nseed {seed}, {time.monotonic() - began:.0f} s: {len(rows) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
