"""Secrets that are planted everywhere and searched for everywhere else: promise 20."""

import base64
import html
import json
import os
import random
import re
import subprocess
import threading
import time
import urllib.parse

import requests

from fleet import Fleet
from harm import Client, Harm, issue, open_account
from platform_under_test import BINARIES, ROOT, TOKEN
from trials.cluster import SICKNESS
from trials.outcome import Outcome, ledger_of, until
from witnesses import Workload, settle

# Everything but Secrets that a store has in the cluster.
KINDS = [("/api/v1", kind) for kind in ("namespaces", "configmaps", "services", "pods", "events", "serviceaccounts", "resourcequotas", "limitranges", "persistentvolumeclaims")] + [
    ("/apis/apps/v1", "deployments"), ("/apis/apps/v1", "statefulsets"), ("/apis/batch/v1", "jobs"), ("/apis/batch/v1", "cronjobs"),
    ("/apis/networking.k8s.io/v1", "ingresses"), ("/apis/networking.k8s.io/v1", "networkpolicies")]


def no_secret_leaks(chance, seconds):
    """20: tokens, cookies, the stores' passwords, those of the database, the cluster and the registry, while everything fails; then all that was written is searched."""
    fleet, secrets = Fleet(), Secrets(random.Random(chance.random()))
    verifier = plant(fleet, secrets)
    with fleet:
        corpus = Corpus(fleet)
        eavesdropper = Eavesdropper(fleet, chance, secrets, corpus)
        with Workload(fleet, ledger_of(fleet), chance, clients=2, pause=0.3), Harm(fleet, chance, ["create.after-commit", "secret-create.after"]) as harm:
            threads = [threading.Thread(target=eavesdropper.run, args=(Client(fleet, chance),), daemon=True) for _ in range(2)]
            for thread in threads:
                thread.start()
            for _ in until(seconds):
                fleet.faults(*({"fault": fault, "probability": 0.05} for fault in SICKNESS), seed=chance.randrange(1 << 30))
                time.sleep(chance.uniform(0.5, 1.5))
                fleet.no_faults()
                secrets.of_stores(fleet)
                if chance.random() < 0.2:
                    refuse_service(fleet, verifier)
            eavesdropper.stopping.set()
            for thread in threads:
                thread.join(60)
        settle(fleet, 180)
        secrets.of_stores(fleet)
        corpus.complete()
        needles = fleet.postgres.directory / "needles"
        needles.write_bytes(b"\n".join(form for value in secrets.values.values() for form in forms(value)) + b"\n")
        hits = search(needles, corpus.files)
        failures = harm.failures + eavesdropper.failures + [f"{file}: {secrets.name(text)}" for file, text in hits]
        planted, found = prove(chance, secrets, corpus, needles)
        if found < planted:
            failures.append(f"of {planted} secrets planted in a copy {found} were found: the search proves nothing")
        kinds = secrets.kinds
        size = sum(file.stat().st_size for file in corpus.files)
    return Outcome(len(secrets.values), failures, f"{len(secrets.values)} secrets ({', '.join(f'{count} × {kind}' for kind, count in sorted(kinds.items()))}),"
                   f" {size / 1e6:.0f} MB in {len(corpus.files)} files searched, {eavesdropper.answers} answers among them, {harm.told}; hits {len(hits)}, of {planted} planted in a copy found {found}")


class Secrets:
    """What must be nowhere: by name, so that it can be told what was found without telling it."""

    def __init__(self, chance):
        self.chance, self.values, self.lock = chance, {"administrator token": TOKEN}, threading.Lock()

    @property
    def kinds(self):
        counts = {}
        for name in self.values:
            kind = name.partition(" of ")[0]
            counts[kind] = counts.get(kind, 0) + 1
        return counts

    def add(self, name, value):
        with self.lock:
            self.values[name] = value
        return value

    def make(self, name, tail="+/\"<é"):
        """With a tail that every notation writes in its own way."""
        return self.add(name, "".join(self.chance.choice("abcdefghijkmnopqrstuvwxyz23456789") for _ in range(24)) + tail)

    def of_stores(self, fleet):
        """As they are in the cluster at this moment; what is shorter than a password is a name."""
        for item in requests.get(f"{fleet.cluster_url}/api/v1/secrets", timeout=20).json()["items"]:
            for key, value in item.get("data", {}).items():
                text = base64.b64decode(value).decode()
                if len(text) >= 16 and "\n" not in text and not key.startswith("."):
                    self.add(f"password of {item['metadata']['namespace']}/{key}", text)

    def name(self, found):
        return next((name for name, value in self.values.items() if any(found.lower() == form.lower() for form in forms(value))), "something")


def plant(fleet, secrets):
    """Into the settings of every replica. Returns what PostgreSQL has of the service's password."""
    directory = fleet.postgres.directory
    password, registry, bearer = secrets.make("database password"), secrets.make("registry password"), secrets.make("cluster token", tail="")
    (directory / "registry.json").write_text(json.dumps({"auths": {"registry.example.com": {"auth": base64.b64encode(f"pull:{registry}".encode()).decode()}}}))
    for replica in fleet.replicas:
        kubeconfig = directory / f"kubeconfig.{replica.number}"
        kubeconfig.write_text(kubeconfig.read_text().replace("user: {}", f"user: {{token: '{bearer}'}}"))
        address = replica.settings["DATABASE_URL"].replace("postgres@", f"service:{urllib.parse.quote(password, safe='')}@")
        web = ROOT / "web" / "dist"
        replica.settings |= {"DATABASE_URL": address, "STORE_PLATFORM_REGISTRY_CONFIG": str(directory / "registry.json"),
                             "STORE_PLATFORM_WEB_ROOT": str(web if web.exists() else ROOT / "web" / "src")}
    fleet.query(f"CREATE ROLE service SUPERUSER LOGIN PASSWORD '{password}'")
    verifier = fleet.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'service'")[0][0]
    access = directory / "data" / "pg_hba.conf"
    access.write_text(f"host all service 127.0.0.1/32 scram-sha-256\n{access.read_text()}")
    for setting in ("shared_preload_libraries = 'pg_stat_statements'", "log_statement = 'all'", "log_connections = on", "log_min_duration_statement = 0"):
        fleet.query(f"ALTER SYSTEM SET {setting}")
    fleet.stop_postgres()
    fleet.start_postgres()
    fleet.query("CREATE EXTENSION pg_stat_statements")
    return verifier


def refuse_service(fleet, verifier):
    """Has PostgreSQL turn the service away for a moment, for its password."""
    fleet.query("ALTER ROLE service PASSWORD 'another'")
    fleet.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'service'")
    time.sleep(0.5)
    fleet.query(f"ALTER ROLE service PASSWORD '{verifier}'")


class Corpus:
    """Everything that was written where no secret belongs."""

    def __init__(self, fleet):
        self.fleet, self.directory, self.lock = fleet, fleet.postgres.directory, threading.Lock()
        self.answers = open(self.directory / "answers", "ab")
        self.files = [self.directory / "answers", self.directory / "data" / "log", *(replica.log for replica in fleet.replicas)]

    def add(self, answer, shown=()):
        """An answer with its headers, but for what it is there to show."""
        text = f"{answer.status_code} {dict(answer.headers)}\n{answer.text}\n"
        for value in shown:
            text = text.replace(value, "(shown)")
        with self.lock:
            self.answers.write(text.encode())

    def complete(self):
        self.answers.close()
        replica = self.fleet.replicas[0]
        self._keep("check", subprocess.run([BINARIES / "store-platform", "check"], env=replica.settings, capture_output=True, check=False))
        self._keep("process", subprocess.run(["ps", "-o", "args=", "-p", str(replica.process.process.pid)], capture_output=True, check=True))
        self._keep("dump", subprocess.run(["pg_dumpall", "-d", self.fleet.postgres.url], capture_output=True, check=True))
        self._keep("statements", subprocess.run(
            ["psql", "-Xq", self.fleet.postgres.url, "-c", "SELECT * FROM pg_stat_statements", "-c", "SELECT * FROM pg_stat_activity"], capture_output=True, check=True))
        with open(self.directory / "objects", "wb") as file:
            for root, plural in KINDS:
                answer = self.fleet.cluster(f"{root}/{plural}")
                assert answer.status_code == 200 and answer.json()["items"] is not None, f"{plural}: {answer.text[:200]}"
                file.write(answer.content)
        self.files.append(self.directory / "objects")

    def _keep(self, name, done):
        (self.directory / name).write_bytes(done.stdout + done.stderr)
        self.files.append(self.directory / name)


class Eavesdropper:
    """Calls what shows secrets and what does not, well and badly signed in, and keeps every answer."""

    PAGES = ["/stores?limit=200", "/events?limit=200", "/audit?limit=200", "/audit.csv", "/tokens?limit=200", "/accounts", "/me", "/engines", "/plans"]
    OUTSIDE = ["/metrics", "/readyz", "/livez", "/", "/stores/x", "/openapi.json", "/api/v1/nothing"]

    def __init__(self, fleet, chance, secrets, corpus):
        self.fleet, self.secrets, self.corpus = fleet, secrets, corpus
        self.stopping, self.answers, self.failures, self.tokens, self.numbers = threading.Event(), 0, [], [], iter(range(1, 1 << 24))
        self.account = open_account(Client(fleet, chance), "overheard")

    def run(self, client):
        acts = [self._read, self._read, self._look_around, self._issue, self._sign_in_badly, self._sign_in_badly, self._open_session, self._show_login]
        while not self.stopping.wait(client.chance.uniform(0, 0.1)):
            try:
                client.chance.choice(acts)(client)
            except requests.RequestException:
                pass
            except Exception as error:  # pylint: disable=broad-except  # a thread that ends hears nothing any more
                self.failures.append(f"{type(error).__name__}: {error}")

    def _hear(self, answer, shown=()):
        self.answers += 1
        self.corpus.add(answer, shown)
        return answer

    def _read(self, client):
        self._hear(client.ask("GET", client.chance.choice(self.PAGES)))

    def _look_around(self, client):
        self._hear(requests.get(f"{client.chance.choice(self.fleet.replicas).url}{client.chance.choice(self.OUTSIDE)}", timeout=10))

    def _issue(self, client):
        """Also one that cannot be, and one that ends again."""
        role = client.chance.choice(["merchant", "viewer", "operator", "nobody"])
        answer = client.ask("POST", "/tokens", json={"account": self.account, "role": role, "name": f"Token {next(self.numbers)}"})
        token = answer.json().get("token")
        if token:
            self.tokens.append(self.secrets.add(f"token of {answer.json()['id']}", token))
        self._hear(answer, [token] if token else [])
        if token and client.chance.random() < 0.3:
            self._hear(client.ask("DELETE", f"/tokens/{answer.json()['id']}"))

    def _sign_in_badly(self, client):
        if not self.tokens:
            return
        token = client.chance.choice(self.tokens)
        wrong = self.secrets.add(f"mistyped token of {next(self.numbers)}", token[:-6] + f"{client.chance.getrandbits(24):06x}")
        headers, path = client.chance.choice([
            ({"Authorization": f"Bearer {wrong}"}, "/me"), ({"Authorization": f"Basic {token}"}, "/me"), ({"Authorization": token}, "/me"),
            ({"Authorization": f"Bearer {token} {token}"}, "/me"), ({"Cookie": f"store-platform={token}", "Authorization": None}, "/me"), ({"Authorization": None}, f"/me?token={token}"),
            ({"X-CSRF-Token": token, "Authorization": None}, "/session"), ({"X-Forwarded-User": token, "Authorization": None}, "/me"), ({"Last-Event-ID": token}, "/events"),
            ({"If-Match": token}, "/stores/a2bcdefghijk"), ({}, f"/stores?cursor={token}"), ({}, f"/tokens?limit={token}"), ({}, f"/tokens/{token}")])
        method = client.chance.choice({"/session": ["GET", "POST"], f"/tokens/{token}": ["GET", "DELETE"]}.get(path, ["DELETE" if "If-Match" in headers else "GET"]))
        self._hear(client.ask(method, path, headers=headers))

    def _open_session(self, client):
        if not self.tokens:
            return
        opened = client.ask("POST", "/session", headers={"Authorization": f"Bearer {client.chance.choice(self.tokens)}"})
        if opened.status_code != 201:
            self._hear(opened)
            return
        cookie = re.search(r"store-platform=([0-9a-f]+)", opened.headers["Set-Cookie"]).group(1)
        shown = [self.secrets.add(f"cookie of {next(self.numbers)}", cookie), self.secrets.add(f"proof of {next(self.numbers)}", opened.json()["csrfToken"])]
        self._hear(opened, shown)
        by_cookie = {"Authorization": None, "Cookie": f"store-platform={cookie}"}
        self._hear(client.ask("GET", "/session", headers=by_cookie), shown)
        self._hear(client.ask("POST", "/stores", json={"name": f"Session {next(self.numbers)}"}, headers=by_cookie | {"X-CSRF-Token": client.chance.choice([shown[1], "0" * 64])}))
        self._hear(client.ask("DELETE", "/session", headers=by_cookie | {"X-CSRF-Token": shown[1]}))

    def _show_login(self, client):
        stores = [store for store in client.ask("GET", "/stores?phase=ready&limit=200").json().get("items", [])]
        if stores:
            store_id = client.chance.choice(stores)["id"]
            answer = client.ask("POST", f"/stores/{store_id}/credentials")
            self._hear(answer, [answer.json()["password"]] if answer.ok else [])
            self._hear(client.ask("GET", f"/stores/{store_id}/resources"))
            self._hear(client.ask("GET", f"/stores/{store_id}/events"))


def forms(value):
    """The ways in which a text is found in another: as it is, its longest run of letters and digits, and as each notation writes it."""
    raw = value.encode()
    found = {raw, max(re.findall(r"[0-9A-Za-z]+", value), key=len).encode(), raw.hex().encode(), urllib.parse.quote(value, safe="").encode(), html.escape(value).encode(),
             json.dumps(value)[1:-1].encode(), json.dumps(value, ensure_ascii=False)[1:-1].encode(), "".join(f"\\u{ord(letter):04x}" for letter in value).encode()}
    for before in range(3):
        # Without what depends on the bytes before and behind it.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + raw).rstrip(b"=")
            found.add(text[(0, 2, 3)[before]:len(text) - ((before + len(raw)) % 3 != 0)])
    return sorted(found)


def search(needles, files):
    """Every place of any of the needles, as the file's name and what stands there."""
    done = subprocess.run(["grep", "-aoHiFf", needles, *files], env={**os.environ, "LC_ALL": "C"}, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [(file.decode().rpartition("/")[2], text) for file, _, text in (line.partition(b":") for line in done.stdout.splitlines())]


def prove(chance, secrets, corpus, needles):
    """Plants one secret of every kind in every form somewhere in a copy of the answers. Returns how many those are, and how many are found."""
    one_of_each = {name.partition(" of ")[0]: value for name, value in secrets.values.items()}
    planted = [form for value in one_of_each.values() for form in forms(value)]
    data = corpus.files[0].read_bytes()
    places = sorted(chance.sample(range(len(data)), len(planted)))
    pieces = [data[start:end] + form for start, end, form in zip([0, *places], places, planted)]
    copy = corpus.directory / "planted"
    copy.write_bytes(b"".join(pieces) + data[places[-1]:])
    return len(planted), len(search(needles, [copy]))
