"""The npm package `socks`."""

import hashlib
import json
import shutil
from pathlib import Path

from .. import install
from ..checks import Skip, expect, expect_equal
from ..process import run as command
from ..server import Server
from . import NO_SUCH_NAME

SCRIPT = Path(__file__).with_name("node_socks.js")


def node(server, protocol, host, port, login=None, path="/page", how="connect"):
    if not shutil.which("node"):
        raise Skip("node is not installed")
    if not (install.NODE / "node_modules" / "socks").exists():
        raise Skip("the npm package socks is not installed")
    proxy = {"host": "127.0.0.1", "port": server.port, "type": protocol}
    if login:
        proxy |= dict(zip(("userId", "password"), login, strict=False))
    job = {"proxy": proxy, "command": how, "destination": {"host": host, "port": port}, "path": path}
    return command("node", SCRIPT, install.NODE, json.dumps(job))


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
        ("socks5 BIND with --no-bind is 07", not_served, "--no-bind", "bind"),
        ("socks5 UDP ASSOCIATE with --no-udp is 07", not_served, "--no-udp", "associate"),
    ]:
        checks.check(f"npm socks {name}", function, setting, *args)
