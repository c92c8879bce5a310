// Collects what readers asked for and what was wrong with the answers, over one document.
// Reading itself is Section's; what to do with recordings is in YAMLText, JSONSchema and callers.

/// The faults of one reading of one document, and the roots that were read.
///
/// It knows the sections, and they do not know it: what was read goes with whoever asked for it.
package final class Recorder {
  let faults = FaultList()
  private var roots: [Section] = []

  package init() {}

  func opened(_ root: Section) { roots.append(root) }

  /// All faults, keys that nobody asked for included; called when all reading is done.
  package func finish() -> [Fault] {
    Faults(faults.all + roots.flatMap(\.allUnknownKeys)).all
  }
}

/// Faults as they are found.
final class FaultList {
  private(set) var all: [Fault] = []

  func record(_ fault: Fault) { all.append(fault) }
}

/// One of a list of components: its word and its options.
package struct ListedComponent: Sendable, Hashable {
  package let word: JSON
  package let options: Recording

  init(_ word: JSON, _ options: Recording) {
    self.word = word
    self.options = options
  }
}

/// What was read in one section, in read order: a snapshot for documentation and schemas.
package struct Recording: Sendable, Hashable {
  package enum Item: Sendable, Hashable {
    case option(Read)
    /// - Parameter bareKey: the key that a bare word in its place stands for.
    case section(key: String, doc: String, bareKey: String? = nil, Recording)
    case component(Read, options: Recording)
    /// A list of components; the options of each are at the path `position.0`, `position.1`.
    case components(Read, [ListedComponent])
  }

  package let path: String
  package let items: [Item]
  /// What is written here and could not be read, as it is written: unknown keys, and known ones
  /// with wrong values.
  package let unread: [JSON.Member]

  package init(path: String, items: [Item], unread: [JSON.Member] = []) {
    self.path = path
    self.items = items
    self.unread = unread
  }

  /// What `body` reads from a section in which nothing is written: the options and their defaults.
  package static func ofDefaults(path: String = "", _ body: (Section) -> Void) -> Recording {
    let section = Section.empty(path: path)
    body(section)
    return section.recording
  }

  /// All options in read order, nested ones after the key that holds them.
  package var options: [Read] {
    items.flatMap { item -> [Read] in
      switch item {
      case .option(let read): [read]
      case .section(_, _, _, let inner): inner.options
      case .component(let read, let inner): [read] + inner.options
      case .components(let read, let parts): [read] + parts.flatMap(\.options.options)
      }
    }
  }

  /// The sections in whose place a bare word may stand, with the option that it then is.
  package var bareWords: [(path: String, option: Read)] {
    items.flatMap { item -> [(path: String, option: Read)] in
      switch item {
      case .option: return []
      case .section(_, _, let bareKey, let inner):
        let own = inner.options.first { $0.key == bareKey }.map { [(inner.path, $0)] }
        return (own ?? []) + inner.bareWords
      case .component(_, let inner): return inner.bareWords
      case .components(_, let parts): return parts.flatMap(\.options.bareWords)
      }
    }
  }

  /// The paths of components, with the word that each has.
  package var componentTypes: [(path: String, word: String)] {
    items.flatMap { item -> [(path: String, word: String)] in
      switch item {
      case .option: return []
      case .section(_, _, _, let inner): return inner.componentTypes
      case .component(let read, let inner):
        return (read.value.text.map { [(read.path, $0)] } ?? []) + inner.componentTypes
      case .components(_, let parts): return parts.flatMap(\.options.componentTypes)
      }
    }
  }

  /// The options whose values followed from others, with the rules that they followed.
  package var derived: [DerivedValue] {
    var found: [DerivedValue] = []
    addDerived(to: &found)
    return found
  }

  private func addDerived(to found: inout [DerivedValue]) {
    for item in items {
      switch item {
      case .option(let read):
        if let derived = read.derived { found.append(derived) }
      case .section(let key, _, _, let inner):
        if !isUnread(key) { inner.addDerived(to: &found) }
      case .component(let read, let inner):
        if !isUnread(read.key) { inner.addDerived(to: &found) }
      case .components(let read, let parts):
        if isUnread(read.key) { continue }
        for part in parts { part.options.addDerived(to: &found) }
      }
    }
  }

  /// The resolved values, defaults included; a component is a mapping with `type` first.
  ///
  /// What could not be read has its default, and unknown keys are left out.
  package var value: JSON { .object(fields(keepingUnread: false)) }

  /// The same with everything that could not be read as it is written.
  package var valueWithUnread: JSON { .object(fields(keepingUnread: true)) }

  fileprivate func fields(keepingUnread: Bool) -> [JSON.Member] {
    let kept = keepingUnread ? unread : []
    let known = items.map { item in
      let field = item.field(keepingUnread: keepingUnread)
      return kept.first { $0.key == field.key } ?? field
    }
    return known + kept.filter { field in !known.contains { $0.key == field.key } }
  }

  private func isUnread(_ key: String) -> Bool { unread.contains { $0.key == key } }
}

extension Recording.Item {
  fileprivate func field(keepingUnread: Bool) -> JSON.Member {
    switch self {
    case .option(let read):
      let isUnset = read.value == .null && read.absence != .required
      return JSON.Member(read.key, read.value, comment: isUnset ? read.shownDefault : nil)
    case .section(let key, _, _, let inner):
      return JSON.Member(key, .object(inner.fields(keepingUnread: keepingUnread)))
    case .component(let read, let inner):
      return JSON.Member(read.key, inner.component(read.value, keepingUnread))
    case .components(let read, let parts):
      return JSON.Member(
        read.key, .array(parts.map { $0.options.component($0.word, keepingUnread) }))
    }
  }
}

extension Recording {
  /// A component with these options.
  fileprivate func component(_ word: JSON, _ keepingUnread: Bool) -> JSON {
    .object([JSON.Member("type", word)] + fields(keepingUnread: keepingUnread))
  }
}

/// How a value followed from other options; the value itself is among those that were read.
package struct DerivedValue: Sendable, Hashable {
  /// Dotted, from the root of the document.
  package let path: String
  /// "a tenth of lr".
  package let rule: String
  /// The share that is written of it, `5 %`; nil where it is a default.
  package let share: String?
}

extension Read {
  /// Nil where the value does not follow from other options.
  fileprivate var derived: DerivedValue? {
    if let share, case .share(let whole, _) = type {
      return DerivedValue(path: path, rule: "a share of \(whole)", share: share)
    }
    guard isDerived, case .derived(_, let rule) = absence else { return nil }
    return DerivedValue(path: path, rule: rule, share: nil)
  }
}

extension JSON {
  /// The value of an option in these resolved values; nil where they have none.
  ///
  /// - Parameter path: as a reader has it: of a list of components with the place, `position.0`.
  package func option(at path: String) -> JSON? {
    path.split(separator: ".").reduce(self as JSON?) { value, key in
      guard case .array(let items)? = value else { return value?[String(key)] }
      return Int(key).flatMap { items.indices.contains($0) ? items[$0] : nil }
    }
  }

  /// These resolved values as a document that is read again: derived defaults are null and shares
  /// are shares, so that they follow whatever is laid over the document, with their rules as
  /// comments.
  ///
  /// - Parameter showsValues: whether the comments tell the values as well.
  package func deriving(_ values: [DerivedValue], showsValues: Bool = false) -> JSON {
    deriving(values.map { ($0.path.split(separator: "."), $0) }, showsValues, at: 0)
  }

  /// - Parameters:
  ///   - values: those at or below this place, with the keys of their paths.
  ///   - depth: how many of the keys lead here.
  private func deriving(
    _ values: [(keys: [Substring], value: DerivedValue)], _ showsValues: Bool, at depth: Int
  ) -> JSON {
    func below(_ key: String) -> [(keys: [Substring], value: DerivedValue)] {
      values.filter { depth < $0.keys.count && $0.keys[depth] == key }
    }
    switch self {
    case .array(let items):
      return .array(
        items.enumerated().map { $1.deriving(below(String($0)), showsValues, at: depth + 1) })
    case .object(let fields):
      return .object(
        fields.map { field in
          let values = below(field.key)
          // Most of a document is written or a plain default, and stays as it is.
          if values.isEmpty { return field }
          if let derived = values.last(where: { $0.keys.count == depth + 1 })?.value {
            let value = showsValues ? "\(field.value.inlineYAML), " : ""
            return Member(field.key, .string(derived.share), comment: value + derived.rule)
          }
          return Member(
            field.key, field.value.deriving(values, showsValues, at: depth + 1),
            comment: field.comment)
        })
    default: return self
    }
  }
}
