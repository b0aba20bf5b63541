import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import install
from .checks import Checks
from .server import Server, binary


def arguments():
    parser = argparse.ArgumentParser(prog="tests/interop/run", description="Runs socks-server against third-party SOCKS clients.")
    parser.add_argument("--only", metavar="TEXT", help="only checks whose name contains TEXT")
    parser.add_argument("--no-skip", action="store_true", help="a check that had to be skipped counts as failed")
    parser.add_argument("--screenshots", metavar="FOLDER", type=Path, help="writes the admin page's into it, which takes a minute more")
    return parser.parse_args()


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not install.in_venv():
        install.install()
        install.enter_venv()
    checks = Checks(args.only, args.no_skip)
    try:
        Server.binary = binary()
    except (OSError, subprocess.SubprocessError) as error:
        checks.fail("build of socks-server", error)
        return checks.close()

    # Python libraries would read these; commands get `process.environment`.
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]

    # Imported late: it needs what was installed.
    from .clients import CLIENTS, Setting, screenshots
    from .targets import Targets

    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="socks-interop-")))
        targets = Targets(workspace)
        stack.callback(targets.close)
        setting = Setting(workspace, targets, stack)
        for client in CLIENTS:
            client.run(checks, setting)
        if args.screenshots:
            screenshots.take(setting, args.screenshots)
    print(f"checks took {time.monotonic() - started:.1f} s", file=sys.stderr)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
