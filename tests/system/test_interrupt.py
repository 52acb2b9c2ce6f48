"""Ctrl-C that comes while modules are loaded or processes start."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from askdoc.repl.keyboard import Keyboard
from askdoc.system.interrupt import ending_in_order, interruptible

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

_PATIENCE = 60.0
_CHILD = """
import os, sys, time
from askdoc.system import children
with children.start("askdoc.index.reading.worker") as process:
    for number in (2, 15, 1):
        os.killpg(0, number)
    process.stdin.close()
    sys.exit(process.wait())
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name a module that meets a Ctrl-C while it is imported."""
    (tmp_path / "meets_ctrl_c.py").write_text(
        "import os, signal, time\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "time.sleep(0.1)\n"
        "whole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "meets_ctrl_c", raising=False)
    return "meets_ctrl_c"


def _load_and_wait(module: str) -> None:
    importlib.import_module(module)
    time.sleep(_PATIENCE)


def test_a_command_is_interrupted_when_the_import_is_over(module: str) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        _load_and_wait(module)
    assert sys.modules[module].whole


def test_what_a_session_does_is_interrupted_when_the_import_is_over(module: str) -> None:
    keyboard = Keyboard()
    with keyboard.grabbed(), pytest.raises(KeyboardInterrupt), keyboard.interrupts():
        _load_and_wait(module)
    assert sys.modules[module].whole


def test_ctrl_c_is_met_at_once_where_nothing_is_imported() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_that_does_nothing_continues_to_do_nothing() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_program_waits_for_imports_and_has_its_own_code(
    how: signal.Signals, module: str, tmp_path: Path
) -> None:
    file = tmp_path / f"{module}.py"
    file.write_text(file.read_text().replace("SIGINT", how.name))
    tidied = []

    @ending_in_order()
    def work() -> None:
        try:
            _load_and_wait(module)
        except KeyboardInterrupt:
            os.kill(os.getpid(), how)  # `timeout` sends it twice
            tidied.append(how)

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == 128 + how
    assert tidied
    assert sys.modules[module].whole
    assert signal.getsignal(how) is signal.SIG_DFL


def test_a_process_that_starts_does_not_hear_what_ends_programs() -> None:
    ignored = "import signal\nfor one in (2, 15, 1):\n    signal.signal(one, lambda *_: None)\n"
    done = subprocess.run(
        [sys.executable, "-c", ignored + _CHILD],
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def _loads_onnxruntime(process: int) -> bool:
    return "onnxruntime_pybind11" in Path(f"/proc/{process}/maps").read_text()


def _starts_a_process(process: int) -> bool:
    tasks = Path(f"/proc/{process}/task").iterdir()
    return any((task / "children").read_text() for task in tasks)


@pytest.mark.parametrize("comes", [_loads_onnxruntime, _starts_a_process])
def test_ctrl_c_while_indexing_begins_is_reported_in_a_word(
    comes: Callable[[int], bool], tmp_path: Path
) -> None:
    for number in range(300):
        (tmp_path / f"{number}.txt").write_text(f"Heron {number} nests in tall trees.\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "askdoc", "index", "."],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not comes(process.pid):
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors + printed
    assert "error" not in (errors + printed).lower()
    assert printed.startswith("Interrupted after ")
