"""Pictures of the admin page for the documentation, with a minute of traffic on it."""

import contextlib
import math
import random
import threading
import time

from ..browser import browser
from .admin import PASSWORD, administered

SECONDS = 64
# Who, from where, to where, how many octets at once.
PEOPLE = [
    ("alice", 3, 60_000),
    ("bob", 2, 300_000),
    ("carol", 2, 24_000),
    ("build@EXAMPLE.ORG", 3, 150_000),
    ("dave", 1, 4_000),
]


def tunnel(setting, server, user, index):
    import socks

    client = socks.socksocket()
    client.set_proxy(socks.SOCKS5, "127.0.0.1", server.port, rdns=True, username=user, password=PASSWORD)
    client.settimeout(10)
    client.bind((f"127.0.1.{index}", 0))
    client.connect(("localhost" if index % 2 else "127.0.0.1", setting.targets.echoes_back.port))
    return client


def traffic(client, octets, until, seed):
    """Waves of it, back and forth."""
    chance = random.Random(seed)
    with contextlib.suppress(OSError):
        while time.monotonic() < until:
            wave = 1 + math.sin(time.monotonic() / (5 + seed % 4) + seed)
            size = int(octets * wave * chance.uniform(0.5, 1.5)) + 1
            client.sendall(bytes(size))
            while size > 0 and (got := client.recv(1 << 16)):
                size -= len(got)
            time.sleep(chance.uniform(0.05, 0.4))


def take(setting, folder):
    folder = folder.resolve()
    users = "".join(f'[[user]]\nname = "{user}"\npassword = "{PASSWORD}"\n' for user, *_ in PEOPLE if user not in ("alice", "bob"))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(administered(setting, f'listen = "127.0.0.1:0"\n{users}'))
        page = stack.enter_context(browser(setting.workspace))
        page.open(server.admin)
        until = time.monotonic() + SECONDS
        threads = []
        for user, count, octets in PEOPLE:
            for _ in range(count):
                index = len(threads) + 1
                client = stack.enter_context(tunnel(setting, server, user, index))
                thread = threading.Thread(target=traffic, args=(client, octets, until + 10, index), daemon=True)
                thread.start()
                threads.append(thread)
                time.sleep(0.7)
        page.wait_text("#status", "Live")
        time.sleep(max(0, until - time.monotonic()))
        for scheme in ("light", "dark"):
            page.dark(scheme == "dark")
            time.sleep(1.5)
            page.driver.save_screenshot(str(folder / f"admin-{scheme}.png"))
