"""Bugs in the engine: each breaks a promise of eventlog/FORMAT.md."""

from __future__ import annotations

from tests.sabotage.bugs import (
    AFTER_A_FAILURE,
    AFTER_A_TEAR,
    ANY_FAILURE,
    BESIDE_A_WRITER,
    CHECKPOINT,
    ENTRY,
    FILES,
    KILLED,
    LOG,
    ONE_CRASH,
    READING,
    RECOVERY,
    REPAIR,
    Bug,
)

APPENDING = (
    Bug(
        name="acknowledge before the sync",
        path="eventlog/writer.py",
        old="        try:\n            self._files.sync(self.handle)\n",
        new="        try:\n            pass\n",
        found_by=ONE_CRASH,
    ),
    Bug(
        name="retry a failed sync",
        path="eventlog/writer.py",
        old='            raise self._poison(f"the disk did not confirm a write ({_said(error)})") from error',
        new="            self._files.sync(self.handle)",
        found_by=AFTER_A_FAILURE,
    ),
    Bug(
        name="go on after a failed sync",
        path="eventlog/writer.py",
        old="        self.poisoned = LogPoisonedError(f",
        new="        return LogPoisonedError(f",
        found_by=AFTER_A_FAILURE,
    ),
    Bug(
        name="take any reopen for a cure: the same file goes on",
        path="eventlog/writer.py",
        old="        handle = copy_verified(self._files, self._path, self.handle, self.position)",
        new="        self.poisoned = None\n        return\n        handle = self.handle",
        found_by=AFTER_A_FAILURE,
    ),
    Bug(
        name="memory updated before the disk",
        path="eventlog/writer.py",
        old="            self._put(lines)\n            self.position, self._attempted = entries[-1].position, 0",
        new="            self.position, self._attempted = entries[-1].position, 0\n            self._put(lines)",
        found_by=AFTER_A_FAILURE,
    ),
    Bug(
        name="head written before the lines are on disk",
        path="eventlog/writer.py",
        old="            self._put(lines)\n",
        new=(
            "            before, self.position = self.position, entries[-1].position\n"
            "            self.write_head(log_id)\n"
            "            self.position = before\n"
            "            self._put(lines)\n"
        ),
        found_by=ONE_CRASH,
    ),
    Bug(
        name="a failed write is not undone",
        path="eventlog/writer.py",
        old="            self._files.truncate(self.handle, self.position.offset)\n",
        new="",
        found_by=AFTER_A_FAILURE,
    ),
    Bug(
        name="the undoing of a failed write is not synced",
        path="eventlog/writer.py",
        old="            self._files.sync(self.handle)\n            self._attempted = 0",
        new="            self._attempted = 0",
        found_by=AFTER_A_FAILURE,
    ),
    Bug(
        name="somebody else's bytes are written over",
        path="eventlog/writer.py",
        old="        if here.size != self.position.offset:",
        new="        if False:",
        found_by=LOG,
    ),
    Bug(
        name="a short write is taken for a whole one",
        path="eventlog/files.py",
        old="        data = data[written:]",
        new='        data = b""',
        found_by=ANY_FAILURE,
    ),
    Bug(
        name="the watermark never advances",
        path="eventlog/appending.py",
        old="dur=end.seq)",
        new="dur=-1)",
        found_by=READING,
    ),
    Bug(
        name="the watermark runs ahead: a line vouches for its own batch",
        path="eventlog/appending.py",
        old="dur=end.seq)",
        new="dur=last.seq)",
        found_by=ONE_CRASH,
    ),
    Bug(
        name="one bad event fails everybody in its batch",
        path="eventlog/appending.py",
        old="            outcomes.append(error)\n",
        new="            raise\n",
        found_by=LOG,
    ),
    Bug(
        name="the event of a caller who gave up is forgotten",
        path="eventlog/commit.py",
        old="        batch, self._waiting, self._loop = self._waiting, [], None",
        new="        batch = [one for one in self._waiting if not one[1].done()]\n"
        "        self._waiting, self._loop = [], None",
        found_by=LOG,
    ),
    Bug(
        name="an id is forgotten at once: the same event is written twice",
        path="eventlog/log.py",
        old="            self._recent.add(fresh)",
        new="            self._recent.end = self.position",
        found_by=LOG,
    ),
    Bug(
        name="NaN becomes null in silence",
        path="eventlog/plain.py",
        old="            if not math.isfinite(value):",
        new="            if False:",
        found_by=ENTRY,
    ),
)

OPENING = (
    Bug(
        name="the folder is not synced when a log is opened",
        path="eventlog/opening.py",
        old="        files.sync_dir(folder_of(path))  # always",
        new="        pass  # always",
        found_by=ONE_CRASH,
    ),
    Bug(
        name="the log is not synced when it is opened",
        path="eventlog/opening.py",
        old="        files.sync(handle)\n        return files.drop_cache",
        new="        return files.drop_cache",
        found_by=KILLED,
    ),
    Bug(
        name="the page cache is trusted at an open",
        path="eventlog/opening.py",
        old="        return files.drop_cache(handle) or was_clean",
        new="        return True",
        found_by=KILLED,
    ),
    Bug(
        name="a sync that fails in an open is ignored",
        path="eventlog/opening.py",
        old="    except OSError:\n        return False\n\n\ndef _usable_checkpoint",
        new="    except OSError:\n        return True\n\n\ndef _usable_checkpoint",
        found_by=ANY_FAILURE,
    ),
    Bug(
        name="a poisoned log is closed as if all were well",
        path="eventlog/log.py",
        old="        clean = self.read_only is None and self.poisoned is None",
        new="        clean = True",
        found_by=LOG,
    ),
    Bug(
        name="one line too many is cut",
        path="eventlog/opening.py",
        old="_cut(files, handle, found.end.offset)",
        new="_cut(files, handle, found.confirmed.offset)",
        found_by=ONE_CRASH,
    ),
    Bug(
        name="cut at the last newline",
        path="eventlog/opening.py",
        old="_cut(files, handle, found.end.offset)",
        new='_cut(files, handle, b"".join(read_chunks(files, handle)).rfind(b"\\n") + 1)',
        found_by=ONE_CRASH,
    ),
    Bug(
        name="a torn tail is cut without quarantine",
        path="eventlog/opening.py",
        old="_problem(found) or _move_to_quarantine(files, handle, found)",
        new="_problem(found)",
        found_by=AFTER_A_TEAR,
    ),
    Bug(
        name="a torn tail is cut before its copy is on disk",
        path="eventlog/opening.py",
        old='        copy_durably(files, handle, f"{folder}/{kept}", offset=found.fault.offset)',
        new='        tail = b"".join(read_chunks(files, handle, found.fault.offset))\n'
        '        write_all(files, files.open(f"{folder}/{kept}", "append", create=True), tail)',
        found_by=AFTER_A_TEAR,
    ),
    Bug(
        name="nothing tells what was cut",
        path="eventlog/opening.py",
        old="    return Event(type=RECOVERED, data=",
        new="    return None\n    return Event(type=RECOVERED, data=",
        found_by=AFTER_A_TEAR,
    ),
    Bug(
        name="a copied log is renamed before it is synced",
        path="eventlog/opening.py",
        old="        files.sync(target)\n        files.rename(temporary, path)",
        new="        files.rename(temporary, path)",
        found_by=AFTER_A_FAILURE,
    ),
    Bug(
        name="a lock is given back as soon as it was taken",
        path="eventlog/log.py",
        old="        lock, was_clean = take_lock(disk, path)\n",
        new="        lock, was_clean = take_lock(disk, path)\n        release_lock(disk, lock, clean=was_clean)\n",
        found_by=LOG,
    ),
    Bug(
        name="a lock on a file that was replaced counts",
        path="eventlog/lock.py",
        old="            if is_at(files, handle, path):",
        new="            if True:",
        found_by=LOG,
    ),
)

WITNESSES = (
    Bug(
        name="damage to acknowledged lines is cut like a torn tail",
        path="eventlog/recovery.py",
        old="    if fault and fault.vouched >= fault.seq:",
        new="    if False:",
        found_by=RECOVERY,
    ),
    Bug(
        name="the head is not asked",
        path="eventlog/recovery.py",
        old="    if head and head.position.seq > end.seq:",
        new="    if False:",
        found_by=RECOVERY,
    ),
    Bug(
        name="any valid line after a bad one means corruption",
        path="eventlog/recovery.py",
        old="        claimed = claimed.and_also(claim(later, offset))",
        new="        claimed = Claim(seq, offset) if decode(later) is not None else claimed",
        found_by=ONE_CRASH,
    ),
    Bug(
        name="a damaged newline hides the line behind it",
        path="eventlog/recovery.py",
        old="        header = _HEADER.match(each)\n",
        new="        header = _HEADER.match(each)\n        if begin:\n            break\n",
        found_by=RECOVERY,
    ),
    Bug(
        name="the chain is not looked at",
        path="eventlog/recovery.py",
        old=" or entry.prev != last:",
        new=":",
        found_by=RECOVERY,
    ),
    Bug(
        name="a sum is computed and not compared",
        path="eventlog/entry.py",
        old="    return found if line[-_TRAILER_SIZE:] ==",
        new="    return found if line.endswith(b'}\\n') or line[-_TRAILER_SIZE:] ==",
        found_by=ENTRY,
    ),
    Bug(
        name="a checkpoint is trusted without its sum",
        path="eventlog/checkpoint.py",
        old="    if sealed_sum(data) is None:\n        return None\n",
        new="",
        found_by=CHECKPOINT,
    ),
    Bug(
        name="a checkpoint of another history is used",
        path="eventlog/checkpoint.py",
        old="    return checkpoint if entry is not None and entry.position == checkpoint.position else None",
        new="    return checkpoint",
        found_by=CHECKPOINT,
    ),
    Bug(
        name="a file is renamed into place before it is synced",
        path="eventlog/files.py",
        old="            write_all(files, handle, piece)\n        files.sync(handle)\n",
        new="            write_all(files, handle, piece)\n",
        found_by=FILES,
    ),
    Bug(
        name="the folder of a renamed file is not synced",
        path="eventlog/files.py",
        old="        raise\n    files.sync_dir(folder_of(path))",
        new="        raise",
        found_by=FILES,
    ),
    Bug(
        name="a reader is shown lines that nothing vouches for",
        path="eventlog/reading.py",
        old="            confirmed = max(confirmed, found.dur)",
        new="            confirmed = max(confirmed, found.seq)",
        found_by=BESIDE_A_WRITER,
    ),
    Bug(
        name="a reader does not notice another log in the place of its own",
        path="eventlog/reading.py",
        old="        if shown is not None and self._files.read_at(",
        new="        if False and self._files.read_at(",
        found_by=READING,
    ),
    Bug(
        name="a salvage gets its name before it is on disk",
        path="eventlog/repair.py",
        old="        files.sync(handle)\n        head =",
        new="        head =",
        found_by=REPAIR,
    ),
    Bug(
        name="a damaged log is replaced without going to quarantine",
        path="eventlog/adoption.py",
        old="    for each in (path, *_companions(path)):",
        new="    for each in ():",
        found_by=REPAIR,
    ),
    Bug(
        name="a damaged log is replaced before its copy is on disk",
        path="eventlog/files.py",
        old="    _put_durably(files, path, read_chunks(files, source, offset), private=True)",
        new="    handle = files.open(path, 'append', create=True)\n"
        "    for piece in read_chunks(files, source, offset):\n        write_all(files, handle, piece)",
        found_by=REPAIR,
    ),
)

ENGINE = APPENDING + OPENING + WITNESSES
