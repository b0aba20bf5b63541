"""Commands with a time limit, in an environment that does not steer them past the proxy."""

import os
import signal
import subprocess
from dataclasses import dataclass


@dataclass
class Outcome:
    argv: list
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def errors(self):
        return self.stderr.decode(errors="replace").strip()

    def __str__(self):
        return f"{self.argv[0]} exited {self.code}, stderr {self.errors[-600:]!r}, stdout {self.stdout[:200]!r}"


class CommandTimeout(Exception):
    pass


def environment(**extra):
    """The environment without proxy settings, and with messages in English."""
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return env | {"LC_ALL": "C"} | extra


def end(process):
    """Ends a process that `start` began, and its children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def start(argv, **options):
    """A process in a group of its own, for `end`."""
    options.setdefault("env", environment())
    return subprocess.Popen([str(arg) for arg in argv], start_new_session=True, **options)


def run(*argv, stdin=b"", timeout=15, **options):
    process = start(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired as error:
        end(process)
        _, stderr = process.communicate()
        raise CommandTimeout(f"{argv[0]} did not end in {timeout} s, stderr {stderr[-600:]!r}") from error
    except BaseException:
        end(process)
        raise
    return Outcome(list(argv), process.returncode, stdout, stderr)
