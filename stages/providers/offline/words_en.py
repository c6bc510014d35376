"""The English words by which the director reads a text: time, weather, place, feeling, action, things, sounds.

Law: data only; the values are the same words as in `words_zh.py`. Words stand in their base form, phrases have two
words joined by "_", irregular forms are listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CUES: Mapping[str, Mapping[str, str]] = {
    "time": {
        "dawn": "dawn daybreak sunrise first_light cockcrow",
        "morning": "morning breakfast mid-morning",
        "noon": "noon midday lunchtime",
        "afternoon": "afternoon teatime",
        "dusk": "dusk sunset twilight evening nightfall sundown gloaming",
        "night": "night midnight tonight moonlight starlight stars darkness",
    },
    "weather": {
        "rain": "rain drizzle downpour raindrop rainy puddle",
        "storm": "storm thunder lightning gale hurricane squall",
        "snow": "snow blizzard snowflake sleet frost",
        "fog": "fog mist haze foggy misty",
        "wind": "wind breeze gust windy",
        "sun": "sun sunlight sunshine sunny sunlit",
        "moon": "moon moonlight moonlit",
    },
    "clears": {"clear": "rain_stopped rain_ended snow_stopped fog_lifted mist_lifted storm_passed"},
    "season": {
        "spring": "spring april",
        "summer": "summer july august midsummer",
        "autumn": "autumn october november september",
        "winter": "winter december january february midwinter christmas",
    },
    "place": {
        "lighthouse": "lighthouse lamp_room lantern_room",
        "harbour": "harbour harbor dock landing pier quay wharf jetty slipway boathouse",
        "shore": "beach shore cliff rocks coast sand shingle headland",
        "sea": "sea ocean open_water",
        "river": "river riverbank lake creek far_bank",
        "boat": "deck wheelhouse cabin ferry rowboat engine_room",
        "home": (
            "room bedroom house hallway parlour parlor living_room attic doorway bed cottage bunk apartment porch"
        ),
        "kitchen": "kitchen kitchen_table",
        "yard": "garden yard courtyard",
        "street": "street alley road lane pavement sidewalk market crossroads",
        "shop": "shop store pub bar inn cafe café tavern diner bakery bookshop",
        "post": "post_office",
        "station": "station platform waiting_room ticket_office",
        "vehicle": "car train carriage truck bus taxi wagon back_seat",
        "hospital": "hospital ward clinic corridor",
        "school": "school classroom playground schoolhouse",
        "office": "office library hall archive elevator meeting_room council_room",
        "forest": "forest wood woods trees grove thicket",
        "mountain": "mountain hill hilltop valley ridge cave canyon",
        "field": "field meadow moor prairie orchard pasture",
        "village": "village town hamlet island",
        "temple": "church chapel temple cathedral monastery shrine",
        "palace": "palace castle throne tower fortress battlements",
        "bridge": "bridge",
        "grave": "grave cemetery churchyard graveside tomb",
        "city": "city rooftop square balcony subway skyline",
        "ship": "spaceship starship airlock space_station laboratory control_room",
        "desert": "desert dune",
        "factory": "factory warehouse workshop mill",
        "cellar": "cellar basement crypt",
    },
    "emotion": {
        "fear": "afraid fear terror frighten scared tremble shiver shudder scream panic pale shook",
        "grief": "cry weep tear sob grief sorrow mourn sad wept ache sigh",
        "joy": "laugh smile grin joy happy cheer delight glad laughter",
        "anger": "angry anger fury furious rage shout yell glare slam snap scowl swore",
        "tender": "gently tender hug embrace kiss caress softly stroke love held_hands",
        "tension": "suddenly danger urgent heartbeat clench breathless tight hurry desperate lurch too_late",
        "surprise": "startle surprise gasp stare astonish blink stunned amazed froze stopped_dead",
        "quiet": "silence silent quiet alone lonely empty nobody nothing_said hush",
    },
    "action": {
        "run": "run ran rush chase flee fled sprint race dash bolt charge",
        "fight": "fight fought hit strike struck stab slash punch kick fire shot swung swing wrestle",
        "fall": "fall fell stumble collapse slip kneel knelt tumble sank sink",
        "walk": "walk step climb cross enter leave left go went come came arrive reach return follow approach",
        "look": "look watch see saw stare gaze glance peer notice turn_back squint",
        "hold": (
            "hold held take took grip carry lift hand pull push put set pick drop catch caught gave give pass laid lay"
        ),
        "read": "read write wrote letter unfold page written envelope ledger",
        "open": "open close shut unlock lock knock",
        "sit": "sit sat lie lean stand stood rest sleep slept crouch wake woke",
        "think": "think thought remember know knew wonder believe dream forget forgot wish realise realize used_to",
        "work": "row steer light lit cook pour burn repair dig wash sew tie untie start polish sweep swept wipe oil",
    },
    "object": {
        "letter": "letter envelope note telegram postcard",
        "lamp": "lamp lantern torch flashlight bulb lights headlight",
        "fire": "fire flame bonfire hearth matches ember",
        "candle": "candle candlelight",
        "book": "book ledger diary logbook notebook journal timetable",
        "photo": "photograph photo picture portrait album",
        "key": "key padlock",
        "blade": "knife sword dagger axe blade",
        "gun": "gun pistol rifle revolver",
        "boat": "ferry boat rowboat ship canoe hull",
        "phone": "phone telephone screen receiver",
        "clock": "watch_chain clock pocket_watch wristwatch",
        "cup": "cup mug bowl kettle glass thermos teapot bottle",
        "umbrella": "umbrella raincoat oilskin",
        "bag": "bag suitcase box trunk satchel case tin parcel crate",
        "coin": "coin ticket ring fare medal",
        "coat": "coat jacket cloak scarf shawl cap hat",
        "mirror": "mirror lens telescope binoculars spectacles",
        "flower": "flower rose petal bouquet",
        "instrument": "fiddle violin piano guitar flute harmonica",
        "rope": "rope oar wheel tiller line mooring",
        "horse": "horse mule",
        "door": "door",
        "window": "window pane windowpane",
    },
    "body": {
        "hand": "hand finger palm fist knuckle thumb",
        "eye": "eye eyelid gaze tear",
        "face": "face cheek mouth lip brow forehead jaw wrinkle",
    },
    "sound": {
        "rain": "rain drizzle downpour raindrop",
        "thunder": "thunder lightning",
        "wind": "wind gale gust breeze",
        "waves": "wave surf tide sea",
        "bell": "bell chime",
        "horn": "horn whistle foghorn",
        "door": "door knock latch hinge",
        "steps": "footstep stairs boots gravel",
        "crowd": "crowd market cheer applause passengers",
        "birds": "bird gull crow heron cricket frog owl",
        "fire": "fire crackle bonfire hearth",
        "engine": "engine motor diesel train car truck propeller machinery",
        "gun": "gunshot explosion shot",
        "blade": "sword blade",
        "paper": "letter page paper envelope unfold ledger",
        "cry": "sob weep wept cry",
        "laugh": "laugh laughter chuckle",
        "glass": "shatter crash glass",
        "clock": "tick clock",
        "music": "fiddle song sing sang music piano hum",
        "water": "splash drip river stream",
    },
}

TIME_JUMP = (
    r"(?:(?:the|that|this) (?:next|following|same|very|last) (?:day|morning|evening|night|afternoon|week|year|month|"
    r"summer|"
    r"winter|spring|autumn)|next (?:day|morning|week|year)|(?:that|this) (?:day|night|evening|morning|afternoon|"
    r"winter|summer|"
    r"autumn|spring|year)|(?:\w+ ){1,3}(?:minutes|hours|hour|days|day|weeks|week|months|month|years|year) "
    r"(?:later|after|before|ago|passed)|(?:at|by|before|after|around|toward|towards|near) (?:\w+ )?"
    r"(?:dawn|dusk|noon|midnight|night|nightfall|sunset|sunrise|daybreak|midday|breakfast|supper|"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?: o'clock)?)\b|"
    r"in the (?:morning|evening|afternoon|spring|winter|summer|autumn)|"
    r"on (?:the )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|first|last|second|third)\b|"
    r"later|meanwhile|years|when (?:dawn|night|morning|spring|winter|summer|autumn) came|"
    r"dawn|dusk|morning came|night fell|evening fell|it was (?:nearly |almost |past |after )?"
    r"(?:dawn|dusk|midnight|morning|night|evening|noon))"
)
MOVE = (
    r"\b(?:arrived|reached|came to|went to|walked (?:to|into|down|up|out)|entered|climbed|returned to|drove|rode to|"
    r"stepped (?:into|onto|out)|crossed|back (?:at|in|on)|left the|outside|inside|upstairs|downstairs|followed)\b"
)
HEADING = (
    r"(?:#{1,6}\s*\S|(?:chapter|part|act|scene|book)\s+(?:\d+|[ivxlc]+|one|two|three|four|five|six|seven|eight|nine|"
    r"ten|"
    r"eleven|twelve)\b|(?:prologue|epilogue|interlude)\b|(?:[ivxlc]{1,6}|\d{1,3})\s*[.)]?\s*$)"
)
