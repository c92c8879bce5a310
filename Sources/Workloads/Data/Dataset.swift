// Which text an experiment asks for, and which one it accepts instead.
// Not where it lies: DataLocations says that, and DatasetLoader brings the two together.

package import Config
internal import Synchronization

/// A text that an experiment file can name.
package enum Dataset: Sendable, Equatable, CustomStringConvertible {
  /// `tiny-shakespeare`: looked up, else downloaded, its checksum verified.
  case tinyShakespeare
  /// `synthetic-plays`: built in.
  case syntheticPlays(SyntheticPlays = SyntheticPlays())
  /// `synthetic-ids`: the bytes of the first of these plays, as token ids; built in.
  case syntheticIDs
  /// The path of any UTF-8 text file.
  case file(String)

  /// The words that are not paths.
  package static let names = ["tiny-shakespeare", "synthetic-plays", "synthetic-ids"]

  /// The data set that `word` names: one of `names`, or a path when there is a slash or a dot
  /// in it; nil for any other word, which is more likely misspelt than a file.
  package init?(_ word: String) {
    switch word {
    case "tiny-shakespeare": self = .tinyShakespeare
    case "synthetic-plays": self = .syntheticPlays()
    case "synthetic-ids": self = .syntheticIDs
    case _ where ReadType.path(or: Self.names, allowsBare: false).isPath(word): self = .file(word)
    default: return nil
    }
  }

  /// The word or path as it is written in an experiment file.
  package var description: String {
    switch self {
    case .tinyShakespeare: "tiny-shakespeare"
    case .syntheticPlays: "synthetic-plays"
    case .syntheticIDs: "synthetic-ids"
    case .file(let path): path
    }
  }
}

/// What an experiment declares: a data set, and what to use where it cannot be had.
package struct DatasetDeclaration: Sendable, Equatable {
  /// The cells of a matrix mostly declare the same: as one reference, until one is changed.
  private var shared: Shared

  fileprivate struct Values: Sendable {
    var dataset: Dataset
    var fallback, validation: Dataset?
    var tokens: TokenKind
    var tokenizer = TokenizerSource()
    var mark, validationMark: Mark?
  }

  fileprivate final class Shared: @unchecked Sendable {
    var values: Values

    init(_ values: Values) { self.values = values }
  }

  private var values: Values {
    get { shared.values }
    _modify {
      if !isKnownUniquelyReferenced(&shared) { shared = Shared(shared.values) }
      yield &shared.values
    }
  }

  package var dataset: Dataset {
    get { shared.values.dataset }
    set { values.dataset = newValue }
  }
  /// nil: it is an error when the data set cannot be had.
  package var fallback: Dataset? {
    get { shared.values.fallback }
    set { values.fallback = newValue }
  }
  /// A text to validate on; nil for the last tenth of the data set.
  package var validation: Dataset? {
    get { shared.values.validation }
    set { values.validation = newValue }
  }
  /// How its file is written.
  package var tokens: TokenKind {
    get { shared.values.tokens }
    set { values.tokens = newValue }
  }
  /// What turns it into tokens.
  package var tokenizer: TokenizerSource {
    get { shared.values.tokenizer }
    set { values.tokenizer = newValue }
  }
  /// Where it is written, for faults.
  var mark: Mark? { shared.values.mark }
  /// Where the text to validate on is.
  var validationMark: Mark? { shared.values.validationMark }

  package init(_ dataset: Dataset, fallback: Dataset? = nil, tokens: TokenKind = .characters) {
    shared = Shared(Values(dataset: dataset, fallback: fallback, tokens: tokens))
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.shared === right.shared || left.shared.values.isSame(as: right.shared.values)
  }

  /// Whether both are in one place of memory.
  package func isShared(with other: Self) -> Bool { shared === other.shared }
}

extension DatasetDeclaration.Values {
  fileprivate func isSame(as other: Self) -> Bool {
    dataset == other.dataset && fallback == other.fallback && validation == other.validation
      && tokens == other.tokens && tokenizer == other.tokenizer
  }

  fileprivate var marks: [Mark?] {
    [mark, validationMark, tokenizer.mark, tokenizer.fallbackMark]
  }
}

/// The declarations that were read last.
private enum RecentDeclarations {
  private static let most = 8
  private static let all = Mutex<[DatasetDeclaration.Shared]>([])

  /// The one with these values and at these places, where it is among them.
  static func find(_ values: DatasetDeclaration.Values) -> DatasetDeclaration.Shared {
    all.withLock { all in
      let marks = values.marks
      if let known = all.first(where: {
        $0.values.isSame(as: values) && $0.values.marks == marks
      }) {
        return known
      }
      let new = DatasetDeclaration.Shared(values)
      all = [new] + all.prefix(most - 1)
      return new
    }
  }
}

/// The tokenizer that an experiment declares.
package struct TokenizerSource: Sendable, Equatable {
  /// The word of one whose tokens are the characters of the text.
  package static let char = "char"
  /// The words that are no paths.
  package static let words = [char, StoredTokenizer.byte]

  /// A path or a word; nil for that of the stored model, or characters where there is none.
  package var path: String?
  /// What stands in where there is nothing at `path`; nil: that is an error.
  package var fallback: String?
  /// Where both are written, for faults.
  fileprivate var mark, fallbackMark: Mark?

  package static func == (left: Self, right: Self) -> Bool {
    left.path == right.path && left.fallback == right.fallback
  }
}

extension DatasetDeclaration {
  /// What a user should know before it is trained on.
  var warnings: [String] {
    validation == dataset
      ? [
        "the text to validate on is the one to train on, '\(dataset)': its loss tells nothing of "
          + "other texts"
      ] : []
  }

  /// Reports a tokenizer that is none.
  ///
  /// - Parameter demandsText: whether to report a text too that is not there, or none; but for one
  ///   that a run may download.
  package func check(_ error: DataError, demandsText: Bool) throws(Faults) {
    if !demandsText, !error.isOfTokenizer { return }
    if case .unavailable = error { return }
    guard let mark = mark(of: error) else { return }
    throw Faults([Fault(.rule(error.summary), at: mark)])
  }

  /// Reports a text of so many tokens that has no room for a sequence in each of its splits.
  func check(_ size: TextCorpus.Size, sequence: Int) throws(Faults) {
    guard mark != nil else { return }
    do throws(DataError) {
      try size.check(
        of: dataset.description, validatedOn: validation?.description, sequence: sequence)
    } catch {
      guard let mark = mark(of: error) else { return }
      throw Faults([Fault(.rule(error.description), at: mark)])
    }
  }

  /// Where what an error is about is written.
  private func mark(of error: DataError) -> Mark? {
    let place = error.place
    func names(_ word: String?) -> Bool { word != nil && word == place }
    if error.isOfTokenizer {
      return (names(tokenizer.fallback) ? tokenizer.fallbackMark : tokenizer.mark) ?? mark
    }
    return names(validation?.description) && place != dataset.description
      ? validationMark ?? mark : mark
  }
}

// How an experiment file says which text it reads: the `dataset` section of a workload.

extension DatasetDeclaration {
  /// Reads the section `dataset`; a word that names nothing is a fault.
  init(_ options: Section) {
    let section = options.section("dataset", bareKey: "name", "the text to read")
    let name = section.read(
      "name", .path(or: Dataset.names, allowsBare: false), default: "tiny-shakespeare",
      "tiny-shakespeare, synthetic-plays, synthetic-ids, or a file's path")
    let fallback = section.read(
      "fallback", .path(or: Dataset.names, allowsBare: false), absent: "an error",
      "what to use where that cannot be had")
    let tokens = section.read(
      "tokens",
      .choice(of: [
        Choice("characters", "it is a text, which `tokenizer` turns into tokens"),
        Choice("ids", "it is a list of numbers, which a tokenizer has made"),
      ]), default: TokenKind.characters.rawValue, "how the text is written")
    var values = Values(
      dataset: Self.dataset(name, "name", section) ?? .tinyShakespeare,
      fallback: fallback.flatMap { Self.dataset($0, "fallback", section) },
      tokens: TokenKind(rawValue: tokens) ?? .characters)
    values.validation = section.read(
      "validation", .path(or: Dataset.names, allowsBare: false),
      absent: "the last tenth of the text",
      "the text to validate on; all of `name` is trained on then"
    ).flatMap { Self.dataset($0, "validation", section) }
    values.tokenizer = TokenizerSource(section)
    if values.tokens == .ids, values.tokenizer.path != nil {
      section.section("tokenizer", bareKey: "from", "").fault(
        "from", because: .rule("a text of token ids has its tokens already"))
    }
    values.mark = section.mark(of: "name") ?? section.mark
    values.validationMark = section.mark(of: "validation")
    shared = RecentDeclarations.find(values)
  }

  private static func dataset(_ word: String, _ key: String, _ section: Section) -> Dataset? {
    if let dataset = Dataset(word) { return dataset }
    if ImageDataset.names.contains(word) {
      section.fault(
        key,
        because: .rule(
          "'\(word)' are images, which the workloads '\(Classify.word)' and '\(Resolution.word)' "
            + "read"))
      return nil
    }
    section.fault(
      key,
      because: .unknownWord(
        word, path: section.path(of: key),
        choices: [
          Choice("tiny-shakespeare", "40,000 lines of Shakespeare's plays"),
          Choice("synthetic-plays", "built-in text in the manner of a play"),
          Choice("synthetic-ids", "the same as token ids, a byte each"),
          Choice("./FILE.txt", "any UTF-8 text file"),
        ]))
    return nil
  }
}

extension TokenizerSource {
  /// Reads the section `tokenizer` of a data set.
  fileprivate init(_ dataset: Section) {
    let section = dataset.section(
      "tokenizer", bareKey: "from", "what turns the text into tokens")
    let from = section.read(
      "from", .path(or: Self.words, allowsBare: false),
      absent: "that of the model at model.from, else char",
      "char, a token a character; byte, a token a byte; or where a tokenizer is: a folder with its "
        + "files, one of them, a model's folder, or a GGUF file")
    let other = section.read(
      "fallback", .path(or: Self.words, allowsBare: false), absent: "an error",
      "what stands in where there is nothing at `from`")
    path = from.flatMap { Self.source($0, "from", section) }
    fallback = other.flatMap { Self.source($0, "fallback", section) }
    mark = section.mark(of: "from")
    fallbackMark = section.mark(of: "fallback")
    if fallback != nil, from == nil {
      section.fault(
        "fallback",
        because: .rule("a fallback stands in for the tokenizer at 'from', which is not given"),
        isOfKey: true)
    }
  }

  /// A word or a path; nil, with a fault, for a word that is neither: a path has a slash or a dot.
  private static func source(_ word: String, _ key: String, _ section: Section) -> String? {
    if words.contains(word) || ReadType.path(or: words, allowsBare: false).isPath(word) {
      return word
    }
    section.fault(
      key,
      because: .unknownWord(
        word, path: section.path(of: key),
        choices: [
          Choice(char, "a token a character"), Choice(StoredTokenizer.byte, "a token a byte"),
          Choice("./FOLDER", "a folder, a file of a tokenizer, or a GGUF file, by its path"),
        ]))
    return nil
  }
}

// A text that is known by its checksum: where it may lie on this machine and where it can be
// downloaded. Not the text itself: the repository holds no downloaded text.

/// A published text: its name, its address, and what proves that a file is it.
package struct RemoteText: Sendable, Equatable {
  /// The word in an experiment file, and the folder in the cache.
  package var name: String
  /// Where curl finds it.
  package var address: String
  /// Its size in bytes.
  package var bytes: Int
  /// Its SHA-256, 64 lower-case hexadecimal digits.
  package var sha256: String
  /// Where it may lie below a data folder, tried in this order.
  package var files: [String]

  package init(name: String, address: String, bytes: Int, sha256: String, files: [String]) {
    self.name = name
    self.address = address
    self.bytes = bytes
    self.sha256 = sha256
    self.files = files
  }

  /// What is downloaded.
  package var file: RemoteFile { RemoteFile(address: address, bytes: bytes, sha256: sha256) }

  /// Where it is kept below the cache folder.
  package var cacheFile: String { "\(name)/input.txt" }

  /// Tiny Shakespeare: 1,115,394 characters of the plays, 65 distinct, as char-rnn published them
  /// (Karpathy, "The unreasonable effectiveness of recurrent neural networks", 2015).
  package static let tinyShakespeare = RemoteText(
    name: "tiny-shakespeare",
    address: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/"
      + "tinyshakespeare/input.txt",
    bytes: 1_115_394,
    sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    files: [
      "tinyshakespeare/input.txt", "tiny-shakespeare/input.txt", "tiny-shakespeare.txt",
      "input.txt",
    ])
}
