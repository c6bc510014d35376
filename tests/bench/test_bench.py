"""The measurements: ratios are paired within a round, figures know their limits, the pages show what was measured."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from bench import report
from bench.__main__ import MEASUREMENTS, main
from bench.generate import ByItem, log_of, plain_log, project
from bench.growth import written
from bench.harness import Contender, percentile, race
from bench.process import python, ran
from bench.result import Figure, Result
from eventlog import EventLog, verify
from stages.pipeline.counts import count
from stages.pipeline.project import Project
from stages.pipeline.system import System
from stages.registry import STAGES

ROOT = Path(__file__).parents[2]


def test_ratios_are_paired_within_a_round_and_drift_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("bench.harness.time.perf_counter", lambda: now[0])
    rounds = [0]

    def takes(seconds: float) -> Contender:
        def act(number: int) -> None:
            rounds[0] = max(rounds[0], number)
            now[0] += seconds * (1 + number)  # the machine gets slower and slower

        return Contender(name=str(seconds), act=act)

    slow = race([takes(1.0), takes(3.0)], rounds=5, operations=10)[1]
    assert slow.ratio == pytest.approx(3.0)
    assert slow.ratio_p99 == pytest.approx(3.0)
    assert rounds[0] == 1 + 5 * (1 + 10) - 1


def test_what_a_turn_begins_with_is_in_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    now, last = [0.0], [""]
    monkeypatch.setattr("bench.harness.time.perf_counter", lambda: now[0])
    monkeypatch.setattr("bench.harness.time.process_time", lambda: now[0])

    def act_of(name: str) -> Contender:
        def act(_: int) -> None:
            now[0] += 1.0 if last[0] == name else 9.0
            last[0] = name

        return Contender(name=name, act=act)

    for timing in race([act_of("one"), act_of("other")], rounds=5, operations=100):
        assert (timing.p50_s, timing.p99_s, timing.cpu_s) == (1.0, 1.0, 1.0)


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(list(map(float, range(100))), 0.99) == 99.0


def test_a_measured_program_keeps_what_it_compiles_as_an_installed_one_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert ran(python("-c", "import sys; sys.exit(sys.dont_write_bytecode)"), tmp_path).code == 0


FIGURE = Figure(what="a | b", what_zh="甲", value=1.234, limit=1.1)


@pytest.mark.parametrize(
    ("value", "at_least", "is_met"), [(1.0, False, True), (1.2, False, False), (1.0, True, False), (1.2, True, True)]
)
def test_a_figure_knows_whether_its_limit_is_kept(value: float, at_least: bool, is_met: bool) -> None:  # noqa: FBT001 - parameters
    assert Figure(what="", what_zh="", value=value, limit=1.1, at_least=at_least).is_met == is_met


def test_a_missed_limit_is_said_in_the_table() -> None:
    result = Result(name="x", title="", columns=(), rows=(), figures=(FIGURE,))
    assert report.readme_tables([result], "en")[0].splitlines()[2] == "| a | b | ≤ 1.1x | **1.23x** (misses) |"


def test_results_come_back_from_their_file_and_others_in_it_are_kept(tmp_path: Path) -> None:
    one, other = (Result(name=name, title="t", columns=("c",), rows=[[1.0]], figures=(FIGURE,)) for name in "ab")
    for results in ([one], [other], [one]):
        report.save(tmp_path / "f.json", results, {})
    assert {found.name: found.figures[0] for found in report.load(tmp_path / "f.json")} == {"a": FIGURE, "b": FIGURE}


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_has_its_file(name: str) -> None:
    module = import_module(f"bench.{name}")
    assert name == module.NAME
    assert callable(module.measure)


def test_the_first_word_may_be_a_measurement() -> None:
    assert "Invalid value" in CliRunner().invoke(main, ["nothing"]).output
    assert "generate" in CliRunner().invoke(main, ["--help"]).output


def test_a_log_that_is_made_has_the_wanted_length_and_is_whole(tmp_path: Path) -> None:
    plain_log(tmp_path / "events.jsonl", 2500, checkpoint=True)
    assert verify(str(tmp_path / "events.jsonl")).end.seq == 2499
    with EventLog.open(str(tmp_path / "events.jsonl"), projection=ByItem()) as log:
        assert log.checkpoint_seq == 2499
        assert len(log.fold(ByItem())) == 1001  # the items, and the log's own first entry


def test_a_project_that_is_made_has_the_wanted_scenes_and_entries(tmp_path: Path) -> None:
    project(tmp_path / "p", scenes=20, entries=1500)
    assert verify(str(log_of(tmp_path / "p"))).end.seq == 1499
    with Project.open(str(tmp_path / "p"), System()) as made:
        assert [(one.done, one.total) for one in count(made.progress, STAGES)] == [(20, 20), (20, 20)]


def test_the_bytes_of_a_growing_project_are_counted(tmp_path: Path) -> None:
    log, progress, own = written(tmp_path, 30)
    assert own < progress < 11 * log
    assert log > 30 * 2400


@pytest.mark.parametrize("page", report.PAGES)
def test_the_page_shows_the_figures_that_were_measured(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    results = sorted(report.load(report.FIGURES), key=lambda one: MEASUREMENTS.index(one.name))
    assert report.with_tables(text, report.readme_tables(results, report.PAGES[page])) == text
    for at in (1, 2):
        assert f"<!-- figures {at} -->\n|" in text


def test_the_figures_say_what_they_were_measured_on() -> None:
    found = orjson.loads(report.FIGURES.read_bytes())["machine"]
    assert {"python", "system", "processor", "cores", "noise"} <= found.keys()
