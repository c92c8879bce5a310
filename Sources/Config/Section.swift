// The recording reader over one mapping: its options, nested mappings, faults and rules between
// keys. Components, which are a word with options of its own, are read in Section+Components.swift.

/// Reads the options of one mapping.
///
/// Each call states key, type, default, allowed range and a doc sentence; a bad value records a
/// fault and yields the default, so that reading goes on.
package final class Section {
  /// Dotted, from the root of the document; empty at the root.
  package let path: String
  /// Where the section is written; where its parent is, if it is absent.
  package let mark: Mark
  /// Whether the document has this section.
  package let isWritten: Bool
  let faults: FaultList
  /// A muted section stands in for one that could not be read: it records no faults.
  package let isMuted: Bool
  private let entries: [Entry]
  // One thread reads a section, and no access to what changes lasts while another begins, so Swift
  // need not check for that.
  /// Whether each was looked up.
  @exclusivity(unchecked) private var areAsked: [Bool]
  /// The place of each key, of so many that looking through them would take longer.
  private lazy var places = Dictionary(
    zip(entries.map(\.key), entries.indices), uniquingKeysWith: { first, _ in first })
  private static let few = 32
  @exclusivity(unchecked) private var items: [(key: String, item: Item)] = []
  /// The place of each, of so many of them again.
  @exclusivity(unchecked) private var itemPlaces: [String: Int] = [:]
  /// Keys that were looked up, some of them more than once.
  @exclusivity(unchecked) private var asked: [String] = []
  @exclusivity(unchecked) private var faulted: Set<String> = []

  enum Item {
    case option(Read)
    case section(doc: String, bareKey: String?, Section)
    case component(Read, options: Section)
    case components(Read, [(word: String, options: Section)])
  }

  /// Reads the root of a document; anything but a mapping is taken as an empty one.
  package convenience init(root: Node, recorder: Recorder) {
    self.init(path: "", entries: root.entries ?? [], mark: root.mark, faults: recorder.faults)
    recorder.opened(self)
  }

  init(
    path: String, entries: [Entry], mark: Mark, faults: FaultList, isWritten: Bool = true,
    isMuted: Bool = false
  ) {
    self.path = path
    self.mark = mark
    self.faults = faults
    self.isWritten = isWritten
    self.isMuted = isMuted
    self.entries = entries
    areAsked = [Bool](repeating: false, count: entries.count)
  }

  /// A section in which nothing is written, for documentation.
  package static func empty(path: String = "") -> Section {
    let source = Source(name: "defaults", text: "")
    return Section(
      path: path, entries: [], mark: Mark(source: source, line: 1, column: 1),
      faults: FaultList(), isWritten: false)
  }

  /// The same section, of which nothing was read yet; its faults are nobody's.
  package var unread: Section {
    Section(path: path, entries: entries, mark: mark, faults: FaultList(), isWritten: isWritten)
  }

  /// Whether it is the very same mapping of a document, not one that says the like.
  package func isWritten(as other: Section) -> Bool {
    let isSame = entries.withUnsafeBufferPointer { own in
      other.entries.withUnsafeBufferPointer {
        own.count == $0.count && own.baseAddress == $0.baseAddress
      }
    }
    return isSame && (path, mark) == (other.path, other.mark)
      && (isWritten, isMuted) == (other.isWritten, other.isMuted)
  }

  /// Takes over what was read of another section that is the very same, and of all below it; faults
  /// that are found from now on are its own.
  package func adopt(_ other: Section) {
    areAsked = other.areAsked
    items = other.items.map { (key: $0.key, item: $0.item.copied(faults)) }
    itemPlaces = other.itemPlaces
    asked = other.asked
    faulted = other.faulted
  }

  /// The same section with what was read of it; its faults are nobody's.
  package var copied: Section { copied(FaultList()) }

  fileprivate func copied(_ faults: FaultList) -> Section {
    let copy = Section(
      path: path, entries: entries, mark: mark, faults: faults, isWritten: isWritten,
      isMuted: isMuted)
    copy.adopt(self)
    return copy
  }

  /// The faults that were found in it, and in all sections that were read with it.
  package var recordedFaults: [Fault] { faults.all }

  /// The keys that are written, in order; does not count as asking for them.
  package var writtenKeys: [String] { entries.map(\.key) }

  /// What was read so far.
  package var recording: Recording {
    Recording(
      path: path,
      items: items.map { entry in
        switch entry.item {
        case .option(let read): .option(read)
        case .section(let doc, let bareKey, let inner):
          .section(key: entry.key, doc: doc, bareKey: bareKey, inner.recording)
        case .component(let read, let inner): .component(read, options: inner.recording)
        case .components(let read, let parts):
          .components(
            read,
            zip(read.value.elements, parts).map { ListedComponent($0, $1.options.recording) })
        }
      },
      unread: unreadMembers)
  }

  /// What is written here and could not be read.
  private var unreadMembers: [JSON.Member] {
    // Mostly there is nothing of that.
    if faulted.isEmpty, !areAsked.contains(false) { return [] }
    return zip(entries, areAsked).filter { !$1 || faulted.contains($0.key) }
      .map { entry, _ in JSON.Member(entry.key, entry.value.value) }
  }

  /// The dotted path of a key of this section.
  package func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  // MARK: Options

  /// An option with a default.
  package func read<Result>(
    _ key: String, _ type: OptionType<Result>, default fallback: Result, _ doc: String
  ) -> Result {
    read(key, type, .value(type.encode(fallback)), doc) ?? fallback
  }

  /// An option whose default follows from other options of the document.
  ///
  /// Null asks for it, as absence does. It is worked out for each cell, from the values that axes
  /// and settings gave.
  ///
  /// - Parameter rule: how it follows: "a tenth of steps".
  package func read<Result>(
    _ key: String, _ type: OptionType<Result>, derived value: Result, rule: String, _ doc: String
  ) -> Result {
    read(key, type, .derived(type.encode(value), rule: rule), doc) ?? value
  }

  /// An option that may be absent or null; `meaning` says what that means.
  package func read<Result>(
    _ key: String, _ type: OptionType<Result>, absent meaning: String, _ doc: String
  ) -> Result? {
    read(key, type, .none(meaning), doc)
  }

  /// An option that must be written; nil, with a fault, when it is not.
  package func read<Result>(
    _ key: String, required type: OptionType<Result>, _ doc: String
  ) -> Result? {
    read(key, type, .required, doc)
  }

  /// What is written, if it is and is right; what all reads have in common.
  private func read<Result>(
    _ key: String, _ type: OptionType<Result>, _ absence: Absence, _ doc: String
  ) -> Result? {
    let entry = lookUp(key)
    let path = path(of: key)
    var result: Result?
    if let entry, !entry.value.isNull {
      result = type.decode(entry.value, path) { record($0, for: key, at: $1) }
    } else {
      switch (absence, entry) {
      case (.value, nil), (.derived, _), (.none, _): break
      case (.required, nil):
        record(.missing(path, expected: type.read.expected), for: key, at: mark)
      case (_, let entry?):
        record(.noValue(path, expected: type.read.expected), for: key, at: entry.keyMark)
      }
    }
    let fallback: JSON =
      switch absence {
      case .value(let value), .derived(let value, _): value
      case .none, .required: .null
      }
    let read = Read(
      path: path, key: key, type: type.read, absence: absence, doc: doc,
      value: result.map(type.encode) ?? fallback,
      isWritten: entry.map { !$0.value.isNull } ?? false,
      share: result.flatMap { _ in type.read.share(entry?.value)?.text })
    add(key, .option(read))
    return result
  }

  /// A nested mapping; one that is absent or empty reads as all defaults.
  ///
  /// - Parameter bareKey: the key that a bare word in the section's place stands for.
  package func section(_ key: String, bareKey: String? = nil, _ doc: String) -> Section {
    if case .section(_, _, let inner)? = item(key) { return inner }
    let path = path(of: key)
    let inner: Section
    if let entry = lookUp(key) {
      let entries = bareKey.flatMap { entry.value.entries(bareKey: $0) } ?? entry.value.entries
      let isFine = entries != nil || entry.value.isNull
      if !isFine {
        let found = Wording.found(entry.value)
        let expected = bareKey == nil ? "a mapping" : "a word or a mapping"
        let kind = Fault.Kind.wrongType(path, expected: expected, found: found, hint: nil)
        record(kind, for: key, at: entry.value.mark)
      }
      inner = Section(
        path: path, entries: entries ?? [], mark: entry.keyMark, faults: faults,
        isMuted: isMuted || !isFine)
    } else {
      inner = Section(
        path: path, entries: [], mark: mark, faults: faults, isWritten: false,
        isMuted: isMuted)
    }
    add(key, .section(doc: doc, bareKey: bareKey, inner))
    return inner
  }

  /// The section of a component that was read at a key of this one, to point at what is written
  /// there.
  package func component(at key: String) -> Section? {
    if case .component(_, let options)? = item(key) { options } else { nil }
  }

  // MARK: Rules between keys

  /// Records that the value of a key breaks a rule.
  ///
  /// Silent when that key, or one of `others`, was already found faulty: the rule would only
  /// repeat that.
  ///
  /// - Parameter isOfKey: whether the key itself is wrong, not its value.
  package func fault(
    _ key: String, because kind: Fault.Kind, seeAlso others: [String] = [], notes: [Note] = [],
    isOfKey: Bool = false
  ) {
    if isMuted || faulted.contains(key) || others.contains(where: faulted.contains) { return }
    let found = entry(key)
    let place = (isOfKey ? found?.keyMark : found?.value.mark) ?? mark
    faults.record(Fault(kind, at: place, notes: others.map { note($0) } + notes))
  }

  /// Records that the section as a whole breaks a rule.
  package func fault(because kind: Fault.Kind, seeAlso others: [String] = [], notes: [Note] = []) {
    if isMuted || others.contains(where: faulted.contains) { return }
    faults.record(Fault(kind, at: mark, notes: others.map { note($0) } + notes))
  }

  /// Records that the value at a dotted path below this section breaks a rule.
  package func fault(at path: [String], because kind: Fault.Kind) {
    guard let key = path.first else { return fault(because: kind) }
    switch item(key) {
    case .section(_, _, let inner)? where path.count > 1,
      .component(_, let inner)? where path.count > 1:
      inner.fault(at: Array(path.dropFirst()), because: kind)
    default: fault(key, because: kind)
    }
  }

  /// Whether the value that was read of a key followed from other options.
  package func isDerived(_ key: String) -> Bool {
    if case .option(let read)? = item(key) { read.isDerived } else { false }
  }

  /// A note that points at a key of this section, or gives its default when it is not written.
  package func note(_ key: String) -> Note {
    if let entry = entry(key) { return Note(.setHere(path(of: key)), at: entry.keyMark) }
    if case .option(let read)? = item(key) {
      var value = read.shownDefault
      if case .derived(let result, let rule) = read.absence {
        value = "\(result.inlineYAML) (\(rule))"
      }
      return Note(.byDefault(key: read.path, value: value))
    }
    return Note(.byDefault(key: path(of: key), value: "not set"))
  }

  /// Whether a read of this key (or of any key, for nil) recorded a fault.
  package func hasFault(_ key: String? = nil) -> Bool {
    key.map { faulted.contains($0) } ?? !faulted.isEmpty
  }

  /// Where a key's value is written; nil when it is not.
  package func mark(of key: String) -> Mark? { entry(key)?.value.mark }

  /// The value of a key as a node, for readers of free form such as `variants`.
  package func node(_ key: String) -> Node? { lookUp(key)?.value }

  // MARK: Entries and items

  /// The entry of a key, which from now on counts as known.
  func lookUp(_ key: String) -> Entry? {
    asked.append(key)
    guard let place = placeOfEntry(key) else { return nil }
    areAsked[place] = true
    return entries[place]
  }

  func entry(_ key: String) -> Entry? { placeOfEntry(key).map { entries[$0] } }

  private func placeOfEntry(_ key: String) -> Int? {
    entries.count > Self.few ? places[key] : entries.firstIndex { $0.key == key }
  }

  func add(_ key: String, _ item: Item) {
    if let place = place(of: key) {
      items[place].item = item
    } else {
      items.append((key, item))
      if items.count == Self.few + 1 {
        for (place, item) in items.enumerated() { itemPlaces[item.key] = place }
      } else if items.count > Self.few {
        itemPlaces[key] = items.count - 1
      }
    }
  }

  func item(_ key: String) -> Item? { place(of: key).map { items[$0].item } }

  private func place(of key: String) -> Int? {
    // Few are looked through, without a copy of each.
    items.count > Self.few ? itemPlaces[key] : items.indices.first { items[$0].key == key }
  }

  func record(_ kind: Fault.Kind, for key: String, at place: Mark) {
    faulted.insert(key)
    if !isMuted { faults.record(Fault(kind, at: place)) }
  }

  /// The keys that nobody asked for, here and in all sections below.
  var allUnknownKeys: [Fault] {
    var found: [Fault] = []
    addUnknownKeys(to: &found)
    return found
  }

  private func addUnknownKeys(to found: inout [Fault]) {
    found += unknownKeys
    for entry in items {
      switch entry.item {
      case .option: break
      case .section(_, _, let inner), .component(_, let inner): inner.addUnknownKeys(to: &found)
      case .components(_, let parts):
        for part in parts { part.options.addUnknownKeys(to: &found) }
      }
    }
  }

  private var unknownKeys: [Fault] {
    if isMuted || !areAsked.contains(false) { return [] }
    let known = knownKeys
    return zip(entries, areAsked).filter { !$1 }.map { entry, _ in
      Fault(.unknownKey(entry.key, section: path, known: known), at: entry.keyMark)
    }
  }

  /// The keys in the order they are read, after those asked for by other means, such as `type`.
  private var knownKeys: [String] {
    Set(asked).filter { place(of: $0) == nil }.sorted() + items.map(\.key)
  }
}

extension Section.Item {
  fileprivate func copied(_ faults: FaultList) -> Section.Item {
    switch self {
    case .option: self
    case .section(let doc, let bareKey, let inner):
      .section(doc: doc, bareKey: bareKey, inner.copied(faults))
    case .component(let read, let options): .component(read, options: options.copied(faults))
    case .components(let read, let parts):
      .components(read, parts.map { (word: $0.word, options: $0.options.copied(faults)) })
    }
  }
}
