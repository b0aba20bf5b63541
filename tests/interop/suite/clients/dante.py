"""Dante's client, which preloads itself into programs (`socksify`): active FTP through BIND, DNS over UDP ASSOCIATE."""

import hashlib
import os
import re
import shutil

from ..checks import Skip, expect, expect_equal
from ..process import environment, run as command
from ..server import Server

UPLOAD = 2 << 20


def socksify(setting, server, proxyprotocol, *argv, login=None, **options):
    if missing := [tool for tool in ("socksify", argv[0]) if not shutil.which(tool)]:
        raise Skip(f"not installed: {', '.join(missing)}")
    five = proxyprotocol == "socks_v5"
    path = setting.workspace / "dante.conf"
    path.write_text(
        "logoutput: stderr\n"
        "resolveprotocol: fake\n"
        "route {\n"
        f"from: 0.0.0.0/0 to: 127.0.0.0/8 via: 127.0.0.1 port = {server.port}\n"
        f"command: bind connect {'udpassociate' if five else ''}\n"
        f"protocol: tcp {'udp' if five else ''}\n"
        f"proxyprotocol: {proxyprotocol}\n"
        f"method: {'username' if login else 'none'}\n"
        "}\n"
    )
    env = {name: value for name, value in environment().items() if not name.startswith("SOCKS")}
    # Without this, loopback is reached past the proxy.
    env |= {"SOCKS_CONF": str(path), "SOCKS_AUTOADD_LANROUTES": "no"}
    if login:
        env |= dict(zip(("SOCKS_USERNAME", "SOCKS_PASSWORD"), login, strict=True))
    return command("socksify", *argv, env=env, **options)


def active_ftp(setting, proxyprotocol, *flags, login=None):
    """Lists, fetches and stores; the FTP server connects to the client each time."""
    target = setting.targets.ftp
    if target is None:
        raise Skip("pyftpdlib is not installed")
    folder = setting.workspace / f"dante-{proxyprotocol}-{bool(login)}"
    folder.mkdir()
    upload = os.urandom(UPLOAD)
    (folder / "upload").write_bytes(upload)
    (target.folder / "up").unlink(missing_ok=True)
    target.commands.clear()
    script = f"user {target.user} \"{target.password}\"\nls\nget down {folder}/down\nput {folder}/upload up\nquit\n"
    with Server(*flags) as server:
        argv = ("tnftp", "-A", "-n", "-v", "127.0.0.1", str(target.port))
        outcome = socksify(setting, server, proxyprotocol, *argv, login=login, stdin=script.encode())
        expect_equal(f"exit of {outcome}", outcome.code, 0)
        named = [name for name, _ in target.commands]
        expect(re.search(rb"^-r.* %d .* down\r?$" % target.size, outcome.stdout, re.M), f"no listing in {outcome}")
        expect((folder / "down").exists(), f"nothing came: {outcome}")
        expect_equal("hash of the download", hashlib.sha256((folder / "down").read_bytes()).hexdigest(), target.hash)
        expect((target.folder / "up").exists(), f"nothing arrived: {outcome}")
        stored = hashlib.sha256((target.folder / "up").read_bytes()).hexdigest()
        expect_equal("hash of the upload", stored, hashlib.sha256(upload).hexdigest())
        expect_equal("data connections in active mode", sum(name in ("PORT", "EPRT") for name in named), 3)
        expect(not {"PASV", "EPSV"} & set(named), f"passive mode: {named}")
        # Each went through the proxy with all its octets.
        listed, fetched, stored = sorted(server.sessions("bind", 3))
        expect(listed[0] == 0 < listed[1], f"sent and received by the listing: {listed}")
        expect_equal("sent and received by the download", fetched, (0, target.size))
        expect_equal("sent and received by the upload", stored, (UPLOAD, 0))


def bind_not_served(setting, proxyprotocol):
    """The counterpart: nothing is listed, because it really depends on BIND."""
    target = setting.targets.ftp
    if target is None:
        raise Skip("pyftpdlib is not installed")
    script = f"user {target.user} \"{target.password}\"\nls\nquit\n"
    with Server("--no-bind") as server:
        argv = ("tnftp", "-A", "-n", "-v", "-q", "2", "127.0.0.1", str(target.port))
        outcome = socksify(setting, server, proxyprotocol, *argv, stdin=script.encode())
        expect(b"230 " in outcome.stdout, f"no FTP session: {outcome}")
        expect(b" down" not in outcome.stdout, f"listed without BIND: {outcome}")
        expect(server.sessions("bind", 1), "no BIND was asked for")


def dns(setting):
    """drill and not dig: the latter sends by sendmmsg(2), which Dante's client does not replace."""
    target = setting.targets.dns
    if target is None:
        raise Skip("dnslib is not installed")
    with Server() as server:
        outcome = socksify(setting, server, "socks_v5", "drill", "-u", "-p", str(target.port), "@127.0.0.1", target.name, "TXT")
        expect_equal(f"exit of {outcome}", outcome.code, 0)
        expect_equal(f"answers in {outcome}", re.findall(r'\sTXT\s+"(\w+)"', outcome.stdout.decode()), [target.text])
        [(sent, received)] = server.sessions("udp associate", 1)
        expect_equal("octets sent", sent, len(target.query()))
        expect(received > sent, f"octets received: {received}")


def run(checks, setting):
    for name, function, *args in [
        ("socks_v4 active FTP", active_ftp, "socks_v4"),
        ("socks_v5 active FTP", active_ftp, "socks_v5"),
        ("socks_v5 active FTP with --no-bind fails", bind_not_served, "socks_v5"),
        ("socks_v5 DNS over UDP", dns),
    ]:
        checks.check(f"Dante {name}", function, setting, *args)
    login = ("bob", "builder")
    checks.check(
        "Dante socks_v5 active FTP with login", lambda: active_ftp(setting, "socks_v5", "--user", ":".join(login), login=login)
    )
