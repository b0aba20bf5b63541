"""socks-server: builds it, starts it on port 0, ends it."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import install
from .process import end, start

# What is off by default, for the checks of it.
FEATURES = ["http-tls", "pam", "sql"]
READY_SECONDS = 10
STOP_SECONDS = 10
LOG_SECONDS = 5


def binary():
    """`SOCKS_SERVER_BIN`, or a fresh release build."""
    ready = os.environ.get("SOCKS_SERVER_BIN")
    if ready:
        return Path(ready).resolve(strict=True)
    kerberos = install.has_kerberos()
    features = FEATURES + (["gssapi"] if kerberos else [])
    bins = ["--bin", "socks-server"] + (["--bin", "gssapi_client", "--bin", "gssapi_server"] if kerberos else [])
    subprocess.run(
        ["cargo", "build", "--release", "-p", "examples", *bins, "--features", ",".join(features)],
        cwd=install.ROOT,
        env=os.environ | {"CARGO_TARGET_DIR": str(install.TARGET)},
        stdout=sys.stderr,
        check=True,
        timeout=1500,
    )
    return install.TARGET / "release" / "socks-server"


class Server:
    """A running server, with `ports` of its TCP listeners in their order."""

    binary = None
    # Process ids of all servers that run, for `targets.guard`.
    running = set()

    def __init__(self, *flags, listen=("127.0.0.1:0",), env=None):
        listens = [arg for addr in listen for arg in ("--listen", addr)]
        options = {"env": env} if env else {}
        self.process = start([self.binary, *listens, *flags], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
        self.running.add(self.process.pid)
        self.lines = []
        self.endpoints = []
        ready = queue.Queue()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        try:
            for _ in listen:
                endpoint = ready.get(timeout=READY_SECONDS)
                if endpoint is None:
                    raise RuntimeError(f"the server ended before it was ready: {self.log!r}")
                self.endpoints.append(endpoint)
        except queue.Empty:
            self.kill()
            raise RuntimeError(f"the server was not ready in {READY_SECONDS} s: {self.log!r}") from None
        except BaseException:
            self.kill()
            raise

    def _read(self, ready):
        for line in self.process.stderr:
            line = line.decode(errors="replace").rstrip("\n")
            self.lines.append(line)
            if line.startswith("listening on "):
                ready.put(line.removeprefix("listening on "))
        ready.put(None)

    @property
    def log(self):
        return "\n".join(self.lines)

    def sessions(self, command, count):
        """Logged sessions of a command, as `(sent, received)`, once there are `count` of them."""
        pattern = re.compile(rf"command={command} .*\bsent=(\d+) received=(\d+)")
        until = time.monotonic() + LOG_SECONDS
        while True:
            found = [tuple(map(int, match.groups())) for line in list(self.lines) if (match := pattern.search(line))]
            if len(found) >= count or time.monotonic() > until:
                return found
            time.sleep(0.02)

    def logs(self, text):
        """Whether the log has `text`, or has it soon: a session is logged when it has ended."""
        until = time.monotonic() + LOG_SECONDS
        while text not in self.log:
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    @property
    def admin(self):
        """Where its admin address is, which it says before it listens for clients."""
        [line] = [line for line in self.lines if line.startswith("admin on ")]
        return f"http://{line.removeprefix('admin on ')}"

    @property
    def ports(self):
        return [int(endpoint.rsplit(":", 1)[1]) for endpoint in self.endpoints if endpoint[0] != "u"]

    @property
    def port(self):
        return self.ports[0]

    @property
    def alive(self):
        return self.process.poll() is None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout=STOP_SECONDS):
        return self.process.wait(timeout)

    def kill(self):
        end(self.process)
        self.running.discard(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
