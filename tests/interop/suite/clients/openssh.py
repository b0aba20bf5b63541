"""OpenSSH through `nc -X` and `ncat --proxy` as ProxyCommand."""

import hashlib
import os
import shutil

from ..checks import Skip, expect, expect_equal
from ..process import run as command

SIZE = 8 << 20


def options(setting, proxy_command):
    sshd = setting.targets.sshd
    return [
        "-F",
        "/dev/null",
        *("-o", "BatchMode=yes"),
        *("-o", "IdentitiesOnly=yes"),
        *("-o", "IdentityAgent=none"),
        *("-o", "StrictHostKeyChecking=yes"),
        *("-o", f"UserKnownHostsFile={sshd.known_hosts}"),
        *("-o", "GlobalKnownHostsFile=/dev/null"),
        *("-o", "HostKeyAlias=interop"),
        *("-o", "ConnectTimeout=10"),
        *("-o", f"Port={sshd.port}"),
        *("-o", f"ProxyCommand={proxy_command}"),
        "-i",
        sshd.key,
    ]


def needs(setting, *tools):
    missing = [tool for tool in ("ssh", "sshd", *tools) if not shutil.which(tool)]
    if missing or setting.targets.sshd is None:
        raise Skip(f"not installed: {', '.join(missing)}")


def checked(setting, *argv, **more):
    outcome = command(*argv, **more)
    log = setting.targets.sshd.log
    told = log.read_text(errors="replace")[-300:] if log.exists() else ""
    expect(outcome.code == 0, f"{outcome}, sshd says {told!r}")
    return outcome


def runs_command(setting, tool, proxy_command, host):
    needs(setting, tool)
    octets = os.urandom(SIZE)
    where = f"{setting.targets.sshd.user}@{host}"
    remote = 'test -n "$SSH_CONNECTION" && sha256sum && exit 0; exit 9'
    outcome = checked(setting, "ssh", *options(setting, proxy_command), where, remote, stdin=octets)
    expect_equal("hash at the far end", outcome.stdout.split()[0].decode(), hashlib.sha256(octets).hexdigest())


def copies(setting, tool, proxy_command, host, how):
    """One file there and back."""
    needs(setting, tool, how)
    folder = setting.workspace / f"{how}-{tool}-{os.urandom(4).hex()}"
    folder.mkdir()
    octets = os.urandom(SIZE)
    (folder / "here").write_bytes(octets)
    where = f"{setting.targets.sshd.user}@{host}"
    flags = options(setting, proxy_command)
    if how == "scp":
        checked(setting, "scp", "-q", *flags, folder / "here", f"{where}:{folder}/there")
        expect_equal("hash at the far end", digest(folder / "there"), hashlib.sha256(octets).hexdigest())
        checked(setting, "scp", "-q", *flags, f"{where}:{folder}/there", folder / "back")
    else:
        batch = f"put {folder}/here {folder}/there\nget {folder}/there {folder}/back\n"
        checked(setting, "sftp", "-q", *flags, "-b", "-", where, stdin=batch.encode())
        expect_equal("hash at the far end", digest(folder / "there"), hashlib.sha256(octets).hexdigest())
    expect_equal("hash of what came back", digest(folder / "back"), hashlib.sha256(octets).hexdigest())


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_refused(setting, tool, proxy_command, words):
    """The same command as one that succeeds, but for the login."""
    needs(setting, tool)
    sshd = setting.targets.sshd
    before = len(sshd.processes)
    outcome = command("ssh", *options(setting, proxy_command), f"{sshd.user}@127.0.0.1", "true")
    expect_equal(f"exit of {outcome}", outcome.code, 255)
    expect(words in outcome.errors, f"expected {words!r} in {outcome}")
    expect_equal("connections that reached sshd", len(sshd.processes) - before, 0)


def run(checks, setting):
    port, login = setting.open.port, setting.login.port
    ncat = "ncat --proxy-type socks5 --proxy 127.0.0.1:"
    good = f"{ncat}{login} --proxy-auth bob:builder %h %p"
    for name, tool, proxy_command, host in [
        ("nc -X 5", "nc", f"nc -X 5 -x 127.0.0.1:{port} %h %p", "127.0.0.1"),
        ("nc -X 5 by name", "nc", f"nc -X 5 -x 127.0.0.1:{port} %h %p", "localhost"),
        ("nc -X 4", "nc", f"nc -X 4 -x 127.0.0.1:{port} %h %p", "127.0.0.1"),
        ("ncat socks4", "ncat", f"ncat --proxy-type socks4 --proxy 127.0.0.1:{port} %h %p", "127.0.0.1"),
        ("ncat socks5", "ncat", f"{ncat}{port} %h %p", "127.0.0.1"),
        ("ncat socks5 by name", "ncat", f"{ncat}{port} --proxy-dns remote %h %p", "localhost"),
        ("ncat socks5 with login", "ncat", good, "127.0.0.1"),
    ]:
        checks.check(f"ssh via {name}", runs_command, setting, tool, proxy_command, host)
    for name, tool, proxy_command in [
        ("nc -X 5", "nc", f"nc -X 5 -x 127.0.0.1:{port} %h %p"),
        ("nc -X 4", "nc", f"nc -X 4 -x 127.0.0.1:{port} %h %p"),
        ("ncat socks5 with login", "ncat", good),
    ]:
        for how in ("scp", "sftp"):
            checks.check(f"{how} via {name}", copies, setting, tool, proxy_command, "127.0.0.1", how)
    for name, tool, proxy_command, words in [
        ("nc -X 5 without login", "nc", f"nc -X 5 -x 127.0.0.1:{login} %h %p", "authentication method negotiation failed"),
        ("nc -X 4 without login", "nc", f"nc -X 4 -x 127.0.0.1:{login} %h %p", "Request rejected or failed"),
        ("ncat socks5 with wrong password", "ncat", f"{ncat}{login} --proxy-auth bob:wrong %h %p", "authentication failed"),
    ]:
        checks.check(f"ssh via {name} is refused", is_refused, setting, tool, proxy_command, words)
