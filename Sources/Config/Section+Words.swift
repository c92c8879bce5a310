// Reads of words from a fixed list, and of components: a word with options of its own.

extension Section {
  /// One word of a list.
  package func choice(
    _ key: String, of choices: [Choice], default fallback: String, _ doc: String
  ) -> String {
    read(key, .word(choices), fallback, { .text($0) }, doc, Decoding.word(choices))
  }

  /// One word of a list, or absent or null; `defaultText` says what absence means.
  package func optionalChoice(
    _ key: String, of choices: [Choice], default defaultText: String? = nil, _ doc: String
  ) -> String? {
    readOptional(key, .word(choices), defaultText, { .text($0) }, doc, Decoding.word(choices))
  }

  /// A component: `norm: rmsnorm`, or `norm: {type: rmsnorm, epsilon: 1e-5}`; a mapping without
  /// `type` has options of the default word.
  package func component(
    _ key: String, of choices: [Choice], default fallback: String, _ doc: String
  ) -> (word: String, options: Section) {
    readComponent(key, choices, fallback, isRequired: false, doc)
  }

  /// A component that must be written.
  ///
  /// With a fault, the first word and a section that reports
  /// nothing, so that reading can go on.
  package func requiredComponent(
    _ key: String, of choices: [Choice], _ doc: String
  ) -> (word: String, options: Section) {
    readComponent(key, choices, choices.first?.word ?? "", isRequired: true, doc)
  }

  private func readComponent(
    _ key: String, _ choices: [Choice], _ fallback: String, isRequired: Bool, _ doc: String
  ) -> (word: String, options: Section) {
    if case .component(let read, let options)? = item(key), case .text(let word) = read.value {
      return (word, options)
    }
    let type = ReadType.component(choices)
    let entry = lookUp(key)
    let path = path(of: key)
    let written = entry.map { writtenWord($0, path, choices, isRequired: isRequired) }
    if entry == nil && isRequired {
      record(.missing(path, expected: type.expected), for: key, at: mark)
    }
    let word: String
    var isFine = true
    switch written {
    case nil: (word, isFine) = (fallback, !isRequired)
    case .word(let known): word = known
    case .absent: word = fallback
    case .bad: (word, isFine) = (fallback, false)
    }
    let entries = (entry?.value.entries ?? []).filter { $0.key != "type" }
    let options = Section(
      path: path, entries: isFine ? entries : [], mark: entry?.value.mark ?? mark,
      recorder: recorder, isWritten: entry != nil, isMuted: isMuted || !isFine)
    // `type` was read here, but `typ` is to be told what it should have been.
    _ = options.lookUp("type")
    var isWritten = false
    if case .word? = written { isWritten = true }
    let read = Read(
      path: path, key: key, type: type, defaultValue: isRequired ? nil : .text(fallback),
      defaultText: nil, isRequired: isRequired, doc: doc, value: .text(word),
      isWritten: isWritten)
    add(key, .component(read, options: options))
    return (word, options)
  }

  private enum WrittenWord {
    case word(String)
    case absent
    case bad
  }

  private func writtenWord(
    _ entry: Entry, _ path: String, _ choices: [Choice], isRequired: Bool
  ) -> WrittenWord {
    let key = entry.key
    let node = entry.value
    let expected = ReadType.component(choices).expected
    if node.isNull {
      record(.noValue(path, expected: expected), for: key, at: entry.keyMark)
      return .bad
    }
    if node.items != nil {
      record(Decoding.wrongType(node, path, .component(choices), nil), for: key, at: node.mark)
      return .bad
    }
    guard let entries = node.entries else {
      return decodeWord(node, path, key, choices)
    }
    guard let type = entries.first(where: { $0.key == "type" }) else {
      if !isRequired { return .absent }
      record(.missing("\(path).type", expected: expected), for: key, at: node.mark)
      return .bad
    }
    if type.value.isNull {
      record(.noValue("\(path).type", expected: expected), for: key, at: type.keyMark)
      return .bad
    }
    return decodeWord(type.value, "\(path).type", key, choices)
  }

  private func decodeWord(
    _ node: Node, _ path: String, _ key: String, _ choices: [Choice]
  ) -> WrittenWord {
    let word = Decoding.word(choices)(node, path) { record($0, for: key, at: $1) }
    return word.map { .word($0) } ?? .bad
  }
}
