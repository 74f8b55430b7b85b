"""One shop: a document root, a schema, an environment; the set-up program and Apache run on it as the image would run them."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from .database import Database, as_user, free_port

ROOT = Path(__file__).resolve().parents[3]
IMAGE = ROOT / "images" / "woocommerce"
PROGRAM = IMAGE / "setup" / "store.php"
PASSWORD = "correct horse'\"\\ battery"
NOTICES = ("PHP Notice", "PHP Warning", "PHP Deprecated", "PHP Fatal", "PHP Parse", "PHP Strict", "Stack trace", "WordPress database error")
# WooCommerce's own, at its first start and with WP_DEBUG on: its bundled Jetpack schedules an event before translations may be loaded.
TOLERATED = "_load_textdomain_just_in_time was called <strong>incorrectly</strong>. Translation loading for the <code>woocommerce</code>"


def prepare_site(source: Path, site: Path) -> None:
    """A copy of the tree with what the image adds to it; it belongs to root, as in the image."""
    shutil.copytree(source, site, symlinks=True, ignore=shutil.ignore_patterns("wp-config.php", "uploads", ".git"))
    config = site / "wp-config-docker.php"
    shutil.copy(config if config.exists() else ROOT / "Tests" / "WooCommerce" / "wp-config.php", site / "wp-config.php")
    shutil.copy(IMAGE / "www" / "healthz.php", site)
    (site / "wp-content" / "mu-plugins").mkdir(exist_ok=True)
    shutil.copy(IMAGE / "mu-plugins" / "store-platform.php", site / "wp-content" / "mu-plugins")
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "root:root", str(site)], check=True)
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", str(site)], check=True)


class Shop:
    def __init__(self, name: str, directory: Path, site: Path, database: Database, port: int | None, **settings: str):
        self.name = name
        self.directory = directory / name
        self.database = database
        self.site = self.directory / "site"
        self.port = port or free_port()
        self.apache: subprocess.Popen | None = None
        self.directory.mkdir()
        self.tmp = self.directory / "tmp"
        self.tmp.mkdir()
        self.use(site)
        self.uploads.mkdir()
        if os.geteuid() == 0:
            subprocess.run(["chown", "www-data:", str(self.uploads), str(self.tmp)], check=True)
        (self.directory / "password").write_text(PASSWORD + "\n")
        database.create(name, "database password")
        url = f"http://shop.test:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"], "STORE_URL": url, "STORE_TITLE": 'Blue "Teapots" & Söhne', "STORE_ADMIN_USER": "admin",
            "STORE_ADMIN_EMAIL": "admin@shop.test", "STORE_ADMIN_PASSWORD_FILE": str(self.directory / "password"),
            "STORE_DOCUMENT_ROOT": str(self.site), "TMPDIR": str(self.tmp),
            "WORDPRESS_DB_HOST": f"127.0.0.1:{database.port}", "WORDPRESS_DB_NAME": name, "WORDPRESS_DB_USER": name,
            "WORDPRESS_DB_PASSWORD": "database password", "WORDPRESS_DEBUG": "1",
            "WORDPRESS_CONFIG_EXTRA": f"define('WP_HOME', '{url}'); define('WP_SITEURL', '{url}');"
            "define('DISABLE_WP_CRON', true); define('DISALLOW_FILE_EDIT', true); define('DISALLOW_FILE_MODS', true);"
            "define('AUTOMATIC_UPDATER_DISABLED', true); define('WP_HTTP_BLOCK_EXTERNAL', true);"
            "define('FS_METHOD', 'direct'); define('WP_MEMORY_LIMIT', '256M'); define('WP_DEBUG_DISPLAY', false);",
        }
        for key in ("AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"):
            self.environment[f"WORDPRESS_{key}_KEY"] = f"{key} key of {name}"
            self.environment[f"WORDPRESS_{key}_SALT"] = f"{key} salt of {name}"
        self.environment.update(settings)
        self.log = self.directory / "log"
        self.log.touch()

    @property
    def uploads(self) -> Path:
        return self.site / "wp-content" / "uploads"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def use(self, site: Path) -> None:
        """Another image on the same volumes. Hard links: nothing in there is written to, for it belongs to root."""
        kept = self.directory / "uploads"
        if self.site.exists():
            self.uploads.rename(kept)
            shutil.rmtree(self.site)
        subprocess.run(["cp", "-al", str(site), str(self.site)], check=True)
        if kept.exists():
            kept.rename(self.uploads)

    # The set-up program

    def command(self, *arguments: str) -> list[str]:
        scan = subprocess.run(["php", "-r", "echo PHP_CONFIG_FILE_SCAN_DIR;"], capture_output=True, text=True, check=True).stdout
        self.environment["PHP_INI_SCAN_DIR"] = f"{scan}:{IMAGE / 'php'}"
        return as_user("www-data") + ["php", str(PROGRAM), *arguments]

    def start(self, *arguments: str) -> subprocess.Popen:
        with open(self.log, "a") as log:
            return subprocess.Popen(
                self.command(*arguments), env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True, cwd="/", start_new_session=True)

    def run(self, *arguments: str) -> tuple[int, list[dict]]:
        """Its exit code, and its lines."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        return process.returncode, [json.loads(line) for line in output.splitlines()]

    def setup(self) -> list[dict]:
        code, lines = self.run("setup")
        assert code == 0, f"the set-up ended with {code}: {lines[-1:]}\n{self.log.read_text()[-2000:]}"
        return lines

    # The web server

    def serve(self) -> None:
        php = next(Path("/usr/lib/apache2/modules").glob("libphp*.so"))
        environment = self.environment | {
            "APACHE_PORT": str(self.port), "APACHE_SERVER_NAME": self.environment["STORE_URL"], "APACHE_WORKERS": "4",
            "APACHE_RUN_DIR": str(self.tmp), "APACHE_LOCK_DIR": str(self.tmp), "APACHE_PID_FILE": str(self.tmp / "apache2.pid"),
            "APACHE_MODULES": "/usr/lib/apache2/modules", "APACHE_PHP_MODULE": str(php),
        }
        scan = subprocess.run(["php", "-r", "echo PHP_CONFIG_FILE_SCAN_DIR;"], capture_output=True, text=True, check=True).stdout
        environment["PHP_INI_SCAN_DIR"] = f"{scan.replace('/cli/', '/apache2/')}:{IMAGE / 'php'}"
        if os.geteuid() == 0:
            # It opens its log anew, by its name in /dev.
            subprocess.run(["chown", "www-data:", str(self.log)], check=True)
        with open(self.log, "a") as log:
            self.apache = subprocess.Popen(
                as_user("www-data") + ["apache2", "-f", str(IMAGE / "apache2.conf"), "-D", "FOREGROUND"],
                env=environment, stdout=log, stderr=log, cwd="/", start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/license.txt", timeout=2).close()
                return
            except OSError:
                if self.apache.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Apache did not start: see {self.log}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        if self.apache is not None and self.apache.poll() is None:
            self.apache.send_signal(signal.SIGTERM)
            self.apache.wait(20)
        self.apache = None

    # What is in it

    def sql(self, statement: str) -> list[list[str]]:
        return self.database.sql(statement, self.name)

    def option(self, name: str) -> str | None:
        rows = self.sql(f"SELECT option_value FROM wp_options WHERE option_name = '{name}'")
        return rows[0][0] if rows else None

    def dump(self) -> list[str]:
        return self.database.dump(self.name)

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.uploads)) for path in self.uploads.rglob("*") if path.is_file())

    def notices(self) -> list[str]:
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(notice in line for notice in NOTICES) and TOLERATED not in line]
