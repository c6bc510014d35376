"""What the fold promises: the same answer whatever the interleaving, and each scene judged by what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pipeline import events as facts
from stages.pipeline.contract import FailureKind
from stages.pipeline.counts import count
from stages.pipeline.progress import Progress, ProgressProjection, Step
from stages.registry import STAGES
from tests.stages.told import Told, fold, scenes

if TYPE_CHECKING:
    from eventlog.entry import Entry

SUBJECT = "storyboard/s0001"
PROJECTION = ProgressProjection()


def told(total: int = 3) -> Told:
    """A project whose story is planned."""
    log = Told()
    log.story("正文" * 5 * total, scenes(total))
    return log


def accept(log: Told, attempt: str, number: int, *, answer: str) -> Entry:
    """Tell that an answer which was rejected passes the checks of today."""
    return log.fact(
        facts.SceneCompleted(
            subject=SUBJECT, attempt=attempt, fingerprint="f", answer=answer, result=f"r{number}", number=number
        )
    )


@st.composite
def device_logs(draw: st.DrawFn) -> list[list[Entry]]:
    """What two or three devices tell of one scene, each in its own order: results, edits, failures, unread answers."""
    logs = []
    for device in draw(st.permutations("abc"))[: draw(st.integers(2, 3))]:
        log = Told(device)
        number = 0
        for outcome in draw(
            st.lists(
                st.sampled_from(["done", "failed", "rejected", "cut off", "refused", "edited", "accepted", "given up"]),
                max_size=5,
            )
        ):
            number += draw(st.integers(1, 3))
            if outcome == "done":
                log.complete(SUBJECT, f"{device}{number}\n", number)
            elif outcome == "failed":
                log.fail(SUBJECT, number)
            elif outcome == "refused":
                log.fail(SUBJECT, number, kind="refused")
            elif outcome == "edited":
                log.edit(SUBJECT, f"{device}{number} edited\n", number)
            elif outcome == "given up":
                log.fact(facts.SceneInvalidated(subject=SUBJECT, reason="asked for again", number=number))
            else:
                attempt = log.start(SUBJECT, number)
                answer = log.answer(SUBJECT, attempt, "…")
                if outcome in ("rejected", "accepted"):
                    fact = facts.SceneRejected(subject=SUBJECT, attempt=attempt, answer=answer.id, message="x")
                    log.fact(fact)
                if outcome == "accepted":
                    accept(log, attempt, number, answer=answer.id)
        logs.append(log.entries)
    return logs


def interleaved(logs: list[list[Entry]], turns: list[int]) -> list[Entry]:
    """The logs merged, each in its own order."""
    queues = [list(log) for log in logs]
    merged = []
    for turn in turns:
        waiting = [queue for queue in queues if queue]
        if waiting:
            merged.append(waiting[turn % len(waiting)].pop(0))
    return merged + [entry for queue in queues for entry in queue]


@given(device_logs(), st.lists(st.integers(0, 5), max_size=60), st.lists(st.integers(0, 5), max_size=60))
def test_any_interleaving_of_completions_gives_the_same_winner(
    logs: list[list[Entry]], one: list[int], other: list[int]
) -> None:
    first = fold(interleaved(logs, one)).step("storyboard", "s0001")
    second = fold(interleaved(logs, other)).step("storyboard", "s0001")
    assert first.completion == second.completion
    assert sorted(first.results) == sorted(second.results)


@given(device_logs(), st.lists(st.integers(0, 5), max_size=60))
def test_a_failure_elsewhere_never_makes_a_finished_scene_a_failed_one(
    logs: list[list[Entry]], turns: list[int]
) -> None:
    step = fold(interleaved(logs, turns)).step("storyboard", "s0001")
    assert not step.is_done or (step.failure is None and step.failures == 0)


def test_of_two_completions_the_later_attempt_wins_and_the_other_is_kept() -> None:
    one, other = Told("a"), Told("b")
    early, late = one.complete(SUBJECT, "early\n", 1), other.complete(SUBJECT, "late\n", 2)
    for logs in ([one, other], [other, one]):
        step = fold(entry for log in logs for entry in log.entries).step("storyboard", "s0001")
        assert step.completion is not None
        assert step.completion.rank == (2, late.id)
        assert len(step.results) == 2
    starts_first = [one.entries[0], other.entries[0], *other.entries[1:], *one.entries[1:]]
    step = fold(starts_first).step("storyboard", "s0001")
    assert step.completion is not None
    assert step.completion.rank == (2, late.id) > (1, early.id)


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """What may happen to a project of three scenes."""
    log = told()
    numbers: dict[str, int] = {}
    kinds = ["done", "failed", "refused", "cut off", "unread", "rejected", "invalidated", "stage", "source", "planned"]
    kinds += ["edited", "given up"]
    for happened in draw(st.lists(st.sampled_from(kinds), max_size=12)):
        stage = draw(st.sampled_from(["storyboard", "enhancement"]))
        subject = f"{stage}/s000{draw(st.integers(1, 3))}"
        numbers[subject] = numbers.get(subject, 0) + 1
        number = numbers[subject]
        match happened:
            case "done":
                log.complete(subject, f"结果 {number}\n", number)
            case "failed":
                log.fail(subject, number)
            case "refused":
                log.fail(subject, number, kind="refused")
            case "cut off":
                log.start(subject, number)
            case "unread":
                log.answer(subject, log.start(subject, number), "…")
            case "rejected":
                attempt = log.start(subject, number)
                fact = facts.SceneRejected(subject=subject, attempt=attempt, answer="-", message="缺少原文")
                log.fact(fact, {"violations": ["缺少原文"]})
            case "edited":
                log.edit(subject, f"改 {number}\n", number, parts="text:1")
            case "given up" | "invalidated":
                known = number if happened == "given up" else -1  # older programs wrote no number
                log.fact(facts.SceneInvalidated(subject=subject, reason="asked for again", number=known))
            case "stage":
                log.fact(facts.StageCompleted(subject=stage, scenes=3))
            case "source":
                log.fact(facts.SourceImported(sha256="b" * 64, characters=1, language="en"), {"text": "b"})
            case _:
                log.plan(scenes(draw(st.integers(1, 4)), title="Scene {0}"))
    return log.entries


@given(histories(), st.data())
def test_a_saved_fold_goes_on_exactly_as_one_from_the_start(entries: list[Entry], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(entries)))
    saved = orjson.loads(orjson.dumps(PROJECTION.save(fold(entries[:cut]))))
    assert PROJECTION.load(saved) == fold(entries[:cut])
    assert fold(entries[cut:], PROJECTION.load(saved)) == fold(entries)


def test_an_imported_project_is_saved_and_loaded_as_well() -> None:
    log = imported()
    saved = orjson.loads(orjson.dumps(PROJECTION.save(log.progress)))
    assert PROJECTION.load(saved) == log.progress


def imported() -> Told:
    log = Told()
    log.fact(facts.ProjectCreated(name="人生"))
    storyboard = {
        "storyboard_results": [
            {"scene_index": 0, "scene_info": {"scene_title": "雨夜"}, "storyboard_script": "镜头…"},
            {"scene_index": 2, "scene_info": "门", "error": "timeout"},
        ],
        "total_scenes": 3,
    }
    fact = facts.ProgressImported(total_scenes=3, language="zh", files="storyboard_progress.json")
    log.fact(fact, {"storyboard": storyboard, "enhancement": None})
    return log


def test_imported_results_are_finished_and_imported_errors_have_failed() -> None:
    progress = imported().progress
    assert [scene.title for scene in progress.scenes] == ["雨夜", "场景2", "门"]
    assert [scene.has_source for scene in progress.scenes] == [False] * 3
    done, missing, failed = (progress.step("storyboard", scene.id) for scene in progress.scenes)
    assert done.completion is not None
    assert done.completion.imported == 0
    assert missing == Step()
    assert failed.failure is not None
    assert failed.failure.message == "timeout"


def test_a_result_made_here_wins_over_an_imported_one() -> None:
    log = imported()
    log.complete(SUBJECT, "anew\n")
    done = log.progress.step("storyboard", "s0001").completion
    assert done is not None
    assert done.imported == -1


def test_a_scene_that_failed_in_the_middle_is_neither_skipped_nor_shifts_the_others() -> None:
    log = told(4)
    log.complete("storyboard/s0001", "一\n")
    log.fail("storyboard/s0002", message="timeout")
    log.complete("storyboard/s0003", "三\n")
    progress = log.progress
    steps = [progress.step("storyboard", scene.id) for scene in progress.scenes]
    assert [step.completion is not None for step in steps] == [True, False, True, False]
    assert [step.failure is not None for step in steps] == [False, True, False, False]
    assert [step.failures for step in steps] == [0, 1, 0, 0]


def test_a_retry_that_succeeds_takes_the_failure_away() -> None:
    log = told()
    log.fail(SUBJECT, 1)
    log.fail(SUBJECT, 2)
    assert log.progress.step("storyboard", "s0001").failures == 2
    log.complete(SUBJECT, "好\n", 3)
    step = log.progress.step("storyboard", "s0001")
    assert (step.failure, step.failures, step.attempts) == (None, 0, 3)


def test_a_refusal_by_the_provider_is_no_failure_of_the_scene() -> None:
    log = told()
    log.fail(SUBJECT, kind=FailureKind.REFUSED)
    step = log.progress.step("storyboard", "s0001")
    assert (step.failure, step.failures, step.attempts) == (None, 0, 1)
    assert count(log.progress, STAGES)[0].remaining == 3


def test_an_answer_without_an_outcome_is_kept_to_be_read() -> None:
    log = told()
    answer = log.answer(SUBJECT, log.start(SUBJECT), "…")
    unread = log.progress.step("storyboard", "s0001").unread
    assert unread is not None
    assert unread.id == answer.id
    log.fact(
        facts.SceneCompleted(
            subject=SUBJECT, attempt="e-storyboard/s0001-1", fingerprint="f", answer=answer.id, result="r"
        )
    )
    step = log.progress.step("storyboard", "s0001")
    assert (step.unread, step.open) == (None, {})
    assert step.completion is not None
    assert step.completion.rank[0] == 1


def test_a_call_cut_off_by_a_crash_is_remembered_and_is_no_failure() -> None:
    log = told()
    attempt = log.start(SUBJECT, 1)
    log.complete(SUBJECT, "好\n", 2)
    step = log.progress.step("storyboard", "s0001")
    assert (step.open, step.failures) == ({attempt: 1}, 0)


def test_an_invalidated_scene_is_to_be_made_again_and_its_stage_is_unfinished() -> None:
    log = told(1)
    log.complete(SUBJECT, "一\n")
    log.fact(facts.StageCompleted(subject="storyboard", scenes=1))
    assert log.progress.completed_stages == ["storyboard"]
    log.fact(facts.SceneInvalidated(subject=SUBJECT, reason="asked for again"))
    assert log.progress.completed_stages == []
    step = log.progress.step("storyboard", "s0001")
    assert not step.is_done
    assert step.completion is not None, "it is kept until there is a newer one"
    log.complete(SUBJECT, "二\n", 2)
    assert log.progress.step("storyboard", "s0001").is_done
    done = log.progress.step("storyboard", "s0001").completion
    assert done is not None
    assert log.content(done.answer) == {"text": "二\n"}
    assert len(log.progress.step("storyboard", "s0001").results) == 2


def test_an_edit_wins_over_older_attempts_and_a_newer_attempt_over_the_edit() -> None:
    log = told()
    log.complete(SUBJECT, "made\n", 1)
    edit = log.edit(SUBJECT, "written\n", 2)
    step = log.progress.step("storyboard", "s0001")
    assert step.completion is not None
    assert (step.completion.rank, step.completion.edited, step.attempts) == ((2, edit.id), True, 2)
    assert log.content(step.completion.answer) == {"text": "written\n"}
    log.complete(SUBJECT, "again\n", 3)
    done = log.progress.step("storyboard", "s0001").completion
    assert done is not None
    assert not done.edited


def test_an_attempt_that_began_before_an_edit_elsewhere_does_not_replace_it() -> None:
    here, there = Told("a"), Told("b")
    here.complete(SUBJECT, "made\n", 1)
    there.edit(SUBJECT, "written\n", 2)
    for logs in ([here, there], [there, here]):
        done = fold(entry for log in logs for entry in log.entries).step("storyboard", "s0001").completion
        assert done is not None
        assert done.edited


def test_what_was_given_up_elsewhere_takes_no_edit_that_was_not_known_there() -> None:
    here, there = Told("a"), Told("b")
    here.fact(facts.SceneInvalidated(subject=SUBJECT, reason="asked for again", number=1))
    there.complete(SUBJECT, "made\n", 1)
    there.edit(SUBJECT, "written\n", 2)
    for logs in ([here, there], [there, here]):
        step = fold(entry for log in logs for entry in log.entries).step("storyboard", "s0001")
        assert step.completion is not None
        assert step.completion.edited


def test_what_was_given_up_stays_given_up_whatever_is_heard_of_first() -> None:
    here, there = Told("a"), Told("b")
    here.fact(facts.SceneInvalidated(subject=SUBJECT, reason="asked for again", number=1))
    there.complete(SUBJECT, "made\n", 1)
    for logs in ([here, there], [there, here]):
        step = fold(entry for log in logs for entry in log.entries).step("storyboard", "s0001")
        assert not step.is_done
        assert step.completion is not None


@pytest.mark.parametrize("is_edit", [True, False])
def test_another_result_in_a_complete_stage_makes_its_outputs_due_again(*, is_edit: bool) -> None:
    log = told(1)
    log.complete(SUBJECT, "一\n")
    log.fact(facts.StageCompleted(subject="storyboard", scenes=1))
    log.edit(SUBJECT, "一\n", 2)
    assert log.progress.completed_stages == ["storyboard"]
    if is_edit:
        log.edit(SUBJECT, "二\n", 3)
    else:
        log.complete(SUBJECT, "二\n", 3)
    assert log.progress.completed_stages == []


def test_answers_that_gave_no_result_are_remembered_until_there_is_one() -> None:
    log = told()
    answers = []
    for number in (1, 2):
        attempt = log.start(SUBJECT, number, fingerprint=f"f{number}")
        answers.append(log.answer(SUBJECT, attempt, "…"))
        log.fact(facts.SceneRejected(subject=SUBJECT, attempt=attempt, answer=answers[-1].id, message="x"))
    tried = log.progress.step("storyboard", "s0001").tried
    assert [(one.number, one.fingerprint, one.answer.id) for one in tried] == [
        (1, "f1", answers[0].id),
        (2, "f2", answers[1].id),
    ]
    accept(log, tried[1].attempt, tried[1].number, answer=tried[1].answer.id)
    step = log.progress.step("storyboard", "s0001")
    assert step.completion is not None
    assert (step.completion.rank[0], step.tried, step.failure) == (2, [], None)


def test_a_completion_whose_answer_is_lost_is_no_result() -> None:
    log = told()
    attempt = log.start(SUBJECT)
    log.fact(facts.SceneCompleted(subject=SUBJECT, attempt=attempt, fingerprint="f", answer="lost", result="r"))
    assert log.progress.step("storyboard", "s0001").completion is None


def test_a_changed_source_needs_a_new_plan_and_keeps_the_work_and_the_world_bible() -> None:
    log = told()
    log.complete(SUBJECT, "一\n")
    assert log.progress.is_planned
    log.fact(facts.SourceImported(sha256="b" * 64, characters=1, language="en"), {"text": "b"})
    progress = log.progress
    assert not progress.is_planned
    assert progress.planning == {}
    assert progress.bible is not None
    assert progress.step("storyboard", "s0001").completion is not None


def test_the_highest_id_outlives_the_scenes_that_had_it() -> None:
    log = told(9)
    log.plan(scenes(2))
    assert log.progress.highest_id == 9


def test_an_entry_of_an_unknown_type_changes_nothing() -> None:
    log = told()
    before = log.progress
    assert fold([log.entries[-1]._replace(type="scene.enhanced")], log.progress) == before


@pytest.mark.parametrize("stage", ["storyboard", "enhancement"])
def test_nothing_is_known_of_a_scene_that_nothing_was_heard_of(stage: str) -> None:
    assert Progress().step(stage, "s0001") == Step()


def test_a_stage_is_only_complete_where_every_scene_of_it_is_there() -> None:
    """A salvaged log may say that a stage was completed and lack the answer of one scene."""
    log = told(2)
    log.complete("storyboard/s0001", "一\n")
    done = facts.StageCompleted(subject="storyboard", scenes=2)
    log.fact(done)
    assert log.progress.completed_stages == []
    log.complete("storyboard/s0002", "二\n")
    log.fact(done)
    assert log.progress.completed_stages == ["storyboard"]


def test_what_is_kept_of_answers_does_not_grow_with_the_history() -> None:
    log = Told()
    log.story("正文", scenes(1))
    known = len(log.progress.answers)
    for number in range(1, 20):
        log.complete("storyboard/s0001", f"第{number}次", number)
        log.fact(facts.SceneInvalidated(subject="storyboard/s0001", reason="asked for again"))
        attempt = log.start("storyboard/s0001", number)
        answer = log.answer("storyboard/s0001", attempt, "too short")
        rejected = facts.SceneRejected(subject="storyboard/s0001", attempt=attempt, answer=answer.id, message="short")
        log.fact(rejected, {"violations": ["short"]})
    assert len(log.progress.answers) == known
