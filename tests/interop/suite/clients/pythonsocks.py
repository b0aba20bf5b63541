"""python-socks, blocking and asyncio."""

import asyncio
import hashlib

from ..checks import Skip, expect, expect_equal
from . import NO_SUCH_NAME
from .http_get import body, http_get, request

try:
    import python_socks
    from python_socks.async_.asyncio import Proxy as AsyncProxy
    from python_socks.sync import Proxy
except ImportError:
    python_socks = None

SECONDS = 10
PARALLEL = 100


class Way:
    """How to send one request: blocking or asyncio."""

    def __init__(self, asynchronous):
        self.asynchronous = asynchronous

    def get(self, protocol, server, host, port, rdns=None, login=(None, None), path="/page"):
        if python_socks is None:
            raise Skip("python-socks is not installed")
        kind = {4: python_socks.ProxyType.SOCKS4, 5: python_socks.ProxyType.SOCKS5}[protocol]
        options = dict(host="127.0.0.1", port=server.port, rdns=rdns, username=login[0], password=login[1])
        if self.asynchronous:
            return asyncio.run(asyncio.wait_for(async_get(kind, options, host, port, path), 2 * SECONDS))
        connection = Proxy(proxy_type=kind, **options).connect(host, port, timeout=SECONDS)
        with connection:
            connection.settimeout(SECONDS)
            return http_get(connection, path)


async def async_get(kind, options, host, port, path):
    connection = await AsyncProxy(proxy_type=kind, **options).connect(host, port, timeout=SECONDS)
    reader, writer = await asyncio.open_connection(sock=connection)
    writer.write(request(path))
    response = await reader.read()
    writer.close()
    return body(response)


def page(setting, way, protocol, host, rdns, login):
    target = setting.targets.http
    server = setting.login if login else setting.open
    more = {"login": login} if login else {}
    expect_equal("page", way.get(protocol, server, host, target.port, rdns, **more), target.page)


def on_ipv6(setting, way):
    if (target := setting.targets.http6) is None:
        raise Skip("no ::1 here")
    expect_equal("page", way.get(5, setting.open, "::1", target.port), target.page)


def download(setting, way):
    target = setting.targets.http
    octets = way.get(5, setting.open, "127.0.0.1", target.port, path="/big")
    expect_equal("hash of the download", hashlib.sha256(octets).hexdigest(), target.big_hash)


def fails(code, way, *args, **options):
    try:
        way.get(*args, **options)
    except python_socks.ProxyError as error:
        expect_equal(f"code of {error!r}", error.error_code, code)
        return error
    raise AssertionError("the connection succeeded")


def needs_library(function):
    def wrapped(*args):
        if python_socks is None:
            raise Skip("python-socks is not installed")
        function(*args)

    return wrapped


@needs_library
def closed_port(setting, way, protocol, code):
    fails(code, way, protocol, setting.open, "127.0.0.1", setting.targets.closed_port)


@needs_library
def no_such_name(setting, way, protocol, code):
    fails(code, way, protocol, setting.open, NO_SUCH_NAME, 80, rdns=True)


@needs_library
def proxy_itself(setting, way):
    fails(2, way, 5, setting.open, "127.0.0.1", setting.open.port)


@needs_library
def wrong_password(setting, way):
    login = (setting.user, setting.wrong_password)
    error = fails(None, way, 5, setting.login, "127.0.0.1", setting.targets.http.port, login=login)
    expect("authentication failure" in str(error).lower(), str(error))


@needs_library
def missing_login(setting, way):
    error = fails(None, way, 5, setting.login, "127.0.0.1", setting.targets.http.port)
    expect("no acceptable authentication methods" in str(error).lower(), str(error))


@needs_library
def parallel(setting, protocol):
    target = setting.targets.http
    kind = {4: python_socks.ProxyType.SOCKS4, 5: python_socks.ProxyType.SOCKS5}[protocol]
    options = dict(host="127.0.0.1", port=setting.open.port, rdns=True)

    async def all_at_once():
        one = [
            async_get(kind, options, "localhost", target.port, f"/item/{number}") for number in range(PARALLEL)
        ]
        return await asyncio.wait_for(asyncio.gather(*one), 2 * SECONDS)

    for number, octets in enumerate(asyncio.run(all_at_once())):
        expect_equal(f"item {number}", octets, target.item(number))


def run(checks, setting):
    login = (setting.user, setting.password)
    for kind in ("sync", "asyncio"):
        way = Way(kind == "asyncio")
        for name, function, *args in [
            ("socks4", page, 4, "127.0.0.1", None, None),
            ("socks4 local name", page, 4, "localhost", False, None),
            ("socks4a", page, 4, "localhost", True, None),
            ("socks5", page, 5, "127.0.0.1", None, None),
            ("socks5 local name", page, 5, "localhost", False, None),
            ("socks5 remote name", page, 5, "localhost", True, None),
            ("socks5 with login", page, 5, "localhost", True, login),
            ("socks5 to IPv6", on_ipv6),
            ("socks5 download", download),
            ("socks5 wrong password", wrong_password),
            ("socks5 missing login", missing_login),
            ("socks4 closed port is 5B", closed_port, 4, 0x5B),
            ("socks5 closed port is 05", closed_port, 5, 5),
            ("socks4a no such name is 5B", no_such_name, 4, 0x5B),
            ("socks5 no such name is 04", no_such_name, 5, 4),
            ("socks5 to the proxy itself is 02", proxy_itself),
        ]:
            checks.check(f"python-socks {kind} {name}", function, setting, way, *args)
    checks.check("python-socks asyncio socks4a parallel", parallel, setting, 4)
    checks.check("python-socks asyncio socks5 parallel", parallel, setting, 5)
