"""What calls cost: tokens before a call (estimated) and after it (as billed), and whether another one may be made.

Law: pure. Each attempt counts once, under its own id: reserved when it starts, settled when it is answered or refused.
One that a crash cut off may have been billed, and stays reserved.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.pipeline.bills import Bill, Tokens
from stages.pipeline.settings import OFFLINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stages.pipeline.contract import Request, Task
    from stages.pipeline.settings import Settings

MILLION = 1_000_000
# One token is about one Chinese, Japanese or Korean character, or three and a half of other letters: a little more
# than what DeepSeek, Qwen and OpenAI say of their own tokenizers, so that an estimate is rather too high.
_DENSE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")
_LETTERS_A_TOKEN = 3.5
# Tokens of an answer: some, and so many for each token of what is told. Measured on the two stories in examples/.
_ANSWER: Mapping[Task, tuple[int, float]] = {
    "world_bible": (1200, 0.1),
    "scenes": (300, 0.2),
    "storyboard": (400, 11.0),
    "enhancement": (300, 0.9),
}
_TOLD = {"world_bible": "text", "scenes": "paragraphs", "storyboard": "text", "enhancement": "script"}


@frozen
class Price:
    """What a million tokens of a model cost, in whatever money the user counts."""

    input: float
    output: float

    def of(self, tokens: Tokens) -> float:
        """What so many tokens cost."""
        return (tokens.prompt * self.input + tokens.completion * self.output) / MILLION


@frozen
class Allowance:
    """What the project may use in all its runs together; 0 is no limit."""

    max_tokens: int = 0
    max_cost: float = 0.0

    def refusal(self, bills: Iterable[Bill], prices: Mapping[str, Price], wanted: Bill) -> str:
        """Why a call that may cost `wanted` must not be made; empty if it may."""
        if not self.max_tokens and not self.max_cost:
            return ""
        known = [*bills]
        tokens = sum(bill.tokens.total for bill in known)
        if self.max_tokens and tokens + wanted.tokens.total > self.max_tokens:
            return (
                f"the budget of {self.max_tokens:,} tokens is reached: {tokens:,} are used or in flight, and the next "
                f"call may take {wanted.tokens.total:,}; allow more with --max-tokens"
            )
        cost, next_cost = cost_of(known, prices), cost_of([wanted], prices)
        if self.max_cost and cost + next_cost > self.max_cost:
            return (
                f"the budget of {self.max_cost:g} is reached: {cost:.4g} are used or in flight, and the next call may "
                f"cost {next_cost:.4g}; allow more with --max-cost"
            )
        return ""


@frozen
class Terms:
    """What calls may cost, at which prices; nothing is counted for a provider that is `free`."""

    allowance: Allowance = field(default_factory=Allowance)
    prices: Mapping[str, Price] = field(default_factory=dict)
    free: bool = False


def terms_of(settings: Settings) -> Terms:
    """What the settings say of cost."""
    return Terms(
        allowance=Allowance(max_tokens=settings.max_tokens, max_cost=settings.max_cost),
        prices={model: Price(**price) for model, price in settings.prices.items()},
        free=settings.provider == OFFLINE,
    )


def cost_of(bills: Iterable[Bill], prices: Mapping[str, Price]) -> float:
    """What attempts cost at these prices; a model without a price costs nothing."""
    return sum(prices[bill.model].of(bill.tokens) for bill in bills if bill.model in prices)


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has."""
    dense = sum(map(len, _DENSE.findall(text)))
    return dense + round((len(text) - dense) / _LETTERS_A_TOKEN)


def estimate_call(request: Request) -> Tokens:
    """About what a request will cost: the tokens of its messages, and those of a usual answer."""
    prompt = sum(estimate_tokens(message["content"]) for message in request.messages)
    told = request.inputs.get(_TOLD[request.task], "")
    told_tokens = estimate_tokens(told if isinstance(told, str) else "".join(told))
    return Tokens(prompt=prompt, completion=estimate_answer(request.task, told_tokens))


def estimate_answer(task: Task, told_tokens: int) -> int:
    """About how many tokens the answer to a task has, when so many are told."""
    least, each = _ANSWER[task]
    return least + round(each * told_tokens)


def totals(bills: Iterable[Bill]) -> Mapping[str, Tokens]:
    """The tokens of each model."""
    found: dict[str, Tokens] = {}
    for bill in bills:
        found[bill.model] = found.get(bill.model, Tokens()) + bill.tokens
    return found


def unpriced(models: Sequence[str], prices: Mapping[str, Price]) -> list[str]:
    """The models among these that have no price."""
    return sorted({model for model in models if model and model not in prices})
