"""Words and sentences of the demo corpus: data only, see `reviews.py` for how they become reviews.

In a sentence, `{name}` stands for a slot.  `{title}`, `{hero}`, `{other}`, `{place}`, `{place2}`, `{genre}`,
`{genres}`, `{role}`, `{actor}` and `{minutes}` stay the same throughout a review, `{his}` follows the hero;
any other name is a key of `FILLERS`, from which a word is drawn.  `a` becomes `an` where the next word asks
for it.  Lists of judgements begin with their most frequent members.

What is neutral holds no word of praise or blame, none of `NEGATORS` and `MILD_MARKS`, and no `CONTRAST`.
"""

# fmt: off
from dataclasses import dataclass

NEGATORS = ("not", "never", "no", "nothing")
CONTRAST = "but"
HEDGES = ("fairly", "somewhat", "mildly", "moderately", "mostly")
MILD_MARKS = (*HEDGES, "especially", "particularly")

ACTRESS = "Mirelle Voss"
OTHER_ACTORS = ("Anselm Drury", "Odile Farrow", "Teodor Lunt", "Saskia Plume", "Hector Brandt", "Hilde Okoro")

HEROINES = ("Linnea", "Tamsin", "Ilse", "Marguerite", "Petra", "Nadia", "Agnes", "Rosalind", "Beatrix")
HEROES = ("Oskar", "Bram", "Emil", "Casper", "Ruben", "Tobias", "Lorenz", "Felix", "Ambrose")
PLACES = ("Brackenford", "Vantry", "Kessel Bay", "Dunmarrow", "Saint Osric", "Port Almery", "Estavar",
          "Lower Fenwick", "Grisholm", "Quillon", "Marrow Island", "Tessaly")

TITLES = ("The {shade} {thing}", "The {shade} {thing}", "The {shade} {thing}", "The {thing} of {place2}",
          "A {thing} for {hero}", "{hero} and the {thing}", "Letters from {place2}", "{hour} in {place2}",
          "The Road to {place2}", "{other} at the {thing}", "Beyond {place2}", "Under the {shade} {thing}")

FILLERS: dict[str, tuple[str, ...]] = {
    "shade": ("Paper", "Glass", "Silver", "Winter", "Salt", "Copper", "Second", "Crimson", "Sleeping",
              "Hidden", "Northern", "Velvet", "Seventh", "Wandering", "Midnight"),
    "thing": ("Harbour", "Orchard", "Ferry", "Lantern", "Kingdom", "Staircase", "River", "Clock", "Garden",
              "Carousel", "Compass", "Window", "Sparrow", "Mountain", "Letter"),
    "hour": ("Midnight", "Noon", "Five O'Clock", "Sunday", "Autumn", "Last Summer"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "month": ("January", "March", "April", "June", "August", "October", "November"),
    "number": ("three", "four", "six", "seven", "eleven", "twelve", "fourteen", "nineteen"),
    "minutes": ("eighty", "ninety", "a hundred", "a hundred and ten", "a hundred and thirty"),
    "relative": ("sister", "uncle", "neighbour", "father", "flatmate", "cousin", "grandmother", "dentist"),
    "cinema": ("Odeon", "Rialto", "Astoria", "Electric", "open air cinema", "film club"),
    "loot": ("foreign passports", "old banknotes", "unsigned letters", "photographs", "maps"),
    "view": ("the harbour", "a row of poplars", "an open window", "a frozen lake", "rooftops"),
    "animal": ("heron", "fox", "badger", "raven", "hare"),
    "weather": ("storm", "blizzard", "heatwave", "flood"),
    "very": ("truly", "really", "thoroughly", "simply", "genuinely", "positively"),
    "hedge": HEDGES,
}

OPENINGS = (
    "I saw {title} at the {cinema} on {day}.", "{title} is a {genre} set in {place}.",
    "My {relative} took me to {title} last {day}.", "We picked {title} because of the poster.",
    "{title} is the latest {genre} from the makers of The {thing} and The {shade} {thing}.",
    "{title} came to the {cinema} in {month}.", "We watched {title} at a school reunion in {place}.",
    "Last night's choice was {title}, a {genre} of {minutes} minutes.",
    "After {number} years the director is back with {title}.", "{title} began as a radio play.",
    "My {relative} and I watched {title} on a {day} afternoon.", "I borrowed {title} from my {relative}.",
    "Here is a {genre} about {place} and the people who leave it.",
    "So this is {title}, the {genre} that everyone at work is talking about.",
    "{day} is film night at our house, and my {relative} had brought {title}.",
)

CASTING = (
    "{actor} plays the {role}.", "{actor} plays the {role}.", "The {role} is played by {actor}.",
    "{actor} appears as the {role}.", "Halfway through, {actor} turns up as the {role}.",
    "The part of the {role} went to {actor}.", "In the role of the {role} we see {actor}.",
    "{actor} is the {role} whom {hero} meets in the first act.",
    "The {role}, played by {actor}, knows more than {hero}.",
    "{hero} asks the {role}, played by {actor}, for advice.",
)

FACTS = (
    "It was shot near {place} in {number} weeks.", "The film runs for {minutes} minutes.",
    "The credits roll over {view}.", "The novel behind it came out {number} years ago.",
    "It runs at the {cinema} until {day}.", "The director grew up in {place}.",
    "The opening shot shows {view}.", "Most of it takes place in {month}.", "We sat in row {number}.",
    "A sequel has been announced for {month}.",
    "The picture was restored from {number} reels found in {place}.",
    "{place} is a harbour town in the film and a car park in real life.",
    "My {relative} once met the author on a ferry.",
)


@dataclass(frozen=True)
class Genre:
    """One kind of film: its name, the small parts that an actor can play, and what happens in it."""

    name: str
    plural: str
    roles: tuple[str, ...]
    plots: tuple[str, ...]


GENRES = (
    Genre("thriller", "thrillers", ("inspector", "banker", "courier", "informant", "locksmith"), (
        "{hero} finds a suitcase full of {loot} in a locker at {place} station.",
        "A taxi vanishes between {place} and {place2}, and {hero} has until {day} to find out why.",
        "{hero} overhears a telephone call and follows the caller across the border.",
        "Somebody has copied the keys of the town hall, and every clerk in {place} is a suspect.",
        "{other} sends {hero} a map with one street crossed out.",
        "The chase leads from a laundry through the market to the roof of an opera house.",
        "{hero} hides the tapes under the floor and takes the night train to {place}.")),
    Genre("western", "westerns", ("sheriff", "blacksmith", "rancher", "gambler", "telegraphist"), (
        "{hero} rides into {place} with a spare saddle and a debt to settle.",
        "Three brothers quarrel over a well at the edge of the desert.",
        "The railway is about to reach {place}, and the farmers want a vote.",
        "{hero} drives four hundred cattle north before the first {weather}.",
        "A stranger bets {number} horses against {other}'s land.",
        "{hero} digs for silver by day and guards the dam by night.")),
    Genre("ghost story", "ghost stories", ("organist", "housekeeper", "medium", "gravedigger", "caretaker"), (
        "{hero} inherits a house near {place} where the clocks run backwards.",
        "Every night at {number} someone plays the piano in the locked east wing.",
        "{hero} and {other} read the diary of a girl who once lived in the attic.",
        "Footprints lead from the chapel to the cellar and stop at the wall.",
        "The mirror in the hall shows a room that burned down a century ago.",
        "{hero} hears {his} own voice on a recording made {number} years earlier.")),
    Genre("romance", "romances", ("baker", "florist", "violinist", "pilot", "translator"), (
        "{hero} and {other} meet on the ferry to {place} and swap umbrellas by mistake.",
        "{hero} answers letters that were meant for the former tenant.",
        "{other} sails for {place} in {month}, and {hero} promises to write every week.",
        "{hero} and {other} share a bench, a sandwich and, by {month}, a balcony in {place}.",
        "{hero} must choose between a bakery in {place} and a train ticket.",
        "{hero} teaches {other} to skate on the canal.")),
    Genre("heist film", "heist films", ("safecracker", "chauffeur", "forger", "curator", "acrobat"), (
        "{hero} gathers a crew of {number} to lift a sapphire from a museum in {place}.",
        "The vault opens for {number} seconds at midnight, and {other} holds the stopwatch.",
        "{hero} digs a tunnel from a pet shop to the bank next door.",
        "One thief swaps the painting, one swaps the vans, and {other} swaps sides.",
        "The getaway boat waits under the bridge at {place} with {hero}'s luggage on board.",
        "{other} hides the necklace in a crate of {loot}.")),
    Genre("courtroom drama", "courtroom dramas", ("judge", "prosecutor", "bailiff", "stenographer"), (
        "{hero} defends a farmer who is accused of diverting a river.",
        "A juror from {place} recognises the handwriting on the envelope.",
        "The trial lasts {number} days and turns on a missing lamp.",
        "{other} takes the stand and names {hero} as the last visitor.",
        "{hero} has one weekend to find the witness who moved to {place}.",
        "Exhibit {number} is a box of {loot} from the harbour at {place}.")),
    Genre("space adventure", "space adventures", ("navigator", "botanist", "commander", "mechanic"), (
        "{hero} wakes on a freighter that is {number} years off course.",
        "The crew of the {place} station grows wheat under a blue lamp.",
        "A signal from the far side of the moon repeats {hero}'s childhood address.",
        "{other} votes to turn the ship around, and the oxygen allows for one attempt.",
        "{hero} repairs the antenna while {other} counts the seconds.")),
    Genre("war film", "war films", ("medic", "signaller", "colonel", "cook", "sapper"), (
        "{hero} carries a message through the marshes to the garrison at {place}.",
        "Two soldiers of opposite armies share a barn during a {weather}.",
        "The regiment holds a bridge near {place} for one night.",
        "{other} paints the faces of the company on the wall of a school.",
        "{hero} is ordered to guard {number} crates and told to leave them closed.",
        "A {weather} cuts the road to {place}, and {hero} goes ahead on foot.")),
    Genre("fairy tale", "fairy tales", ("puppeteer", "beekeeper", "miller", "toymaker", "shepherd"), (
        "{hero} trades {his} shadow for a pair of walking boots.",
        "A talking {animal} leads the children of {place} to the mountain of glass.",
        "The tower clock strikes thirteen and the dolls begin to dance.",
        "{hero} has {number} days to guess the name of the giant.",
        "Whoever drinks from the fountain of {place} forgets the way home.",
        "{other} is turned into a {animal} every {day}.")),
    Genre("musical", "musicals", ("conductor", "seamstress", "choreographer", "prompter", "impresario"), (
        "{hero} sells newspapers by day and sings on the roofs of {place} by night.",
        "The theatre in {place} has one season left, and {other} writes an opera about the landlord.",
        "{hero} tunes pianos for a circus that travels along the coast.",
        "On the eve of the premiere {other} leaves for {place} with the only copy of the notes.",
        "{hero} steps in for a tenor who has missed the boat.")),
    Genre("sea drama", "sea dramas", ("captain", "harbour pilot", "diver", "smuggler", "shipwright"), (
        "{hero} keeps the lighthouse of {place} alone through a whole winter.",
        "A trawler returns to {place} with {number} sailors and somebody else's nets.",
        "{hero} and {other} search the wreck for a bell with a name on it.",
        "The tide brings a crate of {loot} to the beach at {place}.",
        "{other} builds a boat in a garage {number} miles from the sea.",
        "A {weather} keeps {hero} and {other} on the same sandbank until {day}.")),
    Genre("sports film", "sports films", ("coach", "goalkeeper", "referee", "physiotherapist", "reporter"), (
        "{hero} trains a rowing team of retired postmen for the regatta at {place}.",
        "The village club of {place} draws the champions in the third round of the cup.",
        "{other} boxes under a borrowed name until {hero} sees the poster.",
        "{hero} has {number} weeks to learn to ski from {other}.",
        "The bus to the final stops in {place}, {number} miles short of the stadium.")),
)


@dataclass(frozen=True)
class Aspect:
    """A side of a film that can be judged; each of `good` and `bad` fits each of `subjects`."""

    subjects: tuple[str, ...]  # with their verb
    good: tuple[str, ...]
    bad: tuple[str, ...]
    good_deeds: tuple[str, ...]  # past tense, so that they fit one and many
    bad_deeds: tuple[str, ...]


ASPECTS = (
    Aspect(  # writing
        ("the script is", "the dialogue is", "the story is", "the screenplay is", "the twists are"),
        ("clever", "witty", "gripping", "sharp", "subtle", "original"),
        ("clumsy", "predictable", "hollow", "stale", "lazy", "trite"),
        ("kept me guessing", "stayed with me for days", "respected my intelligence"),
        ("fell apart after ten minutes", "insulted my intelligence", "bored me stiff")),
    Aspect(  # acting
        ("the cast is", "the lead is", "the ensemble is", "the performances are", "the child actors are",
         "the supporting players are"),
        ("superb", "convincing", "wonderful", "tender", "magnetic", "heartfelt"),
        ("wooden", "lifeless", "stiff", "listless", "hopeless", "miscast"),
        ("won my heart", "lit up the screen", "earned every tear"),
        ("mumbled through every line", "sleepwalked to the credits", "seemed to be waiting for the bus")),
    Aspect(  # pictures
        ("the camera work is", "the photography is", "the lighting is", "the sets are", "the costumes are",
         "the landscapes are"),
        ("beautiful", "gorgeous", "superb", "elegant", "luminous", "breathtaking"),
        ("ugly", "drab", "shabby", "murky", "cheap", "garish"),
        ("took my breath away", "turned every frame into a painting", "deserved a gallery"),
        ("gave me a headache", "looked like a holiday video", "belonged in a furniture catalogue")),
    Aspect(  # music
        ("the score is", "the soundtrack is", "the title song is", "the music is", "the choir numbers are",
         "the piano themes are"),
        ("wonderful", "lovely", "stirring", "memorable", "uplifting", "delicate"),
        ("grating", "shrill", "forgettable", "syrupy", "deafening", "tuneless"),
        ("gave me goosebumps", "lifted every scene", "sent me humming into the street"),
        ("gave me a toothache", "rattled my nerves", "made me long for a mute button")),
    Aspect(  # pace
        ("the pacing is", "the editing is", "the direction is", "the second act is", "the middle hour is",
         "the action scenes are"),
        ("gripping", "brisk", "taut", "assured", "thrilling", "masterful"),
        ("tedious", "clumsy", "sluggish", "choppy", "chaotic", "lifeless"),
        ("swept me along", "had me on the edge of my seat", "held me to the last second"),
        ("dragged on for ages", "put me to sleep", "tested my patience")),
    Aspect(  # ending
        ("the ending is", "the finale is", "the last reel is", "the final twist is", "the closing scenes are",
         "the final minutes are"),
        ("moving", "satisfying", "beautiful", "thrilling", "unforgettable", "glorious"),
        ("ridiculous", "disappointing", "predictable", "feeble", "rushed", "absurd"),
        ("left me in happy tears", "rewarded all the waiting", "took the whole room by storm"),
        ("left me cold", "made the audience groan", "fizzled out like a wet match")),
    Aspect(  # humour
        ("the humour is", "the banter is", "the comedy is", "the jokes are", "the sight gags are",
         "the comic scenes are"),
        ("funny", "charming", "witty", "hilarious", "delightful", "warm"),
        ("tired", "stale", "embarrassing", "crass", "cruel", "childish"),
        ("had me in stitches", "made me laugh out loud", "won over the grumpiest row"),
        ("fell flat", "made me cringe", "died on the spot")),
)

# of the film as a whole
GOOD_FILM = ("good", "great", "excellent", "marvellous", "brilliant", "enchanting", "splendid")
BAD_FILM = ("bad", "terrible", "dreadful", "dull", "awful", "boring", "poor")
GOOD_TOO = ("generous", "joyful", "wise", "honest")  # the second of two adjectives
BAD_TOO = ("joyless", "noisy", "shallow", "dishonest")
FILM = ("this is a {adjective} {genre}", "it is a {very} {adjective} film",
        "the result is {very} {adjective}", "what we get is a {adjective}, {too} film",
        "as a {genre} it is {adjective} and {too}", "the film as a whole is {adjective}",
        "{title} is {adjective} from the first minute")
OPINION = ("{subject} {adjective}", "{subject} {very} {adjective}", "{subject} {adjective} and {too}")
LEAD_INS = ("to my mind, ", "honestly, ", "I must say, ", "in my eyes, ")
JOINTS = (", and ", ", and ", "; ")

# `{adjective}` is of the side that the sentence denies
NOT_OPINION = ("{subject} never {adjective}", "{subject} not {adjective}", "{subject} not at all {adjective}",
               "{subject} not {adjective} for a second")
NOT_FILM = ("this is not a {adjective} {genre}", "it is not a {adjective} film",
            "no scene in it is {adjective}", "there is nothing {adjective} about it",
            "I would not call it {adjective}", "not one minute of it is {adjective}")

GOOD_REACTIONS = ("I walked home smiling", "I laughed and I cried", "the whole row applauded",
                  "I forgot the time", "I have already bought a second ticket",
                  "my {relative} wants to see it again", "I cheered like a child",
                  "two hours felt like twenty minutes", "strangers hugged in the foyer")
BAD_REACTIONS = ("I checked my watch {number} times", "I counted the ceiling lamps",
                 "half the row left early", "my {relative} snored", "I wanted my money back",
                 "two hours felt like a week", "even the popcorn had more flavour",
                 "people whistled in the foyer", "I sighed like a tired horse")

GOOD_VERDICTS = ("Go and see it.", "Warmly recommended.", "A joy from start to finish.", "I loved it.",
                 "One of the finest {genres} in years.", "See it on the biggest screen you can find.",
                 "Nine out of ten.", "A triumph for everyone involved.", "A new favourite of mine.")
BAD_VERDICTS = ("Stay at home.", "Save your money.", "A chore from start to finish.", "I hated it.",
                "One of the weakest {genres} in years.", "Read a book instead.", "Two out of ten.",
                "An ordeal for everyone involved.", "What a waste of an evening.")

# a hope or a fear, which the second half of the sentence belies
HOPES = ("a masterpiece", "a treat", "a feast", "the film of the year", "a small wonder")
FEARS = ("a disaster", "a mess", "a snooze", "the flop of the year", "a small catastrophe")
EXPECTATIONS = ("I expected {promise}", "the trailer promised {promise}", "my {relative} called it {promise}",
                "the papers announced {promise}", "it starts like {promise}")

# mild reviews
WEAK_SUBJECTS = ("the story is", "the cast is", "the pictures are", "the music is", "the pacing is",
                 "the ending is", "the jokes are", "the first half is", "the second half is", "the idea is")
WEAK_GOOD = ("pleasant", "decent", "likeable", "agreeable", "solid", "tidy", "engaging", "amusing")
WEAK_BAD = ("thin", "uneven", "familiar", "slow", "wordy", "pale", "vague", "bland")
WEAK_OPINION = ("{subject} {hedge} {adjective}", "to be fair, {subject} {hedge} {adjective}",
                "I find that {subject} {hedge} {adjective}")
NOT_WEAK_OPINION = ("{subject} not especially {adjective}", "{subject} not particularly {adjective}",
                    "{subject} never particularly {adjective}")
WEAK_GOOD_VERDICTS = ("On balance it earns its ticket.", "All told, an acceptable evening.",
                      "It does its job.", "Worth a look on a train.",
                      "There are worse ways to spend a {day}.", "It grows on you a little.",
                      "Six out of ten.")
WEAK_BAD_VERDICTS = ("On balance it can wait.", "All told, a missed chance.", "It needed another draft.",
                     "It leaves little behind.", "There are better ways to spend a {day}.",
                     "It fades on the way home.", "Four out of ten.")
