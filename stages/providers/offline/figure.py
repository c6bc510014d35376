"""A figure: who acts, as the words of one clause tell it.

Law: data only.
"""

from __future__ import annotations

from eventlog.values import frozen


@frozen
class Figure:
    """One acting figure: `name` of the cast, or `label` of a stranger, or neither for a pronoun.

    `fresh` tells "a woman" from "the woman"; `owns` that only something of theirs acts ("her hands were shaking");
    `leads` is False for somebody who is only seen by the one who acts.
    """

    start: int
    end: int
    name: str = ""
    label: str = ""
    noun: str = ""
    gender: str = ""
    fresh: bool = False
    owns: bool = False
    leads: bool = True

    @property
    def is_pronoun(self) -> bool:
        """Whether only "he" or "she" stands there."""
        return not self.name and not self.label
