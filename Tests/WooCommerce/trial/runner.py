"""Runs the checks of a module in their order, and counts."""

import shutil
import time
import traceback
from pathlib import Path

from .database import Database
from .shop import Shop, prepare_site


class Runner:
    def __init__(self, options, directory: Path, database: Database):
        self.options = options
        self.directory = directory
        self.database = database
        self.passed = self.failed = 0
        self.since = time.monotonic()
        self.shops: dict[str, Shop] = {}
        self.sites: dict[Path, Path] = {}

    def site(self, source: Path) -> Path:
        if source not in self.sites:
            self.sites[source] = self.directory / f"site{len(self.sites)}"
            prepare_site(source, self.sites[source])
        return self.sites[source]

    def shop(self, name: str, source: Path | None = None, **settings: str) -> Shop:
        """The shop of that name; made when it is first asked for, not set up."""
        if name not in self.shops:
            site = self.site(source or self.options.source)
            port = self.options.port if name == "first" else None
            self.shops[name] = Shop(name, self.directory, site, self.database, port, **settings)
        return self.shops[name]

    def remove(self, shop: Shop) -> None:
        """For shops that are many: keeps its log alone."""
        shop.stop()
        self.database.sql(f"DROP DATABASE {shop.name}")
        shutil.rmtree(shop.site)

    def run(self, module) -> None:
        word = self.options.only.lower()
        for check in module.CHECKS:
            sentence = (check.__doc__ or check.__name__).strip().splitlines()[0]
            if word and word not in sentence.lower() and word not in module.__name__:
                continue
            started = time.monotonic()
            try:
                remark = check(self)
                self.count(True, sentence, started, remark or "")
            except Exception as error:  # noqa: BLE001 — whatever goes wrong is a failed check
                self.count(False, sentence, started, str(error) if isinstance(error, AssertionError) else traceback.format_exc())

    def count(self, holds: bool, sentence: str, started: float, remark: str) -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok  ' if holds else 'FAIL'} {sentence} ({time.monotonic() - started:.1f} s){' — ' + remark if remark else ''}", flush=True)

    def notices(self) -> None:
        """Last: what PHP had to complain about in any of the logs."""
        started = time.monotonic()
        found = [f"{name}: {line}" for name, shop in self.shops.items() for line in shop.notices()]
        self.count(not found, "No notice or warning of PHP in any log", started, "\n".join(sorted(set(found))[:20]))

    def keep(self) -> None:
        shop = self.shops["first"]
        if shop.apache is None:
            shop.serve()
        print(f"{shop.environment['STORE_URL']} (an entry \"127.0.0.1 shop.test\" in /etc/hosts); admin / {shop.directory / 'password'}")
        while True:
            time.sleep(3600)

    def stop(self) -> None:
        for shop in self.shops.values():
            shop.stop()
