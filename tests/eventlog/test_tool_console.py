"""The commands and the terminal: what cannot be printed, and what an expected failure says.

Law: the outputs are real: a full device, a pipe without a reader, none at all.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from eventlog.errors import EventLogError, LogDamagedError
from eventlog.tool.console import OutputError, flush, guarded, is_terminal, say, write, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer

PATH = "a b/events.jsonl"
MUCH = b"x" * 1_000_000
NO_SPACE = f"standard output: {os.strerror(errno.ENOSPC)}; nothing more is printed\n"


def handles() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


@contextmanager
def printing_to(output: io.TextIOWrapper | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", output)
        yield


def test_without_an_output_nothing_can_be_printed_and_nothing_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with printing_to(None, monkeypatch):
        with pytest.raises(OutputError, match=os.strerror(errno.EBADF)) as refused:
            write(b"x")
        flush()
        assert not is_terminal()
        with pytest.raises(OutputError):
            write_text("x")
    assert (refused.value.cause.errno, refused.value.cause.strerror) == (errno.EBADF, os.strerror(errno.EBADF))


def test_an_output_without_a_character_gets_its_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, expected in (
        ("ascii", b"a\\u706f\n"),
        ("utf-8", "a灯\n".encode()),
        ("gb18030", "a灯\n".encode("gb18030")),
    ):
        held = io.BytesIO()
        with printing_to(io.TextIOWrapper(held, encoding=encoding), monkeypatch):
            write_text("a灯\n")
            flush()
            assert held.getvalue() == expected
            assert not is_terminal()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no full device")  # noqa: PTH110
@pytest.mark.parametrize("data", [b"x", MUCH], ids=["at the end", "at once"])
def test_a_full_output_is_one_line_and_leaves_nothing_behind(
    data: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def body() -> int:
        write(data)
        return 0

    with open("/dev/full", "w", encoding="utf-8") as full, printing_to(full, monkeypatch):  # noqa: PTH123
        assert guarded(PATH, "prog", body) == 1
    assert capsys.readouterr().err == NO_SPACE


class Broken(io.RawIOBase):
    """An output of no file, which fails once."""

    failed = False

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        if not self.failed:
            self.failed = True
            raise OSError(errno.EIO, "broken")
        return len(bytes(data))


def test_an_output_that_is_no_file_or_not_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def body() -> int:
        write(b"x")
        return 0

    broken = io.TextIOWrapper(io.BufferedWriter(Broken()))
    closed = os.strerror(errno.EBADF)
    for output, said in ((broken, "broken"), (None, closed)):
        with printing_to(output, monkeypatch):
            assert guarded(PATH, "prog", body) == 1
        assert capsys.readouterr().err == f"standard output: {said}; nothing more is printed\n"
    broken.close()


def test_a_reader_that_went_away_is_success_and_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)

    def body() -> int:
        write(MUCH)
        return 7

    with os.fdopen(ours, "w") as pipe, printing_to(pipe, monkeypatch):
        assert guarded(PATH, "prog", body) == 0
        descriptors = handles()
        assert guarded(PATH, "prog", lambda: 7) == 7
        assert handles() == descriptors
    assert capsys.readouterr().err == ""


COPY = "reading stopped there: copy the file to another disk and look at the copy"
FAILURES: list[tuple[BaseException, int, str]] = [
    (LogDamagedError("where: what"), 11, "where: what; next: prog log verify 'a b/events.jsonl'"),
    (EventLogError("said \x1b[31mred"), 1, "said red"),
    (KeyboardInterrupt(), 130, ""),
    (OSError(errno.ENOENT, "x"), 1, f"{PATH}: there is no such file; check the name"),
    (OSError(errno.ENOTDIR, "x"), 1, f"{PATH}: there is no such file; check the name"),
    (
        OSError(errno.EISDIR, "x"),
        1,
        f"{PATH}: this is a folder, not a log; name the file in it, as in {PATH}/events.jsonl",
    ),
    (OSError(errno.EINVAL, "x"), 1, f"{PATH}: this is not a regular file; name a log, as in events.jsonl"),
    (OSError(errno.ENXIO, "x"), 1, f"{PATH}: this is not a regular file; name a log, as in events.jsonl"),
    (OSError(errno.EACCES, "denied"), 1, f"{PATH}: denied; nothing was read: ask its owner, or read a copy"),
    (OSError(errno.EPERM, "denied"), 1, f"{PATH}: denied; nothing was read: ask its owner, or read a copy"),
    (OSError(errno.EIO, "broken"), 1, f"{PATH}: broken; {COPY}"),
    (OSError("a text"), 1, f"{PATH}: a text; {COPY}"),
]


@pytest.mark.parametrize(("error", "code", "said"), FAILURES, ids=[str(at) for at in range(len(FAILURES))])
def test_an_expected_failure_is_one_line_and_a_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def body() -> NoReturn:
        raise error

    assert guarded(PATH, "prog log", body) == code
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"{said}\n" if said else "")


def test_what_is_said_goes_to_the_error_output_and_never_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say("a\x1b[31mb\nc")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "ab c\n")
    theirs, ours = os.pipe()
    os.close(theirs)
    with monkeypatch.context() as patch, os.fdopen(ours, "w") as pipe:
        patch.setattr(sys, "stderr", pipe)
        say("nobody hears this")
        os.dup2(os.open(os.devnull, os.O_WRONLY), ours)
