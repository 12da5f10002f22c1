"""A way to a server that is cut once, behind so many messages of the client: python cut_connection.py SERVER_PORT AFTER.

A process of its own: ML Metadata's C++ code holds Python's lock while it waits for an answer. It prints its port, and at the end
of stdin how many messages came.
"""

import socket
import sys
import threading
from contextlib import suppress

messages = 0


def main(server_port: int, after: int) -> None:
    """Pass connections on until stdin ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - the answer
    threading.Thread(target=accept, args=(listener, server_port, after), daemon=True).start()
    sys.stdin.read()
    print(messages, flush=True)  # noqa: T201 - the answer


def accept(listener: socket.socket, server_port: int, after: int) -> None:
    """Pass each connection on, both ways."""
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", server_port))
        threading.Thread(target=pass_on, args=(client, server, after), daemon=True).start()
        threading.Thread(target=pass_on, args=(server, client, None), daemon=True).start()


def pass_on(source: socket.socket, target: socket.socket, after: int | None) -> None:
    """Pass on what one end says; `after`: counted messages of the client, behind which both ends are cut."""
    global messages  # noqa: PLW0603 - one count for all connections
    with suppress(OSError):
        while content := source.recv(65536):
            messages += after is not None
            if after is not None and messages == after:
                break
            target.sendall(content)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
