"""Addresses as text, and which of them a connection may be made to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.addresses import is_address, normalised, prefix_of, resolved
from askdoc.errors import UsageError
from askdoc.index.plan import choose_scopes, covers
from askdoc.web.robots import objection


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HTTPS://Example.ORG", "https://example.org/"),
        ("http://example.org:80/a#part", "http://example.org/a"),
        (
            "https://example.org:8443/a b/ü?q=ä b",
            "https://example.org:8443/a%20b/%C3%BC?q=%C3%A4%20b",
        ),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.org/a/../b/./c", "https://example.org/b/c"),
        ("https://example.org/a/%2e%2E/b", "https://example.org/b"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_an_address_is_written_in_one_way(written: str, expected: str) -> None:
    assert normalised(written) == expected
    assert normalised(expected) == expected


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("file:///etc/passwd", "neither an `http` nor"),
        ("ftp://example.org/a", "neither an `http` nor"),
        ("https://me:secret@example.org/", "user name or password"),
        ("https:///nowhere", "not an address"),
        ("http://example.org:99999/", "not an address"),
        ("http://[::1/", "not an address"),
        ("http://a b/", "not an address"),
    ],
)
def test_what_is_no_page_is_refused(written: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        normalised(written)


def test_a_path_is_no_address() -> None:
    assert not any(
        map(is_address, ("docs", "C:/docs", "C:\\docs", "./http:", "http:/x", "a://"[:2]))
    )


@given(st.text(max_size=60))
def test_any_text_is_an_address_in_one_way_or_refused(text: str) -> None:
    try:
        once = normalised(f"http://{text}")
    except UsageError:
        return
    assert normalised(once) == once
    assert once.isascii()
    assert once.startswith(prefix_of(once).rstrip("/"))


def test_links_are_resolved_and_others_left_out() -> None:
    base = "https://example.org/docs/intro.html"
    assert resolved(base, "../a.html#x") == "https://example.org/a.html"
    assert resolved(base, " b.html ") == "https://example.org/docs/b.html"
    for link in ("mailto:me@example.org", "javascript:alert(1)", "data:text/plain,x", "http://["):
        assert resolved(base, link) is None


def test_what_lies_in_an_address() -> None:
    assert (
        prefix_of("https://h/docs/intro.html") == prefix_of("https://h/docs") == "https://h/docs/"
    )
    assert covers("https://h/docs/", "https://h/docs/a", "/root")
    assert not covers("https://h/docs/", "https://h/docsets", "/root")
    assert not covers(".", "https://h/", "/root")
    assert not covers("https://h/", "a.txt", "/root")


def test_another_page_of_a_site_is_another_source() -> None:
    sources, scopes = choose_scopes(["https://h/docs/", "."], ["https://h/docs/a", "."], "/root")
    assert sources == ["https://h/docs/", ".", "https://h/docs/a"]
    assert [(scope.source, scope.part) for scope in scopes] == [
        ("https://h/docs/a", "https://h/docs/a"),
        (".", "."),
    ]


PRIVATE = """127.0.0.1 127.8.8.8 10.1.2.3 172.16.0.1 192.168.1.1 100.64.0.1 ::1 fc00::1 fd12::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::10.0.0.1 2002:7f00:1:: ::127.0.0.1 240.0.0.1
198.18.0.1 192.0.2.1 2001:db8::1 fec0::1"""
NEVER = """0.0.0.0 0.1.2.3 :: 169.254.169.254 169.254.1.1 fe80::1 fe80::1%eth0 224.0.0.1 ff02::1
255.255.255.255 ::ffff:169.254.169.254 64:ff9b::169.254.169.254 ::ffff:0.0.0.0 100.100.100.200
fd00:ec2::254 2002:a9fe:a9fe:: localhost 127.1"""
PUBLIC = "93.184.216.34 1.1.1.1 2606:4700::1111 ::ffff:1.1.1.1 64:ff9b::1.1.1.1"


@pytest.mark.parametrize("address", PRIVATE.split())
def test_private_addresses_need_leave(address: str) -> None:
    assert objection(address, allow_private=False)
    if address not in ("240.0.0.1", "2002:7f00:1::"):
        assert objection(address, allow_private=True) is None


@pytest.mark.parametrize("address", NEVER.split())
def test_some_addresses_are_never_connected_to(address: str) -> None:
    assert objection(address, allow_private=True)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_addresses_are_connected_to(address: str) -> None:
    assert objection(address, allow_private=False) is None
