//! Things that are the same for everybody: "the sun", "the president", "the stock market".
//!
//! Owns which words name them. Of any other certain thing ("the soup", "the meeting") there are many, and who asks means one of
//! their own. Knows no question.

/// What there is one of, or is spoken of as one: in the sky and on earth, in every body, in states, faiths and histories.
#[rustfmt::skip]
const THINGS: &[&str] = &[
    // The sky and the earth.
    "sun", "moon", "sky", "earth", "world", "universe", "galaxy", "planet", "planets", "mars", "venus", "jupiter", "saturn", "mercury",
    "space", "star", "stars", "solar", "atmosphere", "ozone", "climate", "globe", "sea", "seas", "ocean", "oceans", "tide", "tides", "wind",
    "rain", "snow", "weather", "season", "seasons", "spring", "summer", "autumn", "fall", "winter", "equator", "pole", "poles",
    "horizon", "desert", "jungle", "rainforest", "forest", "mountain", "mountains", "river", "rivers", "volcano", "volcanoes", "continent",
    "continents", "country", "countries", "nature", "leaves", "trees", "animal", "animals", "bees", "birds", "fish", "dinosaur", "dinosaurs",
    "element", "elements", "atom", "atoms", "electron", "molecule", "gravity", "light", "sound", "speed", "water", "air", "fire", "oxygen",
    "east", "west", "north", "south", "arctic", "antarctic", "sahara", "amazon", "nile", "alps", "himalayas", "everest", "netherlands",
    "us", "usa", "uk", "united", "states", "kingdom", "bahamas", "philippines", "emirates", "vatican", "balkans", "caribbean",
    // Bodies and what ails them.
    "heart", "brain", "liver", "lung", "lungs", "kidney", "kidneys", "stomach", "skin", "blood", "bone", "bones", "muscle", "muscles", "eye",
    "eyes", "ear", "nose", "tongue", "tooth", "teeth", "skull", "spine", "spleen", "pancreas", "appendix", "thyroid", "bladder", "intestine",
    "body", "human", "immune", "nervous", "dna", "flu", "cold", "virus", "plague", "pandemic", "hiccups", "measles", "cancer", "placebo",
    // States, faiths and offices that are held by one.
    "president", "king", "queen", "pope", "prime", "minister", "emperor", "tsar", "pharaoh", "chancellor", "monarch", "monarchy",
    "government", "state", "senate", "congress", "parliament", "constitution", "supreme", "nato", "un", "eu", "fbi", "cia", "nasa", "amendment",
    "economy", "stock", "stocks", "market", "euro", "dollar", "pound", "yen", "capitalism", "law", "laws", "military", "army", "police",
    "bible", "quran", "koran", "torah", "god", "gods", "devil", "church", "buddha", "jesus", "prophet", "soul",
    "people", "humans", "humanity", "mankind", "society", "poor", "rich", "majority",
    // Histories and works.
    "war", "revolution", "empire", "renaissance", "holocaust", "enlightenment", "reformation", "crusades", "depression", "romans", "greeks",
    "vikings", "egyptians", "aztecs", "incas", "mayas", "nazis", "soviets", "crusade", "pyramid", "pyramids", "sphinx", "colosseum", "acropolis",
    "parthenon", "pantheon", "louvre", "kremlin", "titanic", "hindenburg", "mayflower", "beatles", "simpsons", "odyssey", "iliad", "hobbit",
    "matrix", "godfather", "lord", "rings", "mona", "oscars", "olympics", "olympic", "superbowl", "alamo", "pentagon", "fox",
    // What is known by its kind: devices, arts and sciences.
    "telephone", "internet", "web", "wheel", "steam", "alphabet", "zodiac", "piano", "guitar", "violin",
    "english", "german", "french", "spanish", "italian", "latin", "chinese", "japanese", "russian", "american", "british", "roman", "greek",
    "golden", "periodic", "pythagorean", "theorem", "theory", "hypothesis", "equation", "science", "philosophy", "religion", "art", "chess",
    "offside", "history", "future", "past", "present", "truth", "life", "love", "death", "afterlife",
];

/// What, called by another name before it, is one of the world: "the Berlin wall", but not "the wall".
#[rustfmt::skip]
const NAMED: &[&str] = &[
    "wall", "tower", "bridge", "canal", "palace", "castle", "museum", "cathedral", "temple", "statue", "bay", "gulf", "lake", "island",
    "islands", "strait", "channel", "ages", "age", "era", "dynasty", "republic", "union", "nations", "party", "league", "cup", "games",
    "treaty", "declaration", "act", "trial", "case", "crisis", "attack", "rule", "rules", "principle", "paradox", "effect", "cycle", "system", "prize",
    "family", "house", "code", "problem",
];

/// What is asked of things, and is no thing itself: whose it is decides.
#[rustfmt::skip]
const RELATIONS: &[&str] = &[
    "meaning", "difference", "answer", "point", "secret", "truth", "way", "opposite", "plural", "use", "purpose", "idea", "matter",
    "origin", "definition", "reason", "chance", "chances", "odds", "distance", "length", "size", "capital", "population", "history", "story",
    "role", "job", "function", "cause", "causes", "effect", "effects", "symptoms", "cure", "goal", "theme", "moral", "plot", "ending", "end",
    "beginning", "start", "middle", "top", "bottom", "rest", "part", "parts", "kind", "type", "sort", "number", "amount", "same", "one", "ones",
    "other", "others", "first", "second", "third", "last", "next", "time", "date", "day", "month", "year", "hour", "week", "morning",
    "evening", "night", "century", "moment", "order", "joke", "riddle", "game", "big", "deal", "days", "times",
];

/// What everybody knows by its whole name: there is one of each.
#[rustfmt::skip]
const FAMOUS: &[&str] = &[
    "acropolis", "amazon river", "atlantic", "big ben", "black sea", "bermuda triangle", "brandenburg gate", "british museum", "buckingham palace", "capitol",
    "cern", "chrysler building", "colosseum", "dead sea", "disneyland", "downing street", "eiffel tower", "empire state building", "european union",
    "forbidden city", "golden gate bridge", "grand canyon", "great wall", "hollywood", "hoover dam", "interpol", "kilimanjaro", "kremlin", "loch ness",
    "louvre", "machu picchu", "milky way", "moon", "mount everest", "nasa", "nato", "niagara falls", "nobel prize", "north pole", "oval office", "pacific",
    "panama canal", "pentagon", "pope", "red cross", "red sea", "red square", "silicon valley", "south pole", "statue of liberty", "stonehenge", "suez canal",
    "supreme court", "sydney opera house", "taj mahal", "times square", "titanic", "tower of london", "unesco", "united nations", "vatican", "wall street",
    "white house", "world bank", "world cup", "wright brothers", "yellowstone",
];

/// Whether everybody knows what is called `name`.
pub(super) fn is_famous(name: &str) -> bool {
    FAMOUS.contains(&name)
}

/// Whether `word` names a thing of the world wherever it is part of a name.
pub(super) fn is_of_world(word: &str) -> bool {
    THINGS.contains(&word)
}

/// Whether `word` behind another name is a thing of the world.
pub(super) fn is_of_world_if_named(word: &str) -> bool {
    NAMED.contains(&word)
}

/// Whether `word` is something of another thing, and alone no thing.
pub(super) fn is_relation(word: &str) -> bool {
    RELATIONS.contains(&word)
}
