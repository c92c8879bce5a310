// Which text an experiment asks for, and which one it accepts instead.
// Not where it lies: DataLocations says that, and DatasetLoader brings the two together.

internal import Config

/// A text that an experiment file can name.
package enum Dataset: Sendable, Equatable, CustomStringConvertible {
  /// `tiny-shakespeare`: looked up, else downloaded, its checksum verified.
  case tinyShakespeare
  /// `synthetic-plays`: built in.
  case syntheticPlays(SyntheticPlays = SyntheticPlays())
  /// The path of any UTF-8 text file.
  case file(String)

  /// The words that are not paths.
  package static let names = ["tiny-shakespeare", "synthetic-plays"]

  /// The data set that `word` names: one of `names`, or a path when there is a slash or a dot
  /// in it; nil for any other word, which is more likely misspelt than a file.
  package init?(_ word: String) {
    switch word {
    case "tiny-shakespeare": self = .tinyShakespeare
    case "synthetic-plays": self = .syntheticPlays()
    case _ where ReadType.path(or: Self.names).isPath(word): self = .file(word)
    default: return nil
    }
  }

  /// The word or path as it is written in an experiment file.
  package var description: String {
    switch self {
    case .tinyShakespeare: "tiny-shakespeare"
    case .syntheticPlays: "synthetic-plays"
    case .file(let path): path
    }
  }
}

/// What an experiment declares: a data set, and what to use where it cannot be had.
package struct DatasetDeclaration: Sendable, Equatable {
  package var dataset: Dataset
  /// nil: it is an error when the data set cannot be had.
  package var fallback: Dataset?

  package init(_ dataset: Dataset, fallback: Dataset? = nil) {
    self.dataset = dataset
    self.fallback = fallback
  }
}
