"""Files of a shared library read by a cluster, with Ray Data.

This process lists the files and publishes the documents. The actors of `map_batches` read, cut and
embed files, and store them in the database; what comes back is counts, skips and ids.
"""

from __future__ import annotations

import logging
import os
import pickle
import secrets
import shutil
import socket
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import msgspec

from askdoc import __version__
from askdoc.addresses import is_loopback
from askdoc.app import indexing, opening
from askdoc.errors import AskdocError, MissingPart, ReadError, UsageError
from askdoc.index.run import take_in_batch
from askdoc.index.sources import skip_of
from askdoc.index.work import Batch, Cluster, Result
from askdoc.index.writer import IndexWriter
from askdoc.system.wire import Failed
from askdoc.types import Found, ReadOptions, Skip

if TYPE_CHECKING:
    from ray.data import Dataset

    from askdoc.store.postgres.session import Database
    from askdoc.types.ports import Embedder
    from askdoc.workspace import Workspace

LOCAL, AUTO = "local", "auto"
_HOW = "write `local`, `auto` or `HOST:PORT`, on a machine of the cluster"
_MEMORY = 100_000_000
"""Bytes of the store of objects that a local cluster gets; batches and results are small."""

_DIGESTS = 256
"""Files whose digests an actor computes at a time."""

_WORTH_STARTING = 4
"""Fewer such parts are left to this process, which needs less time than actors to start."""

_PATIENCE = 5.0
"""Seconds to wait for the head of a cluster to answer."""

_RETRIES = 1
"""How often Ray gives a batch to another process after the first has ended."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an actor needs to know to store files of a run."""

    workspace: Workspace
    options: ReadOptions
    database: Database
    run: int
    version: str = __version__


class Ray:
    """A cluster at `address`, connected at the first use; a context manager.

    `local` starts a cluster of this machine for as long as the context lasts, and `auto` uses the
    one that runs here.

    Raises:
        UsageError: there is no such address, `offline` refuses it, or the index is in a folder.
        MissingPart: Ray is not installed.

    """

    def __init__(self, address: str, workspace: Workspace, options: ReadOptions) -> None:
        if workspace.database is None:
            message = "`--ray` needs a shared library; this index is in a folder, with one writer"
            hint = "keep it in PostgreSQL: `--index postgresql://HOST/NAME`"
            raise UsageError(message, hint=hint)
        if address not in (LOCAL, AUTO):
            _expect_address(address)
        if workspace.settings.offline and not _is_here(address):
            message = f"`--offline` refuses to connect to `{address}`"
            raise UsageError(message, hint="leave out `--offline`, or unset the setting `offline`")
        if find_spec("ray") is None or find_spec("pyarrow") is None:
            message = "`--ray` needs more packages (Ray Data is missing)"
            raise MissingPart(message, hint="install them: `pip install 'askdoc[ray]'`")
        self._address = address
        self._workspace = workspace
        self._options = options
        self._leave: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster, which ends what it does for this process; the next use joins again."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def cluster(self, database: Database, run: int) -> Cluster:
        """Return the processes that read files for a run."""
        order = Order(self._workspace, self._options, database, run)
        return Cluster(
            digest=self._digest,
            take_in=partial(self._take_in, order),
        )

    def _digest(self, files: Sequence[Found]) -> Iterator[tuple[str, str | Skip]]:
        parts = [files[start : start + _DIGESTS] for start in range(0, len(files), _DIGESTS)]
        if len(parts) < _WORTH_STARTING:
            return
        for found in self._results(parts, partial(_digests, self._workspace, self._options)):
            yield from found

    def _take_in(self, order: Order, batches: Sequence[Batch]) -> Generator[Result, None, None]:
        return self._results(batches, _Worker(order))

    def _results(
        self, items: Sequence[Any], work: Callable[[Any], Any]
    ) -> Generator[Any, None, None]:
        """Yield the results of items, as they come; those whose process ends have none."""
        if not items:
            return
        self._connect()
        from ray.exceptions import RayError

        complete = False
        try:
            for row in _planned(items, work).iter_rows():
                yield pickle.loads(row["result"])  # noqa: S301 - Ray unpickles all it gets, too
            complete = True
        except RayError as error:
            message = f"the cluster at `{self._address}` failed: {_first_line(error)}"
            hint = f"see whether all its machines have askdoc {__version__} with the same extras"
            raise AskdocError(message, hint=hint) from error
        finally:
            if not complete:
                self.close()

    def _connect(self) -> None:
        """Join the cluster, if that has not happened yet.

        Raises:
            UsageError: it cannot be reached.

        """
        if self._leave is not None:
            return
        if _is_joined():  # whoever has done that ends it
            self._leave = _nothing
        elif self._address == LOCAL:
            self._leave = start()
        else:
            self._leave = _join(self._address)


def _planned(items: Sequence[Any], work: Callable[[Any], Any]) -> Dataset:
    """Return the results of items, which actors of Ray Data make when they are asked for."""
    from ray import cluster_resources
    from ray.data import ActorPoolStrategy, DataContext, from_items

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    resources = cluster_resources()  # type: ignore[no-untyped-call]
    most = min(int(resources.get("CPU", 1)) or 1, len(items))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from Ray 2.64 on, retries move
        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1
        rows = [{"item": pickle.dumps(item)} for item in items]
        data = from_items(rows, override_num_blocks=len(rows))
        return data.map_batches(
            _Actor,
            batch_size=1,
            num_cpus=1,
            compute=ActorPoolStrategy(min_size=1, max_size=most, initial_size=most),
            fn_constructor_args=(work,),
            max_task_retries=_RETRIES,
        )


_QUIETLY: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
_SILENCE = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
"""Ray sends no statistics, and its processes print nothing; errors are raised."""

_SECRET = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""Makes a local cluster refuse everybody else. Ray reads it when it is imported."""


def start(processors: int | None = None) -> Callable[[], None]:
    """Start a cluster of this machine; return a function that ends it.

    It has no dashboard, and takes orders only from this process, unless Ray was imported before.

    Raises:
        AskdocError: it cannot be started.

    """
    os.environ |= _SILENCE
    if "ray" not in sys.modules:
        os.environ |= _SECRET
    folder = tempfile.mkdtemp(prefix="askdoc-ray-")  # a socket needs a short path
    import ray

    def end() -> None:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)

    try:
        with _silent():
            ray.init(
                address=LOCAL,
                num_cpus=processors,
                include_dashboard=False,
                object_store_memory=_MEMORY,
                _temp_dir=folder,
                _node_ip_address="127.0.0.1",
                **_QUIETLY,
            )
    except (OSError, RuntimeError, ValueError) as error:
        end()
        message = f"Ray cannot start on this machine: {_first_line(error)}"
        raise AskdocError(message, hint="leave out `--ray`") from error
    except BaseException:
        end()
        raise
    return end


def _join(address: str) -> Callable[[], None]:
    """Join a cluster that runs already; return a function that leaves it.

    Raises:
        UsageError: there is none.

    """
    if address != AUTO:
        _expect_cluster(address)
    os.environ |= _SILENCE
    import ray

    try:
        with _silent():
            ray.init(address=address, **_QUIETLY)
    except (OSError, RuntimeError, ValueError) as error:
        message = f"no Ray cluster answers at `{address}`: {_first_line(error)}"
        raise UsageError(message, hint=_HOW) from error
    return ray.shutdown


def _expect_cluster(address: str) -> None:
    """Check that a server for gRPC answers, since Ray would wait for one for more than a minute.

    Raises:
        UsageError: none does.

    """
    parts = urlsplit(f"//{address}")
    host, port = parts.hostname or "", parts.port or 0
    hint = f"start one: `ray start --head --port {port}`, or {_HOW}"
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"no Ray cluster answers at `{address}`: {reason}"
        raise UsageError(message, hint=hint) from error
    if os.environ.get("RAY_USE_TLS", "0") != "0":
        return  # the certificates are Ray's business
    import grpc

    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with grpc.insecure_channel(place, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            grpc.channel_ready_future(channel).result(_PATIENCE)
        except grpc.FutureTimeoutError as error:
            message = f"what answers at `{address}` is no Ray cluster"
            raise UsageError(message, hint=hint) from error


def _is_joined() -> bool:
    if "ray" not in sys.modules:
        return False
    import ray

    return bool(ray.is_initialized())


# ── in the processes of the cluster ─────────────────────────────────────────────────────────────


class _Actor:
    """Does the same work with one row after the other."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[bytes]]:
        """Return the result of each row."""
        items = map(pickle.loads, rows["item"])
        return {"result": [pickle.dumps(self._work(item)) for item in items]}


def _digests(
    workspace: Workspace, options: ReadOptions, files: Sequence[Found]
) -> list[tuple[str, str | Skip]]:
    """Compute the digests of files."""
    found: list[tuple[str, str | Skip]] = []
    with indexing.files_of(workspace, options) as opened:
        for file in files:
            try:
                found.append((file.location, opened.digest(file)))
            except ReadError as error:
                found.append((file.location, skip_of(file, error)))
    return found


class _Worker:
    """Stores batches of files; keeps the embedder from one to the next."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._embedder: Embedder | None = None

    def __call__(self, batch: Batch) -> Result:
        """Store a batch; an error becomes a result, since Ray would try again."""
        try:
            return self._stored(batch)
        except AskdocError as error:
            return Result(failed=Failed(type(error).__name__, str(error), error.hint))
        except Exception:  # noqa: BLE001 - a bug, with its traceback
            return Result(failed=Failed("", traceback.format_exc()))

    def _stored(self, batch: Batch) -> Result:
        order, workspace = self._order, self._order.workspace
        if order.version != __version__:
            message = f"askdoc {order.version} leads the run, and a machine has {__version__}"
            raise UsageError(message, hint="install the same version on all machines")
        store = indexing.database_store(order.database, workspace, [order.run])
        writer = IndexWriter(store, workspace.settings, self._loaded, str(workspace.root))
        alone = _with_one_process(workspace)
        with closing(writer.catalog), indexing.files_of(alone, order.options) as files:
            return take_in_batch(writer, files, indexing.cutters(), workspace.settings, batch)

    def _loaded(self, made_by: str | None) -> Embedder:
        if self._embedder is None:
            self._embedder = opening.embedder(self._order.workspace, indexed_with=made_by)
        return self._embedder


def _with_one_process(workspace: Workspace) -> Workspace:
    """Return a workspace that reads one file at a time, since Ray starts enough workers."""
    settings = workspace.settings
    if settings.workers == 0:
        return workspace
    return replace(workspace, settings=msgspec.structs.replace(settings, workers=1))


# ── helpers ─────────────────────────────────────────────────────────────────────────────────────


def _nothing() -> None:
    """Leave a cluster as it is."""


def _is_here(address: str) -> bool:
    """Tell whether the cluster is on this machine."""
    if address in (LOCAL, AUTO):
        return True
    try:
        host = urlsplit(f"//{address}").hostname or ""
    except ValueError:
        return False
    return is_loopback(host)


def _expect_address(address: str) -> None:
    message = f"`{address}` is not the address of a cluster"
    try:
        parts = urlsplit(f"//{address}")
        fits = "/" not in address and parts.hostname and parts.port
    except ValueError as error:
        raise UsageError(message, hint=_HOW) from error
    if not fits:
        raise UsageError(message, hint=_HOW)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]


@contextmanager
def _silent() -> Iterator[None]:
    """Discard what the processes of Ray print to standard error while they start."""
    with closing(os.fdopen(os.dup(2), "wb")) as kept, Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept.fileno(), 2)
