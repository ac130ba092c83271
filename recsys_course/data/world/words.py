"""Words that titles and descriptions are written with: eight topics a scenario.

A line is ``topic: words``. Topic d of one scenario and topic d of another have nothing
in common but the dimension of taste that they speak to.
"""

from __future__ import annotations

from typing import NamedTuple


class Vocabulary(NamedTuple):
    """What one scenario writes with.

    ``topics`` maps the eight category names to their words; in ``title`` and
    ``sentences``, {0}..{4} stand for topic words, {name} for an invented name and
    {common} for one of the words in ``common``, which say nothing of the topic.
    """

    topics: dict[str, list[str]]
    common: str
    title: list[str]
    sentences: list[str]


def _topics(text: str) -> dict[str, list[str]]:
    lines = (line.split(":") for line in text.strip().splitlines())
    return {name.strip(): words.split() for name, words in lines}


VOCABULARY: dict[str, Vocabulary] = {
    "shop": Vocabulary(
        _topics("""
kitchen: skillet whisk teapot grater ladle saucepan apron colander peeler casserole oven spice
garden: trowel planter seedling hose rake compost trellis pruner lawn mulch pot greenhouse
outdoor: tent lantern backpack hammock compass kayak trail rope camp boot flask canopy
clothing: jacket scarf sweater linen denim sleeve collar cotton skirt mitten wool hem
electronics: headphone charger keyboard speaker router monitor cable battery webcam tablet screen dock
toys: puzzle kite marble robot dollhouse blocks puppet yo-yo plush figurine wagon dice
books: atlas novel diary cookbook anthology comic notebook paperback almanac fable bookmark chapter
sport: racket dumbbell jersey whistle helmet treadmill ball goggles skate javelin glove stopwatch
"""),
        "sturdy light handy classic compact simple everyday reliable gift new",
        ["{name} {0} and {1} set", "{common} {0} by {name}", "{name} {1} {0}"],
        [
            "A {common} {0} that goes well with any {1}.",
            "Made for people who love {2} and {3}.",
            "Comes with a {4}.",
        ],
    ),
    "social": Vocabulary(
        _topics("""
food: brunch recipe ramen bakery tasting sourdough noodles barista dessert grill snack picnic
travel: beach passport hostel sunset itinerary island airport roadtrip mountain souvenir harbour map
pets: puppy kitten whiskers paws leash hamster parrot treat vet aquarium fetch nap
fitness: workout squat marathon yoga stretch deadlift pace cardio plank trainer sprint gym
fashion: outfit sneakers thrift runway lipstick earrings vintage wardrobe stylist tote denim blazer
gaming: speedrun boss console quest lobby pixel controller respawn guild arcade loot patch
crafts: knitting pottery origami embroidery glaze yarn sketch woodwork bead stencil quilt clay
humour: meme prank pun parody skit sarcasm punchline bloopers cringe gag joke caption
"""),
        "sunny honest quick tiny favourite cosy homemade silly secret lazy",
        ["{common} {0} with {1}", "{name}: my {0}", "{0} or {1}?"],
        ["Some {common} {0} and {1} from this week.", "Tell me about your {2}.", "More {3} and {4} soon."],
    ),
    "music": Vocabulary(
        _topics("""
rock: guitar riff amplifier distortion anthem drummer encore garage solo stage chorus feedback
jazz: saxophone swing improvisation trumpet quartet brushes bebop standard blue lounge trio horn
electronic: synth bassline drop sequencer loop techno pulse filter rave modular beat strobe
classical: sonata cello overture nocturne symphony violin adagio conductor fugue aria oboe prelude
folk: banjo ballad fiddle harvest river acoustic campfire harmonica cabin lullaby dulcimer hill
hip-hop: verse cypher sample turntable rhyme flow hook cipher crate boom mixtape block
pop: chorus dance glitter summer radio duet heart neon crush sparkle single falsetto
ambient: drone mist horizon silence tide reverb drift field glacier breath dusk haze
"""),
        "live slow late golden little deep long early lost first",
        ["{common} {0}", "{0} and {1} ({name})", "{name} - {0}"],
        ["A {common} track of {0} and {1}.", "Recorded with {2}, {3} and much {4}."],
    ),
    "news": Vocabulary(
        _topics("""
politics: parliament vote minister coalition ballot treaty senate reform campaign mayor debate law
business: merger shares inflation startup exports earnings factory bank tariff supply wage market
sport: final goalkeeper transfer league penalty relay medal coach stadium referee derby record
science: telescope vaccine fossil genome quantum laboratory orbit enzyme climate particle study probe
culture: museum premiere novelist sculpture festival opera gallery theatre poet exhibition film choir
technology: chip software robot startup encryption satellite browser battery algorithm network patch cloud
health: hospital diet nurse therapy virus sleep surgery clinic allergy vitamin exercise doctor
weather: storm flood heatwave snowfall forecast drought gale thunder frost hurricane rain tide
"""),
        "local new latest rare surprising early long national major small",
        ["{name}: {0} and {1} in the spotlight", "{common} {0} after {1}", "what the {0} means for {1}"],
        ["The {common} report speaks of {0} and {1}.", "Experts point to {2}; others to {3} and {4}."],
    ),
    "ads": Vocabulary(
        _topics("""
cars: sedan hybrid lease dealership torque wagon mileage electric convertible tyre engine warranty
travel: flight resort cruise getaway hotel luggage booking lagoon safari suite voyage beach
finance: loan mortgage savings broker insurance credit dividend pension budget interest card fund
beauty: serum perfume shampoo mascara lotion moisturiser salon fragrance blush cream balm scent
food: pizza delivery burger espresso smoothie bakery sushi coupon snack granola chocolate meal
games: puzzle tournament battle spins kingdom strategy level bonus adventure dragon card racing
home: sofa mattress curtain lamp carpet renovation paint wardrobe shelf tile heating pillow
fitness: gym protein tracker membership trainer yoga dumbbell running vitamins bike coach diet
"""),
        "free limited exclusive best new trusted easy fast premium today",
        ["{name}: {common} {0}", "{0} and {1} from {name}", "{common} {0} deals"],
        ["Get your {common} {0} and {1} now.", "The {2} that makes {3} and {4} simple."],
    ),
    "courses": Vocabulary(
        _topics("""
programming: python recursion compiler testing debugging loops types database functions parser api syntax
statistics: regression sampling variance bayes hypothesis likelihood median bootstrap causal bias data error
design: typography layout colour prototype wireframe poster logo usability grid sketch contrast icon
languages: grammar vocabulary pronunciation dialogue verbs nouns reading accent idioms spelling tenses essay
business: negotiation accounting strategy marketing teamwork pricing pitch profit audit customers budget sales
music: harmony rhythm piano chords composition improvisation ear notation melody singing scales mixing
photography: aperture lens portrait exposure lighting landscape darkroom shutter editing tripod focus flash
cooking: knives sauces baking pastry fermentation stock bread seasoning grilling nutrition plating dough
"""),
        "practical short complete gentle advanced weekly first modern guided hands-on",
        ["{common} {0}", "{0} and {1} with {name}", "from {0} to {1}"],
        [
            "A {common} course on {0} and {1}.",
            "Exercises on {2} every week.",
            "Ends with a project on {3} and {4}.",
        ],
    ),
}

SYLLABLES = "ka lo mi ren ta vo su ner il do fa bri tes mo ya ul ga pe shi ron"
AGE_GROUPS = ["under 18", "18-24", "25-34", "35-49", "50-64", "65 and over"]
AGE_SHARES = [0.08, 0.20, 0.27, 0.24, 0.14, 0.07]
REGIONS = {"north": 0.3, "east": 0.25, "south": 0.25, "west": 0.2}
