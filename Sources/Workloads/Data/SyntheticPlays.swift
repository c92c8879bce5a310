// `synthetic-plays`: play-like text of any length out of a seeded grammar, for where nothing can be
// downloaded. Not English worth reading and not a stand-in for real text: its losses compare only
// with themselves.

/// A text that looks like plays: titles, acts, scenes, stage directions, speakers and verse.
///
/// It has something to learn at every range: spelling; verb endings that follow their subject;
/// line shapes; rhymes in couplets; an oath that belongs to its speaker; the topics and the
/// characters of a scene, who recur until it ends; the hero and the realm of a play.
/// The same seed and length give the same bytes on every machine, and a longer text begins with
/// the shorter one.
package struct SyntheticPlays: Sendable, Equatable {
  /// How many characters there are; all are ASCII, so as many bytes.
  package var characters: Int
  package var seed: UInt64

  /// A text of `characters` characters; by default as long as Tiny Shakespeare, roughly.
  package init(characters: Int = 1_100_000, seed: UInt64 = 1) {
    precondition(characters > 0, "SyntheticPlays: the length must be positive")
    self.characters = characters
    self.seed = seed
  }

  /// The text as ASCII, exactly `characters` bytes; the last play is cut where it must be.
  package func bytes() -> [UInt8] {
    var writer = PlayWriter(seed: seed)
    writer.text.reserveCapacity(characters + (1 << 16))
    while writer.text.utf8.count < characters {
      writer.writePlay(until: characters)
    }
    return Array(writer.text.utf8.prefix(characters))
  }
}

// The words that synthetic-plays is written with, by their part in a sentence.
// Earlier words of a list are drawn more often, as in a language.

/// The lexicon of `PlayWriter`.
enum PlayWords {
  static let names = [
    "Averil", "Brannoc", "Corvane", "Delphine", "Edrick", "Fenwick", "Gisella", "Hollis",
    "Ismene", "Jorvik", "Kestrel", "Lorimer", "Maddox", "Nerys", "Orsola", "Pellinor", "Quillon",
    "Rowena", "Sabine", "Tobin", "Ulric", "Vexley", "Wystan", "Xanthe", "Yorick-Moll", "Zephine",
  ]
  static let places = [
    "Vessen", "Aldermere", "Quarrow", "Thornwick", "Jessamy", "Ostrel", "Kyre", "Zell",
  ]
  static let ranks = ["Duke", "King", "Queen", "Prince", "Countess", "Warden"]
  static let genres = ["TRAGEDY", "COMEDY", "HISTORY", "LAMENT"]
  static let scenes = [
    "A hall in the castle", "Before the gates", "A field near the river", "Another room",
    "A garden in the moonlight near the walls", "A narrow street", "The harbour",
    "A chapel among the hills",
  ]
  static let numerals = ["I", "II", "III", "IV", "V"]

  static let nouns = [
    "lord", "crown", "love", "hand", "heart", "sword", "night", "word", "friend", "king", "eye",
    "heaven", "father", "grave", "brother", "sorrow", "morning", "river", "promise", "lantern",
    "winter", "garden", "harvest", "shadow", "mirror", "falcon", "letter", "captain", "banner",
    "candle", "mother", "kingdom", "daughter", "question", "quarrel", "traitor", "servant",
    "wound", "dream", "honour", "tower", "feather", "hunger", "vessel", "orchard", "anchor",
    "wolf", "thread", "ladder", "herald", "jewel", "bridge", "market", "drum", "fox", "puzzle",
    "counsel", "fortune", "sister", "stranger", "summer", "tongue", "bargain", "beggar", "cloud",
    "pardon", "weather", "rumour", "oath", "mountain", "forest", "pilgrim", "kettle", "sailor",
    "penny", "riddle", "saddle", "window", "judge", "zeal", "exile", "axe", "quill", "plough",
  ]
  static let adjectives = [
    "good", "sweet", "noble", "bitter", "gentle", "golden", "true", "cold", "weary", "proud",
    "silent", "broken", "honest", "ancient", "quiet", "hollow", "bright", "crooked", "humble",
    "wicked", "restless", "pale", "secret", "stubborn", "merry", "foolish", "vexed", "lazy",
    "faithful", "idle", "hungry", "lost", "patient", "rotten", "sudden", "tender", "borrowed",
    "frozen", "jealous", "civil", "drowsy", "exact",
  ]
  // Each takes an object; PlayVerse forms "lovest", "loves" and "loved" from "love".
  static let verbs = [
    "love", "know", "follow", "guard", "question", "honour", "fear", "trust", "hate", "serve",
    "mock", "answer", "forgive", "remember", "deceive", "mourn", "want", "praise", "summon",
    "poison", "reward", "wound", "measure", "borrow", "haunt", "command", "kindle", "ruin",
    "envy", "flatter", "banish", "gather", "swallow", "comfort", "betray", "welcome", "conquer",
    "abandon", "mistake", "examine",
  ]
  static let prepositions = ["in", "by", "beyond", "under", "before", "against", "beside"]
  static let plurals = ["We", "They", "All men", "The guards", "Our enemies"]
  static let possessives = ["my", "the", "thy", "our", "his", "her"]
  static let adverbs = ["never", "still", "ever", "gladly", "scarcely", "oft", "too late"]
  static let conjunctions = ["and", "for", "yet", "while", "as"]
  static let replies = ["Ay", "Nay", "Peace", "Well said", "Alas", "Enough", "Come"]

  /// Words that rhyme with those of their group; couplets end on two of one group.
  static let rhymes = [
    ["night", "light", "sight", "knight", "blight"], ["day", "clay", "way", "bay", "fray"],
    ["stone", "throne", "bone", "moan"], ["fire", "spire", "choir", "lyre", "mire"],
    ["heart", "art", "part", "dart", "cart"], ["sea", "tree", "key", "plea", "bee"],
    ["face", "grace", "place", "lace", "mace"], ["hand", "land", "sand", "strand", "band"],
    ["bell", "shell", "well", "spell", "dell"], ["air", "stair", "prayer", "snare", "hare"],
  ]
}
