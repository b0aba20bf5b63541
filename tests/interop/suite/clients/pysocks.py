"""PySocks."""

import hashlib
import os
import socket
import struct
import time

from ..checks import Skip, expect, expect_equal
from ..server import Server
from ..targets.guard import datagram_socket_of_server, held_by_server
from ..targets.stream import read_all
from . import NO_SUCH_NAME
from .http_get import http_get

try:
    import socks
except ImportError:
    socks = None

NAME_SECONDS = 2


def proxied(protocol, server, rdns=True, login=None, kind=socket.SOCK_STREAM):
    if socks is None:
        raise Skip("PySocks is not installed")
    version = {4: socks.SOCKS4, 5: socks.SOCKS5}[protocol]
    connection = socks.socksocket(socket.AF_INET, kind)
    connection.set_proxy(version, "127.0.0.1", server.port, rdns, *(login or ()))
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


def associated(server, rdns=True, login=None):
    """With `rdns` PySocks asks for an association of the name "0", otherwise of 0.0.0.0."""
    return proxied(5, server, rdns, login, socket.SOCK_DGRAM)


def relay_of(datagrams):
    """Where the association's datagrams go."""
    return socket.socket.getpeername(datagrams)


def echoes(target, datagrams, host, octets, sources=None):
    datagrams.sendto(octets, (host, target.port))
    got, source = datagrams.recvfrom(1 << 16)
    expect_equal("length of the echo", len(got), len(octets))
    expect(got == octets, "the echo differs")
    expect(source in [(addr, target.port) for addr in sources or [host]], f"the echo comes from {source}")
    expect(target.saw(octets), "the target did not see it")


def echo(setting, host, *sizes, sources=None, rdns=True, login=None):
    if ":" in host and setting.targets.http6 is None:
        raise Skip("no ::1 here")
    with associated(setting.login if login else setting.open, rdns, login) as datagrams:
        for size in sizes:
            echoes(setting.targets.echo, datagrams, host, os.urandom(size), sources)


def echo_to_name(setting):
    """The answer is passed on when it comes, not at the relay's next timer."""
    started = time.monotonic()
    echo(setting, "localhost", 100, 1200, sources=["127.0.0.1", "::1"])
    took = time.monotonic() - started
    expect(took < NAME_SECONDS, f"the echoes took {took:.2f} s")


def without_rdns(setting):
    echo(setting, "127.0.0.1", 100, rdns=False)


def with_login(setting, login):
    echo(setting, "127.0.0.1", 100, 1200, login=login)


def two_targets(setting):
    """One association, several targets, answers in any order."""
    if (dns := setting.targets.dns) is None:
        raise Skip("dnslib is not installed")
    target = setting.targets.echo
    with associated(setting.open) as datagrams:
        octets, query = os.urandom(300), dns.query()
        datagrams.sendto(octets, ("127.0.0.1", target.port))
        datagrams.sendto(query, ("127.0.0.1", dns.port))
        answers = {source: got for got, source in (datagrams.recvfrom(1 << 16) for _ in range(2))}
        expect_equal("sources", set(answers), {("127.0.0.1", target.port), ("127.0.0.1", dns.port)})
        expect_equal("echo", answers["127.0.0.1", target.port], octets)
        expect_equal("TXT", dns.texts(answers["127.0.0.1", dns.port]), [dns.text])


def dns_query(setting, host):
    if (target := setting.targets.dns) is None:
        raise Skip("dnslib is not installed")
    if ":" in host and setting.targets.http6 is None:
        raise Skip("no ::1 here")
    query = target.query()
    with associated(setting.open) as datagrams:
        datagrams.sendto(query, (host, target.port))
        answer, source = datagrams.recvfrom(4096)
        expect_equal("source", source, (host, target.port))
    expect_equal("id", answer[:2], query[:2])
    expect_equal("TXT", target.texts(answer), [target.text])


def strangers_get_nothing(setting):
    """Datagrams of others are neither passed on nor answered, before and after the client's first one."""
    target = setting.targets.echo
    header = b"\0\0\0\1" + socket.inet_aton("127.0.0.1") + struct.pack("!H", target.port)
    with associated(setting.open) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        relay = relay_of(datagrams)
        with udp_socket("127.0.0.2") as elsewhere, udp_socket("127.0.0.1") as neighbour:
            said = [os.urandom(40) for _ in range(3)]
            elsewhere.sendto(header + said[0], relay)
            # Each echo comes after the relay has read what was sent before.
            echoes(target, datagrams, "127.0.0.1", os.urandom(50))
            elsewhere.sendto(header + said[1], relay)
            neighbour.sendto(header + said[2], relay)
            echoes(target, datagrams, "127.0.0.1", os.urandom(50))
            for stranger in (elsewhere, neighbour):
                expect_equal("what a stranger gets", received(stranger), None)
        # The very frame is fine when the client sends it.
        octets = os.urandom(40)
        socket.socket.send(datagrams, header + octets)
        expect_equal("echo", datagrams.recvfrom(1000)[0], octets)
        expect(not any(map(target.saw, said)), "a stranger's datagram was passed on")


def udp_socket(host):
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.settimeout(0.25)
    bound.bind((host, 0))
    return bound


def received(datagrams):
    try:
        return datagrams.recv(1 << 16)
    except (TimeoutError, ConnectionRefusedError):
        return None


def malformed(setting):
    """What the relay drops does not end the association."""
    target = setting.targets.echo
    address = socket.inet_aton("127.0.0.1") + struct.pack("!H", target.port)
    said = os.urandom(30)
    with associated(setting.open) as datagrams:
        echoes(target, datagrams, "127.0.0.1", os.urandom(50))
        for frame in (b"", b"\0\0\0", b"\0\0\1\1" + address + said, b"\0\0\0\2" + address + said):
            socket.socket.send(datagrams, frame)
            echoes(target, datagrams, "127.0.0.1", os.urandom(50))
        expect(not target.saw(said), "a malformed datagram was passed on")


def closed_udp_port(setting):
    """ICMP errors of one target do not end the association."""
    with associated(setting.open) as datagrams, udp_socket("127.0.0.1") as closed:
        port = closed.getsockname()[1]
        closed.close()
        for _ in range(3):
            datagrams.sendto(b"nobody there", ("127.0.0.1", port))
            echoes(setting.targets.echo, datagrams, "127.0.0.1", os.urandom(50))


def ends_with_control(setting):
    """The relay's port is free once the TCP connection has ended."""
    with associated(setting.open) as datagrams:
        echoes(setting.targets.echo, datagrams, "127.0.0.1", os.urandom(50))
        port = relay_of(datagrams)[1]
        expect(datagram_socket_of_server(port), "the relay is not the server's")
    until = time.monotonic() + 3
    while datagram_socket_of_server(port):
        expect(time.monotonic() < until, "the relay is still there")
        time.sleep(0.02)


def no_udp(setting):
    with Server("--no-udp") as server, associated(server) as datagrams:
        try:
            datagrams.bind(("127.0.0.1", 0))
        except (socks.ProxyError, OSError) as error:
            expect("0x07" in str(error), f"expected 0x07 in {error}")
        else:
            raise AssertionError("the association was granted")


def udp_wrong_password(setting):
    with associated(setting.login, login=(setting.user, setting.wrong_password)) as datagrams:
        try:
            datagrams.bind(("127.0.0.1", 0))
        except (socks.ProxyError, OSError) as error:
            expect("authentication failed" in str(error), f"expected authentication failed in {error}")
        else:
            raise AssertionError("the association was granted")


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
        ("UDP DNS", dns_query, "127.0.0.1"),
        ("UDP DNS on IPv6", dns_query, "::1"),
        ("UDP two targets", two_targets),
        ("UDP echo of 1200", echo, "127.0.0.1", 1200),
        ("UDP echo of 8 KiB", echo, "127.0.0.1", 8192),
        ("UDP echo of 0, 1, 65000", echo, "127.0.0.1", 0, 1, 65000),
        ("UDP echo on IPv6", echo, "::1", 12, 1200, 8192),
        ("UDP echo by name", echo_to_name),
        ("UDP with rdns off", without_rdns),
        ("UDP with login", with_login, login),
        ("UDP wrong password", udp_wrong_password),
        ("UDP strangers get nothing", strangers_get_nothing),
        ("UDP malformed datagrams", malformed),
        ("UDP to a closed port", closed_udp_port),
        ("UDP ends with the TCP connection", ends_with_control),
        ("UDP with --no-udp is 07", no_udp),
    ]:
        checks.check(f"PySocks {name}", function, setting, *args)
