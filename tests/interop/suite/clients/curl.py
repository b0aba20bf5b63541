"""curl: SOCKS4, 4a and 5, with local and remote names (`--socks5-hostname`)."""

import functools
import hashlib
import os
import re
import shutil

from ..checks import Skip, expect, expect_equal
from ..process import run as command
from ..server import Server
from . import NO_SUCH_NAME

PROXY_ERROR = 97
PROTOCOLS = ("--socks4", "--socks4a", "--socks5", "--socks5-hostname")
PARALLEL = 100


def run_checks(checks, setting, name, function, *args):
    checks.check(f"curl {name}", needs_curl(function), setting, *args)


def needs_curl(function):
    @functools.wraps(function)
    def wrapped(*args):
        if not shutil.which("curl"):
            raise Skip("curl is not installed")
        function(*args)

    return wrapped


def curl(protocol, port, *args, host="127.0.0.1", **options):
    """curl through the proxy on `port`, whatever its own configuration says."""
    proxy = [protocol, f"{host}:{port}"]
    return command("curl", "-q", "-sS", "--noproxy", "", "--max-time", "15", *proxy, *args, **options)


def gets_page(target, outcome):
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    expect_equal("page", outcome.stdout, target.page)


def socks_code(outcome):
    """The code that curl reports, in the words of its various versions."""
    expect_equal(f"exit of {outcome}", outcome.code, PROXY_ERROR)
    found = re.search(r"SOCKS[45] connection .*\((\d+)\)", outcome.errors)
    expect(found, f"no SOCKS code in {outcome.errors!r}")
    return int(found[1])


def page(setting, protocol):
    target = setting.targets.http
    gets_page(target, curl(protocol, setting.open.port, f"{target.url}/page"))


def page_by_name(setting, protocol):
    target = setting.targets.http
    # Locally resolved names may come out as ::1, which nobody listens on.
    gets_page(target, curl(protocol, setting.open.port, "-4", f"{target.named}/page"))


def page_on_ipv6(setting, protocol):
    target = setting.targets.http6
    if target is None:
        raise Skip("no ::1 here")
    gets_page(target, curl(protocol, setting.open.port, f"{target.url}/page"))


def page_with_login(setting, protocol, user, password):
    target = setting.targets.http
    outcome = curl(protocol, setting.login.port, "--proxy-user", f"{user}:{password}", f"{target.url}/page")
    gets_page(target, outcome)


def login_not_needed(setting, protocol):
    """A client with a login also offers none, and a user id of SOCKS4 is no login."""
    target = setting.targets.http
    outcome = curl(protocol, setting.open.port, "--proxy-user", "fred:secret", f"{target.url}/page")
    gets_page(target, outcome)


def wrong_login(setting, protocol, user, password):
    target = setting.targets.http
    outcome = curl(protocol, setting.login.port, "--proxy-user", f"{user}:{password}", f"{target.url}/page")
    expect_equal(f"exit of {outcome}", outcome.code, PROXY_ERROR)
    expect("rejected by the SOCKS5 server (1 1)" in outcome.errors, f"no 01 01 in {outcome.errors!r}")


def missing_login(setting, protocol):
    outcome = curl(protocol, setting.login.port, f"{setting.targets.http.url}/page")
    expect_equal(f"exit of {outcome}", outcome.code, PROXY_ERROR)
    expect("no authentication method was acceptable" in outcome.errors.lower(), f"no FF in {outcome.errors!r}")


def socks4_without_login(setting, protocol):
    outcome = curl(
        protocol, setting.login.port, "--proxy-user", f"{setting.user}:{setting.password}", f"{setting.targets.http.url}/page"
    )
    expect_equal("SOCKS4 code", socks_code(outcome), 91)


def refusal(setting, protocol, url, code):
    expect_equal("SOCKS code", socks_code(curl(protocol, setting.open.port, url)), code)


def download(setting, protocol):
    target = setting.targets.http
    outcome = curl(protocol, setting.open.port, f"{target.url}/big")
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    expect_equal("hash of the download", hashlib.sha256(outcome.stdout).hexdigest(), target.big_hash)


def upload(setting, protocol):
    octets = os.urandom(16 << 20)
    path = setting.workspace / "upload"
    path.write_bytes(octets)
    outcome = curl(protocol, setting.open.port, "-T", path, f"{setting.targets.http.url}/upload")
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    expect_equal("hash of the upload", outcome.stdout.decode(), hashlib.sha256(octets).hexdigest())


def parallel(setting, protocol):
    target = setting.targets.http
    folder = setting.workspace / f"parallel{protocol}"
    folder.mkdir()
    outcome = curl(
        protocol,
        setting.open.port,
        "-Z",
        "--parallel-immediate",
        "--parallel-max",
        "50",
        "-H",
        "Connection: close",
        "-o",
        folder / "#1",
        f"{target.url}/item/[1-{PARALLEL}]",
    )
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    expect_equal("files", len(list(folder.iterdir())), PARALLEL)
    for number in range(1, PARALLEL + 1):
        expect_equal(f"item {number}", (folder / str(number)).read_bytes(), target.item(number))


def listener(setting, addr, proxy_host):
    """A proxy that is itself reached over another address family."""
    if setting.targets.http6 is None:
        raise Skip("no ::1 here")
    target = setting.targets.http
    with Server(listen=("127.0.0.1:0", addr)) as server:
        for host, port in zip(("127.0.0.1", proxy_host), server.ports, strict=True):
            gets_page(target, curl("--socks5", port, f"{target.url}/page", host=host))


def unix_listener(setting):
    path = setting.workspace / "socks.sock"
    target = setting.targets.http
    with Server(listen=(f"unix:{path}",)):
        outcome = command(
            "curl", "-q", "-sS", "--noproxy", "", "--max-time", "15", "--proxy", f"socks5h://localhost{path}", f"{target.url}/page"
        )
        if outcome.code == 5 or "Unsupported proxy" in outcome.errors:
            raise Skip("this curl cannot reach proxies on unix sockets")
        gets_page(target, outcome)


def logs_no_password(setting):
    """The server logs what it can, and has seen right and wrong logins by now."""
    log = setting.login.log
    expect(f"user={setting.user}" in log, "there is no log of sessions to look at")
    for password in (setting.password, setting.wrong_password, setting.utf8_login[1], "builder"):
        expect(password not in log, f"the log tells password {password!r}")


def run(checks, setting):
    add = functools.partial(run_checks, checks, setting)
    closed = f"http://127.0.0.1:{setting.targets.closed_port}/"
    own = f"http://127.0.0.1:{setting.open.port}/"
    nobody = f"http://{NO_SUCH_NAME}/"
    for protocol in PROTOCOLS:
        five = "socks5" in protocol
        add(f"{protocol}", page, protocol)
        add(f"{protocol} by name", page_by_name, protocol)
        add(f"{protocol} with a login nobody asks for", login_not_needed, protocol)
        add(f"{protocol} download", download, protocol)
        add(f"{protocol} upload", upload, protocol)
        add(f"{protocol} parallel", parallel, protocol)
        add(f"{protocol} to a closed port", refusal, protocol, closed, 5 if five else 91)
        add(f"{protocol} to the proxy itself", refusal, protocol, own, 2 if five else 91)
        if protocol != "--socks4":
            add(f"{protocol} to IPv6", page_on_ipv6, protocol)
        if protocol in ("--socks4a", "--socks5-hostname"):
            add(f"{protocol} to a name that does not exist", refusal, protocol, nobody, 4 if five else 91)
        if five:
            add(f"{protocol} with login", page_with_login, protocol, setting.user, setting.password)
            add(f"{protocol} with UTF-8 login", page_with_login, protocol, *setting.utf8_login)
            add(f"{protocol} with wrong password", wrong_login, protocol, setting.user, setting.wrong_password)
            add(f"{protocol} with unknown user", wrong_login, protocol, "mallory", setting.password)
            add(f"{protocol} without login", missing_login, protocol)
        else:
            add(f"{protocol} where a login is needed", socks4_without_login, protocol)
    add("listener on ::1", listener, "[::1]:0", "[::1]")
    add("listener on a unix socket", unix_listener)
    add("server log has no passwords", logs_no_password)

