"""`serve`: configuration, state, worker and HTTP server put together, from start to clean end.

In comes a configuration file; out goes an exit code. Reload, signals and the order of starting and stopping are here.
"""

import asyncio
import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from operator import attrgetter

import msgspec
import structlog
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR
from prometheus_client.core import GaugeMetricFamily, Metric

from exporter import __version__
from exporter.births import Births
from exporter.config import Config
from exporter.engine import Engine
from exporter.host import Host
from exporter.ownlog import RefusedLog
from exporter.pipeline import Kinds, discover
from exporter.publisher import Publisher
from exporter.snapshot import StateError, Store
from exporter.telling import Seldom
from exporter.web.config.inforce import InForce
from exporter.web.handlers import Handlers
from exporter.web.httpserver import HttpServer, listen
from exporter.web.places import Places
from exporter.worker import Worker

SAVE_SECONDS = 10.0
"""How often what was read is made durable where nobody scrapes."""

log = structlog.get_logger()


class Server:
    """One running exporter. `load` reads the configuration again; it raises ValueError with what is wrong.

    Raises StateError where the state directory cannot be used, OSError where the address cannot be listened on.
    """

    def __init__(self, config: Config, load: Callable[[], Config], web: InForce) -> None:
        self._config = config
        self._web = web
        self._load = load
        self._kinds = discover()
        self._on_refused = RefusedLog()
        self._reloaded = True
        self._reloading = threading.Lock()
        self._store = Store(config.state)
        self._socket = listen(config.listen)
        self._address = self._socket.getsockname()[:2]  # a socket that is closed does not tell
        self._host = Host(config.host)
        self._births = Births(config.birth_hold)
        self._may_log_failure = Seldom()
        stored = self._store.load()
        engine = self._first_engine(stored)
        self._went_back = stored is not None and self._store.damaged > 0
        """Whether this is an older generation, behind what was shown, until that is caught up with."""
        self._unseen = {name for name in engine.pipelines if self._went_back or not _was_shown(engine, name)}
        self.worker = Worker(
            engine,
            poll_seconds=config.poll_seconds,
            catchup_timeout=config.catchup_timeout,
            on_caught_up=self._on_caught_up,
        )
        self.publisher = Publisher(
            self.worker, self._store, self._births, live=self._live, on_failure=self._on_snapshot_failure
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._address
        scheme = "https" if self._web.tls else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def _first_engine(self, stored: bytes | None) -> Engine:
        make = partial(Engine, self._config, self._kinds, on_refused=self._on_refused)
        try:
            engine = make(stored=stored)
        except msgspec.DecodeError as error:
            raise StateError(f"state directory {self._config.state} cannot be understood: {error}") from None
        if stored is None and self._store.damaged:
            engine.itself.state_resets.add(1, "damaged")
            log.error("state_lost", state=self._config.state, damaged=self._store.damaged)
        elif self._store.damaged:
            log.warning("older_state", state=self._config.state, damaged=self._store.damaged)
        return engine

    def _on_caught_up(self, engine: Engine) -> None:
        """What was found of a pipeline that nobody ever saw is history, shown at once; all else is born at 0.

        So is what was found after an older generation: it may have been shown, and must not go back to 0.
        """
        engine.settle()
        losses = engine.itself.state_resets  # a second one in a row would be 1 again, and seen by nobody
        self._births.admit(metric for metric in engine.itself.metrics if metric is not losses)
        for name in self._unseen & engine.pipelines.keys():
            self._births.admit(engine.pipelines[name].metrics, held=self._went_back)
        self._went_back = False
        gc.collect()
        gc.freeze()  # what is there now stays there: looking through all of it would hold up reading now and then
        log.info("ready", url=self.url)

    def _on_snapshot_failure(self, why: str) -> None:
        unreported = self._may_log_failure()
        if unreported is not None:
            log.error("snapshot_failed", state=self._config.state, error=why, unreported=unreported)

    def _live(self) -> Iterator[Metric]:
        yield from self._host.collect()
        yield from self.publisher.snapshot_families()
        yield GaugeMetricFamily(
            "pipeline_exporter_config_reload_success",
            "Whether the last reading of the configuration succeeded.",
            float(self._reloaded),
        )
        if self._web.is_good is not None:
            yield GaugeMetricFamily(
                "pipeline_exporter_web_config_reload_success",
                "Whether the web configuration, with its certificates, is in force as it is now.",
                float(self._web.is_good),
            )
        build = GaugeMetricFamily("pipeline_exporter_build_info", "The version; always 1.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
            yield from collector.collect()

    def reload(self) -> None:
        """Goes on with the configuration as it is now; a bad one changes nothing. Raises ValueError."""
        with self._reloading:
            self._reload()

    def _reload(self) -> None:
        try:
            config = self._load()
        except ValueError as error:
            self._reloaded = False
            log.error("reload_failed", error=str(error))
            raise
        for name in ("listen", "state", "limits.connections", "limits.header_seconds"):
            if attrgetter(name)(config) != attrgetter(name)(self._config):
                log.warning("needs_restart", setting=name)
        self.worker.replace(partial(self._successor, config))
        self.worker.poll_seconds = config.poll_seconds
        self._births.hold = config.birth_hold
        host = Host(config.host)
        host.failures.update(self._host.failures)
        self._config, self._host, self._reloaded = config, host, True
        log.info("reloaded")

    def _successor(self, config: Config, engine: Engine) -> Engine:
        engine.settle()
        return Engine(config, self._kinds, stored=engine.store(), on_refused=self._on_refused)

    def run(self) -> int:
        """Serves until SIGTERM or Ctrl-C; returns the exit code."""
        self.worker.start()
        log.info("serving", url=self.url, pipelines=sorted(self._config.pipelines))
        try:
            asyncio.run(self._serve())
        finally:
            self.worker.stop()
        if self.worker.failure is not None:  # what it holds is no longer one cut: the last snapshot stands
            log.error("failed", exc_info=self.worker.failure)
            return 1
        durable = self._save()
        self._store.close()
        log.info("stopped")
        return 0 if durable else 1

    async def _serve(self) -> None:
        limits = self._config.limits
        runbook = partial(_runbook, self._kinds)
        app = Handlers(self.worker, self.publisher, reload=self.reload, runbook=runbook).app()
        places = Places(limits.connections, limits.header_seconds)
        server = HttpServer(app, self._socket, places, self._web)
        loop = asyncio.get_running_loop()

        def end_soon() -> None:
            with suppress(RuntimeError):  # where the loop has ended meanwhile
                loop.call_soon_threadsafe(server.end)

        self.worker.on_failure(end_soon)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.end)
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, self._reload_quietly))
        keeper = asyncio.create_task(self._keep())
        await server.serve()
        keeper.cancel()

    def _reload_quietly(self) -> None:
        try:
            self.reload()
        except ValueError:
            pass  # logged, and told by the metrics
        except Exception:
            log.error("reload_failed", exc_info=True)

    def _save(self) -> bool:
        """Makes what is counted durable; not before it is known again how an older generation went on."""
        return self._went_back or self.publisher.save()

    async def _keep(self) -> None:
        """Makes progress durable now and then, and at once what the first look found: it is known from then on."""
        while True:
            try:
                await asyncio.to_thread(self._save)
            except Exception:
                log.error("save_failed", exc_info=True)
            await asyncio.sleep(SAVE_SECONDS)


def _runbook(kinds: Kinds) -> str:
    from exporter.render import runbook  # a tenth of the start, and most exporters are never asked for it

    return runbook(kinds)


def _was_shown(engine: Engine, pipeline: str) -> bool:
    """Whether anybody can have seen the pipeline's counts, in an earlier life of this process."""
    return any(cell[-1] for labels, cell in engine.itself.lines.cells.items() if labels[0] == pipeline)
