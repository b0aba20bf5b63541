"""The npm package `socks`."""

import base64
import hashlib
import ipaddress
import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from .. import install
from ..checks import Skip, expect, expect_equal
from ..process import end, run as command, start
from ..server import Server
from ..targets.guard import held_by_server
from ..targets.stream import read_all
from . import NO_SUCH_NAME

SCRIPT = Path(__file__).with_name("node_socks.js")
BIND_SIZE = 3 << 20
DATAGRAMS = (5, 1200, 8192, 1)
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
STRANGER = "127.0.0.2"


def argv(server, protocol, host, port, login=None, how="connect", **more):
    if not shutil.which("node"):
        raise Skip("node is not installed")
    if not (install.NODE / "node_modules" / "socks").exists():
        raise Skip("the npm package socks is not installed")
    proxy = {"host": "127.0.0.1", "port": server.port, "type": protocol}
    if login:
        proxy |= dict(zip(("userId", "password"), login, strict=False))
    job = {"proxy": proxy, "command": how, "destination": {"host": host, "port": port}, "path": "/page"} | more
    return ["node", SCRIPT, install.NODE, json.dumps(job)]


def node(*args, **options):
    return command(*argv(*args, **options))


def page(setting, protocol, host, login=None):
    target = setting.targets.http
    server = setting.login if login and protocol == 5 else setting.open
    outcome = node(server, protocol, host, target.port, login)
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    expect_equal("page", outcome.stdout, target.page)


def on_ipv6(setting):
    if (target := setting.targets.http6) is None:
        raise Skip("no ::1 here")
    outcome = node(setting.open, 5, "::1", target.port)
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    expect_equal("page", outcome.stdout, target.page)


def download(setting):
    target = setting.targets.http
    outcome = node(setting.open, 5, "127.0.0.1", target.port, path="/big")
    expect_equal("hash of the download", hashlib.sha256(outcome.stdout).hexdigest(), target.big_hash)


def fails(outcome, words):
    expect_equal(f"exit of {outcome}", outcome.code, 1)
    expect(words in outcome.stdout.decode(), f"expected {words!r} in {outcome}")


def wrong_password(setting):
    login = (setting.user, setting.wrong_password)
    fails(node(setting.login, 5, "127.0.0.1", setting.targets.http.port, login), "Authentication failed")


def missing_login(setting):
    fails(node(setting.login, 5, "127.0.0.1", setting.targets.http.port), "no accepted authentication type")


def closed_port(setting, protocol, words):
    fails(node(setting.open, protocol, "127.0.0.1", setting.targets.closed_port), words)


def no_such_name(setting, protocol, words):
    fails(node(setting.open, protocol, NO_SUCH_NAME, 80), words)


def not_served(setting, flag, how):
    """A command that is switched off is answered 07."""
    with Server(flag) as server:
        fails(node(server, 5, "0.0.0.0" if how == "associate" else "127.0.0.1", 0, how=how), "CommandNotSupported")


class Bind:
    """A node process that waits for the peer of its BIND, from `host`."""

    def __init__(self, server, protocol, host="127.0.0.1", login=None):
        self.greeting = secrets.token_hex(16)
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.process = start(
            argv(server, protocol, host, 0, login, how="bind", greeting=self.greeting),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        try:
            self.bound = self.told("bound")
        except BaseException:
            end(self.process)
            raise

    def line(self):
        return self.process.stdout.readline().decode().rstrip("\n")

    def told(self, what):
        line = self.line()
        expect(line.startswith(f"{what} "), f"expected {what}, the client says {line!r}")
        _, host, port = line.split()
        # The package writes all eight groups of an IPv6 address.
        return str(ipaddress.ip_address(host)), int(port)

    def connect(self, source):
        """A connection to the address that the client was told."""
        return socket.create_connection(self.bound, timeout=5, source_address=(source, 0))

    def exchange(self, peer):
        """Data both ways between the peer and the client."""
        ends = self.bound, peer.getsockname()[:2]
        expect_equal("peer that the client is told", self.told("established"), ends[1])
        expect(held_by_server(self.family, *ends), "the listener is not the server's")
        octets = os.urandom(BIND_SIZE)
        sender = threading.Thread(target=send_and_end, args=(peer, octets), daemon=True)
        sender.start()
        got = read_all(peer)
        sender.join(5)
        expect_equal("greeting", got[: len(self.greeting)].decode(), self.greeting)
        expect_equal("hash of the echo", hashlib.sha256(got[len(self.greeting) :]).digest(), hashlib.sha256(octets).digest())

    def refuses_within(self, seconds):
        """Whether the listener is gone."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.connect(LOOPBACK[self.family]).close()
            except ConnectionRefusedError:
                return True
            except OSError:
                pass
            time.sleep(0.05)
        return False

    def is_turned_away(self, source):
        """Whether a connection from `source` ends with nothing said; the listener must still be there."""
        try:
            with self.connect(source) as stranger:
                return stranger.recv(100) == b""
        except ConnectionResetError:
            # Perhaps before `connect` has returned.
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)
        self.process.stdout.close()


def send_and_end(connection, octets):
    connection.sendall(octets)
    connection.shutdown(socket.SHUT_WR)


def bind(setting, protocol, host="127.0.0.1", login=None):
    """A peer connects, once; then the listener is gone."""
    if ":" in host and setting.targets.http6 is None:
        raise Skip("no ::1 here")
    server = setting.login if login else setting.open
    with Bind(server, protocol, host, login) as client:
        expect_equal("address of the listener", client.bound[0], host)
        expect(client.bound[1] >= 1024, f"a port below 1024: {client.bound[1]}")
        with client.connect(host) as peer:
            expect(client.refuses_within(3), "a second peer gets in")
            client.exchange(peer)


def bind_is_given_up(setting):
    """A client that leaves takes the listener along."""
    with Bind(setting.open, 5) as client:
        end(client.process)
        expect(client.refuses_within(3), "the listener is still there")


def stranger_ignored(setting, protocol):
    """Somebody else's connection never reaches the client, which still gets its peer."""
    with Bind(setting.open, protocol) as client:
        for _ in range(2):
            expect(client.is_turned_away(STRANGER), "the stranger gets data")
        with client.connect("127.0.0.1") as peer:
            client.exchange(peer)


def stranger_refused(setting, protocol, words):
    """With `strangers = "refuse"` the client is told."""
    path = setting.workspace / "strangers.toml"
    path.write_text('[bind]\nstrangers = "refuse"\n')
    with Server("--config", path) as server:
        with Bind(server, protocol) as client:
            with client.connect("127.0.0.1") as peer:
                client.exchange(peer)
        with Bind(server, protocol) as client:
            expect(client.is_turned_away(STRANGER), "the stranger gets data")
            line = client.line()
            expect(line.startswith("error: ") and words in line, f"expected {words!r}, the client says {line!r}")
            expect(client.refuses_within(3), "the listener is still there")


def associate(setting, host, source, login=None):
    """Datagrams both ways, in the package's own frames."""
    if ":" in host and setting.targets.http6 is None:
        raise Skip("no ::1 here")
    target = setting.targets.echo
    server = setting.login if login else setting.open
    payloads = [os.urandom(size) for size in DATAGRAMS]
    encoded = [base64.b64encode(payload).decode() for payload in payloads]
    outcome = node(server, 5, host, target.port, login, how="associate", payloads=encoded)
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    relay, *answers = outcome.stdout.decode().splitlines()
    word, relay_host, relay_port = relay.split()
    expect_equal("relay", (word, relay_host), ("relay", "127.0.0.1"))
    expect(int(relay_port) != server.port, "the relay is the TCP port")
    answers = list(map(json.loads, answers))
    expect_equal("payloads", [answer["data"] for answer in answers], encoded)
    expect_equal("FRAG", {answer["frameNumber"] for answer in answers}, {0})
    senders = {(str(ipaddress.ip_address(answer["remoteHost"]["host"])), answer["remoteHost"]["port"]) for answer in answers}
    expect(len(senders) == 1 and senders <= {(addr, target.port) for addr in source}, f"answers come from {senders}")
    expect(all(target.saw(payload) for payload in payloads), "the target did not see them")


def run(checks, setting):
    for name, function, *args in [
        ("socks4", page, 4, "127.0.0.1"),
        ("socks4 with a user id", page, 4, "127.0.0.1", ("fred",)),
        ("socks4a", page, 4, "localhost"),
        ("socks5", page, 5, "127.0.0.1"),
        ("socks5 remote name", page, 5, "localhost"),
        ("socks5 with login", page, 5, "localhost", (setting.user, setting.password)),
        ("socks5 to IPv6", on_ipv6),
        ("socks5 download", download),
        ("socks5 wrong password", wrong_password),
        ("socks5 missing login", missing_login),
        ("socks4 closed port is 5B", closed_port, 4, "Failed"),
        ("socks5 closed port is 05", closed_port, 5, "ConnectionRefused"),
        ("socks4a no such name is 5B", no_such_name, 4, "Failed"),
        ("socks5 no such name is 04", no_such_name, 5, "HostUnreachable"),
        ("socks4 BIND", bind, 4),
        ("socks5 BIND", bind, 5),
        ("socks5 BIND on IPv6", bind, 5, "::1"),
        ("socks5 BIND with login", bind, 5, "127.0.0.1", ("bob", "builder")),
        ("socks5 BIND given up", bind_is_given_up),
        ("socks4 BIND ignores a stranger", stranger_ignored, 4),
        ("socks5 BIND ignores a stranger", stranger_ignored, 5),
        ("socks4 BIND refuses a stranger", stranger_refused, 4, "Failed"),
        ("socks5 BIND refuses a stranger", stranger_refused, 5, "NotAllowed"),
        ("socks5 UDP ASSOCIATE", associate, "127.0.0.1", ["127.0.0.1"]),
        ("socks5 UDP ASSOCIATE to IPv6", associate, "::1", ["::1"]),
        ("socks5 UDP ASSOCIATE to a name", associate, "localhost", ["127.0.0.1", "::1"]),
        ("socks5 UDP ASSOCIATE with login", associate, "127.0.0.1", ["127.0.0.1"], ("bob", "builder")),
        ("socks5 BIND with --no-bind is 07", not_served, "--no-bind", "bind"),
        ("socks5 UDP ASSOCIATE with --no-udp is 07", not_served, "--no-udp", "associate"),
    ]:
        checks.check(f"npm socks {name}", function, setting, *args)
