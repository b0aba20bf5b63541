"""Interoperability of socks-server with SOCKS clients that others wrote."""
