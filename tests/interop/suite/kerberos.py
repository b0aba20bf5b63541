"""A Kerberos realm of its own on loopback: MIT's KDC, in a folder that is thrown away."""

import shutil
import socket
import subprocess
import time

from .process import end, environment, run as command, start

NAME = "SOCKS.TEST"
SERVICE = "rcmd"
# What Kerberos knows the proxy by.
HOST = "localhost"
READY_SECONDS = 10
TOOLS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")


class Realm:
    """A KDC that runs, users `alice` and `mallory` with tickets, and a keytab for the proxy."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.keytab = folder / "keytab"
        port = free_port()
        (folder / "krb5.conf").write_text(
            f"[libdefaults]\ndefault_realm = {NAME}\ndns_lookup_kdc = false\ndns_lookup_realm = false\n"
            "dns_canonicalize_hostname = false\nrdns = false\n"
            f"[realms]\n{NAME} = {{\n kdc = 127.0.0.1:{port}\n}}\n[domain_realm]\n{HOST} = {NAME}\n"
        )
        (folder / "kdc.conf").write_text(
            f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n"
            f"[realms]\n{NAME} = {{\n database_name = {folder}/principal\n key_stash_file = {folder}/stash\n"
            f" acl_file = {folder}/acl\n}}\n[logging]\nkdc = FILE:{folder}/kdc.log\n"
        )
        # Nothing of the system's is read or written: not its configuration, not its replay cache.
        self.env = environment(
            KRB5_CONFIG=str(folder / "krb5.conf"),
            KRB5_KDC_PROFILE=str(folder / "kdc.conf"),
            KRB5RCACHEDIR=str(folder),
            KRB5CCNAME=f"FILE:{folder}/nobody",
        )
        self._must("kdb5_util", "create", "-s", "-P", "master", "-r", NAME)
        self._must("kadmin.local", "addprinc", "-randkey", f"{SERVICE}/{HOST}")
        self._must("kadmin.local", "ktadd", "-k", self.keytab, f"{SERVICE}/{HOST}")
        self._kdc = start(["krb5kdc", "-n"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            wait_for(port)
            for user in ("alice", "mallory"):
                self._must("kadmin.local", "addprinc", "-pw", f"{user}-word", user)
                self._must("kinit", user, stdin=f"{user}-word\n".encode(), env=self.of(user))
        except BaseException:
            end(self._kdc)
            raise

    @staticmethod
    def missing():
        return [tool for tool in TOOLS if not shutil.which(tool)]

    def of(self, user, **extra):
        """The environment of a user with a ticket."""
        return self.env | {"KRB5CCNAME": f"FILE:{self.folder}/{user}.tickets"} | extra

    def _must(self, *argv, env=None, stdin=b""):
        outcome = command(*argv, env=env or self.env, stdin=stdin)
        if outcome.code:
            raise RuntimeError(str(outcome))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self._kdc)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    until = time.monotonic() + READY_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > until:
            raise RuntimeError(f"the KDC was not ready in {READY_SECONDS} s")
        time.sleep(0.05)
