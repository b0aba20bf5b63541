"""oidentd on loopback, asked by the server about curl's connections."""

import contextlib
import getpass
import shutil
import socket
import subprocess
import time

from ..checks import Skip, expect, expect_equal
from ..process import end, start
from ..server import Server
from .curl import PROXY_ERROR, curl, gets_page, needs_curl, socks_code

READY_SECONDS = 5
# What SOCKS4 says for "no ident" and "another user".
NO_IDENT, OTHER_USER = 92, 93


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def oidentd(setting, *flags, force=None):
    """Runs oidentd; yields its port. `force` is its word for how to answer about everybody."""
    if not shutil.which("oidentd"):
        raise Skip("oidentd is not installed")
    config = setting.workspace / "oidentd.conf"
    rule = f"force {force}" if force else "deny spoof"
    config.write_text(f"default {{\n default {{\n  {rule}\n }}\n}}\n")
    port = free_port()
    # In the foreground, on standard error, and without a port that would need root.
    argv = ["oidentd", "-i", "-S", "-a", "127.0.0.1", "-p", port, "-C", config, *flags]
    process = start(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + READY_SECONDS
        while not listens(port):
            expect(process.poll() is None and time.monotonic() < until, "oidentd did not start")
            time.sleep(0.05)
        yield port
    finally:
        end(process)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def server(setting, port, *keys):
    config = setting.workspace / "ident.toml"
    config.write_text("\n".join(["[auth.ident]", "loopback = true", f"port = {port}", *keys]) + "\n")
    return Server("--config", config)


def socks4(proxy, setting, user, protocol="--socks4"):
    # curl sends the user's name as the user id of SOCKS4, and no password.
    return curl(protocol, proxy.port, "--proxy-user", f"{user}:", f"{setting.targets.http.url}/page")


def confirmed(setting):
    """The owner of the connection is who the request names, in SOCKS4 and 4a; for SOCKS5 an answer is enough."""
    me = getpass.getuser()
    with oidentd(setting) as port, server(setting, port, "required = true") as proxy:
        for protocol in ("--socks4", "--socks4a"):
            gets_page(setting.targets.http, socks4(proxy, setting, me, protocol))
        gets_page(setting.targets.http, curl("--socks5", proxy.port, f"{setting.targets.http.url}/page"))
        proxy.sessions("connect", 3)
        expect(f"ident={me}" in proxy.log, f"no ident in the log: {proxy.log!r:.600}")


def denied(setting):
    me = getpass.getuser()
    with oidentd(setting) as port, server(setting, port, "required = true") as proxy:
        for user in (me + "x", "x", ""):
            expect_equal(f"code for {user!r}", socks_code(socks4(proxy, setting, user)), OTHER_USER)
        gets_page(setting.targets.http, socks4(proxy, setting, me))


def hidden(setting):
    with oidentd(setting, force="hide") as port, server(setting, port, "required = true") as proxy:
        expect_equal("code", socks_code(socks4(proxy, setting, getpass.getuser())), NO_IDENT)


def other(setting):
    """An answer that is not a user name counts only if the server is told so."""
    me = getpass.getuser()
    with oidentd(setting, "-o") as port:
        with server(setting, port, "required = true") as proxy:
            expect_equal("code", socks_code(socks4(proxy, setting, me)), OTHER_USER)
        with server(setting, port, "required = true", "accept_other = true") as proxy:
            gets_page(setting.targets.http, socks4(proxy, setting, me))


def charset(setting):
    """With a character set the user id still counts, and is in the log in hexadecimal too."""
    me = getpass.getuser()
    with oidentd(setting, "-c", "KOI8-R") as port, server(setting, port, "required = true") as proxy:
        gets_page(setting.targets.http, socks4(proxy, setting, me))
        proxy.sessions("connect", 1)
        expect(me.encode().hex() in proxy.log, f"no hexadecimal in the log: {proxy.log!r:.600}")


def nobody_there(setting):
    """Without an ident server: 5C, and for SOCKS5 no method; a hint that is missing keeps nobody out."""
    port, me = free_port(), getpass.getuser()
    with server(setting, port, "required = true") as proxy:
        expect_equal("code", socks_code(socks4(proxy, setting, me)), NO_IDENT)
        outcome = curl("--socks5", proxy.port, f"{setting.targets.http.url}/page")
        expect_equal(f"exit of {outcome}", outcome.code, PROXY_ERROR)
    with server(setting, port) as proxy:
        gets_page(setting.targets.http, socks4(proxy, setting, me))


def optional(setting):
    """A hint that contradicts the request keeps nobody out, and both are in the log."""
    me = getpass.getuser()
    with oidentd(setting) as port, server(setting, port) as proxy:
        gets_page(setting.targets.http, socks4(proxy, setting, "somebody"))
        proxy.sessions("connect", 1)
        expect(f"claimed=somebody ident={me}" in proxy.log, f"not in the log: {proxy.log!r:.600}")


def run(checks, setting):
    for name, function in [
        ("names the user of the request", confirmed),
        ("names another user: 5D", denied),
        ("HIDDEN-USER: 5C", hidden),
        ("OTHER: 5D, unless accepted", other),
        ("a character set", charset),
        ("nobody there: 5C", nobody_there),
        ("a hint", optional),
    ]:
        checks.check(f"oidentd {name}", needs_curl(function), setting)
