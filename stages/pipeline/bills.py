"""What an attempt costs, as progress remembers it: tokens, and whether they are billed or estimated.

Law: pure values; what they amount to in money, and whether another call may be made, is said in budget.py.
"""

from __future__ import annotations

from eventlog.values import frozen


@frozen
class Tokens:
    """Tokens sent and received."""

    prompt: int = 0
    completion: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.prompt + self.completion

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(prompt=self.prompt + other.prompt, completion=self.completion + other.completion)


@frozen
class Bill:
    """What one attempt costs. `settled`: as the provider said; otherwise as it was estimated."""

    model: str
    prompt: int
    completion: int
    settled: bool = False

    @property
    def tokens(self) -> Tokens:
        """Its tokens."""
        return Tokens(prompt=self.prompt, completion=self.completion)
