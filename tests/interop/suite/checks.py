"""Names, counts and prints checks."""

import contextlib
import signal
import time

CHECK_SECONDS = 25


class Skip(Exception):
    """The check cannot be made here; its text names what is missing."""


class CheckTimeout(Exception):
    pass


def expect(condition, why):
    if not condition:
        raise AssertionError(why)


def expect_equal(what, found, wanted):
    expect(found == wanted, f"{what}: expected {wanted!r:.200}, found {found!r:.200}")


class Checks:
    def __init__(self, only=None, no_skip=False):
        self.passed = self.failed = self.skipped = 0
        self.only = only
        self.no_skip = no_skip

    def check(self, name, function, *args):
        """Runs `function`; what it raises is the reason of the failure."""
        if self.only and self.only not in name:
            return
        started = time.monotonic()
        try:
            with deadline(CHECK_SECONDS):
                function(*args)
        except Skip as reason:
            self.skip(name, reason)
        except Exception as error:  # noqa: BLE001, every error is a failed check
            self.fail(name, f"{type(error).__name__}: {error}")
        else:
            self.passed += 1
            print(f"ok {name} ({time.monotonic() - started:.2f} s)", flush=True)

    def fail(self, name, why):
        self.failed += 1
        print(f"FAIL {name}: {' '.join(str(why).split())}", flush=True)

    def skip(self, name, why):
        if self.no_skip:
            return self.fail(name, f"skipped: {why}")
        self.skipped += 1
        print(f"skip {name}: {why}", flush=True)

    def close(self):
        """Prints the summary and returns the exit code."""
        summary = f"{self.passed} passed, {self.failed} failed"
        if self.skipped:
            summary += f", {self.skipped} skipped"
        print(summary, flush=True)
        return 0 if self.passed and not self.failed else 1


@contextlib.contextmanager
def deadline(seconds):
    def expire(_signal, _frame):
        raise CheckTimeout(f"not done in {seconds} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
