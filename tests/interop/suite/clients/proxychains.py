"""proxychains4, which preloads itself into curl."""

import hashlib
import shutil

from ..checks import Skip, expect, expect_equal
from ..process import run as command
from ..server import Server


def curl(setting, proxies, url):
    if missing := [tool for tool in ("proxychains4", "curl") if not shutil.which(tool)]:
        raise Skip(f"not installed: {', '.join(missing)}")
    path = setting.workspace / "proxychains.conf"
    path.write_text(
        "strict_chain\nproxy_dns\ntcp_read_time_out 8000\ntcp_connect_time_out 8000\n[ProxyList]\n" + "\n".join(proxies) + "\n"
    )
    return command("proxychains4", "-f", path, "curl", "-q", "-sS", "--max-time", "12", url)


def page(setting, *proxies):
    target = setting.targets.http
    outcome = curl(setting, proxies, f"{target.url}/page")
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    expect_equal("page", outcome.stdout, target.page)


def download(setting, *proxies):
    target = setting.targets.http
    outcome = curl(setting, proxies, f"{target.url}/big")
    expect_equal(f"exit of {outcome.errors[-300:]}", outcome.code, 0)
    expect_equal("hash of the download", hashlib.sha256(outcome.stdout).hexdigest(), target.big_hash)


def chain(setting, first, second):
    """The first server connects to the second one, which is not its own listener."""
    with Server("--user", "carol:chained") as other:
        page(setting, first, second.format(other.port))


def is_refused(setting, *proxies):
    outcome = curl(setting, proxies, f"{setting.targets.http.url}/page")
    expect(outcome.code not in (0, 127), str(outcome))
    expect_equal("page", outcome.stdout, b"")
    expect("denied" in outcome.errors, f"proxychains does not say denied: {outcome.errors!r}")


def run(checks, setting):
    port, login = setting.open.port, setting.login.port
    for name, function, *proxies in [
        ("socks4", page, f"socks4 127.0.0.1 {port}"),
        ("socks4 with a user id", page, f"socks4 127.0.0.1 {port} fred"),
        ("socks5", page, f"socks5 127.0.0.1 {port}"),
        ("socks5 with login", page, f"socks5 127.0.0.1 {login} bob builder"),
        ("socks5 download", download, f"socks5 127.0.0.1 {login} bob builder"),
        ("socks5 to socks5", chain, f"socks5 127.0.0.1 {login} bob builder", "socks5 127.0.0.1 {} carol chained"),
        ("socks4 to socks5", chain, f"socks4 127.0.0.1 {port}", "socks5 127.0.0.1 {} carol chained"),
        ("socks5 with wrong password is denied", is_refused, f"socks5 127.0.0.1 {login} bob wrong"),
        ("socks4 where a login is needed is denied", is_refused, f"socks4 127.0.0.1 {login} bob"),
    ]:
        checks.check(f"proxychains4 {name}", function, setting, *proxies)
