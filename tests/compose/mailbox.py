"""Takes every POST and prints its body: a receiver of pages, in a container of its own. Needs nothing but Python."""

from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    """Prints a line for each message."""

    def do_POST(self) -> None:
        """Prints what came."""
        print(self.rfile.read(int(self.headers["Content-Length"])).decode().strip())  # noqa: T201 -- its log is the mailbox
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing else."""


if __name__ == "__main__":
    HTTPServer(("", 8080), Handler).serve_forever()
