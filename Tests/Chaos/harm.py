"""What befalls the replicas while clients ask them for something, and clients that go on until they have an answer."""

import random
import threading
import time

import requests

from fleet import Fleet
from platform_under_test import TOKEN


class Harm:
    """Kills replicas with SIGKILL, at random moments and at fail points, and ends their connections to the database, until it is over."""

    def __init__(self, fleet: Fleet, chance, points=(), pause=(0.3, 1.2)):
        self.fleet, self.chance, self.points, self.pause = fleet, random.Random(chance.random()), points, pause
        self.kills = self.at_points = self.ended = 0
        self.failures, self.lock, self.stopping = [], threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(60)
        for replica in self.fleet.replicas:
            if replica.process.environment.get("STORE_PLATFORM_FAIL_POINTS"):
                replica.kill()  # or it would die later
        self.fleet.revive()
        self.fleet.wait_until_ready()
        log = self.fleet.postgres.directory / "fail-points.log"
        self.at_points = len(log.read_text().splitlines()) if log.exists() else 0

    def kill(self, replica):
        """Now, and has it started again a moment later."""
        with self.lock:
            self._kill(replica)

    @property
    def told(self):
        return f"replicas killed {self.kills + self.at_points}, {self.at_points} of them at fail points, connections to PostgreSQL ended {self.ended} times"

    def _run(self):
        try:
            while not self.stopping.wait(self.chance.uniform(*self.pause)):
                if self.chance.random() < 0.3:
                    self._end_connections()
                else:
                    with self.lock:
                        self._kill(self.chance.choice(self.fleet.replicas))
        except Exception as error:  # pylint: disable=broad-except  # without harm the trial would have shown nothing
            self.failures.append(f"the harm ended: {error}")

    def _kill(self, replica):
        """Whatever has died at its fail point is started again too."""
        if replica.is_alive:
            replica.kill()
            self.kills += 1
        time.sleep(self.chance.uniform(0, 0.3))
        for dead in [one for one in self.fleet.replicas if not one.is_alive]:
            armed = self.points and self.chance.random() < 0.5
            dead.start(f"{self.chance.choice(self.points)}=kill@{self.chance.randint(1, 3)}" if armed else "")

    def _end_connections(self):
        victim = self.chance.choice(self.fleet.replicas).name
        self.fleet.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{victim}'")
        self.ended += 1


class Client:
    """Somebody with a token who asks whichever replica chance gives him."""

    def __init__(self, fleet: Fleet, chance, token=TOKEN):
        self.fleet, self.chance, self.token = fleet, random.Random(chance.random()), token
        self.requests, self.asked = 0, None

    def ask(self, method, path, replica=None, headers=None, **arguments):
        """One request. Throws where there is no answer."""
        self.requests += 1
        self.asked = replica or self.chance.choice(self.fleet.replicas)
        bearer = {"Authorization": f"Bearer {self.token}" if self.token else None}
        return self.fleet.request(method, path, replica=self.asked, headers={**bearer, **(headers or {})}, **arguments)

    def insist(self, method, path, seconds=90, **arguments):
        """Asks one replica after the other until there is an answer that is not “not now”. `asked` is then who gave it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self.ask(method, path, **arguments)
                if answer.status_code != 503:
                    return answer
            except requests.RequestException as error:
                answer = error
            assert time.monotonic() < deadline, f"{method} {path} was not answered for {seconds} s: {getattr(answer, 'text', answer)}"
            time.sleep(self.chance.uniform(0.02, 0.1))


def open_account(admin: Client, name, **quota):
    """Opened once, however often it has to be asked for: the id is given. Returns it."""
    answer = admin.insist("POST", "/accounts", json={"id": name, "name": name, "quota": quota})
    assert answer.status_code == 201 or answer.json()["code"] == "account_taken", answer.text
    return name


def issue(admin: Client, role, account):
    """A token, as the API tells it; one whose answer was lost is nobody's."""
    answer = admin.insist("POST", "/tokens", json={"account": account, "role": role, "name": f"{role} of {account}"})
    assert answer.status_code == 201, answer.text
    return answer.json()
