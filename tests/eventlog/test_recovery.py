"""Clean, torn, corrupt, behind or newer: what a file is, and that no damage to acknowledged lines passes for a tear.

Law: every single damage to a small log is tried, not a sample; with a head nothing acknowledged is ever called torn.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.entry import FORMAT_VERSION, START, ZERO_SUM, Entry, Event, Position, encode, seal
from eventlog.errors import NewerFormatError
from eventlog.head import Head
from eventlog.recovery import Fault, Seen, State, Verdict, check_first, claim, classify, scan, split_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

LOG_ID = "018bcfe5-6800-7000-8000-000000000000"


def written(batches: Sequence[int], log_id: str = LOG_ID, text: str = "x") -> list[Entry]:
    """The entries of a log whose commits had these sizes; the first line stands alone."""
    created = Event(type="log.created", meta={"format": FORMAT_VERSION, "log": log_id}, id="0", time="t")
    entries, end = [encode(created, after=START, dur=-1)], 0
    for size in batches:
        for _ in range(size):
            event = Event(type="said", data=f"{text}{len(entries)}", id=str(len(entries)), time="t")
            entries.append(encode(event, after=entries[-1].position, dur=end))
        end = entries[-1].seq
    return entries


ENTRIES = written([1, 2, 1, 3])
LINES = [entry.line for entry in ENTRIES]
LOG = b"".join(LINES)
HEAD = Head(log_id=LOG_ID, position=ENTRIES[-1].position)
LAST_BATCH = ENTRIES[-3].offset


def judged(data: bytes, head: Head | None = HEAD) -> tuple[Verdict, int, Fault | None]:
    """The verdict, how many entries are good, and the fault."""
    end, fault, at_head = START, None, None
    for found in scan([data]):
        if isinstance(found, Fault):
            fault = found
            break
        end = found.position
        at_head = end.sum if head and end.seq == head.position.seq else at_head
    return classify(end, fault, head, at_head), end.seq + 1, fault


def line_at(offset: int) -> int:
    return sum(1 for entry in ENTRIES if entry.position.offset <= offset)


def test_a_whole_log_is_clean_with_and_without_a_head() -> None:
    for head in (HEAD, None, Head(log_id=LOG_ID, position=ENTRIES[2].position)):
        assert judged(LOG, head) == (Verdict(state=State.CLEAN), len(ENTRIES), None)


def test_every_flipped_bit_of_an_acknowledged_log_is_refused_at_its_line() -> None:
    for bit in range(len(LOG) * 8):
        damaged = bytearray(LOG)
        damaged[bit // 8] ^= 1 << bit % 8
        verdict, good, fault = judged(bytes(damaged))
        assert verdict.state is State.CORRUPT
        assert fault is not None
        assert (good, fault.seq, fault.offset) == (line_at(bit // 8), line_at(bit // 8), ENTRIES[good].offset)


def test_without_a_head_only_damage_to_the_last_batch_looks_like_a_tear() -> None:
    for bit in range(len(LOG) * 8):
        damaged = bytearray(LOG)
        damaged[bit // 8] ^= 1 << bit % 8
        verdict, good, _ = judged(bytes(damaged), None)
        assert good == line_at(bit // 8)
        assert verdict.state is (State.TORN if bit // 8 >= LAST_BATCH else State.CORRUPT)


def test_every_cut_of_an_acknowledged_log_is_refused() -> None:
    for size in range(len(LOG)):
        verdict, good, fault = judged(LOG[:size])
        assert verdict.state is (State.CORRUPT if fault else State.BEHIND)
        assert good == line_at(size)


def test_without_a_head_a_cut_log_is_torn_or_a_shorter_log() -> None:
    """Not detectable: nothing is left that could vouch for what was cut off."""
    for size in range(len(LOG)):
        verdict, good, fault = judged(LOG[:size], None)
        assert good == line_at(size)
        assert verdict.state is (State.TORN if fault else State.CLEAN)


def test_lines_that_are_missing_repeated_or_moved_are_refused_even_without_a_head() -> None:
    count = len(LINES)
    for at in range(count):
        removed = LINES[:at] + LINES[at + 1 :]
        repeated = LINES[: at + 1] + LINES[at:]
        for lines in [removed, repeated]:
            if lines != LINES[:-1]:
                verdict, good, _ = judged(b"".join(lines), None)
                assert (verdict.state, good) == (State.CORRUPT, at + (lines is repeated))
    for first, second in itertools.combinations(range(count), 2):
        lines = LINES.copy()
        lines[first], lines[second] = lines[second], lines[first]
        verdict, good, _ = judged(b"".join(lines), None)
        assert (verdict.state, good) == (State.CORRUPT, first)


def test_lines_of_another_log_are_refused_even_at_the_end() -> None:
    for foreign in written([1, 1, 1, 1, 1, 1, 1, 1, 1], log_id="another", text="y"):
        for at in range(1, len(LINES) + 1):
            verdict, good, _ = judged(b"".join([*LINES[:at], foreign.line, *LINES[at:]]), None)
            assert (verdict.state, good) == (State.CORRUPT, at)


def test_a_batch_torn_anywhere_is_torn_with_the_head_that_was_there_before() -> None:
    """Zeros, beginnings and ends: with several writes in flight, later lines may be whole and earlier ones not."""
    before = Head(log_id=LOG_ID, position=ENTRIES[-4].position)
    batch = LOG[LAST_BATCH:]
    for at in range(1, len(batch)):
        whole = at >= len(batch) - 1
        for tail in (batch[:at], bytes(at), bytes(at) + batch[at:], batch[:at] + bytes(len(batch) - at)):
            for head in (before, None):
                verdict, good, fault = judged(LOG[:LAST_BATCH] + tail, head)
                assert good >= len(ENTRIES) - 3
                assert verdict.state is State.TORN or (whole and fault is None) or good < len(ENTRIES)
                assert verdict.state in {State.TORN, State.CLEAN}


def test_any_line_that_was_on_disk_when_a_later_one_was_written_is_vouched_for() -> None:
    for at in range(len(LINES) - 3):
        torn = b"".join([*LINES[:at], LINES[at][:-9], b"\n", *LINES[at + 1 :]])
        verdict, good, fault = judged(torn, None)
        assert fault is not None
        assert (verdict.state, good, fault.seq) == (State.CORRUPT, at, at)
        assert fault.vouched >= at
        assert LOG[fault.voucher + len(torn) - len(LOG) :] or fault.voucher
        assert f"all up to seq {fault.vouched} was on disk" in verdict.evidence


def test_a_newline_that_was_damaged_hides_no_voucher() -> None:
    fused = LOG.replace(b"\n", b"X")
    assert claim(fused[:-1] + b"\n").vouched == ENTRIES[-1].dur
    assert claim(fused).vouched == ENTRIES[-1].dur, "the newline is no part of what is summed"


def test_the_head_tells_an_older_copy_and_another_history() -> None:
    verdict, good, fault = judged(b"".join(LINES[:-1]))
    assert (verdict.state, good, fault) == (State.BEHIND, len(LINES) - 1, None)
    other = b"".join(entry.line for entry in written([1, 2, 1, 3], text="y"))
    assert judged(other)[0].state is State.BEHIND
    assert "has sum" in judged(other)[0].evidence


CREATED = LINES[0]


def test_a_torn_creation_is_torn() -> None:
    for at in range(1, len(CREATED)):
        rest = len(CREATED) - at
        for tail in (CREATED[:at], bytes(at), bytes(at) + CREATED[at:], CREATED[:at] + bytes(rest)):
            assert judged(tail, None)[0].state is State.TORN, tail


@pytest.mark.parametrize(
    "data",
    [
        b"Dear diary\n", b"\n", b"hello", b"{}\n", b'{"a":1}\n{"b":2}\n', "灯".encode(), b"\xff\xfe\0", b"PK\3\4",
        b" " + LOG, b"\xef\xbb\xbf" + LOG, LOG.replace(b"\n", b"\r\n"), b"\n" + LOG, b"\0\0hello\n",
        bytes(5000), bytes(10) + b"\x01",
        "Dear diary".encode("utf-16-be"), CREATED[:-9] + b"\nmore",
    ],
)  # fmt: skip
def test_a_file_that_is_not_a_log_is_never_taken_for_a_torn_one(data: bytes) -> None:
    assert judged(data, None)[0].state is State.CORRUPT


@given(st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_log_are_torn_only_where_a_creation_could_have_left_them(data: bytes) -> None:
    verdict, good, _ = judged(data, None)
    assert good == 0
    if verdict.state is State.TORN:
        assert all(byte in (0, expected) for byte, expected in zip(data, CREATED[:55], strict=False))


@given(st.integers(0, len(LOG)), st.binary(min_size=1, max_size=60), st.booleans())
def test_whatever_is_written_into_a_log_the_lines_before_it_stay_good(at: int, rubbish: bytes, insert: bool) -> None:  # noqa: FBT001 - a parameter
    data = LOG[:at] + rubbish + LOG[at if insert else at + len(rubbish) :]
    if data != LOG:
        verdict, good, _ = judged(data)
        assert good >= line_at(at)
        assert verdict.state is not State.CLEAN or good == len(LINES)


def test_a_newer_format_is_not_called_corrupt_and_is_believed_only_if_it_verifies() -> None:
    newer = encode(
        Event(type="log.created", meta={"format": FORMAT_VERSION + 1}, id="0", time="t"), after=START, dur=-1
    )
    with pytest.raises(NewerFormatError, match=f"format {FORMAT_VERSION + 1}, this eventlog reads up to"):
        list(scan([newer.line]))
    with pytest.raises(NewerFormatError, match="of a newer format"):
        list(scan([LOG, seal(b'{"n":8')]))
    assert judged(newer.line.replace(b"t", b"T"), None)[0].state is not State.NEWER


@pytest.mark.parametrize("meta", [{"format": str(FORMAT_VERSION)}, {"format": 0}, {"format": True}, {}], ids=repr)
def test_a_log_that_names_no_format_of_ours_is_not_read(meta: dict[str, Any]) -> None:
    strange = encode(Event(type="log.created", meta=meta, id="0", time="t"), after=START, dur=-1)
    with pytest.raises(NewerFormatError, match="this eventlog reads up to"):
        list(scan([strange.line]))


def test_a_log_that_does_not_begin_with_its_creation_is_not_read() -> None:
    with pytest.raises(NewerFormatError, match=r"begins with 'said', not with log\.created"):
        list(scan([encode(Event(type="said", id="0", time="t"), after=START, dur=-1).line]))


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\x01", b"\n")), st.lists(st.integers(0, 60)))
def test_lines_are_the_same_however_the_bytes_arrive(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(data)]
    chunks = [data[begin:end] for begin, end in itertools.pairwise(places)] if places == sorted(places) else [data]
    lines = list(split_lines(chunks, 5))
    assert lines == list(split_lines([data], 5))
    assert b"".join(line for _, line in lines) == data
    assert all(line.count(b"\n") <= 1 and b"\n" not in line[:-1] for _, line in lines)
    assert [offset for offset, _ in lines] == [5 + sum(len(each) for _, each in lines[:at]) for at in range(len(lines))]


@pytest.mark.parametrize("size", [1, 2, 7, 100, len(LOG)])
def test_a_scan_gives_the_same_whatever_the_chunks(size: int) -> None:
    chunks = [LOG[at : at + size] for at in range(0, len(LOG), size)]
    assert list(scan(chunks)) == ENTRIES
    middle = ENTRIES[3].position
    assert list(scan([LOG[middle.offset :]], middle)) == ENTRIES[4:]


def test_a_line_without_an_end_takes_no_memory_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventlog.recovery.LINE_LIMIT", 100)
    pieces = list(split_lines([b"x" * 60] * 10))
    assert max(len(piece) for _, piece in pieces) <= 160
    assert b"".join(piece for _, piece in pieces) == b"x" * 600


def test_a_scan_from_a_position_accepts_only_what_follows_it() -> None:
    wrong = Position(seq=ENTRIES[3].seq, offset=ENTRIES[3].position.offset, sum=ZERO_SUM)
    (fault,) = scan([LOG[wrong.offset :]], wrong)
    assert isinstance(fault, Fault)
    assert "its prev is" in fault.reason


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("a line of seq 2", "seq 2 stands where 1 must"),
        ("another history", f"its prev is {ZERO_SUM}, the line before has sum {ENTRIES[0].sum}"),
        ("zeros", "10 zero bytes: blocks that were never written"),
        ("zeros and a newline", "11 zero bytes: blocks that were never written"),
        ("a changed line", "its sum does not match its bytes"),
        ("half a line", "it has no end"),
    ],
)
def test_a_fault_says_what_stands_there(what: str, reason: str) -> None:
    stranger = encode(Event(type="said", id="1", time="t"), after=Position(seq=0), dur=0)
    there = {
        "a line of seq 2": LINES[2],
        "another history": stranger.line,
        "zeros": bytes(10),
        "zeros and a newline": bytes(10) + b"\n",
        "a changed line": LINES[1].replace(b"said", b"sung"),
        "half a line": LINES[1][:-20],
    }
    _, good, fault = judged(LINES[0] + there[what], None)
    assert good == 1
    assert fault is not None
    assert fault.reason == reason
    assert (fault.seq, fault.offset) == (1, ENTRIES[1].offset)
    assert fault.partial is (not there[what].endswith(b"\n"))


def test_the_first_line_that_vouches_is_the_one_that_is_named() -> None:
    changed = LINES[1].replace(b"said", b"sung")
    verdict, _, fault = judged(b"".join([LINES[0], changed, *LINES[2:]]), None)
    assert fault is not None
    assert (fault.seq, fault.vouched, fault.voucher) == (1, 1, ENTRIES[2].offset)
    assert (
        f"the line at byte {ENTRIES[2].offset} verifies and says that all up to seq 1 was on disk" in verdict.evidence
    )


def test_zeros_are_a_torn_creation_up_to_the_size_a_first_line_can_have() -> None:
    assert judged(bytes(4096), None)[0].state is State.TORN
    assert judged(bytes(4097), None)[0].state is State.CORRUPT


def test_only_the_entry_that_creates_a_log_tells_its_format_and_no_other_may_be_the_first() -> None:
    with pytest.raises(NewerFormatError, match=r"begins with 'said', not with log\.created"):
        check_first(encode(Event(type="said", meta={"format": 1}, id="0", time="t"), after=START, dur=-1))
    with pytest.raises(NewerFormatError):
        check_first(encode(Event(type="log.created", meta={"format": 9}, id="0", time="t"), after=START, dur=-1))


def test_a_verdict_tells_the_evidence() -> None:
    torn = LOG + LINES[-1][:-9]
    assert judged(torn)[0].evidence == "nothing says that it was ever acknowledged"
    assert judged(b"# notes\n")[0].evidence == f"the head file says that all up to seq {HEAD.position.seq} was on disk"
    assert judged(b"# notes\n", None)[0].evidence == "this is not the beginning of an event log"
    assert judged(LINES[0] + LINES[0], None)[0].evidence == "no crash leaves a whole line there"
    assert judged(b"".join(LINES[:2]))[0] == Verdict(
        state=State.BEHIND, evidence=f"the head file says that all up to seq {HEAD.position.seq} was on disk"
    )
    assert judged(LOG)[0].evidence == ""


def test_a_line_that_is_too_long_comes_in_pieces_at_their_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventlog.recovery.LINE_LIMIT", 8)
    chunks = [b"ab\n", b"12345678", b"90", b"12345678", b"9", b"x\ny", b"z"]
    assert list(split_lines(chunks)) == [
        (0, b"ab\n"),
        (3, b"1234567890"),
        (13, b"123456789"),
        (22, b"x\n"),
        (24, b"yz"),
    ]
    assert list(split_lines([b"12345678", b"\n"], 5)) == [(5, b"12345678\n")]
    assert list(split_lines([b"a\n1234567", b"8\nz"])) == [(0, b"a\n"), (2, b"12345678\n"), (11, b"z")]


def test_zeros_within_other_bytes_are_no_blocks_that_were_never_written() -> None:
    fault = judged(LINES[0] + b"XX\0X\n", None)[2]
    assert fault is not None
    assert fault.reason == "its sum does not match its bytes"


# lines of a format that is not known yet

NEWER = seal(b'{"seq":9,"next":true')
NEWER_TOO = seal(b'{"seq":10,"next":true')


def test_damage_before_a_line_of_a_newer_format_is_not_cut_and_the_first_such_line_is_named() -> None:
    for tail in (b"XX\n" + NEWER + NEWER_TOO, b"XX\n" + NEWER[:-1] + b"\0" + NEWER_TOO):
        verdict, good, fault = judged(LOG + tail)
        assert good == len(LINES)
        assert fault is not None
        assert (fault.newer, fault.vouched, fault.voucher) == (len(LOG) + 3, -1, -1)
        evidence = f"the line at byte {len(LOG) + 3} verifies and is of a newer format; a newer eventlog can tell"
        assert verdict == Verdict(state=State.CORRUPT, evidence=evidence)


def test_a_line_of_a_newer_format_counts_at_the_first_byte_as_well() -> None:
    verdict, _, fault = judged(NEWER[:-1] + b"\0" + NEWER_TOO, None)
    assert fault is not None
    assert fault.newer == 0
    assert verdict.evidence == "the line at byte 0 verifies and is of a newer format; a newer eventlog can tell"


def test_a_newer_line_need_not_even_begin_as_ours_do() -> None:
    fault = judged(LOG + b"XX\n" + seal(b'{"n":8'))[2]
    assert fault is not None
    assert fault.newer == len(LOG) + 3


# what a fault's lines vouch for


def test_a_line_that_is_fused_with_the_damaged_one_vouches_at_its_own_offset() -> None:
    fused = LOG.replace(LINES[3] + LINES[4], LINES[3].replace(b"said", b"sung")[:-1] + b"\0" + LINES[4])
    fault = judged(fused, None)[2]
    assert fault is not None
    assert (fault.seq, fault.vouched, fault.voucher) == (3, 3, ENTRIES[4].offset)
    assert claim(LINES[3][:-1] + b"\0" + LINES[4], ENTRIES[3].offset).voucher == ENTRIES[4].offset


def test_of_several_lines_the_first_that_vouches_for_most_is_named() -> None:
    falling = LINES[5][:-1] + b"\0" + LINES[6][:-1] + b"\0" + LINES[1]
    assert (ENTRIES[5].dur, ENTRIES[6].dur, ENTRIES[1].dur) == (4, 4, 0)
    found = claim(falling, 100)
    assert (found.vouched, found.voucher, found.newer) == (4, 100, -1)
    assert claim(falling).voucher == 0


# what a scan met


def met(data: bytes, head: Head | None = None, start: Position = START) -> Seen:
    seen = Seen(start, None)
    seen.follow([data], head)
    return seen


def test_before_a_scan_nothing_was_met() -> None:
    seen = Seen(ENTRIES[3].position, None)
    assert (seen.fault, seen.sum_at_head) == (None, None)
    assert seen.end == seen.confirmed == ENTRIES[3].position


def test_a_scan_hands_on_each_entry_and_keeps_the_fault() -> None:
    taken: list[Entry] = []
    seen = Seen(START, taken.append)
    seen.follow([LOG + b"XX"], None)
    assert taken == ENTRIES
    assert seen.fault == judged(LOG + b"XX", None)[2]
    assert seen.end == ENTRIES[-1].position
    assert met(LOG).fault is None


@pytest.mark.parametrize("count", range(1, len(LINES) + 1))
def test_confirmed_is_what_a_later_line_or_the_head_vouches_for_and_no_line_more(count: int) -> None:
    data, last = b"".join(LINES[:count]), ENTRIES[count - 1]
    told = [each for each in ENTRIES[:count] if each.seq <= last.dur]
    assert met(data).confirmed == (told[-1].position if told else START)
    for named in ENTRIES[:count]:
        vouched = ENTRIES[max(named.seq, last.dur)]
        assert met(data, Head(log_id=LOG_ID, position=named.position)).confirmed == vouched.position


@pytest.mark.parametrize("start", [START, *(entry.position for entry in ENTRIES)], ids=lambda start: str(start.seq))
def test_a_scan_knows_the_sum_at_the_head_if_it_came_by_it(start: Position) -> None:
    for named in ENTRIES:
        seen = met(LOG[start.offset :], Head(log_id=LOG_ID, position=named.position), start)
        assert seen.sum_at_head == (named.sum if named.seq >= start.seq else None)
        assert seen.end == ENTRIES[-1].position


def test_a_head_that_agrees_or_names_what_was_not_scanned_finds_nothing_unlike() -> None:
    middle = ENTRIES[3].position
    assert met(LOG).unlike(None) is None
    assert met(LOG, HEAD).unlike(HEAD) is None
    for named in ENTRIES:
        head = Head(log_id=LOG_ID, position=named.position)
        assert met(LOG[middle.offset :], head, middle).unlike(head) is None


def test_a_head_beyond_the_end_tells_where_the_log_ends_too_early() -> None:
    end = ENTRIES[2].position
    early = Fault(seq=3, offset=end.offset, reason="the log ends before it")
    assert met(b"".join(LINES[:3]), HEAD).unlike(HEAD) == early


def test_a_head_of_another_history_tells_both_sums() -> None:
    head = Head(log_id=LOG_ID, position=Position(seq=3, offset=ENTRIES[3].position.offset, sum="f" * 32))
    reason = f"the head says that its sum is {'f' * 32}, the log has {ENTRIES[3].sum}"
    assert met(LOG, head).unlike(head) == Fault(seq=3, offset=ENTRIES[3].position.offset, reason=reason)


def test_a_message_shows_no_more_than_sixty_characters_of_what_stands_there() -> None:
    named, version = "a" * 60 + "b", "1" * 60 + "2"
    with pytest.raises(NewerFormatError, match=f"begins with '{'a' * 60}', not with"):
        check_first(encode(Event(type=named, id="0", time="t"), after=START, dur=-1))
    with pytest.raises(NewerFormatError, match=f"has format {'1' * 60}, this eventlog"):
        check_first(encode(Event(type="log.created", meta={"format": version}, id="0", time="t"), after=START, dur=-1))
