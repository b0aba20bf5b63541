"""pyftpdlib's FTP server."""

import hashlib
import logging
import os
import threading

try:
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer
except ImportError:
    FTPServer = None

SIZE = 3 << 20
POLL_SECONDS = 0.1


class Ftp:
    """One user, whose folder has the file `down`. `commands` are those that clients sent."""

    user, password = "fran", "ftp password"

    @staticmethod
    def available():
        return FTPServer is not None

    def __init__(self, workspace, guard):
        logger = logging.getLogger("pyftpdlib")
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
        self.folder = workspace / "ftp"
        self.folder.mkdir()
        octets = os.urandom(SIZE)
        self.size = SIZE
        self.hash = hashlib.sha256(octets).hexdigest()
        (self.folder / "down").write_bytes(octets)
        self.commands = []
        authorizer = DummyAuthorizer()
        authorizer.add_user(self.user, self.password, str(self.folder), perm="elrw")
        self.server = FTPServer(("127.0.0.1", 0), handler(authorizer, guard, self.commands), ioloop=IOLoop())
        self.port = self.server.address[1]
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self._closed.is_set():
            self.server.serve_forever(timeout=POLL_SECONDS, blocking=False, handle_exit=False)
        self.server.close_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closed.set()
        self._thread.join(5)


def handler(users, server_guard, commands):
    class Handler(FTPHandler):
        authorizer = users
        timeout = 30

        def on_connect(self):
            if not server_guard.admits(self.socket):
                self.close()

        def pre_process_command(self, line, cmd, arg):
            commands.append((cmd, arg))
            super().pre_process_command(line, cmd, arg)

    return Handler
