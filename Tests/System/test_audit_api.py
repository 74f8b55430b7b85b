"""The audit log as its readers get it: pages, filters, and a table for a spreadsheet."""

import csv
import datetime
import io

import pytest
import requests

from platform_under_test import TOKEN, Platform


@pytest.fixture(scope="module")
def platform():
    with Platform() as running:
        for number in range(7):
            running.create(f"Shop {number}")
        order = {"engine": "woocommerce"}
        for name in ("=HYPERLINK(\"http://evil\")", "+1", "-1", "@x", "a,\"b\"", "two\r\nlines"):
            running.session.post(f"{running.url}/api/v1/stores", json={**order, "name": name, "slug": name}, timeout=10)
        requests.post(f"{running.url}/api/v1/stores", json=order, timeout=10)
        yield running


def get(platform, path, **parameters):
    return platform.session.get(f"{platform.url}/api/v1/{path}", params=parameters, timeout=20)


def walk(platform, **parameters):
    items, cursor = [], {}
    while True:
        answer = get(platform, "audit", **parameters, **cursor)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if not answer.json()["next"]:
            return items
        cursor = {"cursor": answer.json()["next"]}


def test_pages_walk_the_whole_log_once_newest_first(platform):
    items = walk(platform, limit=3)
    assert [item["number"] for item in items] == list(range(14, 0, -1))
    newest, oldest = items[0], items[-1]
    assert newest["actor"] == "anonymous" and newest["result"] == "unauthenticated" and newest["tokenId"] is None
    assert oldest["action"] == "store.create" and oldest["after"]["name"] == "Shop 0" and oldest["before"] is None
    assert oldest["remoteAddress"] == "127.0.0.1" and len(oldest["hash"]) == 64


def test_filters_narrow_and_can_be_put_together(platform):
    target = walk(platform)[-1]["target"]
    now = datetime.datetime.now(datetime.timezone.utc)
    tomorrow, hour_ago = (now + datetime.timedelta(days=1)).strftime("%Y-%m-%d"), (now - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for parameters, count in [
        ({"actor": "administrator"}, 13), ({"actor": "nobody"}, 0), ({"account": "none"}, 1), ({"action": "store.create"}, 14), ({"action": "store"}, 0),
        ({"target": target}, 1), ({"result": "ok"}, 7), ({"result": "invalid_request", "actor": "administrator"}, 6), ({"from": hour_ago}, 14),
        ({"from": tomorrow}, 0), ({"to": hour_ago}, 0), ({"from": hour_ago, "to": tomorrow, "result": "ok"}, 7), ({"actor": "' OR true --"}, 0),
    ]:
        assert len(walk(platform, **parameters)) == count, parameters
        assert len(list(csv.reader(io.StringIO(get(platform, "audit.csv", **parameters).text)))) == count + 1, parameters


@pytest.mark.parametrize("parameters, code", [
    ({"cursor": "x"}, "invalid_cursor"), ({"cursor": "-1"}, "invalid_cursor"), ({"from": "yesterday"}, "invalid_parameter"), ({"to": "2026-13-01"}, "invalid_parameter"),
    ({"from": "2026-01-01T00:00:00+02:00"}, "invalid_parameter"), ({"limit": "0"}, "invalid_parameter"), ({"who": "me"}, "unknown_parameter")])
def test_what_is_no_filter_is_400(platform, parameters, code):
    answer = get(platform, "audit", **parameters)
    assert answer.status_code == 400 and answer.json()["code"] == code


def test_a_spreadsheet_runs_nothing_of_it(platform):
    answer = get(platform, "audit.csv")
    assert answer.headers["Content-Type"].startswith("text/csv") and "attachment" in answer.headers["Content-Disposition"]
    assert answer.text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [int(row["number"]) for row in rows] == list(range(14, 0, -1))
    targets = {row["target"] for row in rows}
    assert {"'=HYPERLINK(\"http://evil\")", "'+1", "'-1", "'@x", "a,\"b\"", "two\r\nlines"} <= targets
    assert not [value for row in rows for value in row.values() if value and value[0] in "=+-@"]


def test_the_table_is_streamed_whole_whatever_its_length(platform):
    platform.postgres.query("INSERT INTO audit_log (actor, role, account_id, remote_address, request_id, action, target, result)"
                            " SELECT 'many', 'admin', 'default', '::1', 'm' || i, 'store.create', 't', 'ok' FROM generate_series(1, 1700) i")
    assert len(list(csv.reader(io.StringIO(get(platform, "audit.csv", actor="many").text)))) == 1701
    assert len(list(csv.reader(io.StringIO(get(platform, "audit.csv").text, newline="")))) == 1715


def test_nobody_reads_it_without_a_token(platform):
    for path in ("audit", "audit.csv"):
        assert requests.get(f"{platform.url}/api/v1/{path}", timeout=10).status_code == 401
    assert TOKEN not in get(platform, "audit.csv").text
