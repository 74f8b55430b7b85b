"""The set-up program: a fresh shop, a second run, a merchant's changes, what it refuses."""

import os
import time

from .customer import Browser
from .shop import PASSWORD


def fresh(runner):
    """An empty database becomes a shop, by lines of JSON that all say done or skipped"""
    shop = runner.shop("first")
    started = time.monotonic()
    lines = shop.setup()
    seconds = time.monotonic() - started
    assert lines[-1]["step"] == "ready" and lines[-1]["state"] == "done", lines[-1]
    for line in lines:
        assert list(line) == ["step", "state", "message", "seconds"], line
        assert line["state"] in ("done", "skipped") and line["message"].endswith("."), line
    steps = [line["step"] for line in lines]
    assert len(steps) == len(set(steps)), f"a step was reported twice: {steps}"
    assert PASSWORD not in str(lines) and "database password" not in str(lines)
    return f"{len(lines)} lines, {seconds:.1f} s"


def second(runner):
    """A second run changes no row of no table and no file"""
    shop = runner.shop("first")
    before, files = shop.dump(), shop.files()
    lines = shop.setup()
    changed = sorted(set(before) ^ set(shop.dump()))
    assert not changed, "\n".join(line[:300] for line in changed[:10])
    assert files == shop.files()
    done = [line["step"] for line in lines if line["state"] == "done"]
    assert set(done) <= {"database", "uploads", "verify-versions"}, f"done again: {done}"
    return f"{len(before)} lines of dump compared"


def traces(runner):
    """The test order leaves nothing behind but WooCommerce's own counters"""
    shop = runner.shop("traces")
    for step in ("install", "activate", "configure", "check"):
        code, lines = shop.run(step)
        assert code == 0, lines[-1]
    before, files = shop.dump(), shop.files()
    code, lines = shop.run("verify")
    assert code == 0 and "test-order" in [line["step"] for line in lines], lines
    allowed = ("_transient_", "store_platform_ready", "woocommerce_checkout_", "`wp_actionscheduler_groups`")
    changed = [line for line in set(before) ^ set(shop.dump()) if line.startswith("INSERT") and not any(word in line for word in allowed)]
    assert not changed, "\n".join(line[:300] for line in changed)
    assert files == shop.files(), set(files) ^ set(shop.files())


def merchant(runner):
    """What a merchant changes stays: title, currency, address, prices, a deleted product, payment, a closed shop"""
    shop = runner.shop("merchant")
    shop.setup()
    deleted = shop.sql("SELECT ID FROM wp_posts WHERE post_name = 'sample-mug'")[0][0]
    shop.sql(
        "UPDATE wp_options SET option_value = 'My own title' WHERE option_name = 'blogname';"
        "UPDATE wp_options SET option_value = 'EUR' WHERE option_name = 'woocommerce_currency';"
        "UPDATE wp_options SET option_value = 'DE' WHERE option_name = 'woocommerce_default_country';"
        "UPDATE wp_options SET option_value = 'yes' WHERE option_name = 'woocommerce_coming_soon';"
        "UPDATE wp_options SET option_value = REPLACE(option_value, 's:3:\"yes\"', 's:2:\"no\"') WHERE option_name = 'woocommerce_cod_settings';"
        "UPDATE wp_posts SET post_title = 'Green teapot' WHERE post_name = 'sample-teapot';"
        "DELETE FROM wp_woocommerce_shipping_zone_methods;"
        f"DELETE FROM wp_posts WHERE ID = {deleted}; DELETE FROM wp_postmeta WHERE post_id = {deleted};"
        f"DELETE FROM wp_wc_product_meta_lookup WHERE product_id = {deleted}"
    )
    before = shop.dump()
    shop.environment["STORE_TITLE"] = "The platform's title"
    shop.setup()
    changed = sorted(set(before) ^ set(shop.dump()))
    assert not changed, "\n".join(line[:300] for line in changed[:10])


def empty(runner):
    """An empty catalogue: no product, and the test order is placed all the same"""
    shop = runner.shop("empty", STORE_CATALOGUE="empty", STORE_COUNTRY="DE", STORE_CURRENCY="EUR", STORE_SHIPPING_COST="4.90")
    lines = {line["step"]: line for line in shop.setup()}
    assert lines["test-order"]["state"] == "done" and lines["test-order-removed"]["state"] == "done", lines
    assert shop.sql("SELECT COUNT(*) FROM wp_posts WHERE post_type IN ('product', 'shop_order', 'shop_order_placehold')") == [["0"]]
    assert shop.sql("SELECT COUNT(*) FROM wp_wc_product_meta_lookup") == [["0"]]
    assert (shop.option("woocommerce_default_country"), shop.option("woocommerce_currency")) == ("DE", "EUR")
    assert shop.option("woocommerce_price_decimal_sep") == ","
    assert "4.90" in shop.option("woocommerce_flat_rate_1_settings")


def wrong_password(runner):
    """A wrong database password ends it at once, with the sentence that says so"""
    shop = runner.shop("refused", WORDPRESS_DB_PASSWORD="another")
    started = time.monotonic()
    code, lines = shop.run("setup")
    seconds = time.monotonic() - started
    assert code == 77, code
    assert lines[-1]["step"] == "database" and lines[-1]["state"] == "failed", lines[-1]
    assert "refused the password" in lines[-1]["message"] and "ALTER USER" in lines[-1]["message"], lines[-1]
    assert "another" not in str(lines)
    assert seconds < 3, f"it took {seconds:.1f} s"
    return f"{seconds:.1f} s"


def wrong_environment(runner):
    """A wrong environment is named in one line, all of it at once, with 78"""
    shop = runner.shop("wrong", STORE_URL="shop.test", STORE_COUNTRY="Germany", STORE_CURRENCY="euro", WORDPRESS_NONCE_SALT="")
    code, lines = shop.run("setup")
    assert code == 78 and len(lines) == 1 and lines[0]["state"] == "failed", (code, lines)
    for name in ("STORE_URL", "STORE_COUNTRY", "STORE_CURRENCY", "WORDPRESS_NONCE_SALT"):
        assert name in lines[0]["message"], lines[0]
    shop.environment.update(STORE_URL=f"http://shop.test:{shop.port}", STORE_COUNTRY="XX", STORE_CURRENCY="USD", WORDPRESS_NONCE_SALT="s")
    code, lines = shop.run("setup")
    assert code == 78 and "STORE_COUNTRY" in lines[-1]["message"], (code, lines[-1])


def unwritable(runner):
    """A volume that cannot be written is named as the reason"""
    shop = runner.shop("unwritable")
    shop.uploads.chmod(0o755)
    os.chown(shop.uploads, 0, 0)
    code, lines = shop.run("setup")
    assert code == 1 and lines[-1]["step"] == "uploads" and "storage class" in lines[-1]["message"], (code, lines[-1])


def readiness(runner):
    """Readiness: 503 without set-up, 200 after it, 503 without database; liveness is 200 throughout"""
    shop = runner.shop("probed")
    shop.serve()
    browser = Browser(shop)
    answer = browser.get("/healthz.php")
    assert (answer.status, answer.body) == (503, "The set-up of this shop is not finished.\n"), (answer.status, answer.body)
    for step in ("install", "activate", "configure"):
        code, lines = shop.run(step)
        assert code == 0, lines[-1]
        assert browser.get("/healthz.php").status == 503, f"ready after {step}"
    code, lines = shop.run("verify")
    assert code == 0, lines[-1]
    answer = browser.get("/healthz.php")
    assert (answer.status, answer.body) == (200, "The shop is ready.\n"), (answer.status, answer.body)
    shop.database.stop()
    try:
        assert browser.get("/healthz.php").status == 503
        assert browser.get("/license.txt").status == 200
    finally:
        shop.database.start()
    assert browser.get("/healthz.php").status == 200
    started = time.monotonic()
    for _ in range(100):
        browser.get("/healthz.php")
    milliseconds = (time.monotonic() - started) * 10
    shop.stop()
    return f"{milliseconds:.1f} ms an answer"


CHECKS = [fresh, second, traces, merchant, empty, wrong_password, wrong_environment, unwritable, readiness]
