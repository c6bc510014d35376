"""`python -m bench`: run measurements, make logs to measure on, bring the README's figures up to date."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench import report
from bench.harness import noise
from bench.result import Setting

if TYPE_CHECKING:
    from bench.result import Result

# In the order of the README's table.
MEASUREMENTS = (
    "append",
    "group",
    "replay",
    "reopen",
    "scale",
    "growth",
    "overhead",
    "client",
    "throughput",
    "startup",
    "director",
)


class _Default(click.Group):
    """A group whose first word may be a measurement: `python -m bench append` is `python -m bench run append`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` in front of what is no command of ours."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Default)
def main() -> None:
    """Measure scenelog and eventlog on this machine.

    Without a command: `run`, which measures everything; `python -m bench append --peers` measures one thing, other
    programs included.
    """


@main.command()
@click.argument("names", nargs=-1, type=click.Choice(MEASUREMENTS))
@click.option("--peers", is_flag=True, help="Measure other programs too (they are in the extra `bench`).")
@click.option("--quick", is_flag=True, help="A tenth of the rounds, and no log above 100,000 entries.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the results there as well.")
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="Measure on the disk of this folder.")
def run(names: tuple[str, ...], *, peers: bool, quick: bool, json_file: Path | None, folder: Path | None) -> None:
    """Run the measurements named, or all; print tables, and what misses its limit. Nothing fails."""
    place = Path(tempfile.mkdtemp(prefix="bench-", dir=folder or Path.cwd()))
    setting = Setting(folder=place, is_quick=quick, with_peers=peers, note=lambda text: click.echo(text, err=True))
    try:
        for name in dict.fromkeys(names or MEASUREMENTS):
            if problem := noise():
                click.echo(f"warning: {problem}", err=True)
            result: Result = import_module(f"bench.{name}").measure(setting)
            click.echo("\n".join(report.shown(result)))
            if json_file is not None:
                report.save(json_file, [result], machine())
    finally:  # at last: see throughput.py
        shutil.rmtree(place)


def machine() -> dict[str, Any]:
    """What was measured on."""
    models = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "noise": noise(),
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--entries", default=100_000, show_default=True, help="How long the log is to be.")
@click.option("--scenes", default=1000, show_default=True, help="How many scenes the project has.")
def generate(folder: Path, entries: int, scenes: int) -> None:
    """Make a project in FOLDER with a history of so many entries, to try commands on."""
    from bench.generate import log_of, project  # noqa: PLC0415 - only for this command

    project(folder, scenes=scenes, entries=entries)
    click.echo(f"{log_of(folder)}: {log_of(folder).stat().st_size:,} bytes")


@main.command()
@click.option("--json", "json_file", type=click.Path(path_type=Path, exists=True), default=report.FIGURES)
def readme(json_file: Path) -> None:
    """Write the figures in the JSON file into the tables of both pages, and draw the pictures."""
    results = sorted(report.load(json_file), key=lambda one: MEASUREMENTS.index(one.name))
    root = report.HERE.parent
    for page, language in report.PAGES.items():
        text = (root / page).read_text(encoding="utf-8")
        made = report.with_tables(text, report.readme_tables(results, language))
        (root / page).write_text(made, encoding="utf-8")
    for path in report.draw(results, report.HERE / "pictures"):
        click.echo(path)


if __name__ == "__main__":
    main()
