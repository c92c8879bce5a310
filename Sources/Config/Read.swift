// One option as it was read: everything that documentation, schema and resolved file need to know.

/// One word of a choice, with what it means.
package struct Choice: Sendable, Hashable {
  package let word: String
  package let summary: String

  package init(_ word: String, _ summary: String) {
    self.word = word
    self.summary = summary
  }
}

/// The kind of value an option has.
package enum ReadType: Sendable, Hashable {
  case integer(Bounds<Int>)
  case number(Bounds<Double>)
  /// A number, or so many per cent of the value of the option that is named.
  indirect case share(of: String, or: ReadType)
  case boolean
  case text
  /// A file or a folder, or one of the words.
  case path(or: [String], allowsBare: Bool)
  case word([Choice])
  /// A component: a bare word, or a mapping with `type` and options.
  case component([Choice])
  /// One value or a list of values; `none` is allowed as an element where `noneWord` says so.
  indirect case list(of: ReadType, noneWord: String?)
  /// As many values as there are names, in this order.
  indirect case tuple(of: ReadType, names: [String])

  /// As in "must be ...".
  package var expected: String {
    switch self {
    case .integer(let bounds): "a whole number" + (bounds.text.map { " " + $0 } ?? "")
    case .number(let bounds): "a number" + (bounds.text.map { " " + $0 } ?? "")
    case .share(let whole, let number): "\(number.expected), or a share of \(whole) such as 5 %"
    case .boolean: "true or false"
    case .text: "a text"
    case .path(let words, _): (words + ["a path"]).joined(separator: " or ")
    case .word(let choices), .component(let choices):
      choices.count == 1 ? choices[0].word : "one of " + Self.list(choices)
    case .list(let element, nil): "\(element.expected), or a list of such"
    case .list(let element, let none?): "\(element.expected), \(none), or a list of such"
    case .tuple(let element, let names):
      "a list [\(names.joined(separator: ", "))], each \(element.expected)"
    }
  }

  /// The column "type" of the documentation.
  package var name: String {
    switch self {
    case .integer: "whole number"
    case .number: "number"
    case .share(_, let number): "\(number.name) or share"
    case .boolean: "true or false"
    case .text: "text"
    case .path: "path"
    case .word: "word"
    case .component: "component"
    case .list(let element, let none): "\(element.name)\(none.map { " or \($0)" } ?? ""), or a list"
    case .tuple(let element, let names): "list of \(names.count): \(element.name)"
    }
  }

  /// The column "allowed" of the documentation; empty when the type says it all.
  package var allowed: String {
    switch self {
    case .integer(let bounds): bounds.text ?? ""
    case .number(let bounds): bounds.text ?? ""
    case .share(let whole, let number): "\(number.allowed), or up to 100 % of \(whole)"
    case .boolean, .text, .path: ""
    case .word(let choices), .component(let choices): Self.list(choices)
    case .list(let element, _), .tuple(let element, _): element.allowed
    }
  }

  private static func list(_ choices: [Choice]) -> String {
    choices.map(\.word).joined(separator: ", ")
  }
}

/// What it means that an option is not written.
package enum Absence: Sendable, Hashable {
  /// This value.
  case value(JSON)
  /// A value that follows from other options, and by which rule: "a tenth of steps"; null says the
  /// same.
  case derived(JSON, rule: String)
  /// That it has none, and what that means; null says the same.
  case none(String)
  /// A fault.
  case required
}

/// One read of an option: key, type, default, allowed values, doc sentence, and what it came to.
package struct Read: Sendable, Hashable {
  private struct Contents: Sendable, Hashable {
    let path, key: String
    let type: ReadType
    let absence: Absence
    let doc: String
    let value: JSON
    let isWritten: Bool
    let share: String?
  }

  /// Reads are handed on a great many times, as one reference.
  private final class Shared: Sendable {
    let contents: Contents

    init(_ contents: Contents) { self.contents = contents }
  }

  private let shared: Shared

  init(
    path: String, key: String, type: ReadType, absence: Absence, doc: String, value: JSON,
    isWritten: Bool, share: String?
  ) {
    shared = Shared(
      Contents(
        path: path, key: key, type: type, absence: absence, doc: doc, value: value,
        isWritten: isWritten, share: share))
  }

  /// Dotted, from the root of the document: `model.attention.kv_heads`.
  package var path: String { shared.contents.path }
  package var key: String { shared.contents.key }
  package var type: ReadType { shared.contents.type }
  package var absence: Absence { shared.contents.absence }
  package var doc: String { shared.contents.doc }
  /// The value read, or the default.
  package var value: JSON { shared.contents.value }
  /// Whether the file (or an overlay) gives it a value; null is none.
  package var isWritten: Bool { shared.contents.isWritten }
  /// How the value is written, `5 %`, where it is a share of another option's; else nil.
  package var share: String? { shared.contents.share }

  package static func == (left: Read, right: Read) -> Bool {
    left.shared === right.shared || left.shared.contents == right.shared.contents
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(shared.contents) }

  /// Whether its value followed from other options.
  package var isDerived: Bool {
    if case .derived = absence { !isWritten } else { false }
  }

  /// The default as the documentation shows it.
  package var shownDefault: String {
    switch absence {
    case .value(let value): value.inlineYAML
    case .derived(_, let rule): rule
    case .none(let meaning): meaning
    case .required: "required"
    }
  }
}
