"""Bugs in the work: each loses or repeats something that was paid for, or leaves a file that is not true."""

from __future__ import annotations

from tests.sabotage.bugs import CALLS, NO_ROOM, PLAN, POWER_CUTS, RUNS, SNAPSHOTS, Bug

WORK = (
    Bug(
        name="a completed scene is made again",
        path="stages/pipeline/plan.py",
        old="        return Action.SKIP, ",
        new="        return Action.RUN, ",
        found_by=PLAN,
    ),
    Bug(
        name="a failed scene is skipped for ever",
        path="stages/pipeline/plan.py",
        old="        return Action.RUN, Cause.FAILED",
        new="        return Action.SKIP, Cause.FAILED",
        found_by=PLAN,
    ),
    Bug(
        name="going on at the number of finished scenes",
        path="stages/pipeline/plan.py",
        old="    return [_plan_step(progress, basis, scene) for scene in chosen]",
        new=(
            "    done = sum(progress.step(basis.stage.name, scene.id).completion is not None for scene in chosen)\n"
            "    return [_plan_step(progress, basis, scene) for scene in chosen[done:]]"
        ),
        found_by=PLAN,
    ),
    Bug(
        name="an answer that was paid for and not read is asked for again",
        path="stages/pipeline/scene_maker.py",
        old="        so_far = self._unread(stage, step)",
        new="        so_far = None",
        found_by=POWER_CUTS,
    ),
    Bug(
        name="an answer is read that was never recorded",
        path="stages/pipeline/calls.py",
        old="        answer_id = await self._project.record(fact, content)",
        new="        answer_id = attempt",
        found_by=POWER_CUTS,
    ),
    Bug(
        name="a call is made before it has a name",
        path="stages/pipeline/calls.py",
        old="            await self._project.record(started)\n",
        new="            pass\n",
        found_by=CALLS,
    ),
    Bug(
        name="one bad scene stops the others",
        path="stages/pipeline/runner.py",
        old=" else self._show(stage, step, problem=error.message)\n            return None\n",
        new=" else None\n            raise\n",
        found_by=RUNS,
    ),
    Bug(
        name="a stage is called complete before its outputs are there",
        path="stages/pipeline/projecting.py",
        old="        if not self._guarded(lambda: outputs.append(",
        new=(
            "        await project.record(facts.StageCompleted(subject=stage, scenes=len(project.progress.scenes)))\n"
            "        if not self._guarded(lambda: outputs.append("
        ),
        found_by=POWER_CUTS,
    ),
    Bug(
        name="the outputs of a complete stage are not put right after a crash",
        path="stages/pipeline/snapshots.py",
        old="            if stage in progress.completed_stages:\n                self.write_outputs(progress, stage)\n",
        new="            if stage in progress.completed_stages:\n",
        found_by=SNAPSHOTS,
    ),
    Bug(
        name="a progress file outlives its stage",
        path="stages/pipeline/snapshots.py",
        old="            self._files.remove(path)\n            self._files.sync_dir(self._folder)",
        new="            pass",
        found_by=POWER_CUTS,
    ),
    Bug(
        name="the removal of a progress file is not synced and not repeated",
        path="stages/pipeline/snapshots.py",
        old="self.write_outputs(progress, stage)\n                self.remove_progress(progress, stage)",
        new="self.write_outputs(progress, stage)",
        found_by=SNAPSHOTS,
    ),
    Bug(
        name="a file is written in place instead of replaced",
        path="stages/pipeline/snapshots.py",
        old='            replace_durably(self._files, f"{self._folder}/{progress_file(stage)}", _batches(pieces))\n',
        new=(
            '            at = f"{self._folder}/{progress_file(stage)}"\n'
            '            handle = self._files.open(at, "overwrite", create=True)\n'
            "            self._files.truncate(handle, 0)\n"
            '            self._files.write_at(handle, 0, b"".join(pieces))\n'
            "            self._files.close(handle)\n"
        ),
        found_by=POWER_CUTS,
    ),
    Bug(
        name="a file that the disk did not confirm is synced again",
        path="stages/pipeline/snapshots.py",
        old="        self._doubted.update(unsynced)\n",
        new="",
        found_by=SNAPSHOTS,
    ),
    Bug(
        name="leftovers of a crash are never cleared",
        path="stages/pipeline/snapshots.py",
        old="        self.clear_leftovers(stages)\n",
        new="",
        found_by=SNAPSHOTS,
    ),
    Bug(
        name="somebody else's progress file is written over",
        path="stages/pipeline/snapshots.py",
        old=" and foreign_items(progress, stage, data):\n            raise",
        new=" and False:\n            raise",
        found_by=("tests/commands/test_edited_files.py", "-k", "during_a_run"),
    ),
    Bug(
        name="a disk that says no stops the work",
        path="stages/pipeline/outbox.py",
        old="        if trouble is not None and is_first and self.on_trouble:\n            self.on_trouble(trouble)\n",
        new="        if trouble is not None:\n            raise trouble\n",
        found_by=NO_ROOM,
    ),
    Bug(
        name="what waits is dropped when saving fails again",
        path="stages/pipeline/outbox.py",
        old="            return error\n        self.waiting = {}",
        new="            self.waiting = {}\n            return error\n        self.waiting = {}",
        found_by=NO_ROOM,
    ),
    Bug(
        name="what waits gets another id at each try",
        path="stages/pipeline/outbox.py",
        old="            self._log.append_many(self.waiting.values())",
        new="            self._log.append_many(replace(one, id=None) for one in self.waiting.values())",
        found_by=NO_ROOM,
    ),
    Bug(
        name="a rescue file is taken for saved before it is synced",
        path="stages/pipeline/outbox.py",
        old="        files.sync(handle)\n",
        new="",
        found_by=NO_ROOM,
    ),
    Bug(
        name="a rescue file is removed before its events are in the log",
        path="stages/pipeline/project.py",
        old="            self.log.append_many(events)\n            with contextlib",
        new="            with contextlib",
        found_by=NO_ROOM,
    ),
    Bug(
        name="a fact is true in memory although it waits",
        path="stages/pipeline/project.py",
        old="            self.progress = copy.deepcopy(self._saved)",
        new="            self.progress = self._saved",
        found_by=NO_ROOM,
    ),
    Bug(
        name="a second completion of a scene counts as another one",
        path="stages/pipeline/steps.py",
        old="        if before is not None and done.rank < before.rank:",
        new="        if False:",
        found_by=PLAN,
    ),
)
