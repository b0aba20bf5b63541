"""OpenSSH's sshd with throw-away keys.

It runs once for each connection, on a socket accepted here (`sshd -i`): it cannot listen on port 0
by itself.
"""

import os
import pwd
import shutil
import subprocess

from ..process import end, start
from .stream import Listener


class Sshd(Listener):
    @staticmethod
    def program():
        return shutil.which("sshd")

    def __init__(self, workspace, guard):
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.folder = workspace / "sshd"
        self.folder.mkdir(mode=0o700)
        self.key = self._key("user")
        host_key = self._key("host")
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(f"interop {host_key.with_suffix('.pub').read_text()}")
        self.config = self.folder / "sshd_config"
        self.config.write_text(
            f"HostKey {host_key}\n"
            f"AuthorizedKeysFile {self.key.with_suffix('.pub')}\n"
            "AuthenticationMethods publickey\n"
            "PermitRootLogin prohibit-password\n"
            "StrictModes no\n"
            "UsePAM no\n"
            "UseDNS no\n"
            "PidFile none\n"
            "Subsystem sftp internal-sftp\n"
        )
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.log = self.folder / "log"
        self.processes = []
        super().__init__(guard)

    def _key(self, name):
        path = self.folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "interop", "-f", path],
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=10,
        )
        return path

    def serve(self, connection):
        connection.setblocking(True)
        with self.log.open("ab") as log:
            process = start(
                [self.program(), "-i", "-e", "-f", self.config],
                stdin=connection,
                stdout=connection,
                stderr=log,
            )
        self.processes.append(process)
        # Only sshd keeps it open, so that its end is the end of the connection.
        connection.close()
        process.wait()

    def __exit__(self, *args):
        super().__exit__(*args)
        for process in self.processes:
            if process.poll() is None:
                end(process)
