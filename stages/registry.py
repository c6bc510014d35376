"""STAGES, in order: the pipeline at a glance.

Law: the only place that names all stages. A new stage is one file that meets the Stage protocol, and one line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages.enhancement import Enhancement
from stages.storyboard import Storyboard

if TYPE_CHECKING:
    from stages.pipeline.contract import Stage

STAGES: tuple[Stage, ...] = (Storyboard(), Enhancement())
