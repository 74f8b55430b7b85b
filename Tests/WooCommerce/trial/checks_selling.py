"""The shop as its customers, its merchant and strangers meet it: through Apache."""

from .customer import Browser, buy, titles
from .shop import PASSWORD


def ready(runner):
    """The shop of a fresh set-up, served by Apache with the image's configuration."""
    shop = runner.shop("first")
    if shop.apache is None:
        shop.setup()
        shop.serve()
    return shop


def front(runner):
    """The front page shows the three sample products with their pictures"""
    browser = Browser(ready(runner))
    page = browser.get("/")
    assert page.status == 200, page.status
    assert sorted(titles(page.body)) == ["Blue teapot", "Mountain poster", "Striped mug"], titles(page.body)
    pictures = [word for word in page.body.split('"') if "sample-" in word and word.endswith(".png")]
    assert pictures, "no picture"
    for picture in pictures[:3]:
        answer = browser.get("/" + picture.split("/", 3)[3])
        assert answer.status == 200 and answer.headers["Content-Type"] == "image/png", (picture, answer.status)
    assert "Blue &#8220;Teapots&#8221; &#038; Söhne" in page.body or "Blue &quot;Teapots&quot; &amp; Söhne" in page.body, "the title"
    for path in ("/shop/", "/cart/", "/my-account/", "/product/sample-teapot/"):
        assert browser.get(path).status == 200, path
    # An empty checkout leads back to the cart.
    location = browser.get("/checkout/").headers["Location"]
    assert location == browser.shop.environment["STORE_URL"] + "/cart/", location


def order(runner):
    """A cash-on-delivery order from outside, read back as processing"""
    shop = ready(runner)
    placed = buy(shop)
    assert placed["status"] == "processing", placed["status"]
    stored = shop.sql(f"SELECT status, payment_method, total_amount, billing_email FROM wp_wc_orders WHERE id = {placed['order_id']}")
    assert stored and stored[0][:2] == ["wc-processing", "cod"] and stored[0][3] == "ada@example.com", stored
    # Two of the first product in the list, and the flat rate of 5.00.
    prices = {float(row[0]) * 2 + 5 for row in shop.sql("SELECT min_price FROM wp_wc_product_meta_lookup")}
    assert float(stored[0][2]) in prices, (stored, prices)
    return f"order {placed['order_id']}"


def secure(runner):
    """The same behind a proxy that speaks HTTPS"""
    shop = runner.shop("secure")
    url = "https://shop.test"
    extra = shop.environment["WORDPRESS_CONFIG_EXTRA"].replace(shop.environment["STORE_URL"], url)
    shop.environment |= {"STORE_URL": url, "WORDPRESS_CONFIG_EXTRA": extra + "define('FORCE_SSL_ADMIN', true);"}
    shop.setup()
    shop.serve()
    browser = Browser(shop)
    page = browser.get("/", X_Forwarded_Proto="https")
    assert page.status == 200 and len(titles(page.body)) == 3, page.status
    redirect = browser.get("/wp-admin", X_Forwarded_Proto="https")
    assert redirect.status == 301 and redirect.headers["Location"] == "https://shop.test/wp-admin/", redirect.headers["Location"]
    assert browser.get("/healthz.php").status == 200
    shop.stop()


def login(runner):
    """The administrator logs in with the password, not with another"""
    shop = ready(runner)
    wrong = Browser(shop).log_in("admin", "wrong")
    assert wrong.status == 200 and "The login or the password is wrong." in wrong.body, wrong.status
    assert "<strong>admin</strong>" not in wrong.body
    right = Browser(shop).log_in("admin", PASSWORD)
    assert right.status == 302 and right.headers["Location"].endswith("/wp-admin/"), (right.status, right.headers["Location"])


def admin(runner):
    """After a first visit to wp-admin the shop is still open and orders still have their own tables"""
    shop = ready(runner)
    browser = Browser(shop)
    browser.log_in("admin", PASSWORD)
    pages = (
        "/wp-admin/", "/wp-admin/admin.php?page=wc-admin", "/wp-admin/admin.php?page=wc-orders", "/wp-admin/edit.php?post_type=product",
        "/wp-admin/admin.php?page=wc-settings", "/wp-admin/themes.php", "/wp-admin/plugins.php",
    )
    for page in pages:
        answer = browser.get(page)
        assert answer.status == 200 and "wpadminbar" in answer.body, (page, answer.status, answer.headers["Location"])
    orders = browser.get("/wp-admin/admin.php?page=wc-orders")
    assert "Ada Lovelace" in orders.body, "the customer's order is not in the list"
    assert shop.option("woocommerce_coming_soon") == "no"
    assert shop.option("woocommerce_custom_orders_table_enabled") == "yes"
    guest = Browser(shop).get("/")
    assert len(titles(guest.body)) == 3, "the shop is closed to guests"
    assert buy(shop, "after@example.com")["status"] == "processing"


def strangers(runner):
    """Strangers learn no login, reach no installer, no XML-RPC and no file that tells how this was built"""
    browser = Browser(ready(runner))
    moved = browser.get("/index.php?author=1").headers["Location"]
    assert moved == f"{browser.shop.environment['STORE_URL']}/?author=1", moved
    for path in ("/?author=1", "/author/admin/", "/?author_name=admin", "/wp-sitemap-users-1.xml"):
        answer = browser.get(path)
        assert answer.status == 404, (path, answer.status, answer.headers["Location"])
    for path in ("/wp-json/wp/v2/users", "/wp-json/wp/v2/users/1", "/?rest_route=/wp/v2/users", "/wp-json/wp/v2/Users"):
        answer = browser.get(path)
        assert answer.status in (401, 404) and '"slug"' not in answer.body, (path, answer.status)
    for path in ("/", "/wp-json/wp/v2/pages?_embed=1", "/feed/", "/product/sample-teapot/"):
        assert "/author/" not in browser.get(path).body, path
    for path in ("/xmlrpc.php", "//xmlrpc.php", "/wp-cron.php", "/wp-admin/install.php", "/wp-admin/setup-config.php", "/readme.html",
                 "/wp-config.php", "/.htaccess", "/wp-content/uploads/woocommerce_uploads/index.html"):
        assert browser.get(path).status == 403, (path, browser.get(path).status)
    answer = browser.get("/")
    assert answer.headers["Server"] == "Apache" and answer.headers["X-Powered-By"] is None, answer.headers
    assert "X-Pingback" not in answer.headers
    assert browser.get("/wp-admin").headers["Location"] == f"{browser.shop.environment['STORE_URL']}/wp-admin/"
    embed = browser.get("/wp-json/oembed/1.0/embed?url=" + browser.shop.environment["STORE_URL"] + "/product/sample-teapot/")
    assert "author" not in embed.body.replace("rest_no_route", ""), embed.body[:300]


def uploads(runner):
    """PHP in the uploads is not run, whatever a .htaccess there says"""
    shop = ready(runner)
    browser = Browser(shop)
    names = ["shell.php", "shell.PHP", "shell.phtml", "shell.php.png", "shell.phar"]
    for name in names:
        (shop.uploads / name).write_text("<?php echo 'ran ' . (6 * 7);")
    (shop.uploads / "picture.png").write_bytes(b"\x89PNG")
    for name in names:
        answer = browser.get(f"/wp-content/uploads/{name}")
        assert answer.status == 403 and "ran 42" not in answer.body, (name, answer.status)
    assert browser.get("/wp-content/uploads/picture.png").status == 200
    (shop.uploads / ".htaccess").write_text("AddHandler application/x-httpd-php .png\nphp_flag engine on\n")
    assert "ran 42" not in browser.get("/wp-content/uploads/shell.php.png").body
    for name in [*names, "picture.png", ".htaccess"]:
        (shop.uploads / name).unlink()


def cron(runner):
    """Cron runs the due actions and every due event, though one of them ends its process"""
    shop = ready(runner)
    due = "SELECT COUNT(*) FROM wp_actionscheduler_actions WHERE status = 'pending' AND scheduled_date_gmt <= UTC_TIMESTAMP()"
    shop.sql("UPDATE wp_actionscheduler_actions SET scheduled_date_gmt = '2020-01-01', scheduled_date_local = '2020-01-01' WHERE status = 'pending'")
    assert shop.sql(due) != [["0"]]
    # Its pod has none.
    shop.environment["STORE_ADMIN_PASSWORD_FILE"] = ""
    code, lines = shop.run("cron")
    assert code == 0 and lines[0]["step"] == "cron-actions" and lines[-1]["step"] == "cron", (code, lines)
    done = shop.sql("SELECT COUNT(*) FROM wp_actionscheduler_actions WHERE status = 'complete'")
    assert done != [["0"]], "no action was completed"
    assert shop.sql("SELECT COUNT(*) FROM wp_actionscheduler_actions WHERE status = 'failed'") == [["0"]]
    code, again = shop.run("cron")
    assert code == 0 and not any(line["step"] == "cron-event" and line["message"].startswith("wp_") for line in again), again
    assert Browser(shop).get("/healthz.php").status == 200
    shop.environment["STORE_ADMIN_PASSWORD_FILE"] = str(shop.directory / "password")
    events = sum(line["step"] == "cron-event" for line in lines)
    return f"{done[0][0]} actions, {events} events"


CHECKS = [front, order, login, admin, strangers, uploads, cron, secure]
