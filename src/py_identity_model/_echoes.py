"""Finding secrets in a server's text, in whatever form it echoes them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

Span = tuple[int, int]

_LONG_SECRET = 8  # characters
_LONG_WORD = 16
_PIECE = 16  # characters of a token: fewer may be anybody's
_LAYERS = 3  # escapes of escapes that are undone
_OCTETS = r"(?:%[0-9A-Fa-f]{2})+|(?:\\x[0-9A-Fa-f]{2})+"
_UNITS = r"(?:\\u[0-9A-Fa-f]{4})+|(?:%u[0-9A-Fa-f]{4})+"
_POINTS = r"\\u\{[0-9A-Fa-f]{1,6}\}|\\U[0-9A-Fa-f]{8}"
_ESCAPES = rf"{_OCTETS}|{_UNITS}|{_POINTS}|\\[^u]|&#?\w{{1,8}};"
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_GLUE = r"[\s\"',:]+"  # stands between the lines of base64, in dumps, and in lists of pieces
_TOKEN = r"[A-Za-z0-9._~+/=-]{24,}"
_PIECES = rf"[A-Za-z0-9._~+/=-]{{{_PIECE},}}"
_STANDARD = str.maketrans("-_", "+/")


class _View(NamedTuple):
    """A text as one of its readers sees it: each character with its place in the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, begin: int, end: int) -> Span:
        """Return where the characters from ``begin`` to ``end`` are in the original."""
        return self.starts[begin], self.ends[end - 1]


def echoes_in(text: str, secrets: Iterable[str]) -> list[Span]:
    """Return where ``text`` has one of ``secrets``: plain, escaped, encoded, or broken into lines.

    Escapes are undone, however few characters a server escapes, instead of guessing its rules.
    Short secrets are found only as whole words: otherwise they may be part of another ("no" in
    "cannot").  Parts of long tokens are found too: servers quote the beginning of a token, or its
    segments.
    """
    known = {one for one in secrets if one}
    forms = {form for secret in known for form in _forms_of(secret)}
    words = {one for one in forms if not _is_distinct(one)}
    codes = {code for secret in known for code in _codes_of(secret)}
    whole = (forms - words) | {one for one in map(_without_glue, forms) if _is_distinct(one)}
    pieces = {piece for secret in known for piece in _pieces_of(secret)}
    spans: set[Span] = set()
    for view in _views(text) if known else ():
        tight = _tightened(view)
        spans.update(_words_in(view, words))
        spans.update(_texts_in(view, forms - words))
        spans.update(_texts_in(tight, whole))
        spans.update(_texts_in(tight._replace(text=tight.text.translate(_STANDARD)), codes))
        spans.update(_pieces_in(view, pieces))
    return sorted(spans)


def _forms_of(secret: str) -> Iterator[str]:
    """Return the forms of ``secret`` that differ by more than escapes."""
    yield from (secret, secret.replace(" ", "+"), secret.replace("+", " "))
    if secret.strip():
        yield secret.strip()
    if not secret.isascii():  # servers that read UTF-8 as Latin-1, or answer in Latin-1
        yield secret.encode("utf-8", "surrogatepass").decode("latin-1")
        yield secret.encode("latin-1", "replace").decode("utf-8", "replace")


def _is_distinct(secret: str) -> bool:
    """Return whether ``secret`` is unlikely to be part of an ordinary word."""
    return len(secret) >= (_LONG_WORD if secret.isalpha() else _LONG_SECRET)


def _codes_of(secret: str) -> Iterator[str]:
    """Return ``secret`` in hexadecimal and base64; such strings do not look like words."""
    from urllib.parse import quote

    data = secret.encode("utf-8", "surrogatepass")
    if len(data) < _LONG_SECRET:
        return
    for one in {data, quote(data, safe="").encode()}:  # Basic credentials contain the latter
        yield from (one.hex(), one.hex().upper(), *_in_base64(one))


def _in_base64(data: bytes) -> Iterator[str]:
    """Return the base64 forms of ``data`` inside a longer text, for each possible offset.

    Characters at both ends are left out if they depend on the neighbours as well.
    """
    from base64 import b64encode

    for before in range(3):
        text = b64encode(bytes(before) + data).decode()
        yield text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def _pieces_of(secret: str) -> Iterator[str]:
    if re.fullmatch(_TOKEN, secret):
        yield from (secret[at : at + _PIECE] for at in range(len(secret) - _PIECE + 1))


def _views(text: str) -> Iterator[_View]:
    """Return ``text`` as it is, and with its escapes undone once, and again."""
    view = _View(text, range(len(text)), range(1, len(text) + 1))
    yield view
    for _ in range(_LAYERS):
        before, view = view, _unescaped(view)
        if view.text == before.text:
            return
        yield view


def _unescaped(view: _View) -> _View:
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for found in re.finditer(_ESCAPES, view.text, re.DOTALL):
        begin, end = found.span()
        texts.append(view.text[last:begin])
        starts.extend(view.starts[last:begin])
        ends.extend(view.ends[last:begin])
        for char, length in _meaning(found[0]):
            texts.append(char)
            starts.append(view.starts[begin])
            begin += length
            ends.append(view.ends[begin - 1])
        last = end
    return _View(
        "".join((*texts, view.text[last:])),
        [*starts, *view.starts[last:]],
        [*ends, *view.ends[last:]],
    )


def _meaning(escape: str) -> Iterator[tuple[str, int]]:
    """Return the characters that escapes stand for, each with the length of its escape."""
    if len(escape) == 2:
        yield _CONTROLS.get(escape[1], escape[1]), 2
    elif escape.startswith(("\\u{", "\\U")):
        yield chr(min(int(escape[2:].strip("{}"), 16), sys.maxunicode)), len(escape)
    elif escape.startswith(("\\u", "%u")):
        units = bytes.fromhex(escape.replace(escape[:2], ""))
        for char in units.decode("utf-16-be", "surrogatepass"):
            yield char, 12 if char > "\uffff" else 6
    elif escape.startswith("\\x"):
        yield from _decoded(bytes.fromhex(escape.replace("\\x", "")), 4)
    elif escape.startswith("%"):
        yield from _decoded(bytes.fromhex(escape.replace("%", "")), 3)
    else:
        from html import unescape  # its table is large, and failures are rare

        char = unescape(escape)
        yield from [(char, len(escape))] if len(char) == 1 else [(one, 1) for one in escape]


def _decoded(data: bytes, length: int) -> Iterator[tuple[str, int]]:
    """Return the characters of escaped bytes; ``length`` is that of the escape of one byte."""
    try:
        for char in data.decode():
            yield char, length * len(char.encode())
    except UnicodeDecodeError:
        yield from ((char, length) for char in data.decode("latin-1"))


def _without_glue(text: str) -> str:
    return re.sub(_GLUE, "", text)


def _tightened(view: _View) -> _View:
    """Return the view without what stands between lines and pieces."""
    text, starts, ends = view
    kept: list[slice] = []
    last = 0
    for found in re.finditer(_GLUE, text):
        kept.append(slice(last, found.start()))
        last = found.end()
    kept.append(slice(last, len(text)))
    return _View(
        "".join(text[one] for one in kept),
        [at for one in kept for at in starts[one]],
        [at for one in kept for at in ends[one]],
    )


def _words_in(view: _View, words: Iterable[str]) -> Iterator[Span]:
    for word in words:
        for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", view.text):
            yield view.span(*found.span())


def _texts_in(view: _View, texts: Iterable[str]) -> Iterator[Span]:
    for one in texts:
        at = view.text.find(one)
        while at >= 0:
            yield view.span(at, at + len(one))
            at = view.text.find(one, at + len(one))


def _pieces_in(view: _View, pieces: set[str]) -> Iterator[Span]:
    for run in re.finditer(_PIECES, view.text) if pieces else ():
        for at in range(run.start(), run.end() - _PIECE + 1):
            if view.text[at : at + _PIECE] in pieces:
                yield view.span(at, at + _PIECE)
