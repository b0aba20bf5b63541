"""netcat that ends its direction and then waits for the answer."""

import os
import shutil

from ..checks import Skip, expect_equal
from ..process import run as command

SIZE = 3 << 20


def answer_after_eof(setting, argv, size):
    if not shutil.which(argv[0]):
        raise Skip(f"{argv[0]} is not installed")
    target = setting.targets.after_eof
    octets = os.urandom(size)
    outcome = command(*argv, "127.0.0.1", str(target.port), stdin=octets)
    expect_equal(f"exit of {outcome}", outcome.code, 0)
    expect_equal("answer", outcome.stdout, target.answer(octets))


def run(checks, setting):
    open_, login = f"127.0.0.1:{setting.open.port}", f"127.0.0.1:{setting.login.port}"
    for name, *argv in [
        ("nc -N -X 5", "nc", "-N", "-X", "5", "-x", open_),
        ("nc -N -X 4", "nc", "-N", "-X", "4", "-x", open_),
        ("ncat socks4", "ncat", "--proxy-type", "socks4", "--proxy", open_),
        ("ncat socks5", "ncat", "--proxy-type", "socks5", "--proxy", open_),
        ("ncat socks5 with login", "ncat", "--proxy-type", "socks5", "--proxy-auth", "bob:builder", "--proxy", login),
    ]:
        checks.check(f"half-close {name}", answer_after_eof, setting, argv, SIZE)
    checks.check("half-close nc -N -X 5 with nothing sent", answer_after_eof, setting, ["nc", "-N", "-X", "5", "-x", open_], 0)
