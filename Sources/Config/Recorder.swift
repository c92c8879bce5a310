// Collects what readers asked for and what was wrong with the answers, over one document.
// Reading itself is Section's; what to do with recordings is in YAMLText, JSONSchema and callers.

/// The faults of one reading of one document, and the sections that were opened.
package final class Recorder {
  private var faults: [Fault] = []
  private var sections: [Section] = []

  package init() {}

  func record(_ fault: Fault) { faults.append(fault) }
  func opened(_ section: Section) { sections.append(section) }

  /// All faults, keys that nobody asked for included; called when all reading is done.
  package func finish() -> [Fault] {
    Faults(faults + sections.flatMap(\.unknownKeys)).all
  }
}

/// What was read in one section, in read order: a snapshot for documentation and schemas.
package struct Recording: Sendable, Hashable {
  package enum Item: Sendable, Hashable {
    case option(Read)
    case section(key: String, doc: String, Recording)
    case component(Read, options: Recording)
  }

  package let path: String
  package let items: [Item]

  package init(path: String, items: [Item]) {
    self.path = path
    self.items = items
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
      case .section(_, _, let inner): inner.options
      case .component(let read, let inner): [read] + inner.options
      }
    }
  }

  /// The paths of components whose `type` was not written, with the word that is the default.
  package var defaultedTypes: [(path: String, word: String)] {
    items.flatMap { item -> [(path: String, word: String)] in
      switch item {
      case .option: return []
      case .section(_, _, let inner): return inner.defaultedTypes
      case .component(let read, let inner):
        guard !read.isWritten, case .text(let word) = read.value else {
          return inner.defaultedTypes
        }
        return [(read.path, word)] + inner.defaultedTypes
      }
    }
  }

  /// The resolved values, defaults included; a component is a mapping with `type` first.
  package var value: Value {
    .mapping(
      items.map { item in
        switch item {
        case .option(let read):
          let isUnset = read.value == .null && read.absence != .required
          return Value.Field(read.key, read.value, comment: isUnset ? read.shownDefault : nil)
        case .section(let key, _, let inner): return Value.Field(key, inner.value)
        case .component(let read, let inner):
          guard case .mapping(let fields) = inner.value else {
            return Value.Field(read.key, read.value)
          }
          return Value.Field(read.key, .mapping([Value.Field("type", read.value)] + fields))
        }
      })
  }
}
