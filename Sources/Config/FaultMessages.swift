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
    case .confusable(let found): found.message
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

    case .unknownKey(let key, let section, _, _):
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

    case .stated(let statement): statement.message
    }
  }

  /// The lines after the caret: a suggestion, or what is known.
  var help: [String] {
    switch self {
    case .unknownKey(let key, _, let known, let meant):
      Suggestion.question(meant).map { [$0] }
        ?? Suggestion.lines(for: key, among: known.map { ($0, "") }, what: "known keys")
    case .unknownWord(let word, _, let choices):
      Suggestion.lines(
        for: word, among: choices.map { ($0.word, $0.summary) }, what: "known words")
    case .stated(let statement): statement.help
    default: []
    }
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
    case "did not find expected comment or line break":
      "a value that begins with '>' or '|' needs quotes around it"
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
  package var message: String {
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
    case .tooSmall: "it is too small to represent"
    case .tooManyDigits(let limit): "numbers have up to \(limit) digits"
    case .single(let number): "as a 32-bit float, which kernels compute in, it is \(number)"
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
    case .text(let text): Wording.harmless(text)
    }
  }
}
