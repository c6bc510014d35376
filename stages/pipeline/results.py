"""What finished steps say: from progress and the log's content to texts, items and files.

Law: pure: everything is a function of the results in scene order; no time, id or duration comes into an output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from stages.pipeline.answers import result_as_before, result_text
from stages.pipeline.events import subject_of
from stages.pipeline.imported import RESULTS, file_name, imported_bible, items_of, parse_progress, results_key, text_of
from stages.pipeline.planning import analysis_text
from stages.pipeline.script import opens_shot, parse
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from stages.pipeline.contract import Scene
    from stages.pipeline.progress import Completion, Progress, Ref

Content = Callable[["Ref"], Any]
OUTPUT_NAMES = {"storyboard": "storyboard", "enhancement": "enhanced"}


class Finished(NamedTuple):
    """A scene with its finished step; a tuple, for one of each scene is made for each version of a progress file."""

    scene: Scene
    completion: Completion


@dataclass(slots=True)
class Drawn:
    """What a progress file was made of when it was last made, so that nothing in it is made twice.

    `items` are its scenes by id, each with what it was made from; `about` is what it says of the story, made from `of`.
    """

    items: dict[str, tuple[Finished, bytes]] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    of: tuple[Any, ...] = ()


def finished(progress: Progress, stage: str) -> list[Finished]:
    """The finished scenes of a stage, in scene order."""
    known = ((scene, progress.steps.get(subject_of(stage, scene.id))) for scene in progress.scenes)
    pairs = ((scene, step.completion) for scene, step in known if step is not None)
    return [Finished(scene=scene, completion=done) for scene, done in pairs if done is not None]


def text_of_completion(stage: str, completion: Completion, content: Content) -> str:
    """The result of a finished step."""
    found = content(completion.answer)
    if completion.imported >= 0:
        return text_of(found, stage, completion.imported)
    text = result_text(found["text"])
    return text if digest(text) == completion.result else result_as_before(found["text"])


def bible_text(progress: Progress, content: Content) -> str:
    """The world bible; empty if there is none yet."""
    if progress.bible is not None:
        return result_text(content(progress.bible)["text"])
    if progress.imported is not None:
        return imported_bible(content(progress.imported))
    return ""


def analysis(progress: Progress, content: Content) -> str:
    """The scene analysis as text."""
    if progress.imported is not None and not progress.is_planned:
        return str((content(progress.imported).get("storyboard") or {}).get("scenes_analysis") or "")
    return analysis_text(progress.scenes, progress.language)


def snapshot(progress: Progress, stage: str, content: Content) -> bytes | None:
    """The progress file of a stage, in the fields and order of the user's document; None while nothing is finished."""
    return b"".join(snapshot_pieces(progress, stage, content, Drawn())) or None


def snapshot_pieces(progress: Progress, stage: str, content: Content, drawn: Drawn) -> list[bytes]:
    """The same in pieces, two a scene; none while nothing is finished.

    `drawn` is what the one before was made of; afterwards it is that of this one.
    """
    done = finished(progress, stage)
    known, drawn.items = drawn.items, {}
    for one in done:
        there = known.get(one.scene.id)
        is_same = there is not None and there[0] == one
        drawn.items[one.scene.id] = there if there and is_same else (one, item_bytes(progress, stage, one, content))
    if not done:
        return []
    fields: dict[str, Any] = {**_about(progress, content, drawn)} if stage == "storyboard" else {}
    stamp = max(done, key=lambda one: one.completion.seq).completion.time
    fields |= {"timestamp": f"{stamp[:19]}+00:00", "total_scenes": len(progress.scenes)}
    if stage != "storyboard":
        fields["last_completed_scene"] = _prefix_end([one.scene.index for one in done])
    first, *others = (item for _, item in drawn.items.values())
    pieces = [b'{\n  "%b": [\n    ' % results_key(stage).encode(), first]
    for item in others:
        pieces += (b",\n    ", item)
    rest = orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return [*pieces, b"\n  ],\n", rest.removeprefix(b"{\n")]


def _about(progress: Progress, content: Content, drawn: Drawn) -> dict[str, str]:
    of = (progress.bible, progress.imported, progress.is_planned, progress.language, progress.scenes)
    if drawn.of != of:
        analysed = analysis(progress, content)
        drawn.about, drawn.of = {"world_bible": bible_text(progress, content), "scenes_analysis": analysed}, of
    return drawn.about


def _prefix_end(indexes: list[int]) -> int:
    """The last index of the gap-free beginning, -1 if scene 0 is not there."""
    return next((at - 1 for at, index in enumerate(indexes) if at != index), len(indexes) - 1)


def item_bytes(progress: Progress, stage: str, one: Finished, content: Content, *, text: str = "") -> bytes:
    """A finished scene as it stands in the progress file; `text` is its result, where that is at hand."""
    text = text or text_of_completion(stage, one.completion, content)
    key, result = _named_result(stage, text)
    info = _scene_info(one.scene)
    if progress.imported is not None and one.completion.imported >= 0:
        said = items_of(content(progress.imported), stage)[one.completion.imported].get("scene_info")
        info = {**info, **said} if isinstance(said, dict) else info
    item = {"scene_index": one.scene.index, "scene_info": info, key: result}
    return orjson.dumps(item, option=orjson.OPT_INDENT_2).replace(b"\n", b"\n    ")  # within a text it is written \\n


def _named_result(stage: str, text: str) -> tuple[str, Any]:
    """What a result is called, and its form: the two of the user's document, and one for all later stages."""
    if stage == "storyboard":
        return "storyboard_script", text
    return ("enhanced_result", {"enhanced_description": text}) if stage == "enhancement" else (f"{stage}_result", text)


def _scene_info(scene: Scene) -> dict[str, Any]:
    info: dict[str, Any] = {"scene_title": scene.title, "scene_id": scene.id}
    if scene.characters:
        info["characters"] = list(scene.characters)
    if scene.summary:
        info["summary"] = scene.summary
    if scene.has_source:
        info |= {"source_start": scene.start, "source_end": scene.end}
    return info


def progress_file(stage: str) -> str:
    """The name of a stage's progress file."""
    return file_name(stage)


def scene_file(stage: str, scene: Scene) -> str:
    """Where the readable file of a finished scene stands in the project folder."""
    return f"{stage}/scene_{scene.number:03d}.md"


def outputs(progress: Progress, stage: str, content: Content) -> dict[str, bytes]:
    """The files of a complete stage, by path in the project folder: the scenes' own files and the two of the whole."""
    texts = [(one.scene, text_of_completion(stage, one.completion, content)) for one in finished(progress, stage)]
    files = {scene_file(stage, scene): scene_bytes(text) for scene, text in texts}
    name = OUTPUT_NAMES.get(stage, stage)
    word, colon = ("场景 ", "：") if progress.language == "zh" else ("Scene ", ": ")
    blocks = [f"# {progress.name}\n"]
    blocks += [_headed(stage, text, f"{word}{scene.number}{colon}{scene.title}", scene) for scene, text in texts]
    files[f"output/{name}.md"] = scene_bytes("\n".join(blocks))
    whole: dict[str, Any] = {"project": progress.name, "language": progress.language}
    if stage == "storyboard":
        whole |= {"world_bible": bible_text(progress, content), "scenes_analysis": analysis(progress, content)}
    whole["scenes"] = [_output_item(stage, scene, text) for scene, text in texts]
    files[f"output/{name}.json"] = orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return files


def _output_item(stage: str, scene: Scene, text: str) -> dict[str, Any]:
    said = {key: value for key, value in _scene_info(scene).items() if key != "scene_id"}  # an id tells of the past
    info = {"scene_index": scene.index, "scene_info": said}
    key, result = _named_result(stage, text)
    shots = {"shots": [dict(shot.fields) for shot in parse(text)]} if stage == "storyboard" else {}
    return info | {key: result} | shots


def _headed(stage: str, text: str, heading: str, scene: Scene) -> str:
    """A result under its scene's heading; most scripts bring their own, those of old programs may have none."""
    if stage != "storyboard":
        return f"## {scene.number}. {scene.title}\n\n{text}"
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return text if first.startswith("#") and not opens_shot(first) else f"# {heading}\n\n{text}"


def scene_bytes(text: str) -> bytes:
    """The content of a finished scene's own file."""
    return (text.rstrip("\n") + "\n").encode()


def foreign_items(progress: Progress, stage: str, data: bytes) -> bool:
    """Whether a progress file holds a result or a world bible that this log never held: it may be the only copy."""
    try:
        found, content = parse_progress(stage, data, [*RESULTS, stage])
    except ValueError:
        return True
    known = {
        result for subject, step in progress.steps.items() if subject.startswith(f"{stage}/") for result in step.results
    }
    texts = [text_of({found: content}, stage, index) for index in items_of({found: content}, stage)]
    bible = content.get("world_bible")
    if isinstance(bible, str) and bible and digest(bible) not in progress.bibles:
        return True
    return found != stage or not texts or any(digest(text) not in known for text in texts)
