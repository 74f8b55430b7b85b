"""A run that is killed (SIGKILL, all of its processes) and repeated ends as one that was not."""

import json
import os
import random
import signal
import subprocess
import time

from .customer import Browser, titles

# What a shop is, without row numbers, times and keys, which differ between any two.
STATE = {
    "posts": "SELECT post_type, post_status, post_title, post_name FROM wp_posts WHERE post_type <> 'revision' ORDER BY 1, 4",
    "meta": "SELECT p.post_name, m.meta_key, COUNT(*) FROM wp_postmeta m JOIN wp_posts p ON p.ID = m.post_id GROUP BY 1, 2 ORDER BY 1, 2",
    "orphans": "SELECT COUNT(*) FROM wp_postmeta m LEFT JOIN wp_posts p ON p.ID = m.post_id WHERE p.ID IS NULL",
    "products": "SELECT sku, min_price, stock_status, total_sales FROM wp_wc_product_meta_lookup ORDER BY 1",
    # The first is written when a process ends by itself: an empty list, or none. The second is where Action Scheduler's first action
    # came after those of a WordPress without it, which there are none of. The last are 0 and a date; without them it is the same.
    # sidebars_widgets is an empty list, or none: a theme that is chosen once more, since its mark was missing, is asked for its widgets.
    "options": "SELECT option_name FROM wp_options WHERE option_name NOT LIKE '%transient%' AND option_name NOT LIKE 'wp_1_wc_regenerate%'"
    " AND option_name NOT IN ('woocommerce_admin_notices', 'action_scheduler_hybrid_store_demarkation', 'sidebars_widgets')"
    " AND option_name NOT LIKE 'woocommerce_admin_scheduler_last_processed_order_%' ORDER BY 1",
    "settings": "SELECT option_name, option_value FROM wp_options WHERE option_name IN ('blogname', 'home', 'siteurl', 'template', 'stylesheet',"
    " 'permalink_structure', 'show_on_front', 'woocommerce_currency', 'woocommerce_default_country', 'woocommerce_cod_settings',"
    " 'woocommerce_coming_soon', 'woocommerce_custom_orders_table_enabled', 'active_plugins', 'woocommerce_version',"
    " 'woocommerce_db_version', 'db_version', 'store_platform_ready', 'woocommerce_newly_installed') ORDER BY 1",
    "users": "SELECT user_login, user_email, meta_value FROM wp_users JOIN wp_usermeta ON user_id = ID AND meta_key = 'wp_capabilities'",
    "terms": "SELECT taxonomy, slug, COUNT(*) FROM wp_terms JOIN wp_term_taxonomy USING (term_id) GROUP BY 1, 2 ORDER BY 1, 2",
    "shipping": "SELECT zone_id, method_id, is_enabled FROM wp_woocommerce_shipping_zone_methods",
    "orders": "SELECT COUNT(*) FROM wp_wc_orders",
    "notes": "SELECT comment_type, COUNT(*) FROM wp_comments GROUP BY 1",
    "sessions": "SELECT COUNT(*) FROM wp_woocommerce_sessions",
    "customers": "SELECT COUNT(*) FROM wp_wc_customer_lookup",
    "actions": "SELECT DISTINCT hook FROM wp_actionscheduler_actions ORDER BY 1",
    "tables": "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1",
}


def state(shop) -> dict:
    found = {name: shop.sql(query) for name, query in STATE.items()}
    found["settings"] = [[name, value.replace(shop.environment["STORE_URL"], "URL")] for name, value in found["settings"]]
    found["files"] = [name for name in shop.files() if not name.startswith("wc-logs/")]
    return found


def kill(process) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def kill_after_line(shop, number: int) -> dict | None:
    process = shop.start("setup")
    for count, line in enumerate(process.stdout):
        if count == number:
            kill(process)
            return json.loads(line)
    process.wait()
    return None


def compare(runner, shop, where: str) -> None:
    shop.setup()
    wanted, found = runner.reference, state(shop)
    for part, rows in wanted.items():
        missing = [row for row in rows if row not in found[part]]
        extra = [row for row in found[part] if row not in rows]
        assert not missing and not extra and len(rows) == len(found[part]), f"{where}: {part}: missing {missing[:5]}, too much {extra[:5]}"


def reference(runner) -> int:
    """How many lines a run prints that is not killed; its end is what the others are compared with."""
    if not hasattr(runner, "reference"):
        shop = runner.shop("reference")
        runner.lines = shop.setup()
        runner.reference = state(shop)
    return len(runner.lines)


def boundaries(runner):
    """Killed after each line in turn, and run again: the same shop"""
    count = reference(runner)
    for number in range(count):
        shop = runner.shop(f"boundary{number}")
        line = kill_after_line(shop, number)
        assert line is not None, f"no line {number}"
        compare(runner, shop, f"after line {number} ({line['step']})")
        runner.remove(shop)
    return f"{count} kills"


def moments(runner):
    """Killed at random moments, up to three times, and run again: the same shop"""
    reference(runner)
    seed = int(time.time())
    chance = random.Random(seed)
    kills = 0
    for number in range(runner.options.kills):
        shop = runner.shop(f"moment{number}")
        places = []
        for _ in range(chance.randint(1, 3)):
            moment = chance.uniform(0.05, 4.5)
            process = shop.start("setup")
            try:
                process.wait(moment)
            except Exception:
                kill(process)
                kills += 1
            places.append(f"{moment:.2f}")
        compare(runner, shop, f"seed {seed}, after {', '.join(places)} s")
        runner.remove(shop)
    return f"{kills} kills, seed {seed}"


def repeated(runner):
    """Killed over and over, a little later each time, until it gets through: the same shop"""
    reference(runner)
    shop = runner.shop("repeated")
    kills, moment = 0, 0.2
    while True:
        process = shop.start("setup")
        try:
            process.wait(moment)
            process.stdout.close()
            break
        except Exception:
            kill(process)
            kills += 1
            moment *= 1.15
    assert process.returncode == 0, (process.returncode, shop.log.read_text()[-1000:])
    compare(runner, shop, "at last")
    shop.serve()
    assert len(titles(Browser(shop).get("/").body)) == 3
    shop.stop()
    return f"{kills} kills"


def alone(runner):
    """A step that is killed by itself, as for want of memory, is named by the last line, and 1"""
    shop = runner.shop("alone")
    process = shop.start("setup")
    first = json.loads(process.stdout.readline())
    assert first["step"] == "database", first
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout.split()
    assert len(children) == 1, children
    os.kill(int(children[0]), signal.SIGKILL)
    lines = process.stdout.read().splitlines()
    process.wait()
    last = json.loads(lines[-1])
    assert (process.returncode, last["step"], last["state"]) == (1, "install", "failed"), (process.returncode, last)
    assert "memory" in last["message"], last
    reference(runner)
    compare(runner, shop, "after the kill of a step")


def verification(runner):
    """Killed while it buys in an empty shop, and run again: no product, order, note or session is left"""
    shop = runner.shop("buying", STORE_CATALOGUE="empty")
    for step in ("install", "activate", "configure"):
        code, lines = shop.run(step)
        assert code == 0, lines[-1]
    before = shop.dump()
    started = time.monotonic()
    shop.run("verify")
    lasts = time.monotonic() - started
    kills = 0
    for number in range(runner.options.kills):
        shop.sql("DELETE FROM wp_options WHERE option_name = 'store_platform_ready'")
        process = shop.start("verify")
        try:
            process.wait(lasts * (number + 1) / (runner.options.kills + 1))
        except subprocess.TimeoutExpired:
            kill(process)
            kills += 1
    shop.setup()
    tables = ("wp_posts", "wp_postmeta", "wp_comments", "wp_wc_orders", "wp_wc_order", "wp_wc_product", "wp_woocommerce_sessions",
              "wp_woocommerce_order", "wp_wc_customer", "wp_wc_reserved", "wp_actionscheduler_actions")
    left = [line[:200] for line in set(before) ^ set(shop.dump()) if line.startswith(tuple(f"INSERT INTO `{table}" for table in tables))]
    assert not left, "\n".join(left)
    return f"{kills} kills in {lasts:.1f} s"


CHECKS = [boundaries, moments, repeated, alone, verification]
