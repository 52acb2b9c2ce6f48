"""Files in an object store are indexed as local ones, from a server on this machine."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.app.test_cluster import in_line as in_line  # noqa: PLC0414 - a fixture
from tests.app.test_shared import Place

from askdoc import app
from askdoc.addresses import normalised
from askdoc.errors import FetchError, MissingPart, ReadError, UsageError
from askdoc.index.objects import Objects
from askdoc.index.plan import covers
from askdoc.index.reading import reading
from askdoc.readers import reader_for
from askdoc.system.safe_open import digest
from askdoc.types import Found, IndexReport

if TYPE_CHECKING:
    from obstore.store import ObjectStore
    from tests.postgres import Server

PIER = b"Mara Lind said that the pier would be rebuilt in oak by the spring."


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    """Run a server that speaks S3, which the environment names."""
    if find_spec("obstore") is None or find_spec("moto") is None:
        pytest.skip("obstore and moto are not here: `pip install 'askdoc[dev]'`")
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer("127.0.0.1", 0)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ALLOW_HTTP", "true")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_REGION", "us-east-1")
        yield
    running.stop()


def bucket(name: str) -> ObjectStore:
    """Make a bucket."""
    from obstore.store import from_url

    asked = urllib.request.Request(f"{os.environ['AWS_ENDPOINT_URL']}/{name}", method="PUT")  # noqa: S310
    urllib.request.urlopen(asked).close()  # noqa: S310 - the server above
    return from_url(f"s3://{name}")


def index(place: Place, *sources: str, ray: str | None = None) -> IndexReport:
    for source in sources:
        app.permit(place.workspace, source)
    with app.indexer(place.workspace, ray=ray) as indexer:
        return indexer.sync(sources)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record what is fetched."""
    found: list[str] = []
    whole = Objects._fetch

    def fetch(self: Objects, one: Found) -> Path:
        found.append(one.location)
        return whole(self, one)

    monkeypatch.setattr(Objects, "_fetch", fetch)
    return found


def test_follows_a_bucket(server: None, tmp_path: Path, fetched: list[str]) -> None:
    store = bucket("follows")
    store.put("docs/pier.txt", PIER)
    store.put("docs/deep/bees.md", b"# Bees\n\nA colony needs fifteen kilograms of honey.")
    store.put("docs/.secret.txt", b"Nobody reads this.")
    store.put("docs/film.xyz", b"0101")
    store.put("docs2/other.txt", b"This is beside it.")
    place = Place(tmp_path / "work")
    report = index(place, "s3://follows/docs")
    pier, bees = "s3://follows/docs/pier.txt", "s3://follows/docs/deep/bees.md"
    assert report.added == (bees, pier)
    assert [(skip.location, skip.code) for skip in report.skipped] == [
        ("s3://follows/docs/film.xyz", "unsupported")
    ]
    assert sorted(fetched) == [bees, pier], "each is fetched once"
    with app.answerer(place.workspace) as answerer:
        answer = answerer.answer("Who said that the pier would be rebuilt?")
    assert answer.evidence[0].passage.document.file == pier
    assert index(place).unchanged == 2
    assert len(fetched) == 2

    store.put("docs/pier.txt", PIER.replace(b"oak", b"pine"))
    store.delete("docs/deep/bees.md")
    report = index(place)
    assert (report.changed, report.removed) == ((pier,), (bees,))
    assert not list(Path(tempfile.gettempdir()).glob("askdoc-objects-*"))

    store.delete("docs/pier.txt")
    store.delete("docs/film.xyz")
    store.delete("docs/.secret.txt")
    report = index(place)
    assert [skip.code for skip in report.skipped] == ["missing"]
    assert not report.removed, "an empty place may be one that cannot be listed"


def test_a_store_that_does_not_answer_loses_nothing(
    server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket("gone").put("one.txt", PIER)
    place = Place(tmp_path / "work")
    assert index(place, "s3://gone/one.txt").added == ("s3://gone/one.txt",)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    report = index(place)
    [skip] = report.skipped
    assert (skip.location, skip.code) == ("s3://gone/one.txt", "unreachable")
    assert not report.removed
    with pytest.raises(FetchError, match=r"s3://gone/two`"):
        index(place, "s3://gone/two")


def test_limits_what_it_fetches(server: None) -> None:
    store = bucket("limits")
    store.put("docs/large.txt", PIER)
    with Objects(most=20) as objects:
        digested = objects.digesting(partial(digest, most=20))
        [large] = objects.listed("s3://limits/docs")
        assert isinstance(large, Found)
        with pytest.raises(ReadError) as refused:
            digested(large)
        assert refused.value.code == "too_large"
        with pytest.raises(ReadError) as refused:  # it has grown since it was listed
            digested(replace(large, size=5))
        assert refused.value.code == "too_large"
        with pytest.raises(ReadError) as refused:
            digested(replace(large, location="s3://limits/docs/none.txt", size=5))
        assert refused.value.code == "vanished"
        read = objects.reading(reading.in_line(20, reader_for))
        with read([replace(large, size=5)]) as readouts, pytest.raises(ReadError, match="limit"):
            [list(readout.parts()) for readout in readouts if readout]


def test_a_cluster_reads_a_bucket(
    server: None, tmp_path: Path, postgres: Server, request: pytest.FixtureRequest
) -> None:
    store = bucket("cluster")
    store.put("docs/pier.txt", PIER)
    store.put("docs/again.txt", PIER)
    store.put("docs/bees.md", b"# Bees\n\nA colony needs fifteen kilograms of honey.")
    alone = Place(tmp_path / "work", postgres.address())
    shared = Place(tmp_path / "work", postgres.address())
    first = index(alone, "s3://cluster/docs")
    request.getfixturevalue("in_line")
    assert index(shared, "s3://cluster/docs", ray="local").added == first.added
    assert len(first.added) == 3
    assert shared.state() == alone.state()


def test_asks_nobody_who_was_not_named(tmp_path: Path) -> None:
    (tmp_path / "askdoc.toml").write_text('sources = ["s3://library/docs"]\n')
    place = Place(tmp_path)
    with app.indexer(place.workspace) as indexer:
        [skip] = indexer.sync().skipped
    assert skip.code == "not_named"


def test_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(MissingPart) as missing:
        index(Place(tmp_path), "gs://library/docs")
    assert missing.value.hint == "install them: `pip install 'askdoc[cloud]'`"


def test_addresses_of_objects() -> None:
    assert normalised("S3://Bucket-1/a folder/?#x/") == "s3://Bucket-1/a folder/?#x"
    with pytest.raises(UsageError, match="names no bucket"):
        normalised("s3:///folder")
    assert covers("s3://b/v1.2", "s3://b/v1.2/one.txt", "/")
    assert not covers("s3://b/v1.2", "s3://b/v1.3/one.txt", "/")
    assert not covers("s3://b/one.txt", "s3://b/two.txt", "/")
    assert covers("gs://b", "gs://b/two.txt", "/")
