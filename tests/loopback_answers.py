"""What a good model answers: an answer to each of our prompts, made of nothing but the messages.

Law: no state: the same messages have the same answer.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from typing import TYPE_CHECKING, Any, get_args

from stages import prompts
from stages.pipeline import script, text
from stages.pipeline.contract import Language, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def respond(messages: Sequence[Mapping[str, str]]) -> str:
    """Answer a request of ours well, from nothing but its messages."""
    asked = [message for message in messages if message["role"] == "user"][-1]["content"]
    task, language = recognised(messages)
    match task:
        case "scenes":
            return _scenes(asked)
        case "storyboard":
            return _storyboard(asked, language)
        case "enhancement":
            word = "镜头" if language == "zh" else "Shot"
            shots = script.parse(fenced(asked, "script"))
            return "\n\n".join(f"### {word} {s.number}\n{s.fields.get('picture', '')} | {s.source}" for s in shots)
        case "world_bible":
            heading = "## 角色" if language == "zh" else "## Characters"
            return f"{heading}\n- {fenced(asked, 'text').strip()[:40]}"
        case None:
            return "Well."


@functools.cache
def _systems() -> Mapping[str, tuple[Task, Language]]:
    pairs = itertools.product(get_args(Task), get_args(Language))
    return {prompts.system(task, language): (task, language) for task, language in pairs}


def recognised(messages: Sequence[Mapping[str, str]]) -> tuple[Task | None, Language]:
    return _systems().get(messages[0]["content"], (None, "en"))


def fenced(asked: str, name: str) -> str:
    """Return the text that stands in a message between the fences of that name."""
    found = re.search(rf"^<<<{name}:(\w+)>>>\n(.*?)\n<<<end:\1>>>$", asked, re.DOTALL | re.MULTILINE)
    return found[2] if found else ""


def title(asked: str) -> str:
    found = re.search(r"^(?:场景标题：|Scene title: )(.*)$", asked, re.MULTILINE)
    return found[1] if found else ""


def _scenes(asked: str) -> str:
    lines = re.findall(r"^\[(\d+)\] (.*)$", fenced(asked, "paragraphs"), re.MULTILINE)
    numbers = [int(number) for number, _ in lines]
    titles = re.search(r"^(?:指定的场景标题|Demanded titles).*?[:：] ?(\[.*\])$", asked, re.MULTILINE)
    wanted: list[str] = json.loads(titles[1]) if titles else []
    told = re.search(r"^(?:场景数量：|Number of scenes: )(\d+)", asked, re.MULTILINE)
    count = int(told[1]) if told else len(wanted) or -(-len(numbers) // 3)
    count = min(count, len(numbers))
    cuts = [len(numbers) * at // count for at in range(count + 1)]
    return json.dumps(
        {
            "scenes": [
                {
                    "title": wanted[at] if at < len(wanted) else f"{lines[start][1][:8]} {numbers[start]}",
                    "first": numbers[start],
                    "last": numbers[end - 1],
                    "characters": [],
                    "summary": lines[start][1][:40],
                }
                for at, (start, end) in enumerate(itertools.pairwise(cuts))
            ]
        },
        ensure_ascii=False,
    )


def _storyboard(asked: str, language: Language) -> str:
    nothing = "无" if language == "zh" else "None"
    blank = dict.fromkeys(script.FIELDS, nothing)
    shots = [
        script.Shot(number=number, fields=blank | {"source": sentence, "picture": sentence})
        for number, sentence in enumerate(text.sentences(fenced(asked, "text")), 1)
    ]
    return script.render(title(asked), shots, language)


def completion(content: str, asked: Mapping[str, Any], finish_reason: str) -> dict[str, Any]:
    """The answer in one piece."""
    message = {"role": "assistant", "content": content}
    choice: dict[str, Any] = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    about: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion", "model": f"{asked.get('model')}-0001"}
    return {**about, "choices": [choice], "usage": _usage(content, asked), "service_tier": "default"}


def pieces(content: str, asked: Mapping[str, Any], finish_reason: str) -> list[str]:
    """The same answer as the events of a stream; usage comes last, and only if it is asked for."""
    size = max(len(content) // 64, 8)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, {"reasoning_content": "Hm, 谁?"}]
    deltas += [{"content": content[at : at + size]} for at in range(0, len(content), size)]
    choices: list[list[dict[str, Any]]] = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    choices.append([{"index": 0, "delta": {}, "finish_reason": finish_reason}])
    about: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "model": f"{asked.get('model')}-0001"}
    values = [{**about, "choices": choice, "usage": None} for choice in choices]
    if asked.get("stream_options", {}).get("include_usage"):
        values.append(about | {"choices": [], "usage": _usage(content, asked)})
    return [*(json.dumps(value, ensure_ascii=False) for value in values), "[DONE]"]


def _usage(content: str, asked: Mapping[str, Any]) -> dict[str, int]:
    return {"prompt_tokens": len(str(asked["messages"])) // 2, "completion_tokens": len(content) // 2}
