"""Progress files of the program before: what they say, whatever shape they are in.

Law: pure. A file that is not what it claims to be is refused with a reason; nothing in it is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from stages.pipeline.scene import Scene
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stages.pipeline.scene import Language

# The names of the user's document. A stage that came later is named by rule: image_results, image_progress.json, and
# image_result for one scene.
RESULTS = {"storyboard": "storyboard_results", "enhancement": "enhanced_results"}
FILE_NAMES = {"storyboard": "storyboard_progress.json", "enhancement": "enhancement_progress.json"}


def results_key(stage: str) -> str:
    """What a stage's list of results is called in its progress file."""
    return RESULTS.get(stage, f"{stage}_results")


def file_name(stage: str) -> str:
    """What a stage's progress file is called."""
    return FILE_NAMES.get(stage, f"{stage}_progress.json")


def parse_progress(name: str, data: bytes, stages: Sequence[str] = tuple(RESULTS)) -> tuple[str, dict[str, Any]]:
    """Read one progress file: which stage it is of, and its content as it stands.

    Raises ValueError with a sentence for a person: the file is empty, cut off, not JSON, or not a progress file.
    """
    if not data.strip():
        raise ValueError(f"{name} is empty; there is nothing in it to import")
    try:
        content = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ValueError(
            f"{name} is not whole JSON ({error}); it was cut off or damaged, and was left as it is"
        ) from None
    for stage in stages:
        if isinstance(content, dict) and isinstance(content.get(results_key(stage)), list):
            _check(name, stage, content)
            return stage, content
    raise ValueError(f"{name} has neither a list storyboard_results nor enhanced_results; it is not a progress file")


def _check(name: str, stage: str, content: dict[str, Any]) -> None:
    key = results_key(stage)
    for at, item in enumerate(content[key]):
        if not isinstance(item, dict):
            raise ValueError(f"{name}: {key}[{at}] is not an object")  # noqa: TRY004 - a fault of the file
        index = index_of(item, at)
        if type(index) is not int or not 0 <= index < 100_000:  # noqa: PLR2004 - a bound against nonsense
            raise ValueError(f"{name}: {key}[{at}] has scene_index {index!r}; it must be a whole number from 0")
    total = content.get("total_scenes")
    if total is not None and (type(total) is not int or not 0 <= total < 100_000):  # noqa: PLR2004 - as above
        raise ValueError(f"{name}: total_scenes is {total!r}; it must be a whole number of scenes")
    _check_contradictions(name, stage, content)


def _check_contradictions(name: str, stage: str, content: dict[str, Any]) -> None:
    """Refuse two results for one scene that say different things: which one is meant is not guessed."""
    key = results_key(stage)
    known: dict[int, tuple[int, str]] = {}
    for at, item in enumerate(content[key]):
        index, text = index_of(item, at), _text(item, stage)
        before, said = known.get(index, (at, text))
        if text and said and text != said:
            raise ValueError(
                f"{name}: {key}[{before}] and {key}[{at}] are both of scene_index {index} and say different things; "
                "take out the one that is wrong"
            )
        if text:
            known[index] = at, text


def index_of(item: dict[str, Any], at: int) -> Any:
    """The scene index an item says, or the one that follows from its place."""
    return item.get("scene_index", at)


def items_of(content: dict[str, Any], stage: str) -> dict[int, dict[str, Any]]:
    """The items of a stage by scene index (0-based); a later item for the same scene replaces an earlier one."""
    progress = content.get(stage) or {}
    return {index_of(item, at): item for at, item in enumerate(progress.get(results_key(stage), []))}


def total_of(content: dict[str, Any]) -> int:
    """How many scenes the old project had: what it says, or at least as many as it names."""
    said = [(content.get(stage) or {}).get("total_scenes") for stage in RESULTS]
    named = [index + 1 for stage in RESULTS for index in items_of(content, stage)]
    return max([count for count in said if type(count) is int and 0 < count < 100_000] + named, default=0)  # noqa: PLR2004


def scenes_of(content: dict[str, Any], total: int, language: Language) -> list[Scene]:
    """The scenes of the old project; where in the story they stand is not known."""
    titles = [_title(content, index, language) for index in range(total)]
    return [Scene(id=f"s{index + 1:04d}", index=index, title=title) for index, title in enumerate(titles)]


def _title(content: dict[str, Any], index: int, language: Language) -> str:
    for stage in RESULTS:
        info = items_of(content, stage).get(index, {}).get("scene_info")
        title = info.get("scene_title") if isinstance(info, dict) else info
        if isinstance(title, str) and title.strip():
            return " ".join(title.split())
    return f"场景{index + 1}" if language == "zh" else f"Scene {index + 1}"


def text_of(content: dict[str, Any], stage: str, index: int) -> str:
    """The result of one scene as text; empty if the old program has none."""
    return _text(items_of(content, stage).get(index, {}), stage)


def _text(item: dict[str, Any], stage: str) -> str:
    if stage == "storyboard":
        found = item.get("storyboard_script")
    elif stage != "enhancement":
        found = item.get(f"{stage}_result")
    else:
        result = item.get("enhanced_result")
        found = result.get("enhanced_description") if isinstance(result, dict) else result
    return found if isinstance(found, str) else ""


def imported_bible(content: dict[str, Any]) -> str:
    """The world bible of the old project; empty if it has none."""
    return str((content.get("storyboard") or {}).get("world_bible") or "")


def completions_of(content: dict[str, Any]) -> Iterator[tuple[str, int, str, str]]:
    """Stage, scene index, digest of the result and error (one of the two is empty) of each item."""
    for stage in RESULTS:
        for index, item in sorted(items_of(content, stage).items()):
            text = text_of(content, stage, index)
            error = str(item.get("error") or "") or ("" if text.strip() else "the old program saved no result")
            yield stage, index, "" if error else digest(text), error
