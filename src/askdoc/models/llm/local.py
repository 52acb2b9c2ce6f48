"""GGUF models in this process, by llama.cpp through xllamacpp.

The library answers calls in memory, but its server also listens for connections. So that nobody
else can use it, it gets a socket in a folder that only this user can open (on Windows, a loopback
port), and a random key that is never given out.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import Any

from askdoc.errors import GeneratorError, ModelError
from askdoc.types import Form, Prompt, Spent

_QUIET = -1
_MAGIC = b"GGUF"


class LlamaCpp:
    """A `Generator` that runs a GGUF file.

    The model loads in a background thread while evidence is retrieved. `stream` raises an error of
    loading.

    Args:
        path: the file.
        name: how answers name the model.
        context: tokens for prompt and answer together.
        threads: by default the number of cores that are not busy.
        opening: the beginning of all prompts; it is evaluated as soon as the model is loaded.

    Raises:
        ModelError: the file is not a GGUF file.

    """

    remote: str | None = None
    form = Form.GRAMMAR

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        context: int,
        threads: int | None = None,
        opening: Prompt | None = None,
    ) -> None:
        self.name = name
        self.context = context
        _refuse_other(path)
        self._folder = Path(tempfile.mkdtemp(prefix="askdoc-"))
        pool = ThreadPoolExecutor(1, "askdoc-llm-load")
        self._server: Future[Any] = pool.submit(_load, path, context, threads, self._folder)
        self._ready = pool.submit(self._read_ahead, opening) if opening else self._server
        pool.shutdown(wait=False)

    def close(self) -> None:
        """Unload the model."""
        wait([self._server, self._ready])
        del self._server
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read_ahead(self, opening: Prompt) -> None:
        """Evaluate `opening` so that it is in the prompt cache.

        `stream` reports errors of loading.
        """
        if self._server.exception() is None:
            self._server.result().handle_chat_completions(_request(opening), lambda _: False)

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        """Yield the answer in pieces, and at last a `Spent` with token counts and seconds.

        Closing the iterator ends the generation.

        Raises:
            ModelError: llama.cpp can't load the file.
            GeneratorError: the prompt does not fit, or llama.cpp refuses it.

        """
        wait([self._ready])  # so that `opening` is in the cache before this prompt is read
        server, request = self._server.result(), _request(prompt)
        pieces: Queue[Mapping[str, Any] | None] = Queue()
        stopped = threading.Event()

        def on_chunk(chunk: Mapping[str, Any]) -> bool:
            pieces.put(chunk)
            return stopped.is_set()

        def work() -> None:
            try:
                server.handle_chat_completions(request, on_chunk)
            finally:
                pieces.put(None)

        worker = threading.Thread(target=work, name="askdoc-llm", daemon=True)
        worker.start()
        cut_off = False
        try:
            while (chunk := pieces.get()) is not None:
                cut_off |= _cut_off(chunk)
                for piece in _read(chunk):
                    yield replace(piece, cut_off=cut_off) if isinstance(piece, Spent) else piece
        finally:
            stopped.set()
            worker.join()


def _refuse_other(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) == _MAGIC:
                return
    except OSError as error:
        message = f"`{path}` can't be read: {(error.strerror or str(error)).lower()}"
        raise ModelError(message) from error
    message = f"`{path}` is not a GGUF file"
    raise ModelError(message, hint="see which models there are: `askdoc models list`")


def _load(path: Path, context: int, threads: int | None, folder: Path) -> Any:
    import xllamacpp  # type: ignore[import-untyped]

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = context
    parameters.n_parallel = 1
    parameters.warmup = False
    # The slot caches the last prompt, whose beginning all questions share. By default llama.cpp
    # also caches older prompts, up to 8 GB.
    parameters.cache_ram_mib = 0
    parameters.cpuparams.n_threads = threads or _free_cores()
    parameters.verbosity = _QUIET
    parameters.ui = False
    parameters.api_keys = [secrets.token_hex()]
    if hasattr(socket, "AF_UNIX") and os.name == "posix":
        parameters.hostnames = [str(folder / "llama.sock")]
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError as error:
        message = f"llama.cpp can't load `{path}`"
        hint = "fetch it again, or take another: `askdoc models list`"
        raise ModelError(message, hint=hint) from error


def _free_cores() -> int:
    """Count the cores that are not busy, at least 1; -1 lets llama.cpp decide.

    Its threads spin while they wait for each other: on a busy machine, two threads are many times
    slower than one.
    """
    if not hasattr(os, "getloadavg"):
        return -1
    busy = int(os.getloadavg()[0])
    return max(1, (os.cpu_count() or 1) - busy) if busy else -1


def _request(prompt: Prompt) -> dict[str, Any]:
    request: dict[str, Any] = {
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.0,
        "max_tokens": prompt.most_tokens,
        "cache_prompt": True,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    if prompt.grammar:
        request["grammar"] = prompt.grammar
    return request


def _read(chunk: Mapping[str, Any]) -> Iterator[str | Spent]:
    if error := chunk.get("error"):
        message = f"llama.cpp refused the prompt: {error.get('message', 'no reason given')}"
        raise GeneratorError(message)
    for choice in chunk.get("choices", ()):
        if text := choice.get("delta", {}).get("content"):
            yield text
    if used := chunk.get("usage"):
        timings = chunk.get("timings", {})
        yield Spent(
            tokens_in=used.get("prompt_tokens"),
            tokens_out=used.get("completion_tokens"),
            tokens_cached=timings.get("cache_n"),
            prompt_seconds=_seconds(timings.get("prompt_ms")),
        )


def _cut_off(chunk: Mapping[str, Any]) -> bool:
    """Tell whether the answer ends here because it reached its token limit."""
    return any(choice.get("finish_reason") == "length" for choice in chunk.get("choices", ()))


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 3)
