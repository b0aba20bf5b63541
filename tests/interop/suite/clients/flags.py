"""The server's own flags, signals and configuration file, with curl as the client."""

import errno
import hashlib
import socket
import subprocess
import time

from ..checks import expect, expect_equal
from ..process import end, environment, run as command, start
from ..server import Server
from .curl import curl, download, gets_page, needs_curl, parallel, socks_code


class With:
    """A setting with another server in place of the one without logins."""

    def __init__(self, setting, server, name):
        self.targets = setting.targets
        self.workspace = setting.workspace / name
        self.workspace.mkdir(exist_ok=True)
        self.open = server


def workers(setting):
    with Server("--workers", "2") as server:
        other = With(setting, server, "workers")
        for protocol in ("--socks4a", "--socks5-hostname"):
            target = setting.targets.http
            gets_page(target, curl(protocol, server.port, f"{target.named}/page"))
            parallel(other, protocol)
        download(other, "--socks5")
        closed = f"http://127.0.0.1:{setting.targets.closed_port}/"
        expect_equal("SOCKS code", socks_code(curl("--socks5", server.port, closed)), 5)
        server.terminate()
        expect_equal("exit", server.wait(), 0)


def idle_stop(_setting, *flags):
    with Server(*flags) as server:
        server.terminate()
        expect_equal("exit", server.wait(), 0)


def drain(setting, *flags):
    """A tunnel that is open when SIGTERM comes runs to its end; new clients are not let in."""
    target = setting.targets.http
    target.slow_began.clear()
    target.slow_may_end.clear()
    path = setting.workspace / "drained"
    with Server(*flags) as server:
        client = start(
            ["curl", "-q", "-sS", "--noproxy", "", "--max-time", "20", "-o", path, "--socks5", f"127.0.0.1:{server.port}", f"{target.url}/slow"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        try:
            expect(target.slow_began.wait(8), "the tunnel did not open")
            server.terminate()
            expect(refuses_within(server.port, 4), "the server still accepts after SIGTERM")
            expect(server.alive and client.poll() is None, "the server did not wait for the tunnel")
            target.slow_may_end.set()
            _, errors = client.communicate(timeout=10)
        finally:
            target.slow_may_end.set()
            end(client)
        expect_equal(f"exit of curl, {errors!r}", client.returncode, 0)
        expect_equal("hash of the download", hashlib.sha256(path.read_bytes()).hexdigest(), target.big_hash)
        expect_equal("exit of the server", server.wait(), 0)


def refuses_within(port, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED:
                return True
        time.sleep(0.05)
    return False


def config(setting):
    path = setting.workspace / "server.toml"
    path.write_text('[[user]]\nname = "dora"\npassword = "from the file"\n')
    target = setting.targets.http
    with Server("--config", path) as server:
        url = f"{target.url}/page"
        gets_page(target, curl("--socks5", server.port, "--proxy-user", "dora:from the file", url))
        expect_equal("exit with a wrong login", curl("--socks5", server.port, "--proxy-user", "dora:x", url).code, 97)


def check(_setting):
    outcome = command(Server.binary, "--check", "--user", "eve:do-not-tell", "--workers", "3")
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    told = outcome.stdout + outcome.stderr
    expect(b"eve" in told, "the settings are not told")
    expect(b"do-not-tell" not in told, "the password is told")


def bad_flags(_setting, *flags):
    outcome = command(Server.binary, *flags)
    expect(outcome.code in (1, 2), f"accepted: {outcome}")
    name = next(flag for flag in flags if flag != "--check")
    expect(name in outcome.errors, f"the message does not name {name}: {outcome}")


def no_direct_connections(setting):
    """No client of this run reached a target past the proxy."""
    target = setting.targets.http
    guard = setting.targets.guard
    expect_equal("clients past the proxy", guard.strangers, 0)
    direct = command("curl", "-q", "-sS", "--max-time", "5", f"{target.url}/page")
    expect(direct.code != 0 and target.page not in direct.stdout, "the targets answer anybody")
    expect_equal("clients noticed", guard.strangers, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.3)
        probe.sendto(b"direct", ("127.0.0.1", setting.targets.echo.port))
        try:
            answer = probe.recv(100)
        except TimeoutError:
            answer = None
    expect_equal("answer to a direct datagram", answer, None)
    expect_equal("clients noticed", guard.strangers, 2)


def run(checks, setting):
    for name, function, *args in [
        ("--workers 2", needs_curl(workers)),
        ("--config", needs_curl(config)),
        ("--check", check),
        ("unknown flag", bad_flags, "--no-such-flag"),
        ("bad --listen", bad_flags, "--check", "--listen", "nowhere"),
        ("bad --user", bad_flags, "--check", "--user", "nocolon"),
        ("SIGTERM when idle", idle_stop),
        ("SIGTERM when idle with --workers 2", idle_stop, "--workers", "2"),
        ("SIGTERM drains", needs_curl(drain)),
        ("SIGTERM drains with --workers 2", needs_curl(drain), "--workers", "2"),
    ]:
        checks.check(f"server {name}", function, setting, *args)
    checks.check("targets saw only the proxy", needs_curl(no_direct_connections), setting)
