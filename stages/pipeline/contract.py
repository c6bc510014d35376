"""The nouns that stages, providers and the runner share.

Law: plain frozen values and Protocols; no clock, disk, network or randomness is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Language = Literal["zh", "en"]
Task = Literal["world_bible", "scenes", "storyboard", "enhancement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene of the story, as `scenes.planned` fixed it.

    `id` ("s0001") is given once and never reused; `index` (0-based) is where the scene stands now. `start` and `end`
    are character offsets into the source text, end exclusive; both are -1 where the source is missing (old projects).
    """

    id: str
    index: int
    title: str
    start: int = -1
    end: int = -1
    characters: tuple[str, ...] = ()
    summary: str = ""

    @property
    def number(self) -> int:
        """The scene's 1-based number, the one people see."""
        return self.index + 1

    @property
    def has_source(self) -> bool:
        """Whether the story's text of this scene is known."""
        return self.start >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a provider, in both of the forms providers understand.

    `messages` is the chat for a language model; `inputs` holds the same facts as plain values, for a provider that
    reads no prose (the offline director). What `inputs` holds for each task is said in `stages/prompts/INPUTS.md`.
    """

    task: Task
    language: Language
    messages: tuple[Mapping[str, str], ...]
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens the provider says it billed."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, untouched; it is made durable before anything parses it.

    `without` names the options that this server turned out not to take; `wait_s` is how long to wait before the next
    request because the quota that remains is used up.
    """

    text: str
    finish_reason: str = "stop"
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    without: tuple[str, ...] = ()
    wait_s: float = 0.0


class FailureKind(StrEnum):
    """Why a call gave no answer, which decides what happens next."""

    TRANSIENT = "transient"  # a timeout, a broken connection, a 5xx: worth trying again
    RATE_LIMITED = "rate-limited"  # 429: worth trying again, later
    UNAVAILABLE = "unavailable"  # the provider as a whole cannot be reached or is down: not this scene's fault
    TERMINAL = "terminal"  # this request will never work: the scene fails
    REFUSED = "refused"  # the provider will refuse every request (key, credit, model, address): the run pauses
    BAD_OUTPUT = "bad-output"  # the answer came and did not pass the checks


class ProviderError(Exception):
    """A call that gave no answer. The message is one plain sentence for a person and never holds a key.

    `possibly_billed` is True where the request was sent and nobody can say whether it was answered.
    """

    def __init__(
        self, kind: FailureKind, message: str, *, retry_after_s: float | None = None, possibly_billed: bool = False
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One way in which an answer breaks the rules of its task; `message` is shown to people and sent to the model."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a stage read out of an answer: the result's text, and what is wrong with it (nothing, if it passes)."""

    text: str
    violations: Sequence[Violation] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that a stage may read to make one scene: a pure value."""

    scene: Scene
    language: Language
    source: str
    world_bible: str
    style: str
    upstream: str = ""


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

    def prompt_digest(self, language: Language) -> str:
        """Which wording of the request is in use; part of the fingerprint."""

    def read(self, brief: Brief, text: str) -> Draft:
        """Read an answer: pure, so that old answers can be read again."""
