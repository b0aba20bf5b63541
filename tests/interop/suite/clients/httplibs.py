"""HTTP libraries: requests (on PySocks), httpx (on socksio), aiohttp (on python-socks)."""

import asyncio
import hashlib
import importlib
from urllib.parse import quote

from ..checks import Skip, expect, expect_equal

SECONDS = 10


def library(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Skip(f"{name} is not installed") from None


def with_requests(proxy, url):
    requests = library("requests")
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, proxies={"http": proxy}, timeout=SECONDS).content


def with_httpx(proxy, url):
    httpx = library("httpx")
    with httpx.Client(proxy=proxy, trust_env=False, timeout=SECONDS) as client:
        return client.get(url).content


def with_aiohttp(proxy, url):
    aiohttp = library("aiohttp")
    connector = library("aiohttp_socks").ProxyConnector

    async def get():
        async with aiohttp.ClientSession(connector=connector.from_url(proxy)) as session:
            async with session.get(url, timeout=aiohttp.ClientTimeout(SECONDS)) as response:
                return await response.read()

    return asyncio.run(get())


def page(setting, get, scheme, base, login=None):
    proxy = address(setting, scheme, login)
    expect_equal("page", get(proxy, f"{base}/page"), setting.targets.http.page)


def download(setting, get, scheme):
    target = setting.targets.http
    octets = get(address(setting, scheme), f"{target.url}/big")
    expect_equal("hash of the download", hashlib.sha256(octets).hexdigest(), target.big_hash)


def fails(setting, get, scheme, login, url, words):
    """The library tells an error of the proxy, and not one of its own."""
    try:
        get(address(setting, scheme, login), url)
    except Skip:
        raise
    except Exception as error:  # noqa: BLE001, each library has its own
        expect(words.lower() in str(error).lower(), f"expected {words!r} in {error!r}")
    else:
        raise AssertionError("the request succeeded")


def address(setting, scheme, login=None):
    if not login:
        return f"{scheme}://127.0.0.1:{setting.open.port}"
    user, password = (quote(part, safe="") for part in login)
    return f"{scheme}://{user}:{password}@127.0.0.1:{setting.login.port}"


def run(checks, setting):
    target = setting.targets.http
    login = (setting.user, setting.password)
    wrong = (setting.user, setting.wrong_password)
    closed = f"http://127.0.0.1:{setting.targets.closed_port}/"
    for name, get, schemes, rejected, refused in [
        ("requests", with_requests, ("socks4", "socks4a", "socks5", "socks5h"), "authentication failed", "refused"),
        ("httpx", with_httpx, ("socks5", "socks5h"), "invalid username/password", "refused"),
        ("aiohttp", with_aiohttp, ("socks4", "socks5"), "authentication failure", "refused"),
    ]:
        for scheme in schemes:
            checks.check(f"{name} {scheme}", page, setting, get, scheme, target.url)
            checks.check(f"{name} {scheme} by name", page, setting, get, scheme, target.named)
        checks.check(f"{name} socks5 with login", page, setting, get, "socks5", target.url, login)
        checks.check(f"{name} socks5 download", download, setting, get, "socks5")
        checks.check(f"{name} socks5 wrong password", fails, setting, get, "socks5", wrong, f"{target.url}/page", rejected)
        checks.check(f"{name} socks5 closed port", fails, setting, get, "socks5", None, closed, refused)
