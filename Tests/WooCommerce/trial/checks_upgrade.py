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


CHECKS = [upgrade]
