"""Pictures of the admin page for the documentation, with a minute of traffic on it."""

import contextlib
import math
import random
import threading
import time

from ..browser import browser
from ..targets.stream import Listener
from .admin import PASSWORD, administered

SECONDS = 64
# Who, how many tunnels, and how many octets a request asks for.
PEOPLE = [
    ("alice", 2, 60_000),
    ("bob", 2, 300_000),
    ("carol", 1, 24_000),
    ("build@EXAMPLE.ORG", 2, 150_000),
    ("dave", 1, 2_000),
]


RULES = """
[[rules.request]]
name = "builds"
user = "build@EXAMPLE.ORG"
verdict = "allow"

[[rules.request]]
name = "staff"
verdict = "allow"
"""


class Sends(Listener):
    """Answers requests of a line, which begins with how many octets are wanted."""

    def serve(self, connection):
        for line in connection.makefile("rb"):
            connection.sendall(bytes(int(line.split()[0])))


def tunnel(target, server, user, index):
    import socks

    client = socks.socksocket()
    client.set_proxy(socks.SOCKS5, "127.0.0.1", server.port, rdns=True, username=user, password=PASSWORD)
    client.settimeout(10)
    client.bind((f"127.0.1.{index}", 0))
    client.connect(("localhost" if index % 2 else "127.0.0.1", target.port))
    return client


def traffic(client, octets, until, seed):
    """Waves of it."""
    chance = random.Random(seed)
    with contextlib.suppress(OSError):
        while time.monotonic() < until:
            wave = 1 + math.sin(time.monotonic() / (5 + seed % 4) + seed)
            size = int(octets * wave * chance.uniform(0.5, 1.5)) + 1
            asks = b"a" * int(octets * chance.uniform(0.1, 0.4))
            client.sendall(f"{size} ".encode() + asks + b"\n")
            while size > 0 and (got := client.recv(1 << 16)):
                size -= len(got)
            time.sleep(chance.uniform(0.05, 0.4))


def take(setting, folder):
    """Writes `admin-light.png` and `admin-dark.png`."""
    folder = folder.resolve()
    users = "".join(f'[[user]]\nname = "{user}"\npassword = "{PASSWORD}"\n' for user, *_ in PEOPLE if user not in ("alice", "bob"))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(administered(setting, f'listen = "127.0.0.1:0"\n{users}{RULES}'))
        target = stack.enter_context(Sends(setting.targets.guard))
        page = stack.enter_context(browser(setting.workspace))
        page.driver.set_window_size(1200, 1020)
        page.open(server.admin)
        until = time.monotonic() + SECONDS
        for user, count, octets in PEOPLE:
            for number in range(count):
                index = PEOPLE.index((user, count, octets)) * 10 + number + 1
                client = stack.enter_context(tunnel(target, server, user, index))
                threading.Thread(target=traffic, args=(client, octets, until + 10, index), daemon=True).start()
                time.sleep(0.9)
        page.wait_text("#status", "Live")
        time.sleep(max(0, until - time.monotonic()))
        for scheme in ("light", "dark"):
            page.dark(scheme == "dark")
            time.sleep(1.5)
            page.driver.save_screenshot(str(folder / f"admin-{scheme}.png"))
