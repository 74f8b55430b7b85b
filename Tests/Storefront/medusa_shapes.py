"""The checks that Medusa makes of a request before any handler sees it, for the part of its APIs that is used here.

Read from MedusaJS 2.13.3. Medusa's validators are zod schemas, made strict by packages/core/framework/src/zod/zod-helpers.ts: an unknown
field is refused as much as a wrong type, with "Invalid request: ...". The tables below say which schema each was read from.
"""

import re


class Refusal(Exception):
    """An answer with an error; statuses and body as in packages/core/framework/src/http/middlewares/error-handler.ts."""

    STATUS = {"invalid_data": 400, "not_allowed": 400, "not_found": 404, "unauthorized": 401, "duplicate_error": 422, "conflict": 409}

    def __init__(self, kind, message, code=None):
        super().__init__(message)
        self.status = self.STATUS[kind]
        self.body = {"type": kind, "message": message}
        if code:
            self.body["code"] = code


def invalid(message):
    return Refusal("invalid_data", f"Invalid request: {message}")


NAMES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object", type(None): "null"}


class Field:
    """A field of a schema. `nullish` allows null and absence, `optional` absence only."""

    def __init__(self, kind, *, optional=False, nullish=False, check=None, of=None, choices=None):
        self.kind, self.may_miss, self.may_be_null = kind, optional or nullish, nullish
        self.check, self.of, self.choices = check, of, choices

    def validate(self, value, path):
        if value is None and self.may_be_null:
            return
        is_kind = isinstance(value, (int, float)) if self.kind is float else isinstance(value, self.kind)
        if not is_kind or (isinstance(value, bool) and self.kind is not bool):
            raise invalid(f"Expected type: '{NAMES[self.kind]}' for field '{path}', got: '{NAMES.get(type(value))}'")
        if self.choices and value not in self.choices:
            raise invalid(f"Expected: '{', '.join(self.choices)}' for field '{path}', but got: '{value}'")
        if self.check:
            self.check(value, path)
        if isinstance(self.of, dict):
            for index, item in enumerate(value if self.kind is list else [value]):
                validate(self.of, item, f"{path}, {index}" if self.kind is list else path)
        elif self.of:
            for index, item in enumerate(value.values() if self.kind is dict else value):
                self.of.validate(item, f"{path}, {index}")


def validate(schema, body, path=""):
    """Refuses what the strict zod schema would refuse."""
    if not isinstance(body, dict):
        raise invalid(f"Expected type: 'object' for field '{path}', got: '{NAMES.get(type(body))}'")
    if unknown := [name for name in body if name not in schema]:
        raise invalid(f"Unrecognized fields: '{', '.join(unknown)}'")
    for name, field in schema.items():
        where = f"{path}, {name}" if path else name
        if name in body:
            field.validate(body[name], where)
        elif not field.may_miss:
            raise invalid(f"Field '{where}' is required")


def email(value, _):
    if not re.fullmatch(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+", value):
        raise invalid("Invalid email")


def positive(value, path):
    if value <= 0:
        raise invalid(f"Value for field '{path}' too small, expected at least: '0'")


def not_negative(value, path):
    if value < 0:
        raise invalid(f"Value for field '{path}' too small, expected at least: '0'")


text, maybe, optional = Field(str), Field(str, nullish=True), Field(str, optional=True)
metadata = Field(dict, nullish=True)

# packages/medusa/src/api/utils/common-validators/common.ts: AddressPayload
ADDRESS = {
    name: maybe
    for name in ("first_name", "last_name", "phone", "company", "address_1", "address_2", "city", "country_code", "province", "postal_code")
} | {"metadata": metadata}

# packages/medusa/src/api/store/carts/validators.ts
STORE_CREATE_CART = {
    "region_id": maybe,
    "email": Field(str, nullish=True, check=email),
    "currency_code": maybe,
    "items": Field(list, optional=True),
    "sales_channel_id": maybe,
    "shipping_address": Field(dict, optional=True, of=ADDRESS),
    "billing_address": Field(dict, optional=True, of=ADDRESS),
    "promo_codes": Field(list, optional=True),
    "metadata": metadata,
    "locale": maybe,
}
STORE_UPDATE_CART = {
    "region_id": optional,
    "email": Field(str, nullish=True, check=email),
    "billing_address": Field(dict, optional=True, of=ADDRESS | {"id": optional}),
    "shipping_address": Field(dict, optional=True, of=ADDRESS | {"id": optional}),
    "sales_channel_id": maybe,
    "metadata": metadata,
    "promo_codes": Field(list, optional=True),
    "locale": maybe,
}
STORE_ADD_LINE_ITEM = {"variant_id": text, "quantity": Field(float, check=positive), "metadata": metadata}
STORE_UPDATE_LINE_ITEM = {"quantity": Field(float, check=not_negative), "metadata": metadata}
STORE_ADD_SHIPPING_METHOD = {"option_id": text, "data": Field(dict, optional=True)}
# packages/medusa/src/api/store/payment-collections/validators.ts
STORE_CREATE_PAYMENT_COLLECTION = {"cart_id": text}
STORE_CREATE_PAYMENT_SESSION = {"provider_id": text, "data": Field(dict, optional=True)}

# packages/medusa/src/api/utils/validators.ts: createFindParams, createSelectParams
SELECT = {"fields"}
FIND = SELECT | {"offset", "limit", "order", "with_deleted"}
# packages/medusa/src/api/store/products/validators.ts and utils/common-validators/products: what is used of them
STORE_PRODUCTS = FIND | {"region_id", "country_code", "province", "cart_id", "sales_channel_id", "q", "id", "title", "handle"}


def query_of(allowed, query, required=()):
    """The query string, after the same strictness."""
    if unknown := [name for name in query if name not in allowed]:
        raise invalid(f"Unrecognized fields: '{', '.join(unknown)}'")
    for name in required:
        if name not in query:
            raise invalid(f"Field '{name}' is required")
    for name in ("offset", "limit"):
        if name in query and not query[name].isdigit():
            raise invalid(f"Expected type: 'number' for field '{name}', got: 'string'")
    return query


def asked_fields(query):
    """What is added to a product's default fields. Names without a sign would replace those: the storefront must not do that."""
    fields = [name for name in query.get("fields", "").split(",") if name]
    if bare := [name for name in fields if name[0] not in "+*"]:
        raise AssertionError(f"this server knows additions to the default fields only, not {bare}")
    return {name[1:] for name in fields}
