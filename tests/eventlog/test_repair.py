"""Salvage and adoption: what verifies is kept, nothing is made up, and no crash harms the old log or the new one.

Law: damage is done to bytes of a real history; what must be kept is told from the undamaged log, not from the code.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventlog import EventLog, EventLogError, LogLockedError, read, verify
from eventlog.adoption import adopt
from eventlog.appending import Stamp
from eventlog.entry import META_LIMIT, START, Entry, Event, encode, seal
from eventlog.errors import NewerFormatError
from eventlog.lock import CLOSED
from eventlog.reading import load_head
from eventlog.recovery import State
from eventlog.repair import GAP, SALVAGED, plan_repair, salvage, salvaged_path
from eventlog.salvage import FOREIGN_LINE, ORIGINAL_SEQ, ORIGINAL_SUM, verified_lines
from tests.crash.promises import unkindest
from tests.crash_images import after_every_crash, few_tears
from tests.simulated_disk import Operation, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from pathlib import Path

LOG, NEW, HEAD = "/d/events.jsonl", "/d/events.salvaged.jsonl", "/d/events.head"
CHECKPOINT, LOCK = "/d/checkpoint.json", "/d/events.lock"
TICKS = itertools.count(1_700_000_000_000_000_000, 1_000_000)
STAMP = Stamp(time_ns=lambda: 1_800_000_000_000_000_000, randomness=bytes)
COUNT = 8


def written(sizes: tuple[int, ...] = (1,) * (COUNT - 1), text: str = "灯 text") -> SimulatedDisk:
    """A disk with a clean log, appended in batches of these sizes, and a checkpoint beside it."""
    disk = SimulatedDisk({CHECKPOINT: b"a cache"}, folders=["/d"])
    numbers = itertools.count()
    with EventLog.open(LOG, files=disk, time_ns=lambda: next(TICKS), randomness=bytes) as log:
        for size in sizes:
            batch = [next(numbers) for _ in range(size)]
            log.append_many(
                [Event(type="said", data={"text": f"{text} {n}"}, subject=f"item/{n}", id=f"id{n}", meta={"n": n})
                 for n in batch]
            )  # fmt: skip
    return disk


CLEAN = written().contents()
LINES = CLEAN[LOG].splitlines(keepends=True)


def disk_with(content: bytes, *, head: bytes | None = CLEAN[HEAD]) -> SimulatedDisk:
    files = {LOG: content, CHECKPOINT: b"a cache"}
    return SimulatedDisk(files | ({HEAD: head} if head is not None else {}))


def entries(disk: SimulatedDisk, path: str = NEW) -> list[Entry]:
    return list(read(path, files=disk.process(), unconfirmed=True))


def of(entry: Entry) -> tuple[int, str]:
    """Where the entry stood at first: its seq and sum."""
    return entry.meta.get(ORIGINAL_SEQ, entry.seq), entry.meta.get(ORIGINAL_SUM, entry.sum)


def kept(found: list[Entry]) -> list[Entry]:
    """The entries that are not the salvage's own."""
    created = [entry for entry in found if entry.type == "log.created"][1:]
    return [entry for entry in found if entry.type not in (GAP, SALVAGED, "log.created")] + created


def salvaged(disk: SimulatedDisk) -> list[Entry]:
    """Salvage, and check what is true of every salvage."""
    before = disk.contents()[LOG]
    repair = salvage(LOG, files=disk, stamp=STAMP)
    assert repair.plan is not None
    assert disk.contents()[LOG] == before
    made = verify(NEW, files=disk.process())
    assert made.state is State.CLEAN
    assert made.head is not None
    assert made.confirmed == made.end
    found = entries(disk)
    assert found[-1].type == SALVAGED
    assert sum(entry.type == GAP for entry in found) == len(repair.plan.gaps)
    assert found[-1].meta["kept"] == repair.plan.kept
    assert max(len(entry.line) for entry in found) < 4096
    return found


def kept_seqs(disk: SimulatedDisk) -> list[int]:
    return sorted(of(entry)[0] for entry in salvaged(disk) if entry.type == "said")


def gaps(disk: SimulatedDisk) -> list[tuple[int, int]]:
    plan = plan_repair(LOG, files=disk).plan
    assert plan is not None
    return [(gap.first, gap.last) for gap in plan.gaps]


def flip(line: bytes, at: int = 60) -> bytes:
    return line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]


def test_a_flipped_bit_costs_its_own_line_only() -> None:
    disk = disk_with(b"".join([*LINES[:3], flip(LINES[3]), *LINES[4:]]))
    assert gaps(disk) == [(3, 3)]
    found = salvaged(disk)
    assert b"".join(entry.line for entry in found[:3]) == b"".join(LINES[:3])
    assert [entry.type for entry in found[3:]] == [GAP, *["said"] * 4, SALVAGED]
    begin = sum(map(len, LINES[:3]))
    told = {"first_seq": 3, "last_seq": 3, "offset": begin, "bytes": len(LINES[3])}
    assert dict(found[3].meta) | told == dict(found[3].meta)
    assert [of(entry)[0] for entry in found[4:8]] == [4, 5, 6, 7]
    assert [entry.meta["n"] for entry in found[4:8]] == [3, 4, 5, 6]
    assert [entry.id for entry in found[4:8]] == ["id3", "id4", "id5", "id6"]
    assert found[-1].data == {"damaged": [[begin, len(LINES[3])]], "unmarked": []}


def test_each_kind_of_damage_keeps_all_that_verifies() -> None:
    everything = list(range(1, COUNT))
    without = [seq for seq in everything if seq != 4]
    middle = [*LINES[:4], *LINES[5:]]
    cases: dict[str, tuple[bytes, list[int], list[tuple[int, int]]]] = {
        "removed": (b"".join(middle), without, [(4, 4)]),
        "zeros": (b"".join([*LINES[:4], b"\0" * 512, *LINES[5:]]), without, [(4, 4)]),
        "first line": (b"".join([b"x\n", *LINES[1:]]), everything, [(0, 0)]),
        "garbage between": (b"".join([*LINES[:4], b"garbage\n", *LINES[4:]]), everything, []),
        "mark in front": (b"\xef\xbb\xbf" + CLEAN[LOG], everything, []),
        "line ends of another system": (CLEAN[LOG].replace(b"\n", b"\r\n"), everything, []),
        "damaged newline": (CLEAN[LOG].replace(LINES[4], LINES[4][:-1] + b"J"), everything, []),
        "missing newline": (CLEAN[LOG].replace(LINES[4], LINES[4][:-1]), everything, []),
        "missing last newline": (CLEAN[LOG][:-1], everything, []),
        "repeated line": (b"".join([*LINES[:6], LINES[4], *LINES[6:]]), everything, []),
        "repeated half": (b"".join([*LINES[:6], *LINES[2:]]), everything, []),
        "swapped lines": (b"".join([*LINES[:4], LINES[5], LINES[4], *LINES[6:]]), everything, []),
        "cut": (CLEAN[LOG][: -len(LINES[7]) - 20], everything[:5], [(6, 7)]),
        "end gone": (b"".join(LINES[:5]), everything[:4], [(5, 7)]),
    }
    for name, (content, seqs, lost) in cases.items():
        disk = disk_with(content)
        assert (gaps(disk), name) == (lost, name)
        assert (kept_seqs(disk), name) == (seqs, name)
        if not lost:
            assert disk.contents()[NEW].startswith(CLEAN[LOG]), name


def test_another_history_is_kept_and_told_apart() -> None:
    disk = SimulatedDisk({LOG: b"".join(LINES[:5])})
    with EventLog.open(LOG, files=disk) as other:
        other.append("other")
    rival = disk.contents()[LOG].splitlines(keepends=True)[5]
    disk = disk_with(CLEAN[LOG] + rival)
    found = salvaged(disk)
    assert [entry.type for entry in found[:5]] == [entry.type for entry in entries(disk_with(CLEAN[LOG]), LOG)[:5]]
    assert sorted(of(entry)[0] for entry in found if entry.type in ("said", "other")) == [1, 2, 3, 4, 5, 5, 6, 7]
    assert "once more" in "".join(entry.meta["reason"] for entry in found if entry.type == GAP)
    disk = disk_with(b"".join([*LINES[:5], rival]))
    assert "names another line" in "".join(entry.meta["reason"] for entry in salvaged(disk) if entry.type == GAP) or (
        gaps(disk) == [(6, 7)]
    )


def test_a_log_keeps_its_own_id_if_anything_tells_it() -> None:
    disk = disk_with(b"".join([b"x\n", *LINES[1:]]))
    made_of = load_head(disk, LOG)
    assert made_of is not None
    assert salvaged(disk)[0].meta["log"] == made_of.log_id
    disk = disk_with(b"".join([b"x\n", *LINES[1:]]), head=None)
    assert salvaged(disk)[0].meta["log"]


def test_meta_without_room_keeps_what_it_says_and_the_report_names_its_place() -> None:
    disk = SimulatedDisk(folders=["/d"])
    room = "x" * (META_LIMIT - 20)
    with EventLog.open(LOG, files=disk) as log:
        log.append("said", subject="lost")
        full = log.append("said", 1, meta={"m": room})
        taken = log.append("said", 2, meta={ORIGINAL_SEQ: 1})
        log.append("said", 3)
    lines = disk.contents()[LOG].splitlines(keepends=True)
    found = salvaged(SimulatedDisk({LOG: b"".join([lines[0], *lines[2:]])}))
    assert [dict(entry.meta) for entry in found[2:4]] == [{"m": room}, {ORIGINAL_SEQ: 1}]
    assert found[-1].data["unmarked"] == [[2, full.seq, full.sum], [3, taken.seq, taken.sum]]
    assert of(found[4])[0] == 4


def test_a_line_that_only_another_program_can_have_written_is_kept_as_text() -> None:
    last = entries(disk_with(CLEAN[LOG]), LOG)[4].position
    body = encode(Event(type="x", id="i", time="t"), after=last, dur=4).line
    nested = seal(body[: body.index(b',"sum"')].replace(b'"meta":{}', b'"meta":{"a":[1]}'))
    broken = seal(body[: body.index(b',"sum"')].replace(b'"data":null', b'"data":{]}'))
    for alien in (nested, broken):
        found = salvaged(disk_with(b"".join([*LINES[:3], *LINES[4:5], alien]), head=None))
        texts = [entry.data["line"] for entry in found if entry.type == FOREIGN_LINE]
        assert texts == [alien.decode()]


def test_a_log_with_which_nothing_is_wrong_is_left_alone() -> None:
    disk = disk_with(CLEAN[LOG])
    before = disk.contents()
    assert salvage(LOG, files=disk).plan is None
    assert disk.contents() == before
    with EventLog.open(LOG, files=disk) as writer:
        torn = disk.open(LOG, "append")
        disk.append(torn, b'{"seq":')
        disk.close(torn)
        assert plan_repair(LOG, files=disk.process()).plan is None, "the line of a living writer"
        del writer


def test_what_cannot_be_saved_is_an_error_and_changes_nothing() -> None:
    newer = encode(Event(type="log.created", id="x", time="t", meta={"format": 99}), after=START, dur=-1).line
    cases: dict[bytes, type[Exception]] = {b"\0" * 600: EventLogError, b"story\n" * 9: EventLogError}
    for content, error in (cases | {newer: NewerFormatError}).items():
        disk = disk_with(content, head=None)
        before = disk.contents()
        with pytest.raises(error):
            salvage(LOG, files=disk)
        assert disk.contents() == before


def test_a_second_salvage_changes_nothing_and_never_replaces_another() -> None:
    disk = disk_with(b"".join(LINES[:2] + LINES[3:]))
    salvage(LOG, files=disk)
    before = disk.contents()
    assert salvage(LOG, files=disk).salvaged
    assert disk.contents() == before
    changed = SimulatedDisk(before | {LOG: b"".join(LINES[:1] + LINES[3:])})
    with pytest.raises(EventLogError, match="is no salvage of what"):
        salvage(LOG, files=changed)
    with pytest.raises(EventLogError, match="is no salvage of what"):
        adopt(LOG, files=changed)
    assert changed.contents()[NEW] == before[NEW]


def test_adoption_needs_a_salvage_and_the_lock() -> None:
    disk = disk_with(b"".join(LINES[:2] + LINES[3:]))
    with pytest.raises(EventLogError, match="there is no salvage of it yet"):
        adopt(LOG, files=disk)
    salvage(LOG, files=disk)
    holder = disk.process()
    with EventLog.open(LOG, files=holder), pytest.raises(LogLockedError):
        adopt(LOG, files=disk)
    assert LOG in disk.contents()
    assert disk.contents()[LOG] == b"".join(LINES[:2] + LINES[3:])


def test_adoption_puts_the_new_log_in_place_and_the_old_one_with_all_that_belongs_to_it_into_quarantine() -> None:
    damaged = b"".join(LINES[:2] + LINES[3:])
    disk = disk_with(damaged)
    salvage(LOG, files=disk)
    new = disk.contents()[NEW]
    done = adopt(LOG, files=disk)
    assert done.changed
    content = disk.contents()
    quarantine = {path: data for path, data in content.items() if path.startswith("/d/quarantine/")}
    assert sorted(quarantine.values()) == sorted([damaged, CLEAN[HEAD], b"a cache"])
    assert content[f"/d/{done.kept_in}"] == damaged
    assert set(content) - set(quarantine) == {LOG, HEAD, "/d/events.lock"}
    assert content[LOG] == new
    assert verify(LOG, files=disk).state is State.CLEAN
    assert not adopt(LOG, files=disk).changed
    assert disk.contents() == content
    with EventLog.open(LOG, files=disk) as log:
        assert log.read_only is None
        log.append("said")
    assert not adopt(LOG, files=disk).changed


def test_an_adoption_that_may_not_be_says_why(tmp_path: Path) -> None:
    with pytest.raises(EventLogError, match=f"^{LOG}: there is no log to replace; {NEW} can simply be renamed$"):
        adopt(LOG, files=SimulatedDisk(folders=["/d"]))
    disk = disk_with(b"".join(LINES[:2] + LINES[3:]))
    missing = f"^{LOG}: there is no salvage of it yet; make it first, with --salvage$"
    with pytest.raises(EventLogError, match=missing):
        adopt(LOG, files=disk)
    salvage(LOG, files=disk)
    content = disk.contents()
    holder = disk.process()
    with (
        EventLog.open(NEW, files=holder),
        pytest.raises(EventLogError, match=f"^{NEW} is being written; close that program first$"),
    ):
        adopt(LOG, files=disk)
    rotten = SimulatedDisk(content | {NEW: flip(content[NEW])})
    with pytest.raises(EventLogError, match=f"^{NEW} does not verify; move it away and salvage again$"):
        adopt(LOG, files=rotten)
    adopt(LOG, files=disk)
    again = SimulatedDisk(disk.contents() | {LOG: flip(disk.contents()[LOG], -60)})
    with pytest.raises(EventLogError, match=missing):
        adopt(LOG, files=again)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(LINES[:2] + LINES[3:]))
    (tmp_path / "events.head").write_bytes(CLEAN[HEAD])
    salvage(str(path))
    adopt(str(path))
    assert verify(path).state is State.CLEAN


def test_an_adopted_log_that_is_damaged_behind_its_salvage_has_none_yet() -> None:
    disk = disk_with(b"".join(LINES[:2] + LINES[3:]))
    salvage(LOG, files=disk)
    adopt(LOG, files=disk)
    with EventLog.open(LOG, files=disk) as log:
        places = [log.append("said", at).offset for at in range(2)]
    content = disk.contents()
    for at in places:  # a later line vouches for the first of them, the head for the last
        damaged = content[LOG][:at] + flip(content[LOG][at:])
        with pytest.raises(EventLogError, match=f"^{LOG}: there is no salvage of it yet"):
            adopt(LOG, files=SimulatedDisk(content | {LOG: damaged}))


def test_an_adoption_leaves_the_word_that_all_was_well_where_it_stood_or_put_it_right() -> None:
    disk = disk_with(b"".join(LINES[:2] + LINES[3:]))
    salvage(LOG, files=disk)
    assert adopt(LOG, files=disk).path == LOG
    assert disk.contents()[LOCK] == CLOSED
    assert not adopt(LOG, files=disk).changed
    assert disk.contents()[LOCK] == CLOSED
    killed = SimulatedDisk(disk.contents() | {LOCK: b"pid 1 on elsewhere"})
    assert not adopt(LOG, files=killed).changed
    assert killed.contents()[LOCK] != CLOSED


def test_after_an_adoption_the_head_vouches_for_the_new_log() -> None:
    disk = disk_with(b"".join(LINES[:2] + LINES[3:]))
    salvage(LOG, files=disk)
    adopt(LOG, files=disk)
    first, *_, last = entries(disk, LOG)
    head = load_head(disk, LOG)
    assert head is not None
    assert (head.log_id, head.position) == (first.meta["log"], last.position)


@pytest.mark.parametrize(
    ("verb", "suffix", "beside"), [("open", ".head.new", {}), ("remove", ".json", {CHECKPOINT: b"a cache"})]
)
def test_an_adoption_that_goes_on_after_a_crash_says_that_it_changed_something(
    verb: str, suffix: str, beside: dict[str, bytes]
) -> None:
    disk = SimulatedDisk({LOG: b"".join(LINES[:2] + LINES[3:]), HEAD: CLEAN[HEAD]} | beside)
    salvage(LOG, files=disk)

    def strike(_number: int, operation: Operation) -> None:
        if operation.name == verb and operation.path.endswith(suffix):
            raise SimulatedCrash

    disk.faults = strike
    with pytest.raises(SimulatedCrash):
        adopt(LOG, files=disk)
    left = disk.kill().contents()
    left.pop("/d/events.salvaged.head", None)  # somebody tidied up: nothing else is left to be done
    disk = SimulatedDisk(left)
    assert NEW not in left
    assert [adopt(LOG, files=disk).changed for _ in range(2)] == [True, False]


def test_a_log_that_is_damaged_again_is_salvaged_again() -> None:
    disk = disk_with(b"".join(LINES[:2] + LINES[3:]))
    salvage(LOG, files=disk)
    adopt(LOG, files=disk)
    lines = disk.contents()[LOG].splitlines(keepends=True)
    again = SimulatedDisk({**disk.contents(), LOG: b"".join(lines[:4] + lines[5:])})
    with pytest.raises(EventLogError, match=f"^{LOG}: there is no salvage of it yet"):
        adopt(LOG, files=again)
    salvage(LOG, files=again)
    assert adopt(LOG, files=again).changed
    first = [entry for entry in entries(again, LOG) if entry.type == "said"]
    assert [entry.meta["n"] for entry in first] == [0, 2, 4, 5, 6]
    assert len([path for path in again.contents() if path.startswith("/d/quarantine/")]) == 5


def die_again_at_every_operation(disk: SimulatedDisk, whole: bytes) -> None:
    """The process that repeats salvage and adoption dies as well; the one after it comes to the same end."""
    for number in itertools.count():
        attempt = disk.fork()
        attempt.crash_at = number
        try:
            salvage(LOG, files=attempt, stamp=STAMP)
            adopt(LOG, files=attempt)
        except SimulatedCrash:
            after = attempt.kill()
            salvage(LOG, files=after, stamp=STAMP)
            adopt(LOG, files=after)
            assert after.contents()[LOG] == whole
        else:
            return


SMALL = written((1, 2), text="").contents()


@pytest.mark.parametrize("what", ["middle", "behind"])
def test_no_crash_at_any_moment_harms_the_old_log_or_the_new(what: str) -> None:
    lines = SMALL[LOG].splitlines(keepends=True)
    damaged = b"".join([lines[0], *lines[2:]] if what == "middle" else lines[:3])
    disk = SimulatedDisk({LOG: damaged, HEAD: SMALL[HEAD], CHECKPOINT: b"a cache"})
    expected = disk.fork()
    salvage(LOG, files=expected, stamp=STAMP)
    whole = expected.contents()[NEW]
    seen: set[bytes] = set()

    def script(disk: SimulatedDisk) -> None:
        salvage(LOG, files=disk, stamp=STAMP)
        adopt(LOG, files=disk)

    checked: set[tuple[tuple[str, bytes], ...]] = set()
    died_again: set[tuple[object, ...]] = set()

    def check(image: SimulatedDisk) -> None:
        content = image.contents()
        if tuple(content.items()) in checked:
            return
        checked.add(tuple(content.items()))
        kind = (content[LOG] == whole, *content)
        if kind not in died_again:
            died_again.add(kind)
            die_again_at_every_operation(image, whole)
        assert content[LOG] in (damaged, whole), "there is a log at every moment, the old one or the new"
        assert content.get(NEW, whole) == whole, "what has its name is whole"
        seen.add(content[LOG])
        assert damaged in content.values(), "the damaged log is there, at its place or in quarantine"
        salvage(LOG, files=image, stamp=STAMP)
        assert image.contents()[LOG] == content[LOG]
        adopt(LOG, files=image)
        after = image.contents()
        assert after[LOG] == whole
        assert not {path for path in after if path.endswith((".new", NEW))} - {
            path for path in content if path.endswith(".new")
        }
        assert verify(LOG, files=image).state is State.CLEAN
        assert not adopt(LOG, files=image).changed
        assert image.contents() == after

    assert after_every_crash(disk, script, check, tears=few_tears) > 100
    assert seen == {damaged, whole}


def test_what_was_said_to_be_done_survives_the_worst_power_cut() -> None:
    disk = disk_with(b"".join(LINES[:2] + LINES[3:]))
    salvage(LOG, files=disk)
    assert disk.image(unkindest).contents()[NEW] == disk.contents()[NEW]
    adopt(LOG, files=disk)
    after = disk.image(unkindest).contents()
    assert {path: data for path, data in disk.contents().items() if path != "/d/events.lock"}.items() <= after.items()


@st.composite
def damages(draw: st.DrawFn) -> bytes:
    """The log after several damages of any kind."""
    content = CLEAN[LOG]
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = min(len(content), begin + draw(st.integers(0, 700)))
        piece = content[begin:end]
        kind = draw(st.sampled_from(["flip", "zero", "remove", "repeat", "insert", "cut", "move"]))
        match kind:
            case "flip":
                content = content[:begin] + bytes(byte ^ 4 for byte in piece[:1]) + content[begin + 1 :]
            case "zero":
                content = content[:begin] + bytes(len(piece)) + content[end:]
            case "remove":
                content = content[:begin] + content[end:]
            case "repeat":
                content = content[:end] + piece + content[end:]
            case "insert":
                content = content[:begin] + draw(st.binary(max_size=40)) + content[begin:]
            case "move":
                content = content[:begin] + content[end:] + piece
            case _:
                content = content[:begin]
    return content


def present(content: bytes) -> set[bytes]:
    """The lines of the undamaged log that are still in the bytes, each but for its newline."""
    return {line for line in LINES if line[:-1] in content}


@settings(deadline=None)
@given(damages(), st.booleans())
@example(content=CLEAN[LOG] + LINES[-1][:-1], has_head=False).via("a repeated line that lacks its newline")
def test_every_line_that_verifies_is_kept_once_and_nothing_is_made_up(content: bytes, has_head: bool) -> None:  # noqa: FBT001 - Hypothesis fills it in
    disk = disk_with(content, head=CLEAN[HEAD] if has_head else None)
    plan = plan_repair(LOG, files=disk).plan
    if plan is None:
        assert content == b"".join(LINES[: content.count(b"\n")])
        return
    if not plan.kept:
        assert not any(line in content for line in LINES)
        return
    found = salvaged(disk)
    originals = {entry.seq: entry for entry in entries(disk_with(CLEAN[LOG]), LOG)}
    places = [of(entry) for entry in found if entry.type == "said" or ORIGINAL_SEQ in entry.meta]
    assert len(places) == len(set(places)), "each once"
    for entry in found:
        seq, its_sum = of(entry)
        if entry.type == "said":
            one = originals[seq]
            assert (one.sum, one.id, one.time, one.data_bytes) == (its_sum, entry.id, entry.time, entry.data_bytes)
    whole = {line for line in LINES[1:] if b"\n" + line in content}
    assert {line for line in whole if originals[LINES.index(line)].seq not in dict(places)} == set()
    assert {LINES[seq] for seq, _ in places} <= present(content)
    if has_head:
        lost = {seq for gap in plan.gaps for seq in range(gap.first, gap.last + 1)}
        assert lost | {seq for seq, _ in places} | {0} == set(range(COUNT))
    covered = sum(run.size for run in plan.runs) + sum(damage.size for damage in plan.damaged)
    least = min(len(line[:-1]) for line in LINES)  # a line verifies without its newline
    assert covered + plan.repeated * least <= len(content)


@given(st.lists(st.sampled_from([*LINES, b'{"seq":', b"\n", b"\0", b"x", b"\r\n"]), max_size=8))
def test_the_pieces_of_a_damaged_log_are_all_of_its_bytes_in_order(parts: list[bytes]) -> None:
    content = b"".join(parts)
    at = 0
    for offset, size, entry in verified_lines([content]):
        assert (offset, size > 0) == (at, True)
        if entry is not None:
            assert entry.line[:-1] in content[offset : offset + size]
        at += size
    assert at == len(content)


def test_a_line_made_to_cost_much_costs_little() -> None:
    hostile = b'{"seq":' * 40_000 + b',"sum":"' + b"0" * 32 + b'"}\n'
    assert [entry for _, _, entry in verified_lines([hostile])] == [None]


def test_a_private_log_stays_private(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("private")
    log = folder / "events.jsonl"
    log.write_bytes(b"".join(LINES[:2] + LINES[3:]))
    log.chmod(0o600)
    salvage(str(log))
    adopt(str(log))
    assert {path.stat().st_mode & 0o077 for path in [log, *(folder / "quarantine").iterdir()]} == {0}
    assert verify(str(log)).state is State.CLEAN


def test_the_name_of_a_salvage_has_a_head_and_a_lock_of_its_own() -> None:
    assert [salvaged_path(name) for name in ("a/events.jsonl", "events", "a.b.log")] == [
        "a/events.salvaged.jsonl",
        "./events.salvaged.jsonl",
        "./a.b.salvaged.jsonl",
    ]
