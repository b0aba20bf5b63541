"""Where users and passwords are: files of `htpasswd`, PAM, PostgreSQL, an HTTP service. curl logs in."""

import contextlib
import http.server
import json
import os
import secrets
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from ..checks import Skip, expect, expect_equal
from ..process import end, run as command, start
from ..server import Server
from .curl import curl, gets_page, needs_curl

RIGHT = "correct horse " + secrets.token_hex(6)
WRONG = "wrong " + secrets.token_hex(6)
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PAM_MODULE = list(Path("/").glob("usr/lib/*/security/pam_pwdfile.so")) + list(Path("/").glob("lib/*/security/pam_pwdfile.so"))


def succeeds(*argv, **options):
    outcome = command(*argv, **options)
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    return outcome


@contextlib.contextmanager
def configured(setting, text):
    path = setting.workspace / f"stores-{secrets.token_hex(4)}.toml"
    # These checks fail to log in on purpose, and often.
    path.write_text(f'{text}\n[auth.attempts]\nexempt = ["127.0.0.0/8"]\n')
    with Server("--config", path, "--log", "trace") as server:
        yield server
        for password in (RIGHT, WRONG):
            expect(password not in server.log, "the log tells a password")


def login(setting, server, user, password=RIGHT):
    """curl's outcome with the page for who is let in, and its words for who is not."""
    url = f"{setting.targets.http.url}/page"
    return curl("--socks5", server.port, "--proxy-user", f"{user}:{password}", url)


def lets_in(setting, server, user, password=RIGHT):
    gets_page(setting.targets.http, login(setting, server, user, password))


def refuses(setting, server, user, password=RIGHT):
    outcome = login(setting, server, user, password)
    expect_equal(f"exit of {outcome}", outcome.code, 97)
    expect("rejected by the SOCKS5 server (1 1)" in outcome.errors, f"no 01 01 in {outcome.errors!r}")


def soon(check, *args, seconds=8):
    """Once `check` no longer raises."""
    until = time.monotonic() + seconds
    while True:
        try:
            return check(*args)
        except AssertionError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


def htpasswd(file, user, *flags, password=RIGHT):
    if not shutil.which("htpasswd"):
        raise Skip("htpasswd is not installed")
    create = [] if file.exists() else ["-c"]
    succeeds("htpasswd", "-b", *create, *flags, file, user, password)


def formats(setting, *flags):
    """What `htpasswd` writes is read, and nobody else gets in."""
    users = setting.workspace / f"users{''.join(flags)}"
    htpasswd(users, "alice", *flags)
    with configured(setting, f'[auth.htpasswd]\nfile = "{users}"\n') as server:
        lets_in(setting, server, "alice")
        refuses(setting, server, "alice", WRONG)
        refuses(setting, server, "mallory")


def weak_formats(setting, flag, switch):
    users = setting.workspace / f"weak{flag}"
    htpasswd(users, "alice", "-B")
    htpasswd(users, "bob", flag)
    text = f'[auth.htpasswd]\nfile = "{users}"\n'
    config = setting.workspace / f"weak{flag}.toml"
    config.write_text(text)
    outcome = command(Server.binary, "--check", "--config", config)
    expect_equal(f"exit of {outcome}", outcome.code, 1)
    expect(f"{config}:2:8: auth.htpasswd.file: {users}:2: expected" in outcome.errors, f"no place in {outcome}")
    expect(RIGHT not in outcome.errors, "the message tells the password")
    if switch:
        with configured(setting, f"{text}{switch} = true\n") as server:
            lets_in(setting, server, "bob")
            refuses(setting, server, "bob", WRONG)


def changes(setting):
    """`htpasswd` changes the file in place, at any time."""
    users = setting.workspace / "users"
    htpasswd(users, "alice", "-B")
    with configured(setting, f'[auth.htpasswd]\nfile = "{users}"\n') as server:
        refuses(setting, server, "bob")
        htpasswd(users, "bob", "-B")
        soon(lets_in, setting, server, "bob")
        succeeds("htpasswd", "-D", users, "alice")
        soon(refuses, setting, server, "alice")
        sound = users.read_bytes()
        users.write_bytes(sound + b"carol:plain text\n")
        soon(lambda: expect(f"{users}:2: expected a password hash" in server.log, "the broken file is not told of"))
        lets_in(setting, server, "bob")
        refuses(setting, server, "carol", "plain text")
        users.write_bytes(sound)
        htpasswd(users, "dora", "-5")
        server.process.send_signal(signal.SIGHUP)
        soon(lets_in, setting, server, "dora")
        lets_in(setting, server, "bob")


@contextlib.contextmanager
def pam_service(auth):
    """A service of this run alone. Needs root."""
    if not PAM_MODULE:
        raise Skip("pam_pwdfile is not installed")
    service = f"socks-interop-{secrets.token_hex(4)}"
    path = Path("/etc/pam.d") / service
    try:
        path.write_text(auth)
    except PermissionError:
        raise Skip("only root makes a PAM service") from None
    try:
        yield service
    finally:
        path.unlink()


def pam(setting):
    """Password and account are PAM's: `locked` has the right password and an account that is denied."""
    users = setting.workspace / "pwdfile"
    for user in ("alice", "locked", "daemon"):
        htpasswd(users, user, "-5")
    denied = setting.workspace / "denied"
    denied.write_text("locked\n")
    auth = (
        f"auth required pam_pwdfile.so nodelay pwdfile={users}\n"
        f"account required pam_listfile.so item=user sense=deny onerr=fail file={denied}\n"
        "account required pam_permit.so\n"
    )
    with pam_service(auth) as service:
        with configured(setting, f'[auth.pam]\nservice = "{service}"\nnss_groups = true\n') as server:
            lets_in(setting, server, "alice")
            lets_in(setting, server, "daemon")
            refuses(setting, server, "alice", WRONG)
            refuses(setting, server, "locked")
            refuses(setting, server, "mallory")
            refuses(setting, server, "alice", "")


def pam_without_service(setting):
    """PAM itself would take the service `other`."""
    config = setting.workspace / "no-service.toml"
    config.write_text('[auth.pam]\nservice = "socks-interop-none"\n')
    outcome = command(Server.binary, "--check", "--config", config)
    expect_equal(f"exit of {outcome}", outcome.code, 1)
    expect(f"{config}:2:11: auth.pam.service: there is no such service" in outcome.errors, f"no place in {outcome}")


class Postgres:
    """A cluster of this run alone, on a unix socket, run as nobody in particular."""

    PASSWORD = secrets.token_hex(12)

    def __init__(self, stack):
        if not POSTGRES:
            raise Skip("postgresql is not installed")
        if os.getuid() != 0:
            raise Skip("only root runs PostgreSQL as another user")
        self.bin = POSTGRES[-1]
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="socks-postgres-")))
        password = self.folder / "password"
        password.write_text(self.PASSWORD)
        for path in (self.folder, password):
            shutil.chown(path, "nobody")
        flags = ["-A", "scram-sha-256", "-U", "socks", f"--pwfile={password}", "-N", "-E", "UTF8", "--locale=C"]
        self.succeeds("initdb", "-D", self.folder / "data", *flags, timeout=60)
        self.process = None
        stack.callback(self.stop)
        self.start()

    def as_nobody(self, tool, *args):
        return ["runuser", "-u", "nobody", "--", self.bin / tool, *args]

    def succeeds(self, tool, *args, **options):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PGPASSWORD": self.PASSWORD}
        return succeeds(*self.as_nobody(tool, *args), cwd=self.folder, env=env, **options)

    def start(self):
        log = (self.folder / "log").open("ab")
        self.process = start(
            self.as_nobody("postgres", "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=", "-F"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
        )
        soon(lambda: self.sql("SELECT 1", database="postgres"))

    def stop(self):
        if self.process:
            # Its children have groups of their own: killed with the group, it leaves them to answer
            # on connections that are open.
            self.succeeds("pg_ctl", "stop", "-w", "-m", "fast", "-D", self.folder / "data", timeout=60)
            end(self.process)
            self.process = None

    def sql(self, text, database="users"):
        self.succeeds("psql", "-q", "-h", self.folder, "-U", "socks", "-d", database, "-v", "ON_ERROR_STOP=1", "-c", text)

    @property
    def url(self):
        return f"postgres://socks:{self.PASSWORD}@localhost/users?host={self.folder}"


def hash_of(*flags):
    return succeeds("htpasswd", "-nb", *flags, "x", RIGHT).stdout.decode().strip().removeprefix("x:")


def fill(database):
    database.sql("CREATE DATABASE users", database="postgres")
    database.sql("CREATE EXTENSION pgcrypto")
    database.sql("CREATE TABLE users (name varchar(255) PRIMARY KEY, hash text)")
    database.sql("CREATE TABLE groups (name text, member text)")
    for user, flags in (("alice", ["-B"]), ("bob", ["-5"]), ("carol", ["-m"])):
        database.sql(f"INSERT INTO users VALUES ('{user}', '{hash_of(*flags)}'), ('locked-{user}', NULL)")
    database.sql(f"INSERT INTO users VALUES ('dora', crypt('{RIGHT}', gen_salt('bf')))")
    database.sql("INSERT INTO groups VALUES ('staff', 'alice')")


def sql_section(setting, database, query, more=""):
    url = setting.workspace / "database-url"
    url.write_text(database.url + "\n")
    return f"[auth.sql]\nurl_file = '{url}'\nquery = \"{query}\"\n{more}"


def postgres(setting, database):
    more = 'groups_query = "SELECT name FROM groups WHERE member = $1"\n'
    with configured(setting, sql_section(setting, database, "SELECT hash FROM users WHERE name = $1", more)) as server:
        for user in ("alice", "bob", "carol", "dora"):
            lets_in(setting, server, user)
            refuses(setting, server, user, WRONG)
        for user in ("mallory", "locked-alice", "alice' --", "' OR '1'='1", "ALICE"):
            refuses(setting, server, user)
        expect(database.PASSWORD not in server.log, "the log tells the database's password")


def postgres_checks(setting, database):
    query = "SELECT hash = crypt($2, hash) FROM users WHERE name = $1"
    with configured(setting, sql_section(setting, database, query, "checked_by_database = true\n")) as server:
        lets_in(setting, server, "dora")
        refuses(setting, server, "dora", WRONG)
        refuses(setting, server, "dora", "' OR '1'='1")
        refuses(setting, server, "mallory")


def postgres_is_late(setting, database):
    """A failure in time, and not the client's own timeout."""
    query = "SELECT hash FROM users, pg_sleep(20) WHERE users.name = $1"
    with configured(setting, sql_section(setting, database, query, "timeout = 1\n")) as server:
        began = time.monotonic()
        refuses(setting, server, "alice")
        expect(time.monotonic() - began < 8, "the failure came late")


def postgres_goes_away(setting, database):
    query = "SELECT hash FROM users WHERE name = $1"
    with configured(setting, sql_section(setting, database, query, "timeout = 2\n")) as server:
        lets_in(setting, server, "alice")
        database.stop()
        refuses(setting, server, "alice")
        database.start()
        soon(lets_in, setting, server, "alice")


class Service(http.server.BaseHTTPRequestHandler):
    """Lets alice in; knows the others' passwords too, and what to say to them."""

    protocol_version = "HTTP/1.1"
    token = secrets.token_hex(12)
    connections = set()

    def do_POST(self):
        self.connections.add(self.client_address)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.headers["Authorization"] == f"Bearer {self.token}" and asked["password"] == RIGHT
        status, answer = {
            "alice": (200, {"allow": known, "groups": ["staff"]}),
            "zoë": (200, {"allow": known, "user": "zoe"}),
            "broken": (500, {"allow": True}),
            "odd": (200, {"allow": "yes"}),
        }.get(asked["username"], (403, {}))
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(setting, tls=None):
    """The settings that lead to the service."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as service:
        if tls:
            service.socket = tls.wrap_socket(service.socket, server_side=True)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        try:
            token = setting.workspace / "token"
            token.write_text(Service.token + "\n")
            url = f"{'https' if tls else 'http'}://localhost:{service.server_port}/login"
            yield f"[auth.http]\nurl = '{url}'\ntoken_file = '{token}'\n"
        finally:
            service.shutdown()


def http_service(setting):
    Service.connections.clear()
    with serving(setting) as text, configured(setting, text) as server:
        for user in ("alice", "zoë"):
            lets_in(setting, server, user)
            refuses(setting, server, user, WRONG)
        for user in ("mallory", "broken", "odd"):
            refuses(setting, server, user)
        expect("user=zoe" in server.log, "the service's name for the user is not in the log")
        expect(Service.token not in server.log, "the log tells the token")
        # hyper opens another one when the last is not free yet, so not one for all seven; nor one for each.
        expect(len(Service.connections) < 7, f"{len(Service.connections)} connections to the service")


def https_service(setting):
    """A certificate that the system trusts, and one that it does not."""
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    key, certificate = setting.workspace / "https.key", setting.workspace / "https.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate]
    succeeds("openssl", *request, *subject)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with serving(setting, tls) as text:
        with trusted(certificate), configured(setting, text) as server:
            lets_in(setting, server, "alice")
            refuses(setting, server, "alice", WRONG)
            refuses(setting, server, "mallory")
        with configured(setting, text) as server:
            refuses(setting, server, "alice")


@contextlib.contextmanager
def trusted(certificate):
    """For servers that are started meanwhile."""
    os.environ["SSL_CERT_FILE"] = str(certificate)
    try:
        yield
    finally:
        del os.environ["SSL_CERT_FILE"]


def run(checks, setting):
    def check(name, function, *args):
        checks.check(f"users {name}", needs_curl(function), setting, *args)

    for flags in (["-B"], ["-m"], ["-2"], ["-5"], ["-5", "-r", "20000"]):
        check(f"htpasswd {' '.join(flags)}", formats, *flags)
    check("htpasswd -s", weak_formats, "-s", "allow_sha1")
    check("htpasswd -p", weak_formats, "-p", "allow_plain_text")
    check("htpasswd -d", weak_formats, "-d", None)
    check("htpasswd changes", changes)
    check("PAM", pam)
    check("PAM without a service", pam_without_service)
    check("HTTP", http_service)
    check("HTTPS", https_service)
    names = {
        "PostgreSQL": postgres,
        "PostgreSQL checks": postgres_checks,
        "PostgreSQL is late": postgres_is_late,
        "PostgreSQL goes away": postgres_goes_away,
    }
    if checks.only and not any(checks.only in f"users {name}" for name in names):
        return
    with contextlib.ExitStack() as stack:
        try:
            database = Postgres(stack)
            fill(database)
        except Skip as reason:
            return checks.skip("users PostgreSQL", reason)
        except Exception as error:  # noqa: BLE001, every error is a failed check
            return checks.fail("users PostgreSQL", error)
        for name, function in names.items():
            check(name, function, database)
