"""What a shop is set up with, what its set-up says, and how its administrator signs in."""

import base64
import json

import pytest
import requests

from platform_under_test import Platform, wait_until

MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def platform():
    with Platform() as running:
        yield running


def order(platform, **fields):
    return platform.session.post(f"{platform.url}/api/v1/stores", json={"engine": "woocommerce", **fields}, timeout=10)


def settings_of(platform, store_id, name):
    return platform.cluster(f"/api/v1/namespaces/store-{store_id}/configmaps/{name}").json().get("data")


@pytest.mark.parametrize("engine, configuration, expected", [
    ("woocommerce", "wordpress", {"STORE_COUNTRY": "DE", "STORE_CURRENCY": "EUR", "STORE_CATALOGUE": "empty"}),
    ("medusa", "medusa", {"STORE_COUNTRY": "de", "STORE_CURRENCY": "eur", "STORE_CATALOGUE": "empty"}),
])
def test_country_currency_and_catalogue_reach_the_engine(platform, engine, configuration, expected):
    made = order(platform, name=f"Teekannen {engine}", engine=engine, country="DE", currency="EUR", catalogue="empty").json()
    assert (made["country"], made["currency"], made["catalogue"]) == ("DE", "EUR", "empty")
    data = wait_until(lambda: settings_of(platform, made["id"], configuration), 20, "the engine's settings")
    assert {key: data[key] for key in expected} == expected


@pytest.mark.parametrize("fields, names", [
    ({"country": "XX"}, ["country"]), ({"country": "de"}, ["country"]), ({"country": "US:"}, ["country"]), ({"country": ""}, ["country"]),
    ({"currency": "EURO"}, ["currency"]), ({"currency": "eur"}, ["currency"]), ({"catalogue": "huge"}, ["catalogue"]),
    ({"country": "DE'; --", "currency": "=1", "catalogue": "<b>"}, ["country", "currency", "catalogue"]),
])
def test_what_no_shop_can_be_set_up_with_is_refused(platform, fields, names):
    answer = order(platform, name="Refused", **fields)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == names


def test_a_key_with_another_country_is_another_order(platform):
    def ask(country):
        return platform.session.post(f"{platform.url}/api/v1/stores", json={"name": "Keyed", "engine": "woocommerce", "country": country},
                                     headers={"Idempotency-Key": "keyed"}, timeout=10)
    first = ask("FR")
    assert ask("FR").json()["id"] == first.json()["id"]
    assert ask("IT").status_code == 422


def test_the_steps_of_a_set_up_are_in_the_timeline(platform):
    store = order(platform, name="Step by step").json()
    namespace = f"{platform.cluster_url}/api/v1/namespaces/store-{store['id']}"
    wait_until(lambda: requests.get(namespace, timeout=10).status_code == 200, 20, "the namespace")
    lines = [{"step": "install", "state": "done", "message": "WordPress was installed.", "seconds": 1.5},
             {"step": "activate", "state": "skipped", "message": "WooCommerce is active already."},
             {"step": "order", "state": "done", "message": "A test order was placed and removed again."}]
    log = "Notice: something\n" + "".join(json.dumps(line) + "\n" for line in lines)
    requests.patch(namespace, json={"metadata": {"annotations": {"simulator.store-platform/log": f"setup={log}"}}}, headers=MERGE, timeout=10)
    platform.wait_for_phase(store["id"], "ready")
    events = [event for event in platform.events(store["id"]) if event["stage"] == "setup"]
    told = [(event["reason"], event["message"]) for event in events if event["type"] == "setup_step"]
    assert told == [("install", "WordPress was installed."), ("order", "A test order was placed and removed again.")]
    assert events[0]["type"] == "stage_started" and events[-1]["type"] == "stage_completed"


def test_a_step_that_fails_is_the_reason(platform):
    store = order(platform, name="Stumbles").json()
    namespace = f"{platform.cluster_url}/api/v1/namespaces/store-{store['id']}"
    wait_until(lambda: requests.get(namespace, timeout=10).status_code == 200, 20, "the namespace")
    said = json.dumps({"step": "shipping", "state": "failed", "message": "The shipping zone could not be saved."})
    # With a code that its Job does not try again: minutes of waiting would change nothing.
    requests.patch(namespace, json={"metadata": {"annotations": {"simulator.store-platform/crash": f"setup=78:{said}"}}}, headers=MERGE, timeout=10)
    failed = platform.wait_for_phase(store["id"], "failed", 20)
    assert failed["reason"] == "setup_failed"
    assert "“shipping”" in failed["message"] and "The shipping zone could not be saved." in failed["message"]


class TestLogin:
    @pytest.fixture(scope="class")
    def ready(self, platform):
        return platform.wait_for_phase(order(platform, name="Signed in").json()["id"], "ready")

    def ask(self, platform, store_id):
        return platform.session.post(f"{platform.url}/api/v1/stores/{store_id}/credentials", timeout=10)

    def test_it_is_shown_on_demand_and_recorded(self, platform, ready):
        answer = self.ask(platform, ready["id"])
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
        secret = platform.cluster(f"/api/v1/namespaces/store-{ready['id']}/secrets/credentials").json()["data"]["admin-password"]
        assert answer.json() == {"username": "admin", "password": base64.b64decode(secret).decode(), "url": f"{ready['url']}/wp-admin/"}
        assert platform.postgres.query(f"SELECT count(*) FROM audit_log WHERE action = 'store.credentials' AND target = '{ready['id']}'") == [["1"]]

    def test_it_stands_nowhere_else(self, platform, ready):
        password = self.ask(platform, ready["id"]).json()["password"]
        assert password not in platform.service.log.read_text()
        tables = platform.postgres.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        for table, in tables:
            assert platform.postgres.query(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{password}%'") == [["0"]], table
        assert password not in platform.session.get(f"{platform.url}/api/v1/stores/{ready['id']}/events?limit=200", timeout=10).text

    def test_one_that_is_not_there_yet_is_refused(self, platform):
        pending = order(platform, name="Too early").json()
        answer = self.ask(platform, pending["id"])
        assert answer.status_code in (200, 409)  # made within milliseconds, perhaps
        platform.session.delete(f"{platform.url}/api/v1/stores/{pending['id']}", timeout=10)
        refused = self.ask(platform, pending["id"])
        assert refused.status_code == 409 and refused.json()["code"] == "wrong_phase"

    def test_an_unknown_store_has_none(self, platform):
        assert self.ask(platform, "abcdefghijkm").status_code == 404
