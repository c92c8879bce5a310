// All wording of errors, in one place. Lower case, no final full stop, quotes what the user wrote
// and says what is allowed. How a message is laid out is in FaultText.swift.

extension Fault.Kind {
  /// The sentence after `error:`.
  var message: String {
    switch self {
    case .unreadable(let problem): problem.message
    case .tooManyBytes(let bytes, let limit):
      "is \(Self.megabytes(bytes)) MB, but an experiment file may have \(limit >> 20) MB"
    case .notUTF8(isUTF16: true): "is UTF-16 text: save it as UTF-8"
    case .notUTF8(isUTF16: false): "not UTF-8 text: save the file as UTF-8"
    case .controlCharacter(let code):
      "control character U+\(Self.hexadecimal(code)): is this a text file?"
    case .emptyFile: "is empty: an experiment needs at least a model and a workload"

    case .syntax(let problem): "not valid YAML: \(Self.plain(problem))"
    case .tab: "a tab cannot stand here: YAML is indented with spaces"
    case .duplicateKey(let key): "duplicate key \(Wording.quote(key))"
    case .keyIsNotText(let found): "a key must be a word, not \(found)"
    case .mergeKey: "merge keys (<<) are not supported: repeat the keys, or use variants"
    case .tag(let tag): "tags such as \(Wording.quote(tag)) are not supported"
    case .secondDocument: "a second document begins here: one file holds one experiment"
    case .unknownAlias(let name): "unknown alias \(Wording.quote(name)): no anchor has that name"
    case .recursiveAlias(let name): "alias \(Wording.quote(name)) contains itself"
    case .tooManyNodes(let limit): "more than \(limit) values, aliases counted as what they repeat"
    case .tooDeep(let limit): "nested deeper than \(limit) levels"
    case .rootIsNotAMapping(let found): "an experiment file is a mapping (key: value), not \(found)"

    case .unknownKey(let key, let section, _):
      "unknown key \(Wording.quote(key))" + (section.isEmpty ? "" : " in \(section)")
    case .unknownWord(let word, let path, _): "unknown word \(Wording.quote(word)) for \(path)"
    case .missing(let path, let expected): "\(path) is missing: write \(expected)"
    case .noValue(let path, let expected):
      "\(path) has no value: write \(expected), or remove the line"
    case .wrongType(let path, let expected, let found, let hint):
      "\(path) must be \(expected), not \(found)" + (hint.map { ": \($0.message)" } ?? "")
    case .outOfRange(let path, let value, let allowed):
      "\(path) must be \(allowed), not \(Wording.harmless(value))"
    case .emptyList(let path, let expected): "\(path) is an empty list: write \(expected)"

    case .notDivisible(let key, let value, let other, let divisor):
      "\(key) (\(value)) must be a multiple of \(other) (\(divisor))"
    case .above(let key, let value, let other, let otherValue):
      "\(key) (\(value)) must not be above \(other) (\(otherValue))"
    case .mustBeEven(let what, let value): "\(what) (\(value)) must be even"
    case .conflict(let one, let other): "\(one) cannot be combined with \(other)"
    case .rule(let text): Wording.harmless(text)

    case .unknownVariant(let name, _): "unknown variant \(Wording.quote(name))"
    case .unknownAxis("seeds", _):
      "seeds are no axis: every cell runs once with each; write seeds=[1, 2]"
    case .unknownAxis(let path, _): "axis path \(Wording.quote(path)) is not an option"
    case .emptyAxis(let path): "axis \(Wording.quote(path)) has no values: write a list"
    case .excludeNeedsAxis(let key, _): "\(Wording.quote(key)) is not an axis of the matrix"
    case .excludeMatchesNothing(let axis, let value, _):
      "\(Wording.quote(axis)) is never \(Wording.harmless(value))"
    case .duplicateValue(let value, let list): "\(value) appears twice in \(list)"
    case .tooManyCells(let limit): "the matrix has more than \(limit) cells"
    case .nothingToRun: "every cell of the matrix is excluded"
    case .badName(let name, let what):
      "\(what) \(Wording.quote(name)) cannot be a folder name:"
        + " use up to 64 letters, digits, '-', '_', '+' and '.', beginning with a letter or digit"
    case .badRange(let text, let problem): problem.message(text)
    case .axisTwice(let path): "axis \(Wording.quote(path)) appears twice"
    case .tooManyAxes(let limit): "the matrix has more than \(limit) axes"
    case .unequalZip(let path, let count, let other, let otherCount):
      "zipped axes must have as many values as each other: \(other) has \(otherCount),"
        + " \(path) has \(count)"
    case .repeatedZip(let values):
      "\(Wording.harmless(values.joined(separator: ", "))) appears twice in zip"
    case .badExpression(let problem): problem.message
    case .unknownName(let name, _):
      "unknown name \(Wording.quote(name)): neither an axis nor an option; a text stands in quotes"

    case .badSetting(let text):
      "\(Wording.quote(text)) is not of the form path=value, such as model.layers=4"
    case .badPath(let path): "\(Wording.quote(path)) is not a dotted path such as model.layers"
    }
  }

  /// The lines after the caret: a suggestion, or what is known.
  var help: [String] {
    switch self {
    case .unknownKey(let key, _, let known):
      Suggestion.lines(for: key, among: known.map { ($0, "") }, what: "known keys")
    case .unknownWord(let word, _, let choices):
      Suggestion.lines(
        for: word, among: choices.map { ($0.word, $0.summary) }, what: "known words")
    case .unknownVariant(let name, let known):
      Suggestion.lines(for: name, among: known.map { ($0, "") }, what: "known variants")
    case .unknownAxis("seeds", _): []
    case .unknownAxis(let path, let known):
      Suggestion.lines(
        for: path, among: Self.nearby(path, known).map { ($0, "") }, what: "known options")
    case .excludeNeedsAxis(let key, let known):
      Suggestion.lines(for: key, among: known.map { ($0, "") }, what: "known axes")
    case .unknownName(let name, let known):
      Suggestion.lines(
        for: name, among: known.map { ($0, "") }, what: "known names")
    case .excludeMatchesNothing(_, let value, let known):
      Suggestion.lines(for: value, among: known.map { ($0, "") }, what: "its values")
    default: []
    }
  }

  /// The options of the section that a path stands in, or all of them where it has none.
  private static func nearby(_ path: String, _ known: [String]) -> [String] {
    func section(_ path: String) -> Substring? { path.lastIndex(of: ".").map { path[..<$0] } }
    let near = known.filter { $0 == section(path).map(String.init) || section($0) == section(path) }
    return near.isEmpty || Suggestion.nearest(to: path, among: known) != nil ? known : near
  }

  private static func megabytes(_ bytes: Int) -> String {
    let tenths = (bytes * 10) >> 20
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func hexadecimal(_ code: UInt32) -> String {
    let digits = String(code, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// libyaml's commonest complaints, in a user's words.
  private static func plain(_ problem: String) -> String {
    switch problem {
    case "mapping values are not allowed in this context":
      "a ':' cannot stand here; is the line indented too far, or a quote missing?"
    case "did not find expected key":
      "expected a 'key: value' line at the indentation of its neighbours"
    case "could not find expected ':'": "expected ':' after a key"
    case "block sequence entries are not allowed in this context":
      "a list item '-' cannot stand here"
    case "did not find expected ',' or ']'": "expected ',' or the ']' that closes the list"
    case "did not find expected ',' or '}'": "expected ',' or the '}' that closes the mapping"
    case "did not find expected '-' indicator":
      "expected a '- item' line at the indentation of its neighbours"
    case "did not find expected node content": "expected a value"
    case "found character that cannot start any token":
      "this character cannot begin a value; put the text in quotes"
    case "found unexpected end of stream": "the file ends inside a quoted text"
    case "found unknown escape character": "unknown escape in a double-quoted text"
    case "found undefined tag handle": "tags are not supported"
    default: Wording.harmless(problem)
    }
  }
}

extension Fault.FileProblem {
  var message: String {
    switch self {
    case .missing: "no such file"
    case .directory: "is a directory"
    case .notAFile: "is not a file"
    case .notPermitted: "cannot be read: permission denied"
    case .system(let text): "cannot be read: \(text)"
    }
  }
}

extension Fault.ValueHint {
  var message: String {
    switch self {
    case .leadingZero(let number): "write \(number), without the leading zero"
    case .sexagesimal(let number): "write \(number), or quote a text"
    case .otherBase(let number): "write \(number)"
    case .underscore(let number): "write \(number)"
    case .notWhole(let number): number.map { "write \($0)" } ?? "it has a fraction"
    case .quoted(let value): "write \(value) without quotes"
    case .booleanWord(let word): "write \(word)"
    case .notFinite: "it must be finite"
    case .tooLarge: "it is too large to represent"
    }
  }
}

extension Note {
  /// The sentence after `note:`.
  var message: String {
    switch kind {
    case .firstSetHere(let key): "\(Wording.quote(key)) is first set here"
    case .setHere(let key): "\(key) is set here"
    case .byDefault(let key, let value): "\(key) is \(value) by default"
    case .syntaxContext(let text): Wording.harmless(text)
    case .cell(let label): "in cell \(label)"
    case .text(let text): Wording.harmless(text)
    }
  }
}
