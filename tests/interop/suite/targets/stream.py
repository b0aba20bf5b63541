"""TCP targets that end one direction before the other."""

import hashlib
import os
import queue
import socket
import threading

SECONDS = 20


class Listener:
    """Accepts on a loopback port and runs `serve` in a thread for each connection."""

    def __init__(self, guard):
        self.guard = guard
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            if not self.guard.admits(connection):
                connection.close()
                continue
            connection.settimeout(SECONDS)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Wakes `accept`, which closing alone does not.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class AnswersAfterEof(Listener):
    """Reads to the end, then answers with the hash."""

    def serve(self, connection):
        connection.sendall(self.answer(read_all(connection)))

    @staticmethod
    def answer(octets):
        return f"{len(octets)} {hashlib.sha256(octets).hexdigest()}\n".encode()


class EchoesBack(Listener):
    """Sends back what it reads."""

    def serve(self, connection):
        while got := connection.recv(1 << 16):
            connection.sendall(got)


class EndsFirst(Listener):
    """Sends, ends its direction, and only then reads to the end. What it got is in `received`."""

    def __init__(self, guard):
        self.octets = os.urandom(300_000)
        self.received = queue.Queue()
        super().__init__(guard)

    def serve(self, connection):
        connection.sendall(self.octets)
        connection.shutdown(socket.SHUT_WR)
        self.received.put(read_all(connection))


def read_all(connection):
    octets = bytearray()
    while got := connection.recv(1 << 16):
        octets += got
    return bytes(octets)
