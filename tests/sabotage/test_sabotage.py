"""Every seeded bug still fits the code, and every one is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.real.layers import long
from tests.sabotage.catalogue import CATALOGUE
from tests.sabotage.runner import ROOT, row, run_catalogue, without_bugs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sabotage.bugs import Bug

LEAST = 50


@pytest.mark.parametrize("bug", CATALOGUE, ids=lambda bug: bug.name)
def test_a_bug_still_fits_the_code_and_what_it_makes_of_it_can_be_compiled(bug: Bug, tmp_path: Path) -> None:
    copy = tmp_path / bug.path
    copy.parent.mkdir(parents=True)
    copy.write_bytes((ROOT / bug.path).read_bytes())
    bug.apply(tmp_path)
    compile(copy.read_text(encoding="utf-8"), bug.path, "exec")


def test_a_bug_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    for text in ("", "other", CATALOGUE[0].old * 2):
        (tmp_path / CATALOGUE[0].path).parent.mkdir(exist_ok=True)
        (tmp_path / CATALOGUE[0].path).write_text(text, encoding="utf-8")
        with pytest.raises(LookupError, match=CATALOGUE[0].name):
            CATALOGUE[0].apply(tmp_path)


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len({bug.name for bug in CATALOGUE}) == len(CATALOGUE) >= LEAST
    assert {bug.path.split("/")[0] for bug in CATALOGUE} == {"eventlog", "stages"}


@long("sabotage")
def test_every_bug_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert without_bugs(CATALOGUE, tmp_path / "well") == ""
    survived = []
    for number, trial in enumerate(run_catalogue(), 1):
        with capsys.disabled():
            print(f"\n{row(number, trial)}", end="")  # noqa: T201
        survived += [trial.bug.name] if trial.problem else []
    with capsys.disabled():
        print(f"\n{len(CATALOGUE)} seeded bugs, {len(CATALOGUE) - len(survived)} found")  # noqa: T201
    assert survived == []
