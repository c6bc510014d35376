"""All seeded bugs, those of the engine first."""

from __future__ import annotations

from tests.sabotage.engine import ENGINE
from tests.sabotage.work import WORK

CATALOGUE = ENGINE + WORK
