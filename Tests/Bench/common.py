"""What the benchmarks share: orders, counts, and what the system says of a process."""

import http.client
import json
import os
import pathlib
import re
import urllib.parse

import requests

from platform_under_test import TOKEN, wait_until


def cpu_seconds(process):
    """Of all its threads, in and out of the kernel (proc(5), fields 14 and 15)."""
    fields = pathlib.Path(f"/proc/{process.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cluster_calls(platform):
    text = requests.get(f"{platform.url}/metrics", timeout=10).text
    return float(re.search(r"^store_platform_cluster_calls_total (\S+)$", text, re.M).group(1))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def order(platform, names):
    """Orders stores, one after the other on one connection; as cheaply as may be, for the measured share the processors with us."""
    connection = http.client.HTTPConnection("127.0.0.1", urllib.parse.urlsplit(platform.url).port, timeout=60)
    for name in names:
        connection.request("POST", "/api/v1/stores", json.dumps({"name": name, "engine": "woocommerce"}),
                           {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 202, answer.read()
        answer.read()


def await_ready(platform, count):
    """Until that many stores are ready.
    :return: the seconds from the first order to the last that became ready, by the database's clock."""
    def seconds():
        ready, taken = platform.postgres.query(
            "SELECT count(*) FILTER (WHERE phase = 'ready'), extract(epoch FROM max(ready_at) - min(created_at)) FROM stores")[0]
        return float(taken) if int(ready) == count else None
    return wait_until(seconds, 900, "every store to be ready", interval=0.5)


def insert_stores(postgres, count):
    """Ready stores as rows alone, for what needs no cluster."""
    postgres.query(
        "INSERT INTO stores (id, name, slug, engine, plan, account_id, phase, message, url, namespace_uid, created_at, ready_at)"
        " SELECT 'a' || translate(lpad(i::text, 11, '0'), '01', 'xy'), 'Shop ' || i, 's' || i, 'woocommerce', 'small', 'default', 'ready',"
        f" 'The shop can sell.', 'http://s' || i || '.example.com', 'u', now() - i * interval '1 minute', now() FROM generate_series(1, {count}) i; ANALYZE stores")
