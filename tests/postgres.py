"""A PostgreSQL server that tests start in a folder of their own, on a Unix socket only."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

_INSTALL = "apt-get install postgresql-17 postgresql-17-pgvector"
_EXTRA = "pip install 'askdoc[postgres]'"


@dataclass
class Server:
    """A running server; `programs` is the folder of its programs, `folder` has the socket."""

    programs: Path
    folder: Path
    options: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _emptied: dict[str, str] = field(default_factory=dict)

    def address(self, *, user: str = "postgres") -> str:
        """Return the address of a library that is new, in a schema of its own."""
        name = f"library_{next(self._numbers)}"
        return f"postgresql://{user}@/postgres?host={self.folder}&schema={name}"

    def empty_library(self, name: str = "") -> str:
        """Return the address of a library without content, which tests use one after the other.

        To create one takes a second.
        """
        from askdoc.store.postgres.session import Database, Session

        address = self._emptied.get(name)
        if address is None:
            address = self._emptied[name] = self.address()
            return address
        with closing(Session(Database.of(address), write=True)) as session:
            tables = session.all(
                """SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables
                   WHERE schemaname = current_schema() AND tablename <> 'alembic_version'"""
            )
            session.run(f"TRUNCATE {tables[0][0]}")
            session.run("INSERT INTO totals VALUES (0, 0)")
        return address

    def run(self, *command: str) -> None:
        """Run one of its programs, not as root."""
        before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        program = str(self.programs / command[0])
        subprocess.run(
            [*before, program, *command[1:]],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} {self.options}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", log, "-w", "start")

    def stop(self) -> None:
        """Stop it at once; its connections end."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


@contextmanager
def serving(options: str = "-c fsync=off") -> Iterator[Server]:
    """Run a server, or skip the test where there is none."""
    programs = _programs()
    if programs is None:
        pytest.skip(f"PostgreSQL with pgvector is not here: `{_INSTALL}`")
    if find_spec("psycopg") is None or find_spec("pgvector") is None:
        pytest.skip(f"psycopg is not here: `{_EXTRA}`")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and `runuser` is not here")
    folder = Path(tempfile.mkdtemp(prefix="askdoc-pg-"))  # a socket needs a short path
    server = Server(programs, folder, options)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        data = str(folder / "data")
        server.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Return the folder of the newest programs whose server has pgvector."""
    for programs in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        shared = Path("/usr/share/postgresql") / programs.parent.name / "extension"
        if (shared / "vector.control").is_file() and (programs / "pg_ctl").is_file():
            return programs
    return None
