"""GSSAPI with a real Kerberos: curl, Dante's client, and our own."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

from .. import install, kerberos
from ..checks import Skip, expect, expect_equal
from ..process import end, run as command, start
from ..server import Server
from ..tap import Tap

LEVELS = ("integrity", "confidentiality")
# curl 7.88 forgets that it may use GSSAPI when the selection of the method does not come at once.
CURL_FORGOT = "GSSAPI per-message authentication is not supported"
CURL_ATTEMPTS = 60
# accept(2) by its name: Python's own is accept4(2), which Dante's client does not replace.
ACTIVE_FTP = """
import ctypes, ftplib, socket, sys

def accept(listener):
    peer, size = ctypes.create_string_buffer(128), ctypes.c_uint(128)
    fd = ctypes.CDLL(None).accept(listener.fileno(), peer, ctypes.byref(size))
    return socket.socket(fileno=fd), None

socket.socket.accept = accept
port, user, password = sys.argv[1:]
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(port))
ftp.login(user, password)
ftp.set_pasv(False)
ftp.storbinary("STOR up", sys.stdin.buffer)
ftp.quit()
"""


class Lab:
    """The realm, and servers that use it."""

    def __init__(self, setting, realm):
        self.setting = setting
        self.realm = realm
        self.http = setting.targets.http

    def server(self, *levels, nec=False):
        path = self.setting.workspace / f"gssapi-{'-'.join(levels)}-{nec}.toml"
        path.write_text(
            f"[auth.gssapi]\nkeytab = \"{self.realm.keytab}\"\nservice = \"{kerberos.SERVICE}\"\n"
            f"levels = {json.dumps(levels)}\nnec = {json.dumps(nec)}\n"
            f"[auth.gssapi.principals]\n\"alice@{kerberos.NAME}\" = \"alice\"\n"
        )
        return Server("--config", path, "--log", "trace", env=self.realm.env)

    def curl(self, port, *args, user="alice", program=("curl", "-q")):
        argv = (*program, "-sv", "--noproxy", "", "--max-time", "15", "--socks5-gssapi")
        argv += ("--socks5-gssapi-service", kerberos.SERVICE, "--socks5", f"{kerberos.HOST}:{port}", *args)
        for _ in range(CURL_ATTEMPTS):
            outcome = command(*argv, f"{self.http.url}/page", env=self.realm.of(user))
            if CURL_FORGOT not in outcome.errors:
                return outcome
        raise AssertionError(f"curl forgot GSSAPI {CURL_ATTEMPTS} times: {outcome}")

    def newer_curl(self, port, path="/page", user="alice"):
        if not install.CURL.exists():
            raise Skip("the newer curl was not built")
        return command(install.CURL, f"{kerberos.HOST}:{port}", self.http.url + path, env=self.realm.of(user))

    def dante(self, port, level, *argv, **options):
        library = install.DANTE / "lib" / "libdsocks.so"
        if not library.exists():
            raise Skip("Dante with GSSAPI was not built")
        if not shutil.which(argv[0]):
            raise Skip(f"not installed: {argv[0]}")
        path = self.setting.workspace / "dante-gssapi.conf"
        path.write_text(
            "logoutput: stderr\nresolveprotocol: fake\nroute {\n"
            f"from: 0.0.0.0/0 to: 127.0.0.0/8 via: {kerberos.HOST} port = {port}\n"
            "command: bind connect udpassociate\nprotocol: tcp udp\nproxyprotocol: socks_v5\nmethod: gssapi\n"
            f"gssapi.servicename: {kerberos.SERVICE}\ngssapi.enctype: {level}\n}}\n"
        )
        env = {name: value for name, value in self.realm.of("alice").items() if not name.startswith("SOCKS")}
        env |= {"SOCKS_CONF": str(path), "SOCKS_AUTOADD_LANROUTES": "no", "LD_PRELOAD": str(library)}
        return command(*argv, env=env, **options)

    def ours(self, port, level, target, stdin, user="alice"):
        client = Server.binary.parent / "gssapi_client"
        if not client.exists():
            raise Skip("gssapi_client was not built")
        argv = (client, f"{kerberos.HOST}:{port}", kerberos.SERVICE, level, target)
        return command(*argv, stdin=stdin, env=self.realm.of(user))

    def gets_page(self, outcome):
        expect_equal(f"exit of {outcome}", outcome.code, 0)
        expect_equal("page", outcome.stdout, self.http.page)


def curl_agrees(lab, nec):
    """Debian's curl asks for no protection. 7.88 then ends by itself, with any server: it has no next step."""
    with lab.server("clear", nec=nec) as server:
        outcome = lab.curl(server.port, *(["--socks5-gssapi-nec"] if nec else []))
        expect("authenticated user alice@" in outcome.errors, f"no ticket was taken: {outcome}")
        expect("without GSS-API data protection granted" in outcome.errors, f"no level was agreed: {outcome}")
        if outcome.code != 0:
            expect("Undocumented SOCKS5 mode" in outcome.errors, f"not the end that 7.88 has: {outcome}")
        else:
            lab.gets_page(outcome)


def curl_is_refused(lab):
    """Without "clear" among the levels a client that asks for it is aborted."""
    with lab.server(*LEVELS) as server:
        outcome = lab.curl(server.port)
        expect_equal(f"exit of {outcome}", outcome.code, 97)
        expect("granted" not in outcome.errors, f"a level was agreed: {outcome}")


def newer_curl_clear(lab):
    with lab.server("clear") as server:
        lab.gets_page(lab.newer_curl(server.port))
        outcome = lab.newer_curl(server.port, "/big")
        expect_equal("hash of the download", hashlib.sha256(outcome.stdout).hexdigest(), lab.http.big_hash)
        expect(server.logs("user=alice"), "the log has no user")


def newer_curl_protected(lab):
    """It asks for confidentiality, gets it, and says that it has not got that far."""
    for level in LEVELS:
        with lab.server(level) as server:
            outcome = lab.newer_curl(server.port)
            expect(f"with GSS-API {level} protection granted" in outcome.errors, f"no level was agreed: {outcome}")
            expect("protection not yet implemented" in outcome.errors, f"another end: {outcome}")


def newer_curl_refused(lab):
    """By whom is nobody here, and by who has no ticket."""
    with lab.server("clear") as server:
        outcome = lab.newer_curl(server.port, user="mallory")
        expect_equal(f"exit of {outcome}", outcome.code, 1)
        expect(server.logs('end="rejected"'), f"mallory was not rejected: {server.log}")
        outcome = lab.newer_curl(server.port, user="nobody")
        expect_equal(f"exit of {outcome}", outcome.code, 1)


def tapped(lab, level, clear, work):
    """Runs `work` through a tap. Page and request are on the wire in clear, or not."""
    with lab.server(level) as server, Tap(server.port) as tap:
        work(tap.port)
        for what, part in (("the page", lab.http.page.strip()), ("the request", b"GET /page")):
            expect_equal(f"{what} is on the wire in clear", part in tap.heard, clear)
        expect(len(tap.heard) > len(lab.http.big), "the download did not come by here")


def dante_http(lab, level):
    url = lab.http.url

    def work(port):
        argv = ("curl", "-q", "-s", "--noproxy", "*", "--max-time", "20")
        lab.gets_page(lab.dante(port, level, *argv, f"{url}/page"))
        outcome = lab.dante(port, level, *argv, f"{url}/big", timeout=25)
        expect_equal("hash of the download", hashlib.sha256(outcome.stdout).hexdigest(), lab.http.big_hash)

    tapped(lab, level, level == "integrity", work)


def dante_dns(lab, level):
    target = lab.setting.targets.dns
    if target is None:
        raise Skip("dnslib is not installed")
    with lab.server(level) as server:
        argv = ("drill", "-u", "-p", str(target.port), "@127.0.0.1", target.name, "TXT")
        outcome = lab.dante(server.port, level, *argv)
        expect_equal(f"exit of {outcome}", outcome.code, 0)
        expect_equal(f"answers in {outcome}", re.findall(r'\sTXT\s+"(\w+)"', outcome.stdout.decode()), [target.text])
        [(sent, _)] = server.sessions("udp associate", 1)
        expect_equal("octets sent", sent, len(target.query()))


def dante_ftp(lab, level):
    """By ftplib and not by tnftp: what the latter writes through stdio goes past Dante's client, in clear.

    Nothing but an upload: what comes right behind the second reply Dante's client loses, with GSSAPI.
    """
    target = lab.setting.targets.ftp
    if target is None:
        raise Skip("pyftpdlib is not installed")
    upload = os.urandom(2 << 20)
    stored = target.folder / "up"
    stored.unlink(missing_ok=True)
    with lab.server(level) as server, Tap(server.port) as tap:
        argv = (sys.executable, "-c", ACTIVE_FTP, target.port, target.user, target.password)
        outcome = lab.dante(tap.port, level, *map(str, argv), stdin=upload, timeout=20)
        expect_equal(f"exit of {outcome}", outcome.code, 0)
        expect_equal("sent and received", server.sessions("bind", 1), [(len(upload), 0)])
        expect(stored.read_bytes() == upload, "something else arrived")
        expect_equal("the file is on the wire in clear", upload[:64] in tap.heard, level == "integrity")


def own_http(lab, level):
    target = f"127.0.0.1:{lab.http.port}"

    def get(path):
        return f"GET {path} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n".encode()

    def work(port):
        outcome = lab.ours(port, level, target, get("/page"))
        expect_equal(f"exit of {outcome}", outcome.code, 0)
        expect(outcome.stdout.endswith(lab.http.page), f"no page: {outcome}")
        outcome = lab.ours(port, level, target, get("/big"))
        body = outcome.stdout.partition(b"\r\n\r\n")[2]
        expect_equal("hash of the download", hashlib.sha256(body).hexdigest(), lab.http.big_hash)

    tapped(lab, level, level == "integrity", work)


def own_datagrams(lab, level):
    lines = b"".join(b"%d %s\n" % (size, b"x" * size) for size in (0, 1, 1400, 20_000, 59_000))
    with lab.server(level) as server:
        target = f"127.0.0.1:{lab.setting.targets.echo.port}"
        outcome = lab.ours(server.port, f"udp-{level}", target, lines)
        expect_equal(f"exit of {outcome}", outcome.code, 0)
        expect_equal("echoes", outcome.stdout, lines)
        expect_equal("sent and received", server.sessions("udp associate", 1), [(len(lines), len(lines))])


def own_disagreement(lab):
    """Levels that do not meet, a service that there is no key for, a user who is nobody."""
    with lab.server("integrity") as server:
        target = f"127.0.0.1:{lab.http.port}"
        for level, user in (("confidentiality", "alice"), ("integrity", "mallory"), ("integrity", "nobody")):
            outcome = lab.ours(server.port, level, target, b"", user=user)
            expect_equal(f"exit of {outcome}", outcome.code, 1)
            expect("Authentication" in outcome.errors, f"another error: {outcome}")


def logs_no_token(lab):
    """No part of the client's ticket is in the log, in no form that octets are shown in."""
    with lab.server("confidentiality") as server, Tap(server.port) as tap:
        request = b"GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        lab.ours(tap.port, "confidentiality", f"127.0.0.1:{lab.http.port}", request)
        expect(server.logs("user=alice"), "there is no log of the session to look at")
        # The greeting, then a frame of type 01: version, type, two octets of length.
        greeting = b"\x05\x01\x01"
        start = tap.heard.index(greeting + b"\x05\x01\x01\x01") + len(greeting) + 6
        length = int.from_bytes(tap.heard[start - 2 : start], "big")
        token = tap.heard[start : start + length]
        expect_equal("octets of the token", len(token), length)
        log = server.log.lower()
        for part in (token[at : at + 6] for at in range(0, length - 6, 6)):
            forms = (part.hex(), ", ".join(map(str, part)), "".join(f"\\x{octet:02x}" for octet in part))
            for form in forms:
                expect(form not in log, f"the log has {form}")


def own_server(lab):
    """The example of a server, with the example of a client."""
    program = Server.binary.parent / "gssapi_server"
    if not program.exists():
        raise Skip("gssapi_server was not built")
    argv = (program, lab.realm.keytab, kerberos.SERVICE, kerberos.NAME, "127.0.0.1:0")
    process = start(argv, env=lab.realm.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    Server.running.add(process.pid)
    try:
        ready = process.stderr.readline().decode()
        port = ready.strip().rpartition(":")[2]
        request = b"GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        for level, code in (("confidentiality", 0), ("integrity", 1)):
            outcome = lab.ours(port, level, f"127.0.0.1:{lab.http.port}", request)
            expect_equal(f"exit of {outcome} with {level}", outcome.code, code)
            expect_equal("a page", outcome.stdout.endswith(lab.http.page), code == 0)
    finally:
        end(process)
        Server.running.discard(process.pid)


def library(lab):
    """What counts once and what not at all, by the library itself: `socks-auth/tests/kerberos.rs`."""
    if not install.has_kerberos():
        raise Skip("not installed: krb5-config")
    cargo = shutil.which("cargo")
    if cargo is None:
        raise Skip("not installed: cargo")
    argv = (cargo, "test", "-p", "socks-auth", "-p", "examples", "--all-features", "--test", "kerberos", "--", "--ignored")
    env = os.environ | lab.realm.of("alice", SOCKS_TEST_KEYTAB=str(lab.realm.keytab))
    outcome = subprocess.run(argv, cwd=install.ROOT, env=env, capture_output=True, text=True, timeout=600)
    expect_equal(f"exit of {outcome}", outcome.returncode, 0)
    expect("3 passed" in outcome.stdout, f"other tests than these: {outcome}")


def run(checks, setting):
    realm = None

    def needs_realm(function, *args):
        nonlocal realm
        if missing := kerberos.Realm.missing():
            raise Skip(f"not installed: {', '.join(missing)}")
        told = command(Server.binary, "--check", "--config", "/dev/stdin", stdin=b"[auth.gssapi]\nkeytab = \"/nowhere\"\n")
        if "feature" in told.errors:
            raise Skip("socks-server was built without the feature gssapi")
        if realm is None:
            folder = setting.workspace / "kerberos"
            realm = setting.stack.enter_context(kerberos.Realm(folder))
        function(Lab(setting, realm), *args)

    def add(name, function, *args):
        checks.check(f"GSSAPI {name}", needs_realm, function, *args)

    add("curl agrees on no protection", curl_agrees, False)
    add("curl agrees on no protection NEC's way", curl_agrees, True)
    add("curl is aborted where protection is wanted", curl_is_refused)
    add("newer curl without protection", newer_curl_clear)
    add("newer curl with protection, which it lacks", newer_curl_protected)
    add("newer curl as nobody, and without a ticket", newer_curl_refused)
    for level in LEVELS:
        add(f"Dante with {level}", dante_http, level)
        add(f"Dante with {level} DNS over UDP", dante_dns, level)
        add(f"Dante with {level} active FTP", dante_ftp, level)
        add(f"gssapi_client with {level}", own_http, level)
        add(f"gssapi_client with {level} over UDP", own_datagrams, level)
    add("gssapi_client is refused", own_disagreement)
    add("gssapi_client with gssapi_server", own_server)
    add("server log has no token", logs_no_token)
    add("tokens and datagrams that were there before", library)
