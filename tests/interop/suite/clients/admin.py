"""The admin address: Prometheus' text by a parser of others, and the page in Chromium."""

import contextlib
import http.client
import http.server
import json
import secrets
import socket
import threading
import time
import urllib.parse

from ..browser import browser
from ..checks import Skip, expect, expect_equal
from ..server import Server

TOKEN = secrets.token_hex(16)
PASSWORD = secrets.token_hex(8)
HOSTILE = "<img src=x onerror=\"window.pwned=1\">"
USERS = ["alice", "bob", HOSTILE]


@contextlib.contextmanager
def administered(setting, table='listen = "127.0.0.1:0"', flags=()):
    path = setting.workspace / f"admin-{secrets.token_hex(4)}.toml"
    users = "".join(f"[[user]]\nname = {json.dumps(user)}\npassword = {json.dumps(PASSWORD)}\n" for user in USERS)
    path.write_text(f"{users}\n[admin]\n{table}\n")
    with Server("--config", path, *flags) as server:
        yield server


class Client:
    """A tunnel to a target that sends everything back."""

    def __init__(self, setting, server, user):
        import socks

        self.socket = socks.socksocket()
        self.socket.set_proxy(socks.SOCKS5, "127.0.0.1", server.port, username=user, password=PASSWORD)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", setting.targets.echoes_back.port))

    def echo(self, octets=1 << 16):
        """Whether the tunnel still is one."""
        sent = secrets.token_bytes(octets)
        try:
            self.socket.sendall(sent)
            got = b""
            while len(got) < octets:
                part = self.socket.recv(octets - len(got))
                if not part:
                    return False
                got += part
        except ConnectionError:
            return False
        return got == sent

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def ask(server, method, path, token=None):
    """The status and the text."""
    host = urllib.parse.urlsplit(server.admin).netloc
    connection = http.client.HTTPConnection(host, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def sessions(server):
    status, text = ask(server, "GET", "/sessions?limit=1000")
    expect_equal("status of /sessions", status, 200)
    return json.loads(text)["sessions"]


@contextlib.contextmanager
def clients(setting, server, *users):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Client(setting, server, user)) for user in users]


def parses_metrics(setting):
    from prometheus_client.parser import text_string_to_metric_families

    def scrape():
        status, text = ask(server, "GET", "/metrics")
        expect_equal("status", status, 200)
        for chosen in ("alice", "onerror", "127.0.0.1:" + str(setting.targets.echoes_back.port)):
            expect(chosen not in text, f"{chosen} is in {text}")
        return {family.name: family for family in text_string_to_metric_families(text)}

    def value(family, name=None, **labels):
        found = [sample.value for sample in families[family].samples if sample.name == (name or sample.name) and labels.items() <= sample.labels.items()]
        return sum(found)

    with administered(setting) as server:
        with clients(setting, server, "alice", HOSTILE) as tunnels:
            for client in tunnels:
                expect(client.echo(1 << 16), "no echo")
            # What long sessions relay is counted while they do.
            families = scrape()
            expect_equal("open sessions", value("socks_sessions_open", command="connect"), 2)
            for direction in ("sent", "received"):
                expect_equal(direction, value("socks_payload_bytes", command="connect", direction=direction), 2 << 16)
        until = time.monotonic() + 5
        while value("socks_sessions_open") and time.monotonic() < until:
            families = scrape()
        expect_equal("open sessions", value("socks_sessions_open"), 0)
        expect_equal("sessions", value("socks_sessions", command="connect"), 2)
        expect_equal("handshakes", value("socks_handshakes", version="socks5", method="username/password", result="ok"), 2)
        expect_equal("replies", value("socks_replies", code="00"), 2)
        dial = families["socks_dial_seconds"]
        expect_equal("kind", dial.type, "histogram")
        expect_equal("dials", value("socks_dial_seconds", "socks_dial_seconds_bucket", le="+Inf"), 2)
        for family in families.values():
            expect(family.documentation, f"{family.name} says nothing of itself")


def row(page, user):
    """The number of a user's first session."""
    script = """
        const is = (row) => row.querySelector(".who").textContent === arguments[0];
        return [...document.querySelectorAll("#sessions tr")].find(is)?.dataset.id"""
    return page.wait(script, user)


def shows_sessions(setting, page):
    with administered(setting) as server:
        page.open(server.admin)
        page.wait_text("#status", "Live")
        page.wait_text("#empty", "No sessions.")
        with clients(setting, server, "alice", "bob") as tunnels:
            page.wait("return document.querySelectorAll('#sessions tr').length === 2")
            expect_equal("sessions", page.text("#total"), "2")
            [alice] = [session for session in sessions(server) if session["user"] == "alice"]
            shown = page.run("return document.querySelector(arguments[0]).innerText", f'tr[data-id="{alice["id"]}"]')
            for part in ("alice", alice["peer"], alice["destination"], "connect"):
                expect(part in shown, f"no {part} in {shown!r}")
            until = time.monotonic() + 2.5
            while time.monotonic() < until:
                expect(tunnels[0].echo(), "no echo")
            line = page.wait("return document.querySelector('.line.received').getAttribute('d')")
            heights = {float(point.split()[1]) for point in line.replace("M", "L").split("L") if point}
            expect(min(heights) < 60 <= max(heights), f"the line does not move: {line}")
            cells = f'tr[data-id="{alice["id"]}"] .octets-received'
            page.wait("return !/^0 /.test(document.querySelector(arguments[0]).textContent)", cells)
            page.wait("return !/^0 /.test(document.querySelector('#octets-sent').textContent)")
        page.wait_text("#empty", "No sessions.")
        quiet(page)


def quiet(page):
    """Nothing was refused by the page's policy, and no script has failed. The page is left: that the server ends is no news."""
    expect_equal("complaints", page.complaints(), [])
    page.open("about:blank")


def forget(page):
    """The server has ended under the page, which is said in the console."""
    page.open("about:blank")
    page.complaints()


def ends_one(setting, page):
    with administered(setting) as server, clients(setting, server, "alice", "bob") as (alice, bob):
        page.open(server.admin)
        number = row(page, "alice")
        page.click(f'tr[data-id="{number}"] .end')
        page.wait_text("#confirm-text", "End the session of alice to 127.0.0.1:")
        # It is asked for and not done.
        page.click("#confirm .no")
        expect(alice.echo(), "a session was ended that nobody meant")
        page.click(f'tr[data-id="{number}"] .end')
        page.click("#confirm .yes")
        page.wait_text("#said", "1 session ended.")
        page.wait("return document.querySelector(arguments[0]) === null", f'tr[data-id="{number}"]')
        expect(not alice.echo(), "alice goes on")
        expect(bob.echo(), "bob does not go on")
        expect_equal("users", [session["user"] for session in sessions(server)], ["bob"])
        expect(server.logs('end="ended"'), "the log has no such end")
        quiet(page)


def ends_all_of_a_user(setting, page):
    with administered(setting) as server, clients(setting, server, "alice", "bob", "alice", HOSTILE) as tunnels:
        page.open(server.admin)
        number = row(page, "alice")
        page.click(f'tr[data-id="{number}"] .end-user')
        page.wait_text("#confirm-text", "End all sessions of alice?")
        page.click("#confirm .yes")
        page.wait_text("#said", "2 sessions ended.")
        page.wait("return document.querySelectorAll('#sessions tr').length === 2")
        expect_equal("who goes on", [client.echo() for client in tunnels], [False, True, False, True])
        quiet(page)


def survives_hostile_names(setting, page):
    with administered(setting) as server, clients(setting, server, HOSTILE, "bob") as (hostile, bob):
        page.open(server.admin)
        shown = HOSTILE.replace('"', '\\"')
        number = row(page, shown)
        expect(page.run("return window.pwned === undefined && document.querySelector('img') === null"), "it was taken for markup")
        page.click(f'tr[data-id="{number}"] .end-user')
        page.click("#confirm .yes")
        page.wait_text("#said", "1 session ended.")
        expect_equal("who goes on", [hostile.echo(), bob.echo()], [False, True])
        quiet(page)


def is_used_by_keyboard(setting, page):
    from selenium.webdriver import Keys

    with administered(setting) as server, clients(setting, server, "alice", "bob") as (alice, bob):
        page.open(server.admin)
        row(page, "alice")
        page.press("/")
        expect_equal("focus", page.run("return document.activeElement.id"), "filter")
        page.press("ALICE")
        page.wait("return document.querySelectorAll('#sessions tr').length === 1")
        page.wait_text("#count", "1 of 2")
        page.press(Keys.TAB, Keys.TAB)
        expect_equal("focus", page.run("return document.activeElement.getAttribute('aria-label')").split(" of ")[1], "alice")
        page.press(Keys.ENTER)
        page.wait("return document.querySelector('#confirm').open")
        page.press(Keys.ESCAPE)
        page.wait("return !document.querySelector('#confirm').open")
        page.press(Keys.ENTER, Keys.TAB, Keys.ENTER)
        page.wait_text("#said", "1 session ended.")
        page.wait_text("#empty", "No session has that in it.")
        expect_equal("who goes on", [alice.echo(), bob.echo()], [False, True])
        quiet(page)


def tells_a_lost_connection(setting, page):
    with administered(setting) as server:
        page.open(server.admin)
        page.wait_text("#status", "Live")
        address = server.admin.removeprefix("http://")
        with clients(setting, server, "alice"):
            row(page, "alice")
            server.kill()
        page.wait_text("#status", "Connection lost")
        expect(page.run("return document.querySelector('.end').disabled"), "a session can be ended that nobody sees")
    with administered(setting, f'listen = "{address}"'):
        page.wait_text("#status", "Live")
        page.wait_text("#empty", "No sessions.")
    forget(page)


def shows_the_drain(setting, page):
    with administered(setting) as server, clients(setting, server, "alice") as (alice,):
        page.open(server.admin)
        row(page, "alice")
        server.terminate()
        page.wait_text("#status", "Draining")
        expect_equal("readiness", ask(server, "GET", "/readyz")[0], 503)
        expect(alice.echo(), "the drain has cut a tunnel")
        alice.socket.close()
        expect_equal("exit", server.wait(), 0)
    forget(page)


def asks_for_the_token(setting, page):
    from selenium.webdriver import Keys

    (setting.workspace / "admin-token").write_text(TOKEN)
    table = f'listen = "0.0.0.0:0"\ntoken_file = "{setting.workspace / "admin-token"}"'
    with administered(setting, table) as server, clients(setting, server, "alice"):
        page.open(server.admin.replace("0.0.0.0", "127.0.0.1"))
        for token, wrong in (("x" * 20, True), ("tökén 1", True), (TOKEN, False)):
            page.wait("return document.querySelector('#ask').open")
            page.press(token, Keys.ENTER)
            if wrong:
                page.wait("return document.querySelector('#ask').open && !document.querySelector('#ask .wrong').hidden")
        page.wait_text("#status", "Live")
        row(page, "alice")
        expect_equal("where it is kept", page.run("return [sessionStorage.length, localStorage.length, document.cookie, location.search]"), [1, 0, "", ""])
        for secret in (TOKEN, "x" * 20):
            expect(secret not in server.log, "the log tells a token")
    forget(page)


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A page of another origin, on this machine: what a browser runs for any site."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, *_):
        pass


FETCH = """
    const [path, options, done] = arguments;
    fetch(path, options).then((answer) => done(answer.type), (error) => done("refused"));"""


def keeps_other_origins_out(setting, page):
    elsewhere = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=elsewhere.serve_forever, args=(0.05,), daemon=True).start()
    with administered(setting, flags=("--log", "debug")) as server, clients(setting, server, "alice") as (alice,):
        [session] = sessions(server)
        try:
            page.open(f"http://127.0.0.1:{elsewhere.server_port}/")
            for method, path in (("DELETE", f"/sessions/{session['id']}"), ("DELETE", "/sessions?user=alice"), ("GET", "/sessions")):
                said = page.driver.execute_async_script(FETCH, server.admin + path, {"method": method})
                expect_equal(f"{method} {path}", said, "refused")
            # Sent, and not answered in a way that the page can read.
            said = page.driver.execute_async_script(FETCH, server.admin + "/rules/explain", {"method": "POST", "mode": "no-cors"})
            expect(said in ("opaque", "refused"), said)
        finally:
            elsewhere.shutdown()
            elsewhere.server_close()
        expect(alice.echo(), "another origin has ended a session")
    forget(page)


PAGE = [
    ("shows sessions, and throughput that moves", shows_sessions),
    ("ends one session and no other", ends_one),
    ("ends all of a user", ends_all_of_a_user),
    ("takes no name for markup", survives_hostile_names),
    ("by keyboard alone", is_used_by_keyboard),
    ("tells a lost connection, and comes back", tells_a_lost_connection),
    ("shows the drain", shows_the_drain),
    ("asks for the token", asks_for_the_token),
    ("keeps other origins out", keeps_other_origins_out),
]


def run(checks, setting):
    checks.check("admin: /metrics is parsed by prometheus_client", parses_metrics, setting)
    names = [f"admin page in chromium: {name}" for name, _ in PAGE]
    if checks.only and not any(checks.only in name for name in names):
        return
    try:
        with browser(setting.workspace) as page:
            for name, (_, function) in zip(names, PAGE):
                checks.check(name, function, setting, page)
    except Skip as reason:
        for name in names:
            checks.skip(name, reason)
