// `synthetic-plays`: play-like text of any length out of a seeded grammar, for where nothing can be downloaded.
// Not English worth reading and not a stand-in for real text: its losses compare only with themselves.

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
