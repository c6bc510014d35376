"""Tables in a script: models asked for a list of fields often draw one, with a row a shot or a row a field.

Law: pure; a line that is no row of such a table comes out as it went in, and each line is looked at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r":?-+:?")
_BREAK = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
_ROW_NUMBER = re.compile(r"[*_]{0,3}(?:镜头|分镜|镜号|Shot)?\s{0,3}#?(\d{1,6})[*_]{0,3}", re.IGNORECASE)
_DESCRIPTION = re.compile(r"提示词|描述|prompt|description", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,6}")


def unfold(lines: Sequence[str], name_of: Callable[[str], str]) -> Iterator[str]:
    """The lines, with every row of a table told as the lines it stands for.

    `name_of` gives the name of the field that a cell names, "" if it names none.
    """
    columns: list[str] = []
    number = 0
    for at, line in enumerate(lines):
        cells = _cells(line)
        if not cells:
            columns = []
            yield line
        elif all(_RULE.fullmatch(cell) for cell in cells):
            continue
        elif columns:
            number = _number(columns, cells, number + 1)
            yield from _shot(columns, cells, number)
        elif at + 1 < len(lines) and _is_head(cells, _cells(lines[at + 1]), name_of):
            columns = [name_of(_plain(cell)) for cell in cells]
        elif len(cells) == 2:  # noqa: PLR2004 - a name and a value
            name = _plain(cells[0])
            yield f"{name_of(name) or name}：{cells[1]}"
        else:
            yield line


def rows_of(lines: Sequence[str]) -> list[tuple[int, str]]:
    """The rows of a table whose first column numbers the shots: the number, and what the column of descriptions says.

    That is the one that is named so, or the last one.
    """
    rows = [cells for line in lines if len(cells := _cells(line)) > 1]
    head = rows[0] if rows and not _ROW_NUMBER.fullmatch(rows[0][0]) else []
    column = next((at for at, cell in enumerate(head) if at and _DESCRIPTION.search(cell)), -1)
    found = ((_ROW_NUMBER.fullmatch(cells[0]), cells) for cells in rows)
    return [(int(number[1]), cells[min(column, len(cells) - 1)]) for number, cells in found if number]


def _cells(line: str) -> list[str]:
    """The cells of a row; none if the line is no row."""
    if not line.startswith("|") or not line.endswith("|") or len(line) < 3:  # noqa: PLR2004 - "||" holds nothing
        return []
    return [_BREAK.sub(" ", cell).replace("\\|", "|").strip() for cell in _BAR.split(line[1:-1])]


def _plain(cell: str) -> str:
    return cell.strip("*_`：: ")


def _is_head(cells: Sequence[str], below: Sequence[str], name_of: Callable[[str], str]) -> bool:
    known = sum(bool(name_of(_plain(cell))) for cell in cells)
    return known > 1 and bool(below) and all(_RULE.fullmatch(cell) for cell in below)


def _number(columns: Sequence[str], cells: Sequence[str], following: int) -> int:
    """The number of a row's shot: that of the first column, if that is no field; else the following one."""
    found = _DIGITS.search(cells[0]) if not columns[0] else None
    return int(found[0]) if found else following


def _shot(columns: Sequence[str], cells: Sequence[str], number: int) -> Iterator[str]:
    yield f"### 镜头 {number}"
    for name, cell in zip(columns, cells, strict=False):
        if name:
            yield f"{name}：{cell}"
