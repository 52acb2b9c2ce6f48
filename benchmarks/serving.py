"""How fast `askdoc serve` answers, and how it bears a mixed load.

    python benchmarks/serving.py speed DATA/selqa INDEX [QUESTIONS]
    python benchmarks/serving.py load DATA/selqa [MINUTES]
    python benchmarks/serving.py small DATA/selqa [CALLS]

`speed` asks `/v1/ask` from one client and from sixteen, and runs `askdoc ask --batch` on the same
questions. `load` copies some documents, and has clients ask, search, read events and hang up, while
files change beneath and the server follows them. The folder keeps its size: a file comes for one
that goes. It prints the errors and the memory each minute, and how the memory grows after the first
five.
`small` sends thousands of small calls, also wrong ones and some on connections of their own, and
prints what the server holds before and after.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

ASKDOC = str(Path(sys.executable).with_name("askdoc"))
DOCUMENTS = 40
CLIENTS = 6
"""Clients of the mixed load."""
SETTLED = 5
"""Minutes after which memory should not grow."""


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("speed", "load", "small"):
        kinds.add_parser(kind).add_argument("data", type=Path)
    kinds.choices["speed"].add_argument("index")
    kinds.choices["speed"].add_argument("questions", type=int, nargs="?", default=200)
    kinds.choices["load"].add_argument("minutes", type=float, nargs="?", default=30)
    kinds.choices["small"].add_argument("calls", type=int, nargs="?", default=10_000)
    chosen = parser.parse_args()
    if chosen.kind == "speed":
        speed(chosen.data, chosen.index, chosen.questions)
    elif chosen.kind == "small":
        small(chosen.data, chosen.calls)
    else:
        load(chosen.data, chosen.minutes)


def questions_of(data: Path) -> list[str]:
    """Return the questions of a suite."""
    lines = (data / "suite.jsonl").read_text().splitlines()
    return [json.loads(line)["question"] for line in lines]


@contextmanager
def server(folder: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Start a server; give its address and its process id."""
    command = [ASKDOC, "serve", "--port", "0", "--llm", "extractive", *options]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, cwd=folder, stderr=log, text=True) as process,
    ):
        while "; Ctrl-C ends it" not in (text := written(log)):
            if process.poll() is not None:
                sys.exit(text)
            time.sleep(0.1)
        yield text.partition(" at ")[2].partition(";")[0], process.pid
        process.terminate()
        process.wait()


def written(log: object) -> str:
    """Return what a file holds by now."""
    log.seek(0)  # type: ignore[attr-defined]
    return " ".join(log.read().split())  # type: ignore[attr-defined]


# ── speed ───────────────────────────────────────────────────────────────────────────────────────


def speed(data: Path, index: str, count: int) -> None:
    """Measure one client, sixteen, and a batch."""
    questions = random.Random(1).sample(questions_of(data), count)
    with server(data, "--index", index) as (address, _):
        for clients in (1, 16):
            measure(address, questions, clients)
    with tempfile.TemporaryDirectory() as folder:
        one, all_ = Path(folder, "one.txt"), Path(folder, "all.txt")
        one.write_text(questions[0] + "\n")
        all_.write_text("".join(f"{question}\n" for question in questions))
        took = batch(data, index, all_) - batch(data, index, one)
    print(f"batch: {(count - 1) / took:.1f} questions/s, its start not counted")


def measure(address: str, questions: list[str], clients: int) -> None:
    """Ask all questions from so many clients at once."""
    times: list[float] = []
    errors = Counter[str]()

    def ask(question: str) -> None:
        started = time.perf_counter()
        reply = local.client.post("/v1/ask", json={"question": question})
        times.append(time.perf_counter() - started)
        if reply.status_code != 200:
            errors[reply.text[:100]] += 1

    local = threading.local()

    def begin() -> None:
        local.client = httpx.Client(base_url=address, timeout=120)

    with ThreadPoolExecutor(clients, initializer=begin) as pool:
        list(pool.map(ask, questions[:16]))  # warm
        times.clear()
        started = time.perf_counter()
        list(pool.map(ask, questions))
        took = time.perf_counter() - started
    times.sort()
    print(
        f"{clients} clients: {len(questions) / took:.1f} questions/s,"
        f" p50 {1000 * statistics.median(times):.0f} ms,"
        f" p95 {1000 * times[int(len(times) * 0.95)]:.0f} ms, errors: {dict(errors)}"
    )


def batch(data: Path, index: str, questions: Path) -> float:
    """Return the seconds that a batch takes."""
    started = time.perf_counter()
    command = [ASKDOC, "ask", "--batch", str(questions), "--index", index, "--llm", "extractive"]
    subprocess.run([*command, "--json"], cwd=data, check=False, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


# ── load ────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def indexed(documents: list[Path]) -> Iterator[Path]:
    """Copy documents to a folder of their own, and index it."""
    with tempfile.TemporaryDirectory(prefix="askdoc-load-") as name:
        folder = Path(name)
        for document in documents:
            shutil.copy(document, folder)
        subprocess.run([ASKDOC, "index", ".", "--quiet"], cwd=folder, check=True)
        yield folder


def load(data: Path, minutes: float) -> None:
    """Have clients call and files change for so many minutes."""
    questions = questions_of(data)
    calls, errors = Counter[str](), Counter[str]()
    documents = sorted((data / "docs").iterdir())
    first = documents[: DOCUMENTS + DOCUMENTS // 2]
    with indexed(first) as folder, server(folder, "--watch") as (address, process):
        until = time.monotonic() + minutes * 60
        workers = [
            threading.Thread(target=client, args=(address, questions, until, calls, errors))
            for _ in range(CLIENTS)
        ]
        workers.append(threading.Thread(target=change, args=(folder, documents, until)))
        for worker in workers:
            worker.start()
        started = time.monotonic()
        sizes: list[tuple[float, int]] = []
        while time.monotonic() < until:
            time.sleep(min(60, max(0, until - time.monotonic())))
            passed = (time.monotonic() - started) / 60
            sizes.append((passed, memory(process)))
            by_kind = ", ".join(f"{kind} {count}" for kind, count in sorted(calls.items()))
            state = f"{sizes[-1][1]} MB, {sum(errors.values())} errors"
            print(f"{passed:4.1f} min: {state}; {by_kind}", flush=True)
        for worker in workers:
            worker.join()
        print(f"calls: {sum(calls.values())}, errors: {dict(errors) or 'none'}", flush=True)
        print(growth([each for each in sizes if each[0] > SETTLED]))
        print(*counted(address), sep="\n")


def growth(sizes: list[tuple[float, int]]) -> str:
    """Describe the memory of some minutes: the slope of a line through them, and both ends."""
    if len(sizes) < 4:
        return f"memory: not enough minutes after the first {SETTLED}"
    slope = statistics.linear_regression(*zip(*sizes, strict=True)).slope
    fourth = len(sizes) // 4
    early, late = (
        statistics.mean(size for _, size in part) for part in (sizes[:fourth], sizes[-fourth:])
    )
    return (
        f"memory after the first {SETTLED} minutes: {slope:+.2f} MB a minute;"
        f" first quarter {early:.0f} MB, last quarter {late:.0f} MB"
    )


def counted(address: str) -> list[str]:
    """Return what the server has counted itself; it may still have questions in its queue."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=3), timeout=130) as opened:
        lines = opened.get(f"{address}/metrics").raise_for_status().text.splitlines()
    return [line for line in lines if line.startswith(("askdoc_documents", "askdoc_http_calls_t"))]


def client(
    address: str,
    questions: list[str],
    until: float,
    calls: Counter[str],
    errors: Counter[str],
) -> None:
    """Call one thing after another."""
    kinds: tuple[Callable[[httpx.Client, str], None], ...] = (ask, ask, search, events, chat, leave)
    with httpx.Client(base_url=address, timeout=130) as opened:
        while time.monotonic() < until:
            kind = random.choice(kinds)
            calls[kind.__name__] += 1
            try:
                kind(opened, random.choice(questions))
            except httpx.HTTPStatusError as error:
                errors[f"{kind.__name__}: {error.response.read()[:200]!r}"] += 1
            except Exception as error:  # noqa: BLE001 - all are counted
                errors[f"{kind.__name__}: {error!r}"[:300]] += 1


def ask(opened: httpx.Client, question: str) -> None:
    """Ask, and read the answer."""
    assert opened.post("/v1/ask", json={"question": question}).raise_for_status().json()["status"]


def search(opened: httpx.Client, question: str) -> None:
    """Search."""
    opened.post("/v1/search", json={"question": question}).raise_for_status()


def events(opened: httpx.Client, question: str) -> None:
    """Read an answer as events."""
    accept = {"Accept": "text/event-stream"}
    reply = opened.post("/v1/ask", json={"question": question}, headers=accept)
    assert "event: final" in reply.raise_for_status().text, reply.text[-200:]


def chat(opened: httpx.Client, question: str) -> None:
    """Ask as a client of OpenAI does."""
    asked = {"model": "default", "messages": [{"role": "user", "content": question}]}
    opened.post("/v1/chat/completions", json=asked).raise_for_status()


def leave(opened: httpx.Client, question: str) -> None:
    """Hang up at once."""
    accept = {"Accept": "text/event-stream"}
    asked = {"question": question}
    with opened.stream("POST", "/v1/ask", json=asked, headers=accept) as reply:
        reply.raise_for_status()


def change(folder: Path, documents: list[Path], until: float) -> None:
    """Replace one file and write another anew, all the time; the size of the folder stays."""
    others = documents[DOCUMENTS : 2 * DOCUMENTS]
    while time.monotonic() < until:
        here = [other for other in others if (folder / other.name).exists()]
        (folder / random.choice(here).name).unlink()
        shutil.copy(random.choice([other for other in others if other not in here]), folder)
        kept = documents[random.randrange(DOCUMENTS)]
        text = f"{kept.read_text()}\nThis line was added at {time.time():.0f}.\n"
        (folder / kept.name).write_text(text)
        time.sleep(10)


# ── small calls ─────────────────────────────────────────────────────────────────────────────────

SMALL = (
    ("GET", "/v1/models", b"", 200),
    ("GET", "/healthz", b"", 200),
    ("GET", "/v1/libraries", b"", 200),
    ("GET", "/v1/documents/none", b"", 404),
    ("GET", "/none", b"", 404),
    ("POST", "/v1/ask", b"{", 400),
    ("POST", "/v1/chat/completions", b"{}", 400),
)


def small(data: Path, count: int) -> None:
    """Send so many small calls from several clients."""
    wrong = Counter[str]()

    def send(share: int) -> None:
        opened = httpx.Client(base_url=address, timeout=60)
        for number in range(share):
            method, path, body, expected = SMALL[number % len(SMALL)]
            if number % 10 == 9:  # a connection of its own
                opened.close()
                opened = httpx.Client(base_url=address, timeout=60)
            try:
                code = opened.request(method, path, content=body).status_code
            except httpx.HTTPError as error:
                wrong[f"{method} {path}: {error!r}"] += 1
            else:
                wrong[f"{method} {path}: {code}"] += code != expected
        opened.close()

    few = sorted((data / "docs").iterdir())[:5]
    with indexed(few) as folder, server(folder) as (address, process):
        send(100)
        print(f"before: {held(process)}")
        started = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(send, [count // CLIENTS + 1] * CLIENTS))
        took = time.perf_counter() - started
        time.sleep(1)
        print(f"after: {held(process)}")
    print(f"{count} calls in {took:.0f} s, wrong replies: {dict(+wrong) or 'none'}")


def held(process: int) -> str:
    """Say what a process holds."""
    of = Path(f"/proc/{process}")
    threads, files = (len(list((of / name).iterdir())) for name in ("task", "fd"))
    return f"{memory(process)} MB, {threads} threads, {files} open files"


def memory(process: int) -> int:
    """Return the megabytes that a process holds."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main()
