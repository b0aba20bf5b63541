"""Tells whether a connection comes from a server under test.

A client that ignores its proxy setting would reach the targets directly and its check would pass
for nothing. The targets are local, so the kernel tells whose socket the other end is.
"""

import os
import socket
import struct

from ..server import Server

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
INODE_OFFSET = 16 + 68


class Guard:
    """Lets servers in. `strangers` counts connections of others."""

    def __init__(self):
        self.strangers = 0

    def admits(self, connection):
        try:
            inode = _inode(connection.family, connection.getpeername()[:2], connection.getsockname()[:2])
        except OSError:
            inode = None
        # Nobody holds it any more, so nobody can be told a page either.
        if not inode:
            return False
        if _held_by_server(inode):
            return True
        self.strangers += 1
        return False


    def admits_datagram(self, source):
        """Whether the socket that sends from this address is a server's."""
        if datagram_socket_of_server(source[1]):
            return True
        self.strangers += 1
        return False


def datagram_socket_of_server(port):
    """Whether a server holds a UDP socket on this port."""
    end = f":{port:04X}"
    inodes = [
        int(fields[9])
        for table in ("/proc/net/udp", "/proc/net/udp6")
        for fields in _rows(table)
        if fields[1].endswith(end)
    ]
    return any(inode and _held_by_server(inode) for inode in inodes)


def held_by_server(family, local, remote):
    """Whether a server holds the TCP socket with these ends."""
    inode = _inode(family, local, remote)
    return bool(inode) and _held_by_server(inode)


def _held_by_server(inode):
    return any(_holds(pid, inode) for pid in list(Server.running))


def _inode(family, local, remote):
    return _ask_kernel(family, local, remote) or _search(local[1], remote[1])


def _ask_kernel(family, local, remote):
    """`inet_diag_req_v2` for one socket; `_search` costs as much as there are sockets."""
    any_state, no_cookie = 0xFFFFFFFF, 0xFFFFFFFF
    addresses = [socket.inet_pton(family, host).ljust(16, b"\0") for host, _ in (local, remote)]
    body = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 0, any_state)
    body += struct.pack("!HH", local[1], remote[1]) + b"".join(addresses)
    body += struct.pack("=III", 0, no_cookie, no_cookie)
    head = struct.pack("=IHHII", 16 + len(body), SOCK_DIAG_BY_FAMILY, 1, 1, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(2)
            kernel.send(head + body)
            answer = kernel.recv(4096)
    except OSError:
        return None
    if struct.unpack_from("=IH", answer)[1] != SOCK_DIAG_BY_FAMILY:
        return None
    return struct.unpack_from("=I", answer, INODE_OFFSET)[0]


def _search(local_port, remote_port):
    """For kernels that do not answer."""
    ends = (f":{local_port:04X}", f":{remote_port:04X}")
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for fields in _rows(table):
            if fields[1].endswith(ends[0]) and fields[2].endswith(ends[1]):
                return int(fields[9])
    return None


def _rows(table):
    try:
        with open(table) as file:
            return [line.split() for line in file][1:]
    except OSError:
        return []


def _holds(pid, inode):
    folder = f"/proc/{pid}/fd"
    try:
        for fd in os.listdir(folder):
            try:
                if os.readlink(f"{folder}/{fd}") == f"socket:[{inode}]":
                    return True
            except OSError:
                continue
    except OSError:
        pass
    return False
