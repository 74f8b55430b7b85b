"""The bundled database on this machine, as the chart sets it up, and the chart's own containers run against it: their commands,
environment, Secrets and scripts as rendered, with this machine's places for the pod's."""

import base64
import os
import subprocess

from platform_under_test import BINARIES, Postgres
from rendering import CHART, PROJECT, container_named, containers, named, pod_template, variables

HOST = "store-platform-postgresql"


class BundledPostgres(Postgres):
    """A server with the chart's rules of who may connect, and the database that its first start makes. `query` is the superuser's, over
    the socket as from within the pod. The server logs every statement."""

    def __init__(self, objects):
        super().__init__()
        data = self.directory / "data"
        given = variables(container_named(named(objects, "StatefulSet", HOST), "postgresql"))
        self.query(f"ALTER ROLE postgres PASSWORD '{secret(objects, *given['POSTGRES_PASSWORD'])}'")
        self._script('postgres_stop "$1/data"')
        rules = self.directory / "pg_hba.conf"
        rules.write_text((CHART / "postgresql/pg_hba.conf").read_text())
        rules.chmod(0o644)
        self._script(f'postgres_start "$1/data" "$2" fsync=off hba_file={rules} log_statement=all max_connections=100')
        self.url = f"postgresql://postgres@/postgres?host={data}&port={self.port}"
        environment = {
            "PATH": os.environ["PATH"],
            "PGHOST": str(data),
            "PGPORT": str(self.port),
            "PGDATA": f"{data}/pgdata",
            "STORE_PLATFORM_PASSWORD": secret(objects, *given["STORE_PLATFORM_PASSWORD"]),
        }
        subprocess.run(["sh", CHART / "postgresql/10-create-database.sh"], env=environment, check=True, stdout=subprocess.DEVNULL)
        self.url = self.url.replace("/postgres?", "/store_platform?")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def log(self):
        return (self.directory / "data/log").read_text()

    def as_role(self, url, sql):
        """psql with a URL of the chart's: the process that ended."""
        return subprocess.run(["psql", "-XAtq", on_this_machine(url, self.port), "-c", sql], capture_output=True, text=True)


def on_this_machine(text, port):
    return text.replace(f"{HOST}:5432", f"127.0.0.1:{port}").replace(HOST, "127.0.0.1")


def secret(objects, name, key):
    return base64.b64decode(named(objects, "Secret", name)["data"][key]).decode()


class Pods:
    """Runs containers of rendered workloads over one set of volumes."""

    def __init__(self, objects, postgres, home):
        self.objects, self.postgres, self.home = objects, postgres, home

    def start(self, kind, name, container_name, **more):
        """A container's process. `more` are variables that only this machine needs."""
        workload = named(self.objects, kind, name)
        found = container_named(workload, container_name)
        places = self.places(workload, found)

        def placed(text):
            for place, here in places.items():
                text = text.replace(place, here)
            return on_this_machine(text, self.postgres.port)

        environment = {"PATH": f"{BINARIES}:{os.environ['PATH']}", "PGPORT": str(self.postgres.port)} | more
        # What the image sets.
        environment["STORE_PLATFORM_MIGRATIONS"] = str(PROJECT / "migrations")
        for source in found.get("envFrom", []):
            environment = named(self.objects, "ConfigMap", source["configMapRef"]["name"])["data"] | environment
        for variable, value in variables(found).items():
            environment[variable] = placed(value if isinstance(value, str) else secret(self.objects, *value))
        command = found.get("command", [str(BINARIES / "store-platform")]) + found.get("args", [])
        return subprocess.Popen(
            [placed(word) for word in command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, kind, name, container_name, **more):
        process = self.start(kind, name, container_name, **more)
        output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def migrate(self, deployment="store-platform-api"):
        """All that goes before the service in its pod."""
        for found in containers(named(self.objects, "Deployment", deployment))[:-1]:
            done = self.run("Deployment", deployment, found["name"])
            assert done.returncode == 0, f"{found['name']}: {done.stderr}"
        return done.stdout

    def places(self, workload, found):
        """Path in the container → path on this machine, with what is mounted there."""
        volumes = {volume["name"]: volume for volume in pod_template(workload)["spec"]["volumes"]}
        places = {}
        # Scripts last: they name the places of the other mounts.
        for mount in sorted(found["volumeMounts"], key=lambda mount: "subPath" in mount):
            volume = volumes[mount["name"]]
            here = self.home / mount.get("subPath", mount["name"])
            if "configMap" in volume:
                text = named(self.objects, "ConfigMap", volume["configMap"]["name"])["data"][mount["subPath"]]
                for place, there in places.items():
                    text = text.replace(place, there)
                here.write_text(text)
            elif "persistentVolumeClaim" in volume:
                here.mkdir(exist_ok=True)
            else:
                continue
            places[mount["mountPath"]] = str(here)
        return places
