"""A private MariaDB in a directory of its own, on a free port."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def as_user(name: str) -> list[str]:
    """What to put before a command to run it as an unprivileged user; nothing where we are one already."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups"]


class Database:
    def __init__(self, directory: Path):
        self.directory = directory
        self.port = free_port()
        self.socket = directory / "socket"
        self.process: subprocess.Popen | None = None
        directory.mkdir()
        if os.geteuid() == 0:
            subprocess.run(["chown", "mysql:", str(directory)], check=True)
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={directory}", "--skip-test-db", "--auth-root-authentication-method=socket"]
        if os.geteuid() == 0:
            install.append("--user=mysql")
        subprocess.run(install, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self) -> None:
        """The settings of a small plan's database."""
        command = as_user("mysql") + [
            "mariadbd", "--no-defaults", f"--datadir={self.directory}", f"--socket={self.socket}", f"--port={self.port}",
            "--bind-address=127.0.0.1", f"--pid-file={self.directory}/pid", "--skip-name-resolve", "--max-connections=30",
            "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=24M", "--performance-schema=OFF", "--table-open-cache=400",
        ]
        with open(self.directory.parent / "database.log", "a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True)
        deadline = time.monotonic() + 60
        while self.sql("SELECT 1", check=False) is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"MariaDB did not start: see {self.directory.parent}/database.log")
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.process = None

    def sql(self, statement: str, schema: str = "", check: bool = True) -> list[list[str]] | None:
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--batch", "--skip-column-names", "-e", statement]
        if schema:
            command.append(schema)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            if check:
                raise RuntimeError(done.stderr)
            return None
        return [line.split("\t") for line in done.stdout.splitlines()]

    def create(self, schema: str, password: str) -> None:
        self.sql(
            f"CREATE DATABASE {schema}; CREATE USER IF NOT EXISTS {schema}@'%' IDENTIFIED BY '{password}';"
            f"GRANT ALL ON {schema}.* TO {schema}@'%'"
        )

    def dump(self, schema: str) -> list[str]:
        """Every row of every table, and every table's form."""
        command = ["mariadb-dump", "--no-defaults", f"--socket={self.socket}", "--skip-comments", "--skip-extended-insert", "--skip-dump-date", schema]
        text = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout
        return text.splitlines()
