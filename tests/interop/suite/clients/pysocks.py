"""PySocks."""

import hashlib
import socket
import struct

from ..checks import Skip, expect, expect_equal
from ..targets.guard import held_by_server
from ..targets.stream import read_all
from . import NO_SUCH_NAME
from .http_get import http_get

try:
    import socks
except ImportError:
    socks = None


def proxied(protocol, server, rdns=True, login=None):
    if socks is None:
        raise Skip("PySocks is not installed")
    kind = {4: socks.SOCKS4, 5: socks.SOCKS5}[protocol]
    connection = socks.socksocket()
    connection.set_proxy(kind, "127.0.0.1", server.port, rdns, *(login or ()))
    connection.settimeout(10)
    return connection


def page(setting, protocol, rdns, host, login=None):
    target = setting.targets.http
    server = setting.login if login and protocol == 5 else setting.open
    with proxied(protocol, server, rdns, login) as connection:
        connection.connect((host, target.port))
        expect_equal("page", http_get(connection), target.page)


def on_ipv6(setting):
    if (target := setting.targets.http6) is None:
        raise Skip("no ::1 here")
    with proxied(5, setting.open) as connection:
        connection.connect(("::1", target.port))
        expect_equal("page", http_get(connection), target.page)


def download(setting):
    target = setting.targets.http
    with proxied(5, setting.open) as connection:
        connection.connect(("127.0.0.1", target.port))
        octets = http_get(connection, "/big")
    expect_equal("hash of the download", hashlib.sha256(octets).hexdigest(), target.big_hash)


def fails(connection, address, kind, text):
    """The library names the octet that it got."""
    with connection:
        try:
            connection.connect(address)
        except socks.ProxyError as error:
            # PySocks wraps its own errors once more, as errors of the socket.
            cause = error.socket_err or error
            expect(isinstance(cause, kind), f"expected {kind.__name__}, got {cause!r}: {cause}")
            expect(text.lower() in str(cause).lower(), f"expected {text!r} in {cause}")
        else:
            raise AssertionError("the connection succeeded")


def closed_port(setting, protocol):
    connection = proxied(protocol, setting.open)
    kind, text = {4: (socks.SOCKS4Error, "0x5b"), 5: (socks.SOCKS5Error, "0x05")}[protocol]
    fails(connection, ("127.0.0.1", setting.targets.closed_port), kind, text)


def no_such_name(setting, protocol):
    connection = proxied(protocol, setting.open)
    kind, text = {4: (socks.SOCKS4Error, "0x5b"), 5: (socks.SOCKS5Error, "0x04")}[protocol]
    fails(connection, (NO_SUCH_NAME, 80), kind, text)


def unspecified(setting, protocol):
    """0.0.0.0 would be this machine; PySocks sends it as an address, in SOCKS4 it is no 4a marker."""
    connection = proxied(protocol, setting.open)
    kind, text = {4: (socks.SOCKS4Error, "0x5b"), 5: (socks.SOCKS5Error, "0x02")}[protocol]
    fails(connection, ("0.0.0.0", setting.targets.http.port), kind, text)


def local_names(setting):
    """With `rdns` off the name never reaches the proxy."""
    with proxied(5, setting.open, rdns=False) as connection:
        try:
            connection.connect((NO_SUCH_NAME, 80))
        except (socket.gaierror, socks.GeneralProxyError) as error:
            cause = getattr(error, "socket_err", error)
            expect(isinstance(cause, socket.gaierror), f"expected a resolver error, got {error!r}")
        else:
            raise AssertionError("the connection succeeded")


def wrong_password(setting):
    connection = proxied(5, setting.login, login=(setting.user, setting.wrong_password))
    fails(connection, ("127.0.0.1", setting.targets.http.port), socks.SOCKS5AuthError, "authentication failed")


def missing_login(setting):
    connection = proxied(5, setting.login)
    fails(connection, ("127.0.0.1", setting.targets.http.port), socks.SOCKS5AuthError, "authentication methods were rejected")


def socks4_at_login(setting):
    connection = proxied(4, setting.login, login=(setting.user,))
    fails(connection, ("127.0.0.1", setting.targets.http.port), socks.SOCKS4Error, "0x5b")


def target_ends_first(setting, protocol):
    """Half-close from the far end: this direction stays open."""
    target = setting.targets.ends_first
    answer = b"said after the other side was done " * 5000
    with proxied(protocol, setting.open) as connection:
        connection.connect(("127.0.0.1", target.port))
        expect_equal("octets before the end", read_all(connection), target.octets)
        connection.sendall(answer)
    expect_equal("octets after the end", target.received.get(timeout=10), answer)


def reset_by_client(setting):
    """A client that resets does not take the server along."""
    target = setting.targets.http
    for _ in range(20):
        with proxied(5, setting.open) as connection:
            connection.connect(("127.0.0.1", target.port))
            connection.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    page(setting, 5, False, "127.0.0.1")


def bound_address(setting):
    """BND of a CONNECT is where the target sees the connection come from."""
    target = setting.targets.after_eof
    with proxied(5, setting.open) as connection:
        connection.connect(("127.0.0.1", target.port))
        host, port = connection.get_proxy_sockname()
        ends = (host, port), ("127.0.0.1", target.port)
        expect(held_by_server(socket.AF_INET, *ends), f"the server has no connection from {host}:{port} to the target")


def run(checks, setting):
    login = (setting.user, setting.password)
    for name, function, *args in [
        ("socks4", page, 4, False, "127.0.0.1"),
        ("socks4 with a user id", page, 4, False, "127.0.0.1", ("fred",)),
        ("socks4 local name", page, 4, False, "localhost"),
        ("socks4a", page, 4, True, "localhost"),
        ("socks5", page, 5, True, "127.0.0.1"),
        ("socks5 local name", page, 5, False, "localhost"),
        ("socks5 remote name", page, 5, True, "localhost"),
        ("socks5 with login", page, 5, True, "localhost", login),
        ("socks5 with UTF-8 login", page, 5, True, "localhost", setting.utf8_login),
        ("socks5 to IPv6", on_ipv6),
        ("socks5 download", download),
        ("socks5 wrong password", wrong_password),
        ("socks5 missing login", missing_login),
        ("socks4 where a login is needed", socks4_at_login),
        ("socks4 closed port is 5B", closed_port, 4),
        ("socks5 closed port is 05", closed_port, 5),
        ("socks4a no such name is 5B", no_such_name, 4),
        ("socks5 no such name is 04", no_such_name, 5),
        ("socks5 no such name with rdns off fails locally", local_names),
        ("socks4 0.0.0.0 is 5B", unspecified, 4),
        ("socks5 0.0.0.0 is 02", unspecified, 5),
        ("socks4 target ends first", target_ends_first, 4),
        ("socks5 target ends first", target_ends_first, 5),
        ("socks5 clients that reset", reset_by_client),
        ("socks5 BND is the outgoing address", bound_address),
    ]:
        checks.check(f"PySocks {name}", function, setting, *args)
