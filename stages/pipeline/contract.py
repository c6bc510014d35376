"""The nouns that stages, providers and the runner share.

Law: plain frozen values and Protocols; no clock, disk, network or randomness is imported here.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from eventlog.values import frozen
from stages.pipeline.scene import CUT_OFF, FailureKind, Language, Scene

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "CUT_OFF", "Answer", "Brief", "Draft", "FailureKind", "Language", "Provider", "ProviderError", "Request", "Scene",
    "Stage", "Task", "Usage", "Violation",
]  # fmt: skip
Task = Literal["world_bible", "scenes", "storyboard", "enhancement"]


@frozen
class Request:
    """What is asked of a provider, in both of the forms providers understand.

    `messages` is the chat for a language model; `inputs` holds the same facts as plain values, for a provider that
    reads no prose (the offline director). What `inputs` holds for each task is said in `stages/prompts/INPUTS.md`.
    """

    task: Task
    language: Language
    messages: tuple[Mapping[str, str], ...]
    inputs: Mapping[str, Any]


@frozen
class Usage:
    """Tokens the provider says it billed."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@frozen
class Answer:
    """What came back, untouched; it is made durable before anything parses it.

    `without` names the options that this server turned out not to take; `wait_s` is how long to wait before the next
    request, because the quota is used up.
    """

    text: str
    finish_reason: str = "stop"
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    without: tuple[str, ...] = ()
    wait_s: float = 0.0


class ProviderError(Exception):
    """A call that gave no answer. The message is one plain sentence for a person and never holds a key.

    `possibly_billed` tells that the request was sent and nobody knows whether it was answered.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        retry_after_s: float | None = None,
        possibly_billed: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after_s = retry_after_s
        self.possibly_billed = possibly_billed


class Provider(Protocol):
    """Whoever answers requests. One instance serves one worker at a time."""

    @property
    def name(self) -> str:
        """The word of `--provider`."""

    @property
    def model(self) -> str:
        """Which model answers; part of every fingerprint."""

    async def answer(self, request: Request) -> Answer:
        """Answer one request; raises ProviderError, and nothing else, for an expected failure."""

    async def close(self) -> None:
        """Give back connections."""


@frozen
class Violation:
    """One way in which an answer breaks the rules of its task; `message` is shown to people and sent to the model."""

    rule: str
    message: str


@frozen
class Draft:
    """What a stage read out of an answer: the result's text, and what is wrong with it (nothing, if it passes).

    `remarks` are worth a look and reject nothing: paid work is never given up for them.
    """

    text: str
    violations: Sequence[Violation] = ()
    remarks: Sequence[Violation] = ()


@frozen
class Brief:
    """All that a stage may read to make one scene: a pure value.

    `wording` is the text of a prompt that stands in for the built-in one; it is empty if there is none.
    """

    scene: Scene
    language: Language
    source: str
    world_bible: str
    style: str
    upstream: str = ""
    wording: str = ""


class Stage(Protocol):
    """One kind of work done for every scene, in one file, listed in `stages/registry.py`."""

    @property
    def name(self) -> str:
        """The word of `--stage` and the first half of every subject."""

    @property
    def version(self) -> int:
        """Raised whenever the same answer would be read differently; part of the fingerprint."""

    @property
    def upstream(self) -> str | None:
        """The stage whose result for the same scene this one reads, if any."""

    def request(self, brief: Brief, missing: Sequence[str] = ()) -> Request:
        """What to ask for this scene; `missing` says what the answer before lacked."""

    def prompt_digest(self, language: Language, wording: str = "") -> str:
        """Which prompt is in use, the built-in one or the `wording` given; part of the fingerprint."""

    def read(self, brief: Brief, text: str) -> Draft:
        """Read an answer: pure, so that old answers can be read again."""
