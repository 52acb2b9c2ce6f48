"""`askdoc eval` with language models: on a server that tests play, and the real small one."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.evals.conftest import FACTS, QUESTIONS, run, timeless
from tests.write.conftest import model_path  # noqa: F401 - a fixture

from askdoc import formats
from askdoc.ask.answer import Answerer
from askdoc.evals import judge
from askdoc.models.llm.known import known_models
from askdoc.write import prompts

pytestmark = [
    # The provider's library leaves its streams to the garbage collector when they break.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Say = Callable[[str], str | int]
"""What the model says to a prompt, or the status with which its server fails."""


@dataclass
class Served:
    """A server that speaks OpenAI's protocol, and what it was asked."""

    url: str
    say: Say
    prompts: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def first_sentence(prompt: str) -> str:
    """Copy the sentence that stands first, as a model does that keeps to the form."""
    found = re.search(r"\[1\] (.*)", prompt)
    assert found is not None
    return f"- {found[1]} [1]\n"


@contextmanager
def serving(say: Say = first_sentence) -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(200, json.dumps({"data": [{"id": "parrot"}]}).encode(), "application/json")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = body["messages"][-1]["content"]
            with served.lock:
                served.prompts.append(prompt)
                served.at_once += 1
                served.most_at_once = max(served.most_at_once, served.at_once)
            said = served.say(prompt)
            with served.lock:
                served.at_once -= 1
            if isinstance(said, int):
                self._reply(said, b'{"error": {"message": "no"}}', "application/json")
                return
            lines = [chunk(said), chunk("", finished=True, spent=(50, len(said.split())))]
            self._reply(200, b"".join(lines) + b"data: [DONE]\n\n", "text/event-stream")

        def _reply(self, status: int, data: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    served = Served(f"http://127.0.0.1:{server.server_port}/v1#parrot", say)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def chunk(text: str, *, finished: bool = False, spent: tuple[int, int] | None = None) -> bytes:
    told: dict[str, Any] = {
        "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "parrot",
        "choices": [
            {"index": 0, "delta": {"content": text}, "finish_reason": "stop" if finished else None}
        ],
    }  # fmt: skip
    if spent:
        read, wrote = spent
        told["usage"] = {
            "prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote
        }  # fmt: skip
    return b"data: " + json.dumps(told).encode() + b"\n\n"


def test_several_questions_at_a_time_give_the_same_run_in_the_same_order(work: Path) -> None:
    together = threading.Barrier(3)

    def say(prompt: str) -> str:
        together.wait(60)  # breaks unless three questions are asked at once
        return first_sentence(prompt)

    with serving() as served:
        limited = ["--limit", "6", "--no-cache", "--json"]
        one = json.loads(run("--llm", served.url, "--jobs", "1", *limited).stdout)
        assert served.most_at_once == 1
        served.say = say
        three = json.loads(run("--llm", served.url, "--jobs", "3", *limited).stdout)
        assert served.most_at_once == 3
    assert timeless(three) == timeless(one)
    Draft202012Validator(formats.schema("eval")).validate(three)
    (suite,) = three["suites"]
    asked = [result["id"] for result in suite["results"]]
    assert asked == [name for name in QUESTIONS if name in asked]
    assert suite["generator"] == f"{served.url}/prompt-{prompts.VERSION}"
    assert suite["writing"]["model"] == served.url
    assert suite["writing"]["asked"] == suite["writing"]["written"] == 6
    assert suite["writing"]["tokens_in"] == 300
    for result in suite["results"]:
        assert [claim["text"] for claim in result["answer"]["claims"]] == [FACTS[result["id"]]]


def test_extractive_runs_on_several_threads_are_the_same_too(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = work / "evals/village.jsonl"
    cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for case in cases[:4]:  # more than are timed, which are asked alone
        said = f"Please, {case['question']}"
        cases.append({**case, "id": f"{case['id']}-2", "question": said})
    path.write_text("".join(json.dumps(case) + "\n" for case in cases), "utf-8")
    one = json.loads(run("--jobs", "1", "--no-cache", "--json").stdout)
    threads: set[str] = set()
    answer = Answerer.answer

    def noted(*args: Any, **options: Any) -> Any:
        threads.add(threading.current_thread().name)
        return answer(*args, **options)

    monkeypatch.setattr(Answerer, "answer", noted)
    many = json.loads(run("--jobs", "3", "--no-cache", "--json").stdout)
    assert timeless(many) == timeless(one)
    assert many["suites"][0]["generator"] == "extractive"
    assert many["suites"][0]["metrics"]["latency_p50_ms"]["n"] == 10
    assert {"MainThread", "askdoc-job-1"} <= threads


def test_what_a_model_wrote_is_kept_and_needs_no_server_the_next_time(work: Path) -> None:
    with serving() as served:
        first = json.loads(run("--llm", served.url, "--json").stdout)
        assert len(served.prompts) == 10
    again = run("--llm", served.url, "--json")
    assert again.exit_code == 0, again.stderr
    second = json.loads(again.stdout)
    assert [run["suites"][0]["writing"].pop("kept") for run in (first, second)] == [0, 10]
    assert second == first
    told = run("--llm", served.url, "--html", "r.html", "--markdown", "r.md").stdout
    assert f"10 answers by `{served.url}`: 10 written" in told
    words = "10 kept from an earlier run (`--no-cache` asks again)"
    assert words in " ".join(told.split())
    assert "10 written" in (work / "r.html").read_text("utf-8")
    assert "10 written" in (work / "r.md").read_text("utf-8")


def test_a_case_for_which_the_model_fails_fails_and_is_asked_again(work: Path) -> None:
    def say(prompt: str) -> str | int:
        return 404 if QUESTIONS["bees"] in prompt else first_sentence(prompt)

    with serving(say) as served:
        done = run("--llm", served.url, "--json")
        assert done.exit_code == 1
        (suite,) = json.loads(done.stdout)["suites"]
        (failed,) = suite["failed"]
        assert failed["id"] == "bees"
        assert "does not have this model" in failed["error"]
        assert suite["metrics"]["citation_f1"]["n"] == 9
        served.say = first_sentence
        before = len(served.prompts)
        assert run("--llm", served.url).exit_code == 0
        assert len(served.prompts) == before + 1


def test_a_model_whose_claims_hold_nothing_is_reported(work: Path) -> None:
    with serving(lambda _: "- The moon is made of 17 green cheeses by Orla Quist. [1]\n") as served:
        (suite,) = json.loads(run("--llm", served.url, "--json").stdout)["suites"]
    assert suite["writing"]["extracted"] == suite["writing"]["withheld"] == 10
    assert suite["metrics"]["supported"]["mean"] == 1


def test_a_follow_up_is_asked_as_in_a_session(work: Path) -> None:
    case = {
        "id": "then", "question": "and what does he say about the choir?",
        "history": [{"question": "Who is Ines Moreau?", "answer": "A singer."}],
        "evidence": [{"document": "choir.txt", "quote": FACTS["choir"]}],
    }  # fmt: skip
    (work / "evals/talk.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
    (suite,) = json.loads(run("talk", "--json").stdout)["suites"]
    (result,) = suite["results"]
    assert result["answer"]["question"] == "What does Ines Moreau say about the choir?"
    assert result["scores"]["evidence_hit@3"] == 1
    assert "What does Ines Moreau say about the choir?" in run("explain", "then").stdout


def test_a_judge_says_what_it_thinks_and_how_far_to_believe_it(work: Path) -> None:
    def say(prompt: str) -> str | int:
        if QUESTIONS["bees"] in prompt:
            return "I could not say"
        return "no" if QUESTIONS["goats"] in prompt else "Yes."

    (work / "evals/askdoc-eval.toml").write_text("[suites.village.floors]\ncitation_f1 = 0.1\n")
    files = ("--html", "r.html", "--markdown", "r.md")
    with serving(say) as served:
        done = run("--judge", served.url, "--json", *files)
        assert done.exit_code == 0, done.stderr
        data = json.loads(done.stdout)
        asked = len(served.prompts)
        assert asked == 10
        again = json.loads(run("--judge", served.url, "--json").stdout)
        assert len(served.prompts) == asked + 1, "only what could not be judged is asked again"
        told = run("--judge", served.url).stdout
    assert again["judged"] == data["judged"]
    Draft202012Validator(formats.schema("eval")).validate(data)
    (judged,) = data["judged"]
    assert judged["judge"] == f"{served.url}/judge-{judge.VERSION}"
    assert judged["disputed"] == ["goats"]
    assert [failure["id"] for failure in judged["failed"]] == ["bees"]
    assert judged["agreements"]["right"] == {"share": round(8 / 9, 6), "kappa": 0.0, "n": 9}
    assert "judge" not in json.dumps(data["gate"])
    assert "agrees with the gold on 88.9% of 9, kappa 0.00" in told
    assert "differs from the gold on goats" in told
    assert "1 could not be judged, such as bees" in " ".join(told.split())
    for name in ("r.html", "r.md"):
        assert "differs from the gold on goats" in (work / name).read_text("utf-8")
    refused = run("--judge", "extractive")
    assert refused.exit_code == 2
    assert "`extractive` is not a language model" in refused.stderr


def test_a_model_drafts_cases_that_lint_and_run(work: Path) -> None:
    def say(prompt: str) -> str:
        sentences = dict(re.findall(r"^\[(\d)\] (.*)$", prompt, re.MULTILINE))
        (number, text) = next((n, t) for n, t in sentences.items() if t in FACTS.values())
        topic = " ".join(text.rstrip(".").split()[-3:])
        if "do not answer" in prompt:
            return f"Question: Who painted {topic}?"
        copied = " ".join(text.split()[:2]) if "asks for a name" in prompt else "made up words"
        return f"Question: What of {topic}?\nAnswer: {copied}\nSentence: [{number}]"

    with serving(say) as served:
        done = run("generate", "mine", "--n", "5", "--llm", served.url, "--jobs", "3")
    assert done.exit_code == 0, done.stderr
    told = " ".join(done.stderr.split())
    assert "drafted 4 cases" in told or "drafted 3 cases" in told or "drafted 2 cases" in told
    assert re.search(r"(\d+) drafts of .* were dropped: \1 × answer is not in its evidence", told)
    lines = [json.loads(line) for line in (work / "evals/mine.jsonl").read_text().splitlines()]
    assert any(line["answerable"] for line in lines)
    assert any(not line["answerable"] for line in lines)
    assert all("draft" in line["tags"] for line in lines)
    found = json.loads(run("lint", "mine", "--json").stdout)["suites"][0]["findings"]
    assert {finding["code"] for finding in found} == {"draft"}
    assert run("mine", "--drafts").exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("jobs", ["1", "4"])
def test_ctrl_c_ends_the_run_and_keeps_what_was_answered(work: Path, jobs: str) -> None:
    silent = threading.Event()

    def say(prompt: str) -> str:
        if len(served.prompts) > 4:
            silent.wait(60)
        return first_sentence(prompt)

    with serving(say) as served:
        command = [sys.executable, "-m", "askdoc", "eval", "--llm", served.url, "--jobs", jobs]
        process = subprocess.Popen(
            command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        while served.at_once < min(int(jobs), 4) or len(served.prompts) < 5:
            time.sleep(0.05)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        silent.set()
    assert (process.returncode, out) == (130, b""), err
    assert b"interrupted" in err
    assert b"Traceback" not in err


@pytest.mark.usefixtures("work")
def test_the_small_model_for_real(
    model_path: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASKDOC_MODELS_DIR", str(model_path.parent))
    arguments = ("--llm", "smollm2-135m", "--judge", "smollm2-135m", "--limit", "1", "--json")
    data = json.loads(run(*arguments).stdout)
    (judged,) = data["judged"]
    model = known_models()["smollm2-135m"]
    pinned = model.sha256[:12]
    assert judged["judge"] == f"smollm2-135m@{pinned}/judge-{judge.VERSION}"
    assert (len(judged["grades"]), judged["failed"]) == (1, [])
    (suite,) = data["suites"]
    assert suite["generator"] == f"smollm2-135m/prompt-{prompts.VERSION}"
    assert suite["writing"]["asked"] == 1
    assert suite["failures"] == 0
    assert suite["writing"]["tokens_out"] > 0
    assert json.loads(run(*arguments).stdout)["suites"][0]["results"] == suite["results"]
