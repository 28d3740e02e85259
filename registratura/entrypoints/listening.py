"""Whether a port can be had, asked before anything long or irreversible begins."""

import socket


def require_free(host: str, port: int) -> None:
    """Return when nobody listens on *port* of *host*; raises OSError otherwise."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
