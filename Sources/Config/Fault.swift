// What can be wrong with an experiment file, as data. Not a word of English here: the wording is in
// FaultMessages.swift, the layout in FaultText.swift.

/// One error in an experiment file: what is wrong, where, and places that explain it.
package struct Fault: Sendable, Hashable {
  package enum Place: Sendable, Hashable {
    case mark(Mark)
    case file(String)
  }

  package let kind: Kind
  package let place: Place
  package let notes: [Note]

  package init(_ kind: Kind, at mark: Mark, notes: [Note] = []) {
    self.kind = kind
    self.place = .mark(mark)
    self.notes = notes
  }

  /// A fault at a place of either kind.
  package init(_ kind: Kind, in place: Place, notes: [Note]) {
    self.kind = kind
    self.place = place
    self.notes = notes
  }

  /// A fault of a whole file, which has no line.
  package init(_ kind: Kind, file: String) {
    self.kind = kind
    self.place = .file(file)
    self.notes = []
  }
}

/// A second place that explains a fault, such as where the other key of a rule is set.
package struct Note: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// The same key was set here before.
    case firstSetHere(String)
    /// The other key of a rule is set here.
    case setHere(String)
    /// The other key of a rule is not written and has this value by default.
    case byDefault(key: String, value: String)
    /// What libyaml was reading, such as "while scanning a quoted scalar".
    case syntaxContext(String)
    /// Words of a component's own.
    case text(String)
  }

  package let kind: Kind
  package let mark: Mark?

  package init(_ kind: Kind, at mark: Mark? = nil) {
    self.kind = kind
    self.mark = mark
  }
}

extension Fault {
  /// What can go wrong with a file before its first character is read.
  package enum FileProblem: Sendable, Hashable {
    case missing, directory, notAFile, notPermitted
    case system(String)
  }

  /// The words of a layer above this one, which knows what the file is about.
  package struct Statement: Sendable, Hashable {
    package let message: String
    /// The lines after the caret.
    package let help: [String]
    /// Whether a text could not be understood, as against one that breaks a rule.
    package let isOfSpelling: Bool

    package init(_ message: String, help: [String] = [], isOfSpelling: Bool = false) {
      self.message = message
      self.help = help
      self.isOfSpelling = isOfSpelling
    }
  }

  /// What is wrong.
  ///
  /// Paths are dotted (`model.attention.heads`), values are as the user wrote them.
  package enum Kind: Sendable, Hashable {
    // The file.
    case unreadable(FileProblem)
    case tooManyBytes(Int, limit: Int)
    case notUTF8(isUTF16: Bool)
    case controlCharacter(UInt32)
    case emptyFile

    // The YAML.
    case syntax(String)
    case tab
    case duplicateKey(String)
    case keyIsNotText(String)
    case mergeKey
    case tag(String)
    case secondDocument
    case unknownAlias(String)
    case recursiveAlias(String)
    case tooManyNodes(limit: Int)
    case tooDeep(limit: Int)
    case rootIsNotAMapping(String)

    /// One that looks like a plain one: a no-break space, a minus sign, a typographic quote.
    case confusable(Confusable)

    // One value.
    /// What it perhaps means may lie in another section: then it is a whole path.
    case unknownKey(String, section: String, known: [String], meant: [String] = [])
    case unknownWord(String, path: String, choices: [Choice])
    case missing(String, expected: String)
    case noValue(String, expected: String)
    case wrongType(String, expected: String, found: String, hint: ValueHint?)
    case outOfRange(String, value: String, allowed: String)
    case emptyList(String, expected: String)

    // Rules between values.
    case notDivisible(key: String, value: Int, by: String, divisor: Int)
    case above(key: String, value: String, other: String, otherValue: String)
    case mustBeEven(String, value: Int)
    case conflict(String, with: String)
    case rule(String)

    /// What a layer above this one says, in its own words.
    case stated(Statement)
  }

  /// Whether the fault is in one value or key, whatever the rest of the file says.
  package var isLocal: Bool {
    switch kind {
    case .unknownKey, .unknownWord, .noValue, .wrongType, .outOfRange, .emptyList: true
    default: false
    }
  }

  /// Why a value has the wrong type though it looks right, and what to write instead.
  package enum ValueHint: Sendable, Hashable {
    case leadingZero(write: String)
    case sexagesimal(write: String)
    case otherBase(write: String)
    case underscore(write: String)
    case notWhole(write: String?)
    case quoted(write: String)
    case booleanWord(write: String)
    case notFinite
    case tooLarge
    case tooSmall
    case tooManyDigits(limit: Int)
    /// What a 32-bit float makes of it.
    case single(becomes: String)
  }
}

/// The faults of one reading, sorted by place, each once.
package struct Faults: Error, Sendable, Equatable {
  package let all: [Fault]

  package init(_ faults: some Sequence<Fault>) {
    var seen: Set<Fault> = []
    let once = faults.map(\.namingConfusable).filter { seen.insert($0).inserted }
    // The position breaks ties, since `sorted` does not promise to keep the order.
    all = once.enumerated().sorted { left, right in
      switch (left.element.place, right.element.place) {
      case (.mark(let first), .mark(let second)) where first != second: first < second
      case (.file, .mark): true
      case (.mark, .file): false
      default: left.offset < right.offset
      }
    }.map(\.element)
  }

  package init(file: String, _ kind: Fault.Kind) {
    self.init([Fault(kind, file: Wording.harmless(file))])
  }
}
