"""Stands in for `medusa start` where the set-up program is tested: the Store API and the Admin API on one port."""

import argparse
import base64
import hashlib
import hmac
import json
import os
import pickle
from urllib.parse import parse_qsl

import medusa_admin
import medusa_server
import medusa_shop
from medusa_shapes import Refusal, query_of, validate


def actor_of(authorization, secret):
    """packages/core/framework/src/http/middlewares/authenticate-middleware.ts: a bearer token of a user."""
    try:
        head, payload, signature = authorization.removeprefix("Bearer ").split(".")
        expected = base64.urlsafe_b64encode(hmac.new(secret.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if hmac.compare_digest(signature, expected) and claims["actor_type"] == "user" and claims["actor_id"]:
            return claims["actor_id"]
    except (ValueError, KeyError, AttributeError):
        pass
    raise Refusal("unauthorized", "Unauthorized")


def main():
    """What it was told is kept in a file, as a real one keeps it in the database."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", required=True)
    options = parser.parse_args()
    medusa = medusa_server.Medusa(medusa_shop.Shop(), port=options.port)
    medusa.shop.keys, medusa.shop.shipping = {}, []
    administration = medusa_admin.Administration(medusa)
    if os.path.exists(options.state):
        with open(options.state, "rb") as file:
            medusa.shop, kept, medusa.carts = pickle.load(file)
        administration.__dict__.update(kept)
        administration.medusa = medusa
    administration.keys = dict(entry.split("=") for entry in os.environ["FAKE_KEYS"].split(","))
    for token in administration.keys.values():
        medusa.shop.keys.setdefault(token, [])

    def answer(handler, target, raw):
        actor_of(handler.headers.get("Authorization"), os.environ["JWT_SECRET"])
        for method, pattern, schema, query, run in medusa_admin.ROUTES:
            if method == handler.command and (match := pattern.fullmatch(target.path)):
                body = json.loads(raw) if raw else {}
                if schema is not None:
                    validate(schema, body)
                result = run(administration, query_of(query, dict(parse_qsl(target.query))), body, *match.groups())
                with open(options.state, "wb") as file:
                    pickle.dump((medusa.shop, {name: value for name, value in vars(administration).items() if name != "medusa"}, medusa.carts), file)
                return result
        raise Refusal("not_found", f"Cannot {handler.command} {target.path}")

    medusa_server.OTHERS["admin"] = answer
    medusa.thread.join()


if __name__ == "__main__":
    main()
