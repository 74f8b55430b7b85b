"""Tokens of every kind for a test, issued by the platform's first administrator."""

import datetime
import time

import requests


class Client:
    """Somebody who calls: with a token, or without."""

    def __init__(self, url, token=None, token_id=None):
        self.url, self.token, self.token_id = url, token, token_id

    def call(self, method, path, timeout=20, **arguments):
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **arguments.pop("headers", {})}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=timeout, **arguments)


def open_account(platform, name, **quota):
    answer = platform.session.post(f"{platform.url}/api/v1/accounts", json={"name": name, "quota": quota}, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def issue(platform, role, account="default", lifetime=None, url=None):
    """A token; with a lifetime in seconds where it is to end."""
    body = {"account": account, "role": role, "name": f"{role} of {account}"}
    if lifetime:
        body["expiresAt"] = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=lifetime)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answer = platform.session.post(f"{platform.url}/api/v1/tokens", json=body, timeout=10)
    assert answer.status_code == 201, answer.text
    return Client(url or platform.url, answer.json()["token"], answer.json()["id"])


def revoke(platform, client):
    answer = platform.session.delete(f"{platform.url}/api/v1/tokens/{client.token_id}", timeout=10)
    assert answer.status_code == 200 and answer.json()["revokedAt"], answer.text


def callers(platform, account, other):
    """One of each kind: who belongs to an account belongs to the first, and the other merchant to the second."""
    known = {
        "no token": Client(platform.url), "viewer": issue(platform, "viewer", account), "auditor": issue(platform, "auditor"),
        "merchant": issue(platform, "merchant", account), "another merchant": issue(platform, "merchant", other),
        "operator": issue(platform, "operator"), "admin": issue(platform, "admin"), "revoked": issue(platform, "admin"),
        "expired": issue(platform, "admin", lifetime=1),
    }
    revoke(platform, known["revoked"])
    time.sleep(1.1)
    return known
