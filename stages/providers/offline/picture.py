"""Describes the picture of a shot: who does what, where, in what light, and how the frame holds it.

Law: pure; what happens is taken from the shot's own words, with pronouns resolved and speech left to the dialogue
field; how it is framed is the director's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stages.pipeline.text import canonical
from stages.providers.offline.cues import scan
from stages.providers.offline.phrases import phrases
from stages.providers.offline.speech import SPEECH_EN, SPEECH_ZH

if TYPE_CHECKING:
    from stages.pipeline.contract import Language
    from stages.providers.offline.camera import Plan
    from stages.providers.offline.view import View

_LONGEST = {"zh": 64, "en": 190}
_CLAUSES = {
    "zh": re.compile(r"[，。；！？：…\n]+|——"),
    "en": re.compile(r"(?<=[.;!?])\s+|\n+|, (?=and |but |then |as |while |with )"),
}
_SAYS = {
    "zh": re.compile(
        rf"(?![^，。]*[不没])[^，。]{{0,5}}?(?:又|便|就|才|接着)?{SPEECH_ZH}(?:了一句|着|了)?|[^，。]{{0,6}}(?:一边|轻声|低声|大声|"
        rf"拼命|高声){SPEECH_ZH}"
    ),
    "en": re.compile(
        rf"(?:(?:\w+|the \w+|the \w+ \w+) {SPEECH_EN}|"
        rf"{SPEECH_EN} (?:\w+|the \w+|the \w+ \w+))(?: \w+ly| aloud| at last)?[.,]?",
        re.IGNORECASE,
    ),
}
_LEADING = {"zh": re.compile(r"(?:但|可|而|接着|然后|于是|这时)?(?:他|她)(?!们)"), "en": re.compile(r"(?:She|He)\b")}
_ADVERB = re.compile(r"把|将|狠|又|便|就|转身|抬|低|伸|拍|轻|慢|一|忽然|突然|随即|立刻")
_WEIGHT = {"action": 2, "object": 2, "body": 2, "place": 1, "weather": 1, "time": 1, "sound": 1, "emotion": 1}


def picture(view: View, plan: Plan, number: int, language: Language) -> str:
    """Describe the picture in two or three sentences; `number` varies the wording between neighbours."""
    write = _zh if language == "zh" else _en
    return write(view, plan, number)


def _zh(view: View, plan: Plan, number: int) -> str:
    action = happening(view, "zh")
    parts = []
    if view.kind == "card":
        return f"{_setting_zh(view)}。画面中无人，片名或章名的字幕浮在暗部，随环境声淡去。"
    if view.first or view.moved:
        parts.append(_setting_zh(view))
    parts.append(action or _speaking_zh(view, number))
    parts.append(_staging_zh(view, plan, number))
    return "".join(f"{part}。" for part in parts if part)


def _setting_zh(view: View) -> str:
    tables = phrases("zh")
    hour = tables.TIME_NAME[view.time]
    air = {"rain": "雨中", "storm": "风暴里", "snow": "雪中", "fog": "雾中", "moon": "月下"}.get(view.weather, "")
    hour = "夜里" if hour == "夜" else hour
    when = f"{hour}，{air}的" if air and view.where == "out" else f"{hour}的"
    return f"{when}{view.place_name}，{view.place_look}"


def _speaking_zh(view: View, number: int) -> str:
    who = view.voices.subject
    if not view.voices.lines:
        return f"{who}停在{view.place_name}里" if who else f"{view.place_name}空着，只有光在移动"
    if not who:
        seen = "、".join(view.voices.people[:2])
        return f"{seen}在画内，说话的人没有点明" if seen else f"有人开口，声音先于人进入{view.place_name}"
    ways = _performances(view, "zh", number)
    toward = f"对着{view.voices.other}" if view.voices.other else "望向画外"
    return (f"{who}{toward}开口，{ways}", f"{ways}，{who}{toward}把话说完", f"{who}{toward}说话，{ways}")[number % 3]


def _staging_zh(view: View, plan: Plan, number: int) -> str:
    who, other = view.voices.subject, view.voices.other
    ways = _performances(view, "zh", number)
    items = view.place_look.split("、")
    behind = items[number % len(items)]
    acts = bool(happening(view, "zh"))
    between = view.prop_name or ("一步的距离", "一段沉默", "半明半暗的空处")[number % 3]
    rest = "、".join(name for name in view.voices.people[:4] if name != who)
    empty = (
        f"画内无人，近处是{behind}，远处留空",
        f"无人的空镜，{behind}占住前景",
        f"视线停在{behind}上，人迟迟不入画",
    )
    alone = (f"{who}身后是{behind}，{ways}", f"{behind}虚在{who}背后", f"{who}留在画面一侧，另一侧空着")
    ways_of = {
        "thing": f"{view.prop_name or '物件'}占满画面，四周沉进暗处",
        "insert": f"{view.prop_name or '物件'}占满画面，{who}的手只入半截，脸留在画外",
        "face": f"镜头贴住{who}的脸：{ways}" if acts else f"焦点落在{who}的眼睛上，{other or '周围'}退到画外",
        "ots": f"{other}的肩背虚在前景，{who}{ways if acts else '的脸是唯一的实处'}",
        "two": f"{who}与{other}同在画内，中间隔着{between}",
        "back": f"只见{who}的背影，前方是{behind}",
        "action": f"{who}的动势斜贯画面，{behind}在身后掠过",
        "group": f"{who}在中间，{rest}围在两侧，各有各的反应",
        "empty": empty[number % 3],
        "nobody": "人还没有入画",
        "small": f"{who}只占画面一角",
        "alone": alone[number % 3],
        "": f"前景留给{behind}",
    }
    return ways_of[_staging(view, plan)]


def _staging(view: View, plan: Plan) -> str:
    """Say how the frame holds its people: the composition, as far as there is anybody to hold."""
    who, other, composition = view.voices.subject, view.voices.other, plan.composition
    checks = (
        ("insert" if who else "thing", composition == "insert"),
        ("", view.has_somebody or (not who and bool(view.voices.people))),
        ("empty", composition == "landscape"),
        ("small" if who else "nobody", composition in ("establish", "interior")),
        ("", not who),
        (composition, composition in ("face", "back", "action", "group") or bool(other)),
    )
    found = next((key for key, fits in checks if fits), "alone")
    return "alone" if found.startswith("single") else found


def _en(view: View, plan: Plan, number: int) -> str:
    action = happening(view, "en")
    if view.kind == "card":
        return f"{_setting_en(view)}. No figures; the title sits in the dark part of the frame and goes with the sound."
    parts = [_setting_en(view)] if view.first or view.moved else []
    parts.append(action or _speaking_en(view, number))
    parts.append(_staging_en(view, plan, number))
    return " ".join(f"{part[:1].upper()}{part[1:].rstrip('.,;: ')}." for part in parts if part)


def _setting_en(view: View) -> str:
    tables = phrases("en")
    air = (
        f" in {tables.WEATHER_NAME[view.weather]}"
        if view.weather in ("rain", "storm", "snow", "fog", "moon") and view.where == "out"
        else ""
    )
    name = view.place_name[:1].upper() + view.place_name[1:]
    return f"{name}{air}, {tables.TIME_NAME[view.time]}: {view.place_look}"


def _speaking_en(view: View, number: int) -> str:
    who = view.voices.subject
    if not view.voices.lines:
        return (
            f"{who} is still, in {view.place_name}" if who else f"{view.place_name} stands empty; only the light moves"
        )
    if not who:
        seen = " and ".join(view.voices.people[:2])
        return f"on {seen}; who speaks is left open" if seen else f"a voice reaches {view.place_name} first"
    ways = _performances(view, "en", number)
    toward = f"to {view.voices.other}" if view.voices.other else "past the camera"
    says = (
        f"{who} speaks {toward}: {ways}",
        f"{who} says it {toward}, {ways}",
        f"{who} turns {toward} to speak; {ways}",
    )
    return says[number % 3]


def _staging_en(view: View, plan: Plan, number: int) -> str:
    who, other = view.voices.subject, view.voices.other
    ways = _performances(view, "en", number)
    items = view.place_look.split(", ")
    behind = items[number % len(items)]
    acts = bool(happening(view, "en"))
    sharp = f"{who} sharp, {ways}" if acts else "the face beyond is the one sharp thing"
    between = view.prop_name or ("one step", "a silence", "a patch of shadow")[number % 3]
    rest = ", ".join(name for name in view.voices.people[:4] if name != who)
    thing = view.prop_name or "the object"
    empty = (
        f"no figures: {behind} near, the distance left open",
        f"an empty frame, {behind} in front",
        f"the eye rests on {behind}; nobody comes in yet",
    )
    alone = (
        f"behind {who}, {behind}; {ways}",
        f"{behind} soft behind {who}",
        f"{who} keeps to one side, the other left open",
    )
    eyes = f"only the eyes are sharp; {other or 'the rest'} is out of frame"
    ways_of = {
        "thing": f"{thing} fills the frame, the rest in shadow",
        "insert": f"{thing} fills the frame, only the hand of {who} reaching in",
        "face": f"close on the face of {who}: {ways}" if acts else eyes,
        "ots": f"the shoulder of {other} soft in front; {sharp}",
        "two": f"{who} and {other} share the frame with {between} between them",
        "back": f"we see {who} only from behind, and ahead {behind}",
        "action": f"the movement of {who} cuts the frame diagonally, {behind} passing behind",
        "group": f"{who} at the centre, {rest} to the sides, each with a reaction of their own",
        "empty": empty[number % 3],
        "nobody": "nobody in frame yet",
        "small": f"{who} is a small part of the frame",
        "alone": alone[number % 3],
        "": f"the foreground belongs to {behind}",
    }
    return ways_of[_staging(view, plan)]


def _performances(view: View, language: Language, number: int) -> str:
    choices = phrases(language).PERFORMANCE[view.mood]
    return choices[number % len(choices)]


def happening(view: View, language: Language) -> str:
    """Choose from the shot's own words the clauses a camera can see, in their order, and name their subject."""
    clauses = [clause.strip(" ，,:：") for clause in _CLAUSES[language].split(view.told[:1200])]
    told = [clause for clause in clauses if canonical(clause)]
    clauses = [clause for clause in told if not _SAYS[language].fullmatch(clause.rstrip("."))]
    if not clauses:
        return ""
    weights = [_weight(clause, language) for clause in clauses]
    kept: set[int] = set()
    size = 0
    for place in sorted(range(len(clauses)), key=lambda place: (-weights[place], place)):
        if size + len(clauses[place]) <= _LONGEST[language] or not kept:
            kept.add(place)
            size += len(clauses[place])
    chosen = [clauses[place][: 2 * _LONGEST[language]] for place in sorted(kept)]
    chosen[0] = _with_subject(chosen[0], view.voices.subject, told[0] if told[0] != clauses[0] else "", language)
    if language == "zh":
        return "，".join(chosen)
    joined = chosen[0].rstrip(".;,:")
    for clause in chosen[1:]:
        joined += (". " if clause[:1].isupper() else ", ") + clause.rstrip(".;,:")
    return joined


def _with_subject(clause: str, subject: str, left_out: str, language: Language) -> str:
    """Name the subject of the first clause, where it says "he", or where "he swore" was left to the dialogue."""
    if subject and _LEADING[language].match(clause):
        return _LEADING[language].sub(lambda _: subject, clause, count=1)
    if language == "zh" and subject and left_out.startswith(subject) and _ADVERB.match(clause):
        return subject + clause
    return clause


def _weight(clause: str, language: Language) -> float:
    cues = scan(clause, language)
    weight = float(sum(_WEIGHT.get(hit.category, 0) for hit in cues.hits))
    return weight - 3 * cues.has("action", "think") - len(clause) / 100
