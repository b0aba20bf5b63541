"""Stands between a client and the proxy, and keeps every octet that passes."""

import contextlib
import socket
import threading


class Tap:
    def __init__(self, port):
        self._proxy = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._heard = bytearray()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def heard(self):
        with self._lock:
            return bytes(self._heard)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                proxy = socket.create_connection(("127.0.0.1", self._proxy))
                for ends in ((client, proxy), (proxy, client)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source, sink):
        with contextlib.suppress(OSError):
            while octets := source.recv(1 << 16):
                with self._lock:
                    self._heard += octets
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
