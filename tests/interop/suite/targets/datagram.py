"""UDP targets."""

import secrets
import socket
import threading

try:
    import dnslib
except ImportError:
    dnslib = None

PORT_TRIES = 20


class Datagrams:
    """Answers datagrams on 127.0.0.1 and, where there is one, on the same port of ::1."""

    def __init__(self, guard, hosts):
        self.guard = guard
        # What came from a server, and from where.
        self.seen = []
        self.closed = False
        self.sockets = self._bound(hosts)
        self.port = self.sockets[0].getsockname()[1]
        for bound in self.sockets:
            threading.Thread(target=self._serve, args=(bound,), daemon=True).start()

    @staticmethod
    def _bound(hosts):
        for _ in range(PORT_TRIES):
            port, sockets = 0, []
            try:
                for host in hosts:
                    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
                    sockets.append(bound)
                    bound.bind((host, port))
                    port = bound.getsockname()[1]
            except OSError:
                for bound in sockets:
                    bound.close()
            else:
                return sockets
        raise RuntimeError(f"no UDP port is free on all of {hosts}")

    def _serve(self, bound):
        while True:
            try:
                octets, source = bound.recvfrom(1 << 16)
                # `__exit__` wakes it with an empty datagram of its own.
                if self.closed:
                    return
                if self.guard.admits_datagram(source):
                    self.seen.append((octets, source))
                    for answer in self.answers(octets):
                        bound.sendto(answer, source)
            except OSError:
                # Of an earlier answer that nobody took.
                if bound.fileno() < 0:
                    return

    def saw(self, octets):
        return any(seen == octets for seen, _ in list(self.seen))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True
        for bound in self.sockets:
            with socket.socket(bound.family, socket.SOCK_DGRAM) as waker:
                waker.sendto(b"", bound.getsockname())
            bound.close()


class Echo(Datagrams):
    """Sends back what it gets."""

    def answers(self, octets):
        return [octets]


class Dns(Datagrams):
    """A name server for one name, whose TXT is random so that no other server can answer for this one."""

    name = "interop.test"

    def __init__(self, guard, hosts):
        self.text = secrets.token_hex(12)
        super().__init__(guard, hosts)

    @staticmethod
    def available():
        return dnslib is not None

    def answers(self, octets):
        try:
            query = dnslib.DNSRecord.parse(octets)
        except dnslib.DNSError:
            return []
        reply = query.reply()
        if query.q.qname == self.name and query.q.qtype == dnslib.QTYPE.TXT:
            reply.add_answer(dnslib.RR(query.q.qname, dnslib.QTYPE.TXT, rdata=dnslib.TXT(self.text), ttl=60))
        else:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        return [reply.pack()]

    def query(self):
        return dnslib.DNSRecord.question(self.name, "TXT").pack()

    @staticmethod
    def texts(octets):
        """The TXT answers in a message."""
        return [b"".join(answer.rdata.data).decode() for answer in dnslib.DNSRecord.parse(octets).rr]
