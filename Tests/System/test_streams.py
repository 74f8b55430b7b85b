"""Event streams: a thousand at once, some that nobody reads, and places to go on from that are none."""

import collections
import json
import os
import re
import resource
import selectors
import socket
import threading
import time

import pytest
import requests

from callers import issue, open_account, revoke
from platform_under_test import TOKEN, Platform, wait_until
from test_access import unique

STREAMS = 1000
STREAMS_PER_ADDRESS = 60
AS_DELIVERED = {"STORE_PLATFORM_LIMIT_CONNECTIONS": "64"}


@pytest.fixture(scope="module")
def platform():
    with Platform(pod_delay=0) as running:
        yield running


class Stream:
    """A reader by hand, which reads when it is told to; of HTTP/1.0, so that nothing stands between the events."""

    def __init__(self, platform, path="/events", token=TOKEN, last=None, address="127.0.0.1", receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.bind((address, 0))
        self.socket.connect(("127.0.0.1", platform.port))
        head = [f"GET /api/v1{path} HTTP/1.0", "Host: a", f"Authorization: Bearer {token}", "Accept: text/event-stream", *([f"Last-Event-ID: {last}"] if last else [])]
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        self.received, self.parsed, self.events = bytearray(), 0, []
        self.has_ended = False

    def read(self):
        """Takes what has come, and waits for it where nothing has."""
        try:
            piece = self.socket.recv(1 << 20)
        except ConnectionResetError:
            piece = b""
        self.received += piece
        self.has_ended = not piece
        while (end := self.received.find(b"\n", self.parsed)) >= 0:
            line, self.parsed = self.received[self.parsed:end], end + 1
            if line.startswith(b"data: "):
                self.events.append(json.loads(line[6:]))

    def read_until(self, text, seconds=60):
        seen, deadline = 0, time.monotonic() + seconds
        while self.received.find(text, seen) < 0:
            assert not self.has_ended and time.monotonic() < deadline, (text, self.received[-500:])
            seen = max(0, len(self.received) - len(text))
            self.read()
        return self

    def read_to_the_end(self, seconds=60):
        deadline = time.monotonic() + seconds
        while not self.has_ended:
            assert time.monotonic() < deadline, "it goes on"
            self.read()

    @property
    def request_id(self):
        return re.search(rb"X-Request-Id: (\w+)", self.received).group(1).decode()

    def seqs(self, store_id):
        return [event["seq"] for event in self.events if event["storeId"] == store_id]

    def close(self):
        self.socket.close()


def read_all(streams, is_done, seconds):
    """Reads whichever has something, until each is done."""
    waiting = selectors.DefaultSelector()
    for stream in streams:
        if not is_done(stream):
            waiting.register(stream.socket, selectors.EVENT_READ, stream)
    deadline = time.monotonic() + seconds
    while waiting.get_map():
        assert time.monotonic() < deadline, f"{len(waiting.get_map())} of {len(streams)} streams still wait after {seconds} s"
        for key, _ in waiting.select(1):
            key.data.read()
            assert not key.data.has_ended, key.data.received[-500:]
            if is_done(key.data):
                waiting.unregister(key.fileobj)
    waiting.close()


def has_begun(stream):
    return b"retry: 1000" in stream.received


class Probe(threading.Thread):
    """Somebody who goes on asking as if nothing were the matter."""

    def __init__(self, platform):
        super().__init__(daemon=True)
        self.platform, self.statuses, self.seconds, self.is_over = platform, collections.Counter(), [], threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()

    def run(self):
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {TOKEN}"
            while not self.is_over.is_set():
                began = time.monotonic()
                try:
                    self.statuses[session.get(f"{self.platform.url}/api/v1/stores", timeout=15).status_code] += 1
                except requests.RequestException as error:
                    self.statuses[type(error).__name__] += 1
                self.seconds.append(time.monotonic() - began)
                self.is_over.wait(0.02)


def descriptors(platform):
    return len(os.listdir(f"/proc/{platform.service.process.pid}/fd"))


def test_a_thousand_streams_miss_nothing_and_disturb_nobody():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # they take a thousand descriptors here too
    with Platform(pod_delay=0, environment=AS_DELIVERED) as platform:
        # As a login shell has it, whatever this machine allows.
        platform.service.terminate()
        platform.service.arguments = ["prlimit", "--nofile=1024:", *platform.service.arguments]
        platform.start()
        tokens = [issue(platform, "viewer").token for _ in range(50)]
        platform.wait_for_phase(platform.create(unique("First"))["id"], "ready")  # its connections to database and cluster are open by then
        memory, open_before = platform.service.memory_megabytes(), descriptors(platform)
        for _ in range(2):
            streams = [Stream(platform, token=tokens[number % len(tokens)], address=f"127.0.0.{2 + number // STREAMS_PER_ADDRESS}") for number in range(STREAMS)]
            read_all(streams, has_begun, 60)
            with Probe(platform) as probe:
                stores = [platform.create(unique("Watched"))["id"] for _ in range(3)]
                for store in stores:
                    platform.wait_for_phase(store, "ready")
                told = {store: [event["seq"] for event in platform.events(store)] for store in stores}
                read_all(streams, lambda stream: all(stream.seqs(store) == told[store] for store in stores), 60)
            assert set(probe.statuses) == {200}, probe.statuses
            grown = platform.service.memory_megabytes() - memory
            for stream in streams:
                stream.close()
            # Other connections come and go meanwhile.
            wait_until(lambda: descriptors(platform) < open_before + 50, 60, "the streams to be let go")
            print(f"{STREAMS} streams: {grown:.0f} MB more than at rest; meanwhile a list took p50 {sorted(probe.seconds)[len(probe.seconds) // 2] * 1000:.0f} ms,"
                  f" max {max(probe.seconds) * 1000:.0f} ms")
            assert grown < STREAMS * 0.15


def test_of_one_address_only_so_many_are_connected_and_others_are_not_kept_out():
    with Platform(environment={**AS_DELIVERED, "STORE_PLATFORM_TRUSTED_PROXIES": "127.0.0.9"}) as platform:
        greedy = [Stream(platform, address="127.0.0.2") for _ in range(64)]
        read_all(greedy, has_begun, 20)
        beyond = Stream(platform, address="127.0.0.2")
        beyond.read_to_the_end()
        assert beyond.received == b""
        Stream(platform, address="127.0.0.3").read_until(b"retry: 1000").close()
        proxied = [Stream(platform, address="127.0.0.9") for _ in range(80)]
        read_all(proxied, has_begun, 20)
        greedy.pop().close()

        def has_room_again():
            again = Stream(platform, address="127.0.0.2")
            again.read()
            again.close()
            return again.received
        wait_until(has_room_again, 20, "the closed one to make room")


def test_of_one_token_only_so_many_streams_are_open_and_others_are_not_kept_out():
    with Platform(pod_delay=0, environment={"STORE_PLATFORM_LIMIT_STREAMS": "32"}) as platform:
        viewer, other = issue(platform, "viewer"), issue(platform, "viewer")
        store = platform.create(unique("Watched"))["id"]

        def ask(client, method="GET", path=f"/stores/{store}/events"):
            with client.call(method, f"/api/v1{path}", headers={"Accept": "text/event-stream"}, stream=True) as answer:
                return answer.status_code, answer.json()["code"] if answer.status_code == 429 else None
        # A HEAD, and a store that is not there, begin no stream.
        assert {ask(viewer, "HEAD") for _ in range(40)} == {(200, None)}
        assert {ask(viewer, path="/stores/a2bcdefghijk/events") for _ in range(40)} == {(404, None)}
        greedy = [Stream(platform, token=viewer.token) for _ in range(32)]
        read_all(greedy, has_begun, 20)
        assert ask(viewer) == (429, "too_many_streams")
        assert ask(other) == (200, None) and viewer.call("GET", "/api/v1/me").status_code == 200
        greedy.pop().close()
        wait_until(lambda: ask(viewer) == (200, None), 30, "the closed one to make room")
        revoke(platform, viewer)
        for stream in greedy:
            stream.read_to_the_end()


def add_events(platform, store_id, count, size):
    platform.postgres.query(
        f"WITH before AS (UPDATE stores SET event_count = event_count + {count} WHERE id = '{store_id}' RETURNING event_count - {count} AS seq)"
        " INSERT INTO store_events (store_id, seq, type, phase, reason, message)"
        f" SELECT '{store_id}', before.seq + i, 'warning', 'ready', 'Test', repeat('x', {size}) FROM before, generate_series(1, {count}) i")


def test_one_that_never_reads_is_cut_off_and_costs_next_to_nothing(platform):
    store = platform.create(unique("Long history"))["id"]
    platform.wait_for_phase(store, "ready")
    add_events(platform, store, 5000, 4000)
    path, last = f"/stores/{store}/events", platform.postgres.query(f"SELECT event_count FROM stores WHERE id = '{store}'")[0][0]
    before = platform.service.memory_megabytes()
    deaf = [Stream(platform, path, last="1", receive_buffer=4096).read_until(b"\r\n\r\n") for _ in range(8)]
    others = [Stream(platform, path, last=last), Stream(platform, path, last="1")]
    others[1].read_until(f"id: {last}\n".encode(), 120)
    with Probe(platform) as probe:
        assert platform.session.patch(f"{platform.url}/api/v1/stores/{store}", json={"name": unique("Renamed")}, timeout=10).status_code == 200
        for other in others:
            other.read_until(b'"type":"renamed"')
        log = platform.service.log

        def cut():
            records = [json.loads(line) for line in log.read_text().splitlines() if '"level":"access"' in line and f"/api/v1{path}" in line]
            return {record["id"] for record in records if not record["sent"]}
        wait_until(lambda: {stream.request_id for stream in deaf} <= cut(), 90, "those that do not read to be cut off", interval=0.5)
    assert set(probe.statuses) == {200}
    grown = platform.service.memory_megabytes() - before
    print(f"{len(deaf)} that never read, with 20 MB to read each: {grown:.1f} MB more")
    assert grown < 64
    for stream in deaf:
        stream.read_to_the_end()
        assert len(stream.received) < 12_000_000
    assert others[1].seqs(store) == list(range(2, int(last) + 2))
    for stream in others:
        stream.close()


NO_PLACES = ["x", "-1", "+1", "1e3", "1.5", "９", "0x1", "NaN", str(2**63), "1, 2", "%31", "1'; DROP TABLE store_events; --", "a" * 4000]


@pytest.mark.parametrize("last", [*NO_PLACES, "1-1"], ids=lambda last: last[:20])
def test_a_place_that_is_none_in_a_stores_events_is_400(platform, last):
    store = platform.create(unique("Places"))["id"]
    refuse(platform, f"/stores/{store}/events", last)


@pytest.mark.parametrize("last", [*NO_PLACES, "1", "1-", "-1-1", "1--1", "1-1-1", "+1-1", f"{2**63}-1", f"1-{2**63}"], ids=lambda last: last[:20])
def test_a_place_that_is_none_in_all_events_is_400(platform, last):
    refuse(platform, "/events", last)


def refuse(platform, path, last):
    for headers in ({}, {"Accept": "text/event-stream"}):
        answer = platform.session.get(f"{platform.url}/api/v1{path}", headers={**headers, "Last-Event-ID": last.encode()}, timeout=10)
        assert answer.status_code == 400 and answer.json()["code"] == "invalid_cursor", answer.text


def test_of_two_places_neither_is_taken(platform):
    stream = Stream(platform, last="1-1\r\nLast-Event-ID: 2-2")
    assert b'"code":"invalid_cursor"' in stream.read_until(b"requestId").received


def test_a_place_in_the_future_hears_of_what_comes_after_it(platform):
    store = platform.create(unique("Future"))["id"]
    platform.wait_for_phase(store, "ready")
    seq = platform.events(store)[-1]["seq"]
    stream = Stream(platform, f"/stores/{store}/events", last=str(seq + 2)).read_until(b"retry: 1000")
    for _ in range(3):
        platform.session.patch(f"{platform.url}/api/v1/stores/{store}", json={"name": unique("Again")}, timeout=10)
    assert stream.read_until(b"data: ").seqs(store)[0] == seq + 3
    stream.close()


def test_a_place_that_another_accounts_event_gave_shows_nothing_of_that_account(platform):
    mine, theirs = (issue(platform, "merchant", open_account(platform, unique("Owner"))) for _ in range(2))

    def order(client):
        return client.call("POST", "/api/v1/stores", json={"name": unique("Shop"), "engine": "woocommerce"}).json()["id"]
    foreign = order(theirs)
    platform.wait_for_phase(foreign, "ready")
    # The first event of theirs, as they are told of it: everything of theirs comes after.
    place = Stream(platform, token=theirs.token, last="0-0").read_until(b"data: ")
    last = re.search(rb"^id: (.*)$", place.received, re.M).group(1).decode()
    place.close()
    own = order(mine)
    stream = Stream(platform, token=mine.token, last=last).read_until(own.encode())
    assert {event["storeId"] for event in stream.events} == {own}
    stream.close()
    for accept in ({}, {"Accept": "text/event-stream"}):
        answer = mine.call("GET", f"/api/v1/stores/{foreign}/events", headers={**accept, "Last-Event-ID": "1"})
        assert answer.status_code == 404 and answer.json()["code"] == "store_not_found"
