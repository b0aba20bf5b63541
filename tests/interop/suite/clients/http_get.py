"""One HTTP request over a socket that a SOCKS library has connected."""

from ..targets.stream import read_all


def http_get(connection, path="/page"):
    connection.sendall(request(path))
    return body(read_all(connection))


def request(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def body(response):
    return response.partition(b"\r\n\r\n")[2]
