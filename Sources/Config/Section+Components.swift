// Reads of components: a word with options of its own.

extension Section {
  /// A component: `norm: rmsnorm`, or `norm: {type: rmsnorm, epsilon: 1e-5}`; a mapping without
  /// `type` has options of the default word.
  package func component(
    _ key: String, of choices: [Choice], default fallback: String, _ doc: String
  ) -> (word: String, options: Section) {
    if case .component(let read, let options)? = item(key), case .string(let word) = read.value {
      return (word, options)
    }
    let (read, word, options) = component(
      lookUp(key), of: key, path: path(of: key), .component(choices), choices, fallback, doc)
    add(key, .component(read, options: options))
    return (word, options)
  }

  /// One component, or a list of them: `position: [rope, rope, rope, none]`.
  package func components(
    _ key: String, of choices: [Choice], default fallback: String, _ doc: String
  ) -> [(word: String, options: Section)] {
    if case .components(_, let known)? = item(key) { return known }
    let type = ReadType.list(of: .component(choices), noneWord: nil)
    let (path, entry) = (path(of: key), lookUp(key))
    guard let items = entry?.value.items, !items.isEmpty else {
      if let entry, entry.value.items != nil {
        record(.emptyList(path, expected: type.expected), for: key, at: entry.value.mark)
      }
      let one = component(entry, of: key, path: path, type, choices, fallback, doc)
      add(key, .component(one.read, options: one.options))
      return [(one.word, one.options)]
    }
    let parts = items.enumerated().map { index, node in
      component(
        Entry(key: key, keyMark: node.mark, value: node), of: key, path: "\(path).\(index)",
        .component(choices), choices, fallback, doc)
    }
    let known = parts.map { ($0.word, $0.options) }
    let read = Read(
      path: path, key: key, type: type, absence: .value(.string(fallback)), doc: doc,
      value: .array(known.map { .string($0.0) }), isWritten: true, share: nil)
    add(key, .components(read, known))
    return known
  }

  /// - Parameters:
  ///   - entry: where it is written; nil where it is not.
  ///   - type: what may be written at `path`.
  private func component(
    _ entry: Entry?, of key: String, path: String, _ type: ReadType, _ choices: [Choice],
    _ fallback: String, _ doc: String
  ) -> (read: Read, word: String, options: Section) {
    let written = entry.map { writtenWord($0, path, choices) } ?? .absent
    let word: String
    var (isWritten, isFine) = (false, true)
    switch written {
    case .word(let known): (word, isWritten) = (known, true)
    case .absent: word = fallback
    case .bad: (word, isFine) = (fallback, false)
    }
    let entries = (entry?.value.entries ?? []).filter { $0.key != "type" }
    let options = Section(
      path: path, entries: isFine ? entries : [], mark: entry?.value.mark ?? mark,
      faults: faults, isWritten: entry != nil, isMuted: isMuted || !isFine)
    // `type` was read here, but `typ` is to be told what it should have been.
    _ = options.lookUp("type")
    let read = Read(
      path: path, key: key, type: type, absence: .value(.string(fallback)), doc: doc,
      value: .string(word), isWritten: isWritten, share: nil)
    return (read, word, options)
  }

  private enum WrittenWord {
    case word(String)
    case absent
    case bad
  }

  private func writtenWord(
    _ entry: Entry, _ path: String, _ choices: [Choice]
  ) -> WrittenWord {
    let key = entry.key
    let node = entry.value
    let type = ReadType.component(choices)
    if node.isNull {
      record(.noValue(path, expected: type.expected), for: key, at: entry.keyMark)
      return .bad
    }
    if node.items != nil {
      record(type.fault(node, path), for: key, at: node.mark)
      return .bad
    }
    guard let entries = node.entries else {
      return decodeWord(node, path, key, choices)
    }
    guard let word = entries.first(where: { $0.key == "type" }) else { return .absent }
    if word.value.isNull {
      record(.noValue("\(path).type", expected: type.expected), for: key, at: word.keyMark)
      return .bad
    }
    return decodeWord(word.value, "\(path).type", key, choices)
  }

  private func decodeWord(
    _ node: Node, _ path: String, _ key: String, _ choices: [Choice]
  ) -> WrittenWord {
    let word = OptionType.choice(of: choices).decode(node, path) { record($0, for: key, at: $1) }
    return word.map { .word($0) } ?? .bad
  }
}
