"""Read messages: `.eml` and `.mbox` with the standard library, `.msg` of Outlook with python-oxmsg.

Each attachment becomes a document.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import EmailMessage
from io import BytesIO
from mimetypes import MimeTypes
from typing import TYPE_CHECKING

from askdoc.errors import ReadError
from askdoc.readers.attachments import ContainerReader, Within
from askdoc.readers.composer import Composer, clean
from askdoc.readers.encoding import decode, empty
from askdoc.readers.html_tree import parse, write
from askdoc.readers.refusal import damaged, wordless
from askdoc.types import Part, Reading
from askdoc.types.places import Place, PlaceKind

if TYPE_CHECKING:
    from oxmsg.recipient import Recipient

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n)\r?\n)From [^\r\n]*\d{4}[^\r\n]*\r?\n")
_QUOTED_SEPARATOR = re.compile(rb"^>(>*From )", re.MULTILINE)
_FIELD = re.compile(rb"[!-9;-~]+:[ \t]?[^\r\n]*\r?\n")
_LEADING = 2_000


@dataclass(frozen=True, slots=True)
class _Message:
    """What a message says: its headers in order, its text, or its page of HTML; the attachments."""

    headers: Sequence[tuple[str, str]]
    text: str
    html: str
    attached: Sequence[tuple[str, bytes]]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def naming(self) -> str | None:
        """Who wrote it, when, and about what, as far as it says."""
        subject = self.header("Subject")
        known = (self.header("From"), self.header("Date"), f"“{subject}”" if subject else None)
        words = clean(", ".join(one for one in known if one))
        return words or None


class EmlReader(ContainerReader):
    """Reads one message: sender, recipients, date and subject, then the text."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no message.

        """
        if not data.strip():
            raise empty(name)
        if not _FIELD.search(data[:_LEADING]):
            raise damaged(name)
        message = _parsed(data, name)
        return _one(message, name, self._within)


class MboxReader(ContainerReader):
    """Reads a mailbox; a message is a place, and its subject a heading."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no mailbox.

        """
        if not data.strip():
            raise empty(name)
        composer = Composer()
        parts: list[Part] = []
        lost: list[str] = []
        for number, raw in enumerate(_split(data), start=1):
            try:
                message = _parsed(_QUOTED_SEPARATOR.sub(rb"\1", raw), name)
            except ReadError:
                lost.append(str(number))
                continue
            composer.place(Place(PlaceKind.MESSAGE, number))
            if subject := message.header("Subject"):
                composer.section(subject, 1)
            _write(message, composer, is_document=False)
            parts += [
                self._within.read(content, f"message {number}/{part}")
                for part, content in message.attached
            ]
        if not composer:
            raise damaged(name)
        warnings = [f"messages that nest their parts too deeply: {', '.join(lost)}"] if lost else []
        return composer.reading(parts=parts, warnings=warnings)


class MsgReader(ContainerReader):
    """Reads one message of Outlook."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, or has no text.

        """
        if not data.strip():
            raise empty(name)
        try:
            message = _outlook(data)
        except Exception as error:  # python-oxmsg meets odd files with errors of any kind
            raise damaged(name) from error
        return _one(message, name, self._within)


def _one(message: _Message, name: str, within: Within) -> Reading:
    """Write a message that is a file."""
    composer = Composer()
    composer.place(Place(PlaceKind.MESSAGE, 1, message.naming))
    _write(message, composer, is_document=True)
    if not composer:
        raise wordless(name)
    return composer.reading(
        title=message.header("Subject"),
        author=message.header("From"),
        parts=[within.read(content, part) for part, content in message.attached],
    )


def _write(message: _Message, composer: Composer, *, is_document: bool) -> None:
    """Write a message; if it is a file, its headers become fields of the document."""
    for key, value in message.headers:
        composer.field(key, value, of_document=is_document)
    if message.text.strip():
        composer.flow(message.text)
    elif message.html.strip():
        composer.written(write(parse(message.html), is_page=False), below=1)


def _split(data: bytes) -> Iterator[bytes]:
    """Split a mailbox into messages."""
    starts = list(_SEPARATOR.finditer(data))
    ends = [*(found.start() for found in starts), len(data)][1:]
    for found, end in zip(starts, ends, strict=True):
        yield data[found.end() : end]


def _parsed(data: bytes, name: str) -> _Message:
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
    except RecursionError as error:
        raise damaged(name, "nests its parts too deeply") from error
    assert isinstance(message, EmailMessage)  # noqa: S101 - what the policy makes
    texts: list[str] = []
    pages: list[str] = []
    attached: list[tuple[str, bytes]] = []
    for number, part in enumerate(_leaves(message), start=1):
        kind = part.get_content_type()
        is_attached = part.get_content_disposition() == "attachment"
        if kind == "message/rfc822":
            inner = part.get_payload()
            is_page = inner[0] if isinstance(inner, list) and inner else None
            content = is_page.as_bytes() if isinstance(is_page, EmailMessage) else b""
            attached.append((_file_name(part) or f"message {number}.eml", content))
        elif kind in ("text/plain", "text/html") and not is_attached and not _file_name(part):
            (texts if kind == "text/plain" else pages).append(_content(part))
        else:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                attached.append((_file_name(part) or _made_name(number, kind), payload))
    headers = [(key, _header(message, key)) for key in _HEADERS]
    return _Message(
        [(key, value) for key, value in headers if value],
        "\n\n".join(texts),
        "\n".join(pages),
        attached,
    )


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the leaf parts; a message inside a message counts as one part."""
    pending = [message]
    while pending:
        part = pending.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner: Iterable[EmailMessage] = part.iter_parts()  # type: ignore[assignment]
            pending += reversed(list(inner))
        else:
            yield part


def _header(message: EmailMessage, key: str) -> str:
    """Return a header in decoded form; a malformed one stays as it is."""
    try:
        return " ".join(str(message.get(key, "")).split())
    except Exception:  # noqa: BLE001 - the parser of headers fails on odd ones in many ways
        found = [value for name, value in message.raw_items() if name.lower() == key.lower()]
        return " ".join(str(found[0]).split()) if found else ""


def _file_name(part: EmailMessage) -> str | None:
    try:
        return part.get_filename()
    except Exception:  # noqa: BLE001 - as above
        return None


def _made_name(number: int, kind: str) -> str:
    """Make a name for an unnamed attachment; its suffix shows its type."""
    # Types of the operating system would differ between machines.
    ending = MimeTypes().guess_extension(kind)
    return f"attachment {number}{ending or '.bin'}"


def _content(part: EmailMessage) -> str:
    """Decode a part by its declared encoding, else by its bytes."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return decode(payload, name="", declared=part.get_content_charset()).text
    except ReadError:
        return ""


def _outlook(data: bytes) -> _Message:
    from oxmsg import Message
    from oxmsg.domain import encodings

    encodings._CODE_PAGE_ENCODINGS.update(_CODE_PAGES)  # noqa: SLF001
    message = Message.load(BytesIO(data))
    sent = message.sent_date
    address = message.properties.str_prop_value(_SENDER_ADDRESS)
    sender = _unfolded(message.sender or "")
    known = {
        "From": sender if not address or address in sender else f"{sender} <{address}>".strip(),
        "To": ", ".join(filter(None, (_person(one) for one in message.recipients))),
        "Date": sent.isoformat(" ", "seconds") if sent else "",
        "Subject": _unfolded(message.subject or ""),
    }
    attached = [
        (one.file_name or _made_name(number, one.mime_type or ""), one.file_bytes)
        for number, one in enumerate(message.attachments, start=1)
        if one.file_bytes
    ]
    headers = [(key, value) for key, value in known.items() if value.strip()]
    return _Message(headers, message.body or "", message.html_body or "", attached)


def _person(recipient: Recipient) -> str:
    name, address = _unfolded(recipient.name or ""), recipient.email_address or ""
    return f"{name} <{address}>" if name and address and name != address else name or address


_CODE_PAGES = {
    720: "cp720",
    874: "cp874",
    932: "cp932",
    936: "gb18030",
    949: "cp949",
    950: "cp950",
    10006: "mac_greek",
    10007: "mac_cyrillic",
    10029: "mac_latin2",
    10079: "mac_iceland",
    10081: "mac_turkish",
}
"""Windows encodings whose name in python-oxmsg is unknown to Python, or means a smaller
encoding."""

_SENDER_ADDRESS = 0x0C1F
"""The Outlook property with the sender's address."""


def _unfolded(words: str) -> str:
    """Decode the encoded words of a header."""
    try:
        return str(make_header(decode_header(words)))
    except (ValueError, LookupError):
        return words
