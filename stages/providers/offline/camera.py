"""Chooses the camera for each shot: size, angle, movement, depth of field, composition, transition.

Law: pure; the choice follows from the view and from the shots before it, never from chance. Neighbours differ, the
axis of a dialogue is kept, the first shot shows where we are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stages.providers.offline.phrases import phrases

if TYPE_CHECKING:
    from stages.pipeline.contract import Language
    from stages.providers.offline.view import View

_SIZES: dict[str, tuple[str, ...]] = {
    "card": ("els", "ls"),
    "establish": ("els", "ls", "fs"),
    "dialogue": ("ms", "mcu", "cu"),
    "action": ("fs", "ls", "ms", "mcu"),
    "emotion": ("cu", "mcu", "ecu"),
    "insert": ("ecu", "cu", "mcu"),
    "look": ("mcu", "cu", "ms"),
    "travel": ("fs", "ls", "ms"),
    "thought": ("mcu", "cu", "ms"),
    "landscape": ("ls", "els", "fs"),
    "rest": ("ms", "fs", "mcu"),
}
_MOVES: dict[str, tuple[str, ...]] = {
    "card": ("static", "drift"),
    "establish": ("crane", "pan", "pull", "drift"),
    "dialogue": ("static", "drift", "push"),
    "action": ("handheld", "track", "whip"),
    "emotion": ("push", "static"),
    "insert": ("static", "rack", "tilt"),
    "look": ("rack", "push", "static"),
    "travel": ("follow", "track", "crane"),
    "thought": ("push", "drift"),
    "landscape": ("pan", "static", "drift"),
    "rest": ("static", "tilt", "drift", "pan"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The keys of the choices; `who`, `other` and `focus` are what they are about."""

    size: str
    angle: str
    movement: str
    depth: str
    composition: str
    transition: str
    who: str
    other: str
    focus: str
    side: str


@dataclass(slots=True)
class Camera:
    """One camera for one scene: remembers its last choices and on which side each person stands."""

    language: Language
    sizes: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    sides: dict[str, str] = field(default_factory=dict)
    spoken: int = 0

    def plan(self, view: View, following: View | None) -> Plan:
        """Choose for the next shot; `following` is the view after it, None at the end of the scene."""
        self.spoken = self.spoken + 1 if view.kind == "dialogue" else 0
        size = self._size(view)
        movement = self._movement(view, size)
        who = view.voices.subject or _somebody(self.language)
        other = view.voices.other
        close = size in ("mcu", "cu", "ecu")
        composition = self._composition(view, size)
        angle = self._angle(view, size, composition)
        self.sizes.append(size)
        self.moves.append(movement)
        return Plan(
            size=size,
            angle=angle,
            movement=movement,
            depth=_depth(view, size, movement),
            composition=composition,
            transition=_transition(view, following, opens=len(self.sizes) == 1 and view.kind in ("card", "establish")),
            who=who,
            other=other or _other(self.language),
            focus=self._focus(view, close=close),
            side=self._side(view.voices.subject),
        )

    def _size(self, view: View) -> str:
        """Take the first fitting size that does not repeat or wear out; dialogue may keep matched sizes."""
        fitting = _SIZES[view.kind]
        if view.moved:
            fitting = ("ls", *fitting)
        if view.kind == "dialogue":
            fitting = self._dialogue_sizes(view)
            if self.sizes[-1:] == [fitting[0]] and self.sizes[-2:-1] != [fitting[0]]:
                return fitting[0]
        if view.kind == "landscape" and view.cues.has("object"):
            fitting = ("fs", "mcu", *fitting)
        for size in fitting:
            if size not in self.sizes[-1:] and self.sizes[-4:].count(size) < 2:
                return size
        return next(size for size in (*fitting, "ms", "fs") if size not in self.sizes[-1:])

    def _dialogue_sizes(self, view: View) -> tuple[str, ...]:
        if view.first or (self.spoken == 1 and self.sizes[-1:] != ["ms"]):
            return ("ms", "fs", "mcu")
        if view.mood in ("grief", "fear", "anger", "surprise", "tender"):
            return ("cu", "mcu", "ms")
        return ("mcu", "ms", "cu") if self.spoken < 6 else ("cu", "ms", "mcu")

    def _movement(self, view: View, size: str) -> str:
        fitting = _MOVES["establish" if view.moved else view.kind]
        if view.last and view.kind not in ("dialogue", "insert"):
            fitting = ("pull", *fitting)
        if view.mood == "tension" and view.kind in ("dialogue", "look", "rest"):
            fitting = ("handheld", *fitting)
        if size == "ecu":
            fitting = tuple(move for move in fitting if move not in ("handheld", "pan", "pull")) or ("static",)
        if not view.voices.people:
            fitting = tuple(move for move in fitting if move not in ("follow", "track")) or ("drift",)
        return next((move for move in fitting if move not in self.moves[-2:]), fitting[0])

    def _angle(self, view: View, size: str, composition: str) -> str:
        by_mood = {"fear": "high", "anger": "low", "tension": "dutch"}.get(view.mood, "")
        upward = view.place in ("lighthouse", "temple", "palace", "city", "mountain")
        checks = (
            ("ots", composition == "ots"),
            ("back", composition == "back"),
            ("top", view.kind == "insert" and size == "ecu" and view.prop in ("letter", "book", "photo")),
            ("table", view.kind == "insert" and size == "ecu"),
            (by_mood, bool(by_mood) and view.kind in ("emotion", "action")),
            ("high", view.kind in ("establish", "card") and view.where == "out"),
            ("pov", view.kind == "look" and size in ("ms", "ls")),
            ("low", view.kind == "landscape" and upward),
            ("side", view.kind in ("thought", "travel")),
        )
        return next((angle for angle, fits in checks if fits), "eye")

    def _composition(self, view: View, size: str) -> str:
        people, other = view.voices.people, view.voices.other
        checks = (
            ("interior" if view.where == "in" else "establish", view.kind in ("establish", "card") or view.moved),
            ("insert", view.kind == "insert" and (size in ("ecu", "cu") or not people)),
            ("landscape", view.kind == "landscape" or not people),
            ("action", view.kind == "action"),
            ("group", len(people) >= 3),
            ("two", bool(other) and size in ("ms", "fs", "ls")),
            ("ots", bool(other) and view.kind == "dialogue" and size == "mcu"),
            ("face", size in ("cu", "ecu")),
            ("back", view.kind == "travel"),
        )
        return next((key for key, fits in checks if fits), f"single_{self._side(view.voices.subject)}")

    def _side(self, name: str) -> str:
        """Return the side of the frame this person keeps for the whole scene."""
        if name and name not in self.sides:
            self.sides[name] = (
                "left"
                if list(self.sides.values()).count("left") <= list(self.sides.values()).count("right")
                else "right"
            )
        return self.sides.get(name, "left")

    def _focus(self, view: View, *, close: bool) -> str:
        if view.kind == "insert" and view.prop_name:
            return view.prop_name
        if view.voices.subject:
            eyes = f"{view.voices.subject}的眼睛" if self.language == "zh" else f"the eyes of {view.voices.subject}"
            return eyes if close else view.voices.subject
        return view.prop_name or view.place_name


def _depth(view: View, size: str, movement: str) -> str:
    if movement == "rack":
        return "rack"
    if size in ("els", "ls"):
        return "deep"
    if size == "ecu":
        return "macro"
    return "shallow" if size in ("cu", "mcu") else "deep" if view.kind == "establish" else "medium"


def _transition(view: View, following: View | None, *, opens: bool) -> str:
    """Choose how the shot goes over to the next one (at the end: to the next scene)."""
    if following is None:
        closes = {"emotion": "close_hold", "dialogue": "close_hold", "action": "close_cut", "travel": "close_cut"}
        return closes.get(view.kind, "close")
    checks = (
        ("open", opens),
        ("dissolve", following.time != view.time),
        ("reverse", view.kind == "dialogue" and following.kind == "dialogue"),
        ("look", view.kind == "look"),
        ("match", view.kind == "insert" and bool(following.voices.people)),
        ("action", view.kind == "action" and following.kind in ("action", "travel", "insert")),
        ("smash", view.kind == "action" and following.mood == "quiet"),
        ("linger", view.kind in ("emotion", "thought") or view.mood == "quiet"),
    )
    return next((key for key, fits in checks if fits), "cut")


def _somebody(language: Language) -> str:
    return "主体" if language == "zh" else "the subject"


def _other(language: Language) -> str:
    return "对方" if language == "zh" else "the other"


def camera_fields(plan: Plan, view: View, language: Language) -> dict[str, str]:
    """Write the plan in words."""
    tables = phrases(language)
    words = {
        "who": plan.who,
        "other": plan.other,
        "focus": plan.focus,
        "place": view.place_name,
        "side": tables.SIDE[plan.side],
        "far": tables.SIDE["left" if plan.side == "right" else "right"],
    }
    return {
        "shot_size": tables.SIZE[plan.size],
        "angle": tables.ANGLE[plan.angle].format(**words),
        "movement": tables.MOVEMENT[plan.movement].format(**words),
        "depth_of_field": tables.DEPTH[plan.depth].format(**words),
        "composition": tables.COMPOSITION[plan.composition].format(**words),
        "transition": tables.TRANSITION[plan.transition],
    }
