"""Results as a person reads them: a table on the terminal, a JSON file, pictures, and the tables of the README.

Law: the README's figures are made from the JSON file and from nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bench.result import Figure, Result, from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.result import Cell

HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
PAGES = {"README.md": "en", "README.zh-CN.md": "zh"}
_DRAWN = {"growth": (True, True), "reopen": (True, False), "scale": (True, True)}  # name -> logarithmic x, y
_DIGITS = 3


def number(value: Cell) -> str:
    """A value with three significant digits."""
    if isinstance(value, str):
        return value
    if value == 0 or abs(value) >= 10 ** (_DIGITS - 1):
        return f"{value:,.0f}"
    return f"{value:.{_DIGITS}g}"


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """The lines of a Markdown table, aligned so that it reads well on a terminal too."""
    cells = [list(columns), *([number(cell) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(columns))]
    for at, row in enumerate(cells):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        if at == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def shown(result: Result) -> Iterator[str]:
    """A result as it is printed."""
    yield f"\n{result.title}\n"
    yield from table(result.columns, result.rows)
    yield ""
    for figure in result.figures:
        yield f"{'ok    ' if figure.is_met else 'MISSED'} {figure.what}: {measured(figure)} (must be {wanted(figure)})"
    yield from result.notes


def measured(figure: Figure) -> str:
    """The value with its unit."""
    return f"{number(figure.value)}{_spaced(figure.unit)}"


def wanted(figure: Figure) -> str:
    """The limit with its unit; empty if there is none."""
    if figure.limit is None:
        return ""
    return f"{'≥' if figure.at_least else '≤'} {number(figure.limit)}{_spaced(figure.unit)}"


def _spaced(unit: str) -> str:
    return unit if unit in ("x", "%", "") else f" {unit}"


def save(path: Path, results: Sequence[Result], machine: dict[str, Any]) -> None:
    """Write results as JSON; those of other measurements that the file has already are kept."""
    kept = [one for one in load(path) if one.name not in {result.name for result in results}] if path.exists() else []
    found = {"machine": machine, "results": [one.to_json() for one in [*kept, *results]]}
    path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def load(path: Path) -> list[Result]:
    """The results in a JSON file."""
    return [from_json(one) for one in orjson.loads(path.read_bytes())["results"]]


def draw(results: Sequence[Result], folder: Path) -> list[Path]:
    """Draw how cost grows; returns the pictures. Raises ImportError without matplotlib."""
    import matplotlib as mpl  # noqa: PLC0415 - only in the extra `bench`

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    folder.mkdir(exist_ok=True)
    paths = []
    for result in results:
        if result.name not in _DRAWN or not any(len(points) > 1 for points in result.lines.values()):
            continue
        x_is_log, y_is_log = _DRAWN[result.name]
        figure, axes = plt.subplots(figsize=(6, 3.6))
        for name, points in result.lines.items():
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
        axes.set(title=result.title.split(" (", maxsplit=1)[0][:70], xlabel=result.axes[0], ylabel=result.axes[1])
        axes.set_xscale("log" if x_is_log else "linear")
        axes.set_yscale("log" if y_is_log else "linear")
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize="small")
        paths.append(folder / f"{result.name}.svg")
        figure.savefig(paths[-1], bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
    return paths


_WORDS = {
    "en": (("what", "must be", "measured"), "misses", ("program", "p50", "p99", "on disk when it returns")),
    "zh": (("内容", "要求", "测得"), "未达到", ("程序", "p50", "p99", "返回时已落盘")),
}


def readme_tables(results: Sequence[Result], language: str) -> list[str]:
    """The tables of the README's section, in a language: every figure, then the peers."""
    head, misses, peers_head = _WORDS[language]
    figures = [figure for result in results for figure in result.figures]
    rows: list[list[Cell]] = [
        [
            figure.what if language == "en" else figure.what_zh,
            wanted(figure),
            measured(figure) if figure.is_met else f"**{measured(figure)}** ({misses})",
        ]
        for figure in figures
    ]
    tables = ["\n".join(_plain_table(head, rows))]
    for result in results:
        if result.name == "append":
            said = {"yes": "yes" if language == "en" else "是", "not durable": "no" if language == "en" else "否"}
            peers: list[list[Cell]] = [
                [f"`{row[0]}`", f"{number(row[4])}x", f"{number(row[5])}x", said[str(row[6])]] for row in result.rows
            ]
            tables.append("\n".join(_plain_table(peers_head, peers)))
    return tables


def _plain_table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def with_tables(text: str, tables: Sequence[str]) -> str:
    """A page with its tables of figures replaced: each stands after a comment `<!-- figures N -->`."""
    for at, made in enumerate(tables, 1):
        text = re.sub(rf"(?<=<!-- figures {at} -->\n)(?:\|.*\n)*", made.replace("\\", r"\\") + "\n", text, count=1)
    return text
