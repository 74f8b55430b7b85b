"""usage: python -m trial DIRECTORY_WITH_WORDPRESS [--older DIRECTORY] [--keep] [--port N] [--kills N] [--only WORD]"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import checks_kills, checks_selling, checks_setup, checks_upgrade
from .database import Database
from .runner import Runner


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/try-woocommerce", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, metavar="DIR", help="a WordPress tree with WooCommerce and a theme in it; only read")
    parser.add_argument("--older", type=Path, metavar="DIR", help="an older such tree: the upgrade from it is tried as well")
    parser.add_argument("--keep", action="store_true", help="leave shop, database and logs running at the end, until interrupted")
    parser.add_argument("--port", type=int, help="the port of the first shop, instead of a free one")
    parser.add_argument("--kills", type=int, default=12, metavar="N", help="how many kills at random moments, beside each boundary (12)")
    parser.add_argument("--only", default="", metavar="WORD", help="only the checks with this word in their file's name or sentence")
    options = parser.parse_args()
    for tree in filter(None, (options.source, options.older)):
        if not (tree / "wp-load.php").is_file() or not (tree / "wp-content/plugins/woocommerce/woocommerce.php").is_file():
            parser.error(f"{tree} is no WordPress with WooCommerce in wp-content/plugins")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    directory = Path(tempfile.mkdtemp(prefix="try-woocommerce."))
    directory.chmod(0o755)
    database = Database(directory / "database")
    runner = Runner(options, directory, database)
    try:
        database.start()
        for module in (checks_setup, checks_selling, checks_kills, checks_upgrade):
            runner.run(module)
        runner.notices()
        print(f"{runner.passed} passed, {runner.failed} failed ({time.monotonic() - runner.since:.0f} s)", flush=True)
        if options.keep:
            runner.keep()
    except KeyboardInterrupt:
        return 130
    finally:
        runner.stop()
        database.stop()
        if options.keep or runner.failed:
            print(f"Kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return 1 if runner.failed or not runner.passed else 0


if __name__ == "__main__":
    sys.exit(main())
