"""Entries as lines to look at: aligned and cut to the width on a terminal, tab-separated in a pipe.

Law: one line an entry, without any character that could act on a terminal; an unconfirmed entry's seq ends in `?`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from eventlog.tool.text import clean, pad, shorten, width

if TYPE_CHECKING:
    from eventlog.entry import Entry

TITLES = ("seq", "time", "type", "subject", "meta", "data")
_META_COLUMNS = 60
_DATA_COLUMNS = 80
_NAME_COLUMNS = 32
_MOST_BYTES = 4  # that a character has in UTF-8
_LEAST_WIDTHS = (4, 19, 16, 12)


def cells(entry: Entry, *, confirmed: bool, full: bool) -> tuple[str, ...]:
    """What is shown of an entry, in the order of TITLES; `full` leaves nothing out."""
    said = entry.data_bytes
    if said == b"null":
        said = b""
    meta = clean(" ".join(f"{key}={_plain(value)}" for key, value in entry.meta.items()))
    if full:
        data = clean(said.decode())
    else:
        data = shorten(clean(said[: _DATA_COLUMNS * 2 * _MOST_BYTES].decode(errors="ignore")), _DATA_COLUMNS)
        meta = shorten(meta, _META_COLUMNS)
    mark = "" if confirmed else "?"
    return f"{entry.seq}{mark}", clean(entry.time), clean(entry.type), clean(entry.subject), meta, data


def _plain(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


class Table:
    """Aligned lines for a terminal of `columns` columns (None: lines are not cut); the titles come with the first.

    A column grows with what it meets, so that nothing waits for the end of the log.
    """

    def __init__(self, columns: int | None) -> None:
        self._columns = columns
        self._widths = list(_LEAST_WIDTHS)
        self._titled = False

    def lines(self, texts: tuple[str, ...]) -> str:
        """What is printed for an entry, its newline included."""
        line = self._line(texts)
        if self._titled:
            return line
        self._titled = True
        return self._line(TITLES) + line

    def _line(self, texts: tuple[str, ...]) -> str:
        seq, time, *names, meta, data = texts
        fixed = [seq, time.replace("T", " ")[:19], *(shorten(name, _NAME_COLUMNS) for name in names)]
        self._widths = [max(known, width(text)) for known, text in zip(self._widths, fixed, strict=True)]
        padded = [pad(text, room) for text, room in zip(fixed, self._widths, strict=True)]
        line = "  ".join([*padded, *(text for text in (meta, data) if text)]).rstrip()
        return (line if self._columns is None else shorten(line, self._columns)) + "\n"
