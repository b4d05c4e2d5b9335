"""Where messages arrive: an HTTP server on a free port of loopback that keeps what it is sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Message(NamedTuple):
    """What came by one POST."""

    path: str
    authorization: str | None
    content: dict[str, Any]


class Mailbox:
    """Takes every POST of JSON, in a thread of its own, until it is closed."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def at(self, path: str) -> list[dict[str, Any]]:
        """What came to a path, in order."""
        return [message.content for message in self.messages if message.path == path]

    def close(self) -> None:
        """Takes no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        messages = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                messages.append(Message(self.path, self.headers["Authorization"], content))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        return Handler
