"""An older image's shop under a newer image."""

from .customer import Browser, buy, titles


def upgrade(runner):
    """An older shop with an order becomes a newer one: database, order, sale and mark"""
    if runner.options.older is None:
        return "not tried: no --older"
    shop = runner.shop("older", runner.options.older)
    shop.setup()
    shop.serve()
    placed = buy(shop, "old@example.com")
    shop.stop()
    before = {name: shop.option(name) for name in ("db_version", "woocommerce_db_version", "store_platform_ready")}
    shop.use(runner.site(runner.options.source))
    lines = {line["step"]: line for line in shop.setup()}
    after = {name: shop.option(name) for name in before}
    # Not every WordPress changes the form of its database.
    needed = {"wordpress-database": "db_version", "woocommerce-database": "woocommerce_db_version", "ready": "store_platform_ready"}
    for step, option in needed.items():
        assert (lines[step]["state"] == "done") == (before[option] != after[option]), (step, before, after, lines[step])
    assert after["woocommerce_db_version"] == shop.option("woocommerce_version")
    assert lines["ready"]["state"] == lines["test-order"]["state"] == lines["test-order-removed"]["state"] == "done", lines
    assert lines["payment"]["state"] == "skipped"
    assert shop.sql("SELECT COUNT(*) FROM wp_actionscheduler_actions WHERE hook LIKE 'woocommerce_run_update%' AND status = 'pending'") == [["0"]]
    shop.serve()
    assert shop.sql(f"SELECT status FROM wp_wc_orders WHERE id = {placed['order_id']}") == [["wc-processing"]]
    assert len(titles(Browser(shop).get("/").body)) == 3
    assert buy(shop, "new@example.com")["status"] == "processing"
    shop.stop()
    quiet = shop.dump()
    shop.setup()
    assert quiet == shop.dump(), "a second run changed something"
    return f"{before['store_platform_ready']} → {after['store_platform_ready']}: {lines['wordpress-database']['message']} {lines['woocommerce-database']['message']}"


def back(runner):
    """The older image on the newer database: it is left as it is, and the shop sells"""
    if runner.options.older is None:
        return "not tried: no --older"
    shop = runner.shop("back")
    shop.setup()
    before = {name: shop.option(name) for name in ("db_version", "woocommerce_db_version")}
    shop.use(runner.site(runner.options.older))
    lines = {line["step"]: line for line in shop.setup()}
    assert lines["woocommerce-database"]["state"] == "skipped" and "newer" in lines["woocommerce-database"]["message"], lines
    assert lines["wordpress-database"]["state"] == "skipped", lines["wordpress-database"]
    assert before == {name: shop.option(name) for name in before}
    assert lines["test-order"]["state"] == "done", lines["test-order"]
    shop.serve()
    assert buy(shop, "back@example.com")["status"] == "processing"
    shop.stop()
    return lines["woocommerce-database"]["message"]


OLDER = "UPDATE wp_options SET option_value = 'WordPress 1.0, WooCommerce 1.0' WHERE option_name = 'store_platform_ready';"


def changed(runner):
    """In a shop that is open a later test order needs nothing that a merchant may have changed, and leaves no trace"""
    shop = runner.shop("changed")
    shop.setup()
    shop.sql(
        "DELETE FROM wp_woocommerce_shipping_zone_methods; DELETE FROM wp_options WHERE option_name LIKE '%transient%shipping%';"
        "UPDATE wp_options SET option_value = 'required' WHERE option_name IN ('woocommerce_checkout_company_field',"
        " 'woocommerce_checkout_address_2_field', 'woocommerce_checkout_phone_field');"
        "UPDATE wp_wc_product_meta_lookup SET stock_status = 'outofstock';"
        "UPDATE wp_postmeta SET meta_value = 'outofstock' WHERE meta_key = '_stock_status';" + OLDER
    )
    before = [line for line in shop.dump() if line.startswith("INSERT")]
    lines = {line["step"]: line for line in shop.setup()}
    assert lines["test-order"]["state"] == lines["test-order-removed"]["state"] == "done", lines["test-order"]
    after = [line for line in shop.dump() if line.startswith("INSERT")]
    allowed = ("_transient_", "store_platform_ready", "`wp_actionscheduler_groups`")
    left = [line[:300] for line in set(before) ^ set(after) if not any(word in line for word in allowed)]
    assert not left, "\n".join(left)


def obstacles(runner):
    """Where a merchant has closed the shop, or sells otherwise, no test order is placed and the set-up ends well"""
    shop = runner.shop("obstacles")
    shop.setup()
    settings = {
        "woocommerce_coming_soon": "yes", "woocommerce_enable_guest_checkout": "no",
        "woocommerce_cod_settings": 'a:1:{s:7:"enabled";s:2:"no";}',
    }
    for name, value in settings.items():
        kept = shop.option(name)
        shop.sql(f"UPDATE wp_options SET option_value = '{value}' WHERE option_name = '{name}';" + OLDER)
        lines = {line["step"]: line for line in shop.setup()}
        assert lines["test-order"]["state"] == "skipped" and "merchant" in lines["test-order"]["message"], (name, lines["test-order"])
        assert lines["ready"]["state"] == "done"
        shop.sql(f"UPDATE wp_options SET option_value = '{kept}' WHERE option_name = '{name}'")


CHECKS = [upgrade, back, changed, obstacles]
