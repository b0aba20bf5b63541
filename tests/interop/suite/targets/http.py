"""A small HTTP server."""

import hashlib
import http.server
import os
import socket
import threading

BIG = 24 << 20


class Http(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host, guard):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Handler)
        self.guard = guard
        self.port = self.server_address[1]
        # Random, so that no other server can answer for this one.
        self.page = b"page " + os.urandom(16).hex().encode() + b"\n"
        self.big = os.urandom(BIG)
        self.big_hash = hashlib.sha256(self.big).hexdigest()
        self.slow_began = threading.Event()
        self.slow_may_end = threading.Event()
        self.url = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
        self.named = f"http://localhost:{self.port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def server_bind(self):
        # The base class would look the host's name up.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]

    def verify_request(self, request, client_address):
        return self.guard.admits(request)

    def handle_error(self, request, client_address):
        """Clients may leave whenever they like."""

    def item(self, number):
        return b"item %d of " % number + self.page

    def __exit__(self, *_):
        self.slow_may_end.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        if self.path == "/page":
            self.answer(self.server.page)
        elif self.path == "/big":
            self.answer(self.server.big)
        elif self.path == "/slow":
            self.slow()
        elif self.path.startswith("/item/"):
            self.answer(self.server.item(int(self.path.removeprefix("/item/"))))
        else:
            self.answer(b"", 404)

    def do_PUT(self):
        """Answers with the hash of what it got."""
        left = int(self.headers["Content-Length"])
        hasher = hashlib.sha256()
        while left:
            octets = self.rfile.read(min(left, 1 << 16))
            if not octets:
                return
            left -= len(octets)
            hasher.update(octets)
        self.answer(hasher.hexdigest().encode())

    def slow(self):
        """One half at once, the other one when it is told to."""
        body = self.server.big
        self.head(200, len(body))
        half = len(body) // 2
        self.wfile.write(body[:half])
        self.server.slow_began.set()
        self.server.slow_may_end.wait(20)
        self.wfile.write(body[half:])

    def head(self, status, length):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def answer(self, body, status=200):
        self.head(status, len(body))
        self.wfile.write(body)

    def log_message(self, *_):
        pass
