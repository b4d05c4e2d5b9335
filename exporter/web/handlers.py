"""What is asked and answered: /metrics, /metrics/self, /-/healthy, /-/ready, /-/reload, /runbook, a status page at /.

Handlers only send bytes that somebody else made. Knows no pipelines, and not who asks.
"""

from collections.abc import Callable
from functools import cache, partial
from time import time

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporter.publisher import Page, Publisher
from exporter.web import status
from exporter.web.negotiation import form_for, takes_gzip
from exporter.web.sending import Bodies
from exporter.worker import Worker, WorkerError

log = structlog.get_logger()

RETRY_SECONDS = 2


class Handlers:
    """Answers requests from a worker and a publisher. `reload` raises ValueError with what is wrong; `runbook` returns
    the runbook in Markdown.
    """

    def __init__(
        self, worker: Worker, publisher: Publisher, *, reload: Callable[[], None], runbook: Callable[[], str]
    ) -> None:
        self._worker = worker
        self._publisher = publisher
        self._reload = reload
        self._runbook = cache(partial(_document, runbook))
        self._bodies = Bodies()

    async def metrics(self, request: Request) -> Response:
        """The exposition; 503 until everything that was there at the start is read."""
        if not self._worker.caught_up:
            return _later(await run_in_threadpool(self._progress))
        return await run_in_threadpool(self._metrics, request)

    def _metrics(self, request: Request) -> Response:
        page = self._publisher.page()
        if page is None:
            return _later(f"no snapshot could be written yet: {self._publisher.condition.error}\n")
        return _exposition(request, page, self._bodies)

    async def own_metrics(self, request: Request) -> Response:
        """The exporter's metrics about itself, at any time."""
        return await run_in_threadpool(lambda: _exposition(request, self._publisher.own_page(), self._bodies))

    async def healthy(self, request: Request) -> Response:
        """200 as long as the process does its work."""
        if self._worker.failure is not None:
            return PlainTextResponse("reading has failed\n", 503)
        return PlainTextResponse("healthy\n")

    async def ready(self, request: Request) -> Response:
        """200 once /metrics answers; before that 503 and how much is left to read."""
        if self._worker.caught_up:
            return PlainTextResponse("ready\n")
        return _later(await run_in_threadpool(self._progress))

    async def reload(self, request: Request) -> Response:
        """Reads the configuration again; 400 and what is wrong where it is bad."""
        try:
            await run_in_threadpool(self._reload)
        except ValueError as error:
            return PlainTextResponse(f"{error}\n", 400)
        return PlainTextResponse("reloaded\n")

    async def status(self, request: Request) -> Response:
        """The status page."""

        def page() -> str:
            streams, backlog = self._worker.ask(lambda engine: (status.describe(engine), engine.backlog()))
            return status.page(streams, backlog=backlog, failure=self._publisher.condition.error, now=time())

        return HTMLResponse((await run_in_threadpool(page)).encode(errors="replace"))

    async def runbook(self, request: Request) -> Response:
        """The runbook, where the links of alerts lead. It asks nobody, so it is there when nothing else is."""
        page = await run_in_threadpool(self._runbook)
        return self._bodies.answer(page, {"Content-Type": "text/html; charset=utf-8"})

    def _progress(self) -> str:
        left = self._worker.ask(lambda engine: engine.backlog())
        return f"catching up: {left} bytes left to read\n"

    def app(self) -> Starlette:
        """The application with its routes."""
        return Starlette(
            routes=[
                Route("/", self.status),
                Route("/metrics", self.metrics),
                Route("/metrics/self", self.own_metrics),
                Route("/-/healthy", self.healthy),
                Route("/-/ready", self.ready),
                Route("/runbook", self.runbook),
                Route("/-/reload", self.reload, methods=["POST"]),
            ],
            exception_handlers={WorkerError: _unanswered, TimeoutError: _unanswered, Exception: _failed},
        )


def _document(runbook: Callable[[], str]) -> bytes:
    from exporter.web.document import document  # most are never asked for it, and keep no Markdown in memory

    return document(runbook(), title="Runbook").encode()


def _later(why: str) -> Response:
    return PlainTextResponse(why, 503, {"Retry-After": str(RETRY_SECONDS)})


async def _unanswered(request: Request, error: Exception) -> Response:
    return _later(f"{error or 'too busy to answer'}\n")


async def _failed(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, exc_info=error)
    return PlainTextResponse("internal error\n", 500)


def _exposition(request: Request, page: Page, bodies: Bodies) -> Response:
    form = form_for(request.headers.get("accept", ""))
    compressed = takes_gzip(request.headers.get("accept-encoding", ""))
    headers = {"Content-Type": form.content_type, "Vary": "Accept, Accept-Encoding"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return bodies.answer(page.body(form, compressed=compressed), headers)
