"""Targets on loopback. All refuse connections that do not come from a server under test."""

import contextlib
import socket

from .datagram import Dns, Echo
from .ftp import Ftp
from .guard import Guard
from .http import Http
from .sshd import Sshd
from .stream import AnswersAfterEof, EchoesBack, EndsFirst


class Targets:
    """The targets of a run. `http6` is None on a machine without ::1; `sshd`, `ftp`, `dns` are where they are not installed."""

    def __init__(self, workspace):
        self._stack = contextlib.ExitStack()
        opened = self._stack.enter_context
        try:
            self.guard = Guard()
            self.http = opened(Http("127.0.0.1", self.guard))
            self.http6 = opened(Http("::1", self.guard)) if has_ipv6() else None
            self.after_eof = opened(AnswersAfterEof(self.guard))
            self.echoes_back = opened(EchoesBack(self.guard))
            self.ends_first = opened(EndsFirst(self.guard))
            self.sshd = opened(Sshd(workspace, self.guard)) if Sshd.program() else None
            hosts = ["127.0.0.1", "::1"] if self.http6 else ["127.0.0.1"]
            self.echo = opened(Echo(self.guard, hosts))
            self.dns = opened(Dns(self.guard, hosts)) if Dns.available() else None
            self.ftp = opened(Ftp(workspace, self.guard)) if Ftp.available() else None
            # Bound and not listening: nobody else gets this port, and it refuses connections.
            self._closed = opened(socket.socket())
            self._closed.bind(("127.0.0.1", 0))
            self.closed_port = self._closed.getsockname()[1]
        except BaseException:
            self._stack.close()
            raise

    def close(self):
        self._stack.close()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
