"""The director's English: what is said for each choice of camera, light, colour, sound, place and performance.

Law: data only; every table has the same keys as its twin in `phrases_zh.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE: Mapping[str, str] = {
    "els": "Extreme long shot", "ls": "Long shot", "fs": "Full shot", "ms": "Medium shot", "mcu": "Medium close-up",
    "cu": "Close-up", "ecu": "Extreme close-up",
}  # fmt: skip
ANGLE: Mapping[str, str] = {
    "eye": "Eye level",
    "low": "Low angle, the figure held against the sky",
    "high": "High angle: small figure, heavy surroundings",
    "top": "Overhead, straight down",
    "ots": "Over the shoulder of {other}, onto {who}",
    "pov": "Point of view: what {who} sees",
    "dutch": "Canted about ten degrees, off balance",
    "side": "Profile",
    "back": "From behind {who}",
    "table": "Table height, level with the object",
}
MOVEMENT: Mapping[str, str] = {
    "static": "Locked off; the performance does the moving",
    "push": "Slow push in, stopping where the face changes",
    "pull": "Slow pull back, leaving the figure to the place",
    "pan": "Pan across {place} to find the figure",
    "tilt": "Slow tilt up from the detail to the person",
    "track": "Lateral track at the pace of {who}",
    "follow": "Steadicam, always two steps behind {who}",
    "handheld": "Handheld, breathing with the figure",
    "whip": "Whip with the action, hard stop on its end",
    "crane": "Crane down from above to head height",
    "rack": "Locked off; a focus pull carries the eye",
    "drift": "A sideways drift, barely noticed",
}
DEPTH: Mapping[str, str] = {
    "deep": "Deep focus, foreground to horizon, for the geography (about f/11)",
    "medium": "Medium depth: figure sharp, surroundings readable (about f/5.6)",
    "shallow": "Shallow focus on {focus}, background dissolved (about f/2)",
    "macro": "Razor-thin focus: only {focus} is sharp",
    "rack": "Shallow, racking from the foreground to {focus}",
}
COMPOSITION: Mapping[str, str] = {
    "establish": "Horizon on the lower third; {place} carries the weight, people are a detail",
    "interior": "Frames within the frame, doors and windows leading deep into {place}",
    "single_left": "Rule of thirds: {who} frame left looking right, open space ahead",
    "single_right": "Rule of thirds: {who} frame right looking left, open space ahead",
    "two": "Two-shot: {who} frame {side}, {other} frame {far}; the gap between them is the subject",
    "ots": "Axis held: {who} on the {side} third, the shoulder of {other} soft in the {far} foreground",
    "insert": "{focus} in the centre, the rest falling dark, nothing else in frame",
    "face": "Eyes on the upper third, crown of the head cropped, close to the feeling",
    "action": "Diagonal composition with room ahead of the movement",
    "back": "{who} from behind, centred, the way ahead as leading line",
    "landscape": "No figures: foreground, middle and distance drawn in clear layers",
    "group": "Triangle with {who} at the apex, the others to either side",
}
SIDE: Mapping[str, str] = {"left": "left", "right": "right"}
LIGHT: Mapping[str, str] = {
    "in dawn": "Grey-blue window light, most of the room still dark",
    "in morning": "Morning sun through a side window, one slanting band across the room",
    "in noon": "Bright windows, bounce filling the shadows",
    "in afternoon": "Warm side light, long furniture shadows",
    "in dusk": "Last warmth in the window, the room already cool, the border running down the face",
    "in night": "Room kept very low, one practical doing the work",
    "in day": "Window as key, detail kept in the shadows",
    "out dawn": "One bright line at the horizon, blue low-level ambient",
    "out morning": "Low sun from three-quarters behind, thin bright rims",
    "out noon": "Hard top light, short solid shadows",
    "out afternoon": "Warm side light, half and half",
    "out dusk": "Low amber backlight, figures near silhouette",
    "out night": "Night exterior: moon or far lamps for rims, shadows let go",
    "out day": "Soft overcast, shaped from the side",
}
WEATHER_LIGHT: Mapping[str, str] = {
    "rain": "rain picked out by backlight, wet surfaces answering",
    "storm": "lightning whites out the frame, then black again",
    "snow": "snow filling from below, blue shadows",
    "fog": "mist spreading the light, distance reduced to outline",
    "wind": "light and shadow shifting with the wind",
    "sun": "direct sun, contrast allowed",
    "moon": "moonlight as a cool rim",
}
SOURCE_LIGHT: Mapping[str, str] = {
    "lamp": "the lamp as key, warm and narrow, about 4:1",
    "candle": "candle flicker moving the shadows",
    "fire": "firelight from below, restless and warm",
    "phone": "cold screen light under the jaw",
    "mirror": "a reflection sweeping the face",
    "window": "window light as side key",
}
FACE_LIGHT: Mapping[str, str] = {
    "fear": "harder light from low, eye sockets left dark",
    "grief": "soft side light on half the face",
    "joy": "frontal softness, a clear eye light",
    "anger": "hard side light, the nose shadow cutting the cheek",
    "tender": "wrapping soft light, no hard edge",
    "tension": "high contrast, brightness only at the eyes",
    "surprise": "eye light up, background down",
    "quiet": "low key, highlights held back",
    "": "Rembrandt side light, a small triangle on the dark cheek",
}
COLOUR: Mapping[str, str] = {
    "dawn": "slate blue with one line of orange",
    "morning": "pale gold and thin cyan, low saturation",
    "noon": "bright, near white, honest colour",
    "afternoon": "amber and olive",
    "dusk": "burnt orange against indigo",
    "night": "ink blue and charcoal, small warm yellows",
    "day": "neutral to cool, low saturation",
}
WEATHER_COLOUR: Mapping[str, str] = {
    "rain": "a cold green-grey veil", "storm": "lead grey, pure white in the flash",
    "snow": "greys and whites, one warm accent",
    "fog": "everything washed towards grey", "wind": "", "sun": "", "moon": "a silver-blue layer",
}  # fmt: skip
MOOD_COLOUR: Mapping[str, str] = {
    "fear": "shadows leaning green", "grief": "warmth drained out", "joy": "warm tones lifted",
    "anger": "rust and red weighted",
    "tender": "warm skin, softened contrast", "tension": "contrast up, no detail in the blacks",
    "surprise": "subject and ground pulled apart in value", "quiet": "restrained, close to monochrome",
}  # fmt: skip
PERFORMANCE: Mapping[str, tuple[str, ...]] = {
    "fear": ("short breaths, eyes that settle nowhere", "shoulders drawn in, a swallow"),
    "grief": ("eyes reddening, a word taken back", "mouth held tight, the light leaving the eyes"),
    "joy": ("the brow clears, the smile begins at the eyes", "the whole face lets go"),
    "anger": ("jaw set, gaze that will not move", "brow down, nostrils wide"),
    "tender": ("eyes softening, hands slow", "the face loosens, the grip with it"),
    "tension": ("leaning in, eyes fixed on one point", "hands tightening, half a breath held"),
    "surprise": ("the movement stops midway, eyes widening", "a blank instant before it lands"),
    "quiet": ("nothing moves except the eyes", "one beat of silence, eyes lowered"),
    "": (
        "calm, the feeling kept in the pauses",
        "restrained: the eyes go first, the words after",
        "steady look, light voice",
    ),
}
SOUND: Mapping[str, str] = {
    "rain": "rain", "thunder": "thunder rolling off", "wind": "wind", "waves": "waves breaking", "bell": "a bell",
    "horn": "a low horn",
    "door": "a door and its hinge", "steps": "footsteps", "crowd": "a crowd", "birds": "birds and insects",
    "fire": "crackling fire",
    "engine": "the drone of an engine", "gun": "a shot and its echo", "blade": "steel drawn and struck",
    "paper": "the rustle of paper",
    "cry": "held-back sobs", "laugh": "laughter", "glass": "glass touching", "clock": "a clock ticking",
    "music": "music, far off",
    "water": "running water",
}  # fmt: skip
ROOM_TONE: Mapping[str, str] = {
    "lighthouse": "the hollow ring of the tower", "harbour": "ropes creaking, water at the piles",
    "shore": "surf near and far",
    "sea": "the low heave of open water", "river": "slow current", "boat": "planks creaking, a diesel under the floor",
    "home": "a still room, wood ticking", "kitchen": "a pan, steam", "yard": "insects, a dog far away",
    "street": "a distant street",
    "shop": "cups and low talk", "post": "stamps behind the counter", "station": "announcements echoing",
    "vehicle": "the rhythm of wheels", "hospital": "a monitor down the corridor", "school": "voices of a far class",
    "office": "the hum of tube lights", "forest": "wind in the leaves", "mountain": "wind in an empty valley",
    "field": "grass and insects", "village": "cocks and dogs far off", "temple": "the end of a chant",
    "palace": "armour and banners",
    "bridge": "water under the arch", "grave": "dry grass, nothing else", "city": "city rumble",
    "ship": "the constant air system",
    "desert": "sand over the ground", "factory": "the echo of a large hall",
    "cellar": "dull underground hush", "": "room tone kept low",
}  # fmt: skip
TRANSITION: Mapping[str, str] = {
    "open": "Fade in, sound before picture",
    "cut": "Straight cut",
    "action": "Cut on action, at the height of the movement",
    "reverse": "Reverse cut, the next line half a beat early (J-cut)",
    "look": "Eyeline match to what is seen",
    "match": "Match cut, from the object to the person",
    "linger": "Hold two beats, sound running over (L-cut)",
    "dissolve": "Dissolve: time passes",
    "smash": "Smash cut, sound stopped dead",
    "close": "Slow fade out, ambience three seconds longer",
    "close_cut": "Sound bridge: the next scene is heard before it is seen",
    "close_hold": "Hold the last posture, one beat of black",
}
PLACE_NAME: Mapping[str, str] = {
    "lighthouse": "the lighthouse", "harbour": "the landing", "shore": "the shore", "sea": "the open sea",
    "river": "the river",
    "boat": "the boat", "home": "the room", "kitchen": "the kitchen", "yard": "the yard", "street": "the street",
    "shop": "the shop",
    "post": "the post office", "station": "the station", "vehicle": "the carriage", "hospital": "the hospital",
    "school": "the school",
    "office": "the office", "forest": "the woods", "mountain": "the hills", "field": "the fields",
    "village": "the village",
    "temple": "the church", "palace": "the gate", "bridge": "the bridge", "grave": "the graveyard", "city": "the city",
    "ship": "the ship", "desert": "the desert", "factory": "the factory", "cellar": "the cellar", "": "the place",
}  # fmt: skip
PLACE_LOOK: Mapping[str, str] = {
    "lighthouse": "flaking white walls, an iron spiral stair, one great lens",
    "harbour": "wet planks, mooring posts, coiled rope and nets",
    "shore": "black rocks, tide pools, one white line of surf",
    "sea": "empty water, a low horizon",
    "river": "slow brown water, reeds, a mud bank",
    "boat": "chipped rails, a worn wheel, brass rubbed bright",
    "home": "small windows, an old table, a low lamp",
    "kitchen": "black iron stove, scrubbed table, hanging pans",
    "yard": "brick ground, a well, tools along the wall",
    "street": "low eaves, uneven paving, faded signs",
    "shop": "a wooden counter, jars, a faded price board",
    "post": "a painted counter, pigeonholes, brass scales",
    "station": "benches, a wall clock, rails running to a point",
    "vehicle": "misted windows, facing seats",
    "hospital": "white walls, a high window",
    "school": "wooden desks, a blackboard, slanting windows",
    "office": "rows of shelves and tube lights, stacked paper",
    "forest": "close upright trunks, leaf litter, spots of light",
    "mountain": "ridge behind ridge, a narrow path, cloud shadow",
    "field": "waves of grass, a dirt road, a very low horizon",
    "village": "stepped roofs, chimney smoke, one main street",
    "temple": "deep shadow, stone steps, a thread of smoke",
    "palace": "high walls, a great gate, rows of banners",
    "bridge": "railing, arch and reflection",
    "grave": "grey stones, flattened grass",
    "city": "blocks, lit windows, wet asphalt",
    "ship": "metal walls, small indicator lights, one round window",
    "desert": "ridges of sand, empty sky",
    "factory": "high windows, iron beams, rows of machines",
    "cellar": "stone walls, narrow steps, a low ceiling",
    "": "a plain space in clear layers",
}
TIME_NAME: Mapping[str, str] = {
    "dawn": "dawn", "morning": "morning", "noon": "noon", "afternoon": "afternoon", "dusk": "dusk", "night": "night",
    "day": "day",
}  # fmt: skip
WEATHER_NAME: Mapping[str, str] = {
    "rain": "rain", "storm": "storm", "snow": "snow", "fog": "fog", "wind": "wind", "sun": "sun", "moon": "moonlight",
}  # fmt: skip
SEASON_NAME: Mapping[str, str] = {"spring": "spring", "summer": "summer", "autumn": "autumn", "winter": "winter"}
MOOD_NAME: Mapping[str, str] = {
    "fear": "unease", "grief": "grief", "joy": "brightness", "anger": "heat", "tender": "tenderness",
    "tension": "tension",
    "surprise": "suspense", "quiet": "stillness",
}  # fmt: skip
OBJECT_NAME: Mapping[str, str] = {
    "letter": "the letter", "lamp": "the lamp", "fire": "the fire", "candle": "the candle", "book": "the book",
    "photo": "the photograph",
    "key": "the key", "blade": "the blade", "gun": "the gun", "boat": "the boat", "phone": "the telephone",
    "clock": "the clock",
    "cup": "the cup", "umbrella": "the oilskin", "bag": "the case", "coin": "the ticket", "coat": "the coat",
    "mirror": "the glass",
    "flower": "the flowers", "instrument": "the instrument", "rope": "the rope", "horse": "the horse",
    "door": "the door",
    "window": "the window",
}  # fmt: skip
