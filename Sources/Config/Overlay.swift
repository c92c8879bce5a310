// Merging one mapping over another.
// Which mappings are components is told from their shape alone: they have a `type`.

extension Node {
  /// This node with another written over it.
  ///
  /// Mappings merge; scalars and lists replace. A component's `type`, or its bare word, that
  /// differs from the one here starts the component afresh; an overlay without one adds options to
  /// the component that is here, also to a bare word, and to each of a list of components but
  /// `none`, which has no options. An empty value over a mapping changes nothing. Every key and
  /// value keeps the mark of where it was written.
  package func overlaid(by overlay: Node) -> Node {
    switch (content, overlay.content) {
    case (.mapping(let base), .mapping(let over)):
      if let word = overlay.componentWord, word != componentWord { return overlay }
      return Node(.mapping(Self.merge(base, over)), mark: mark)

    case (.scalar(let word), .mapping(let over)):
      let isWord = !word.isNull && !word.isQuoted && !Numeral.looksNumeric(word.text)
      if !isWord || (overlay.componentWord ?? word.text) != word.text { return overlay }
      if overlay.componentWord != nil { return overlay }
      let type = Entry(key: "type", keyMark: mark, value: self)
      return Node(.mapping([type] + over), mark: overlay.mark)

    case (.mapping(let base), .scalar(let word)):
      if word.isNull { return self }
      guard let type = componentWord, type == word.text else { return overlay }
      let renewed = base.map { entry in
        entry.key == "type" ? Entry(key: "type", keyMark: entry.keyMark, value: overlay) : entry
      }
      return Node(.mapping(renewed), mark: mark)

    case (.sequence(let items), .mapping):
      guard overlay.componentWord == nil, !items.isEmpty,
        items.allSatisfy({ $0.listedWord != nil })
      else { return overlay }
      return Node(
        .sequence(items.map { $0.listedWord == "none" ? $0 : $0.overlaid(by: overlay) }),
        mark: overlay.mark)

    case (_, .scalar), (_, .sequence):
      return overlay
    }
  }

  /// This mapping with `type` in it first, as one that nobody has written, unless it has one.
  package func assuming(type word: String) -> Node {
    guard let entries, self["type"] == nil else { return self }
    let type = Node(.scalar(Scalar(text: word)), mark: mark)
    return Node(
      .mapping([Entry(key: "type", keyMark: mark, value: type, isAssumed: true)] + entries),
      mark: mark)
  }

  /// A bare word that stands for an option of a section, as the section with that option.
  package func spelledOut(under key: String) -> Node {
    entries(bareKey: key).map { Node(.mapping($0), mark: mark) } ?? self
  }

  /// What is written of this node, without the types that were assumed, and without the mappings
  /// that nothing is left of; nil where nothing is.
  package var written: Node? {
    switch content {
    case .scalar: return self
    case .sequence(let items):
      return Node(.sequence(items.map { $0.written ?? $0 }), mark: mark)
    case .mapping(let entries):
      let kept = entries.filter { !$0.isAssumed }.compactMap { entry in
        entry.value.written.map { Entry(key: entry.key, keyMark: entry.keyMark, value: $0) }
      }
      return kept.isEmpty ? nil : Node(.mapping(kept), mark: mark)
    }
  }

  /// What this node says as a section in whose place a bare word may stand: the word under its key,
  /// also where an overlay was laid over it as over a component's; nil where it is no bare word.
  func entries(bareKey: String) -> [Entry]? {
    if let scalar {
      return scalar.isNull ? nil : [Entry(key: bareKey, keyMark: mark, value: self)]
    }
    guard let entries, let word = entries.first, word.key == "type",
      word.keyMark == word.value.mark
    else { return nil }
    let rest = Array(entries.dropFirst())
    if rest.contains(where: { $0.key == bareKey }) { return rest }
    return [Entry(key: bareKey, keyMark: word.keyMark, value: word.value)] + rest
  }

  /// The word of a component in a list; nil where this is none.
  private var listedWord: String? {
    if let scalar {
      let isWord = !scalar.isNull && !scalar.isQuoted && !Numeral.looksNumeric(scalar.text)
      return isWord ? scalar.text : nil
    }
    return componentWord
  }

  private var componentWord: String? { self["type"]?.scalar?.text }

  private static func merge(_ base: [Entry], _ over: [Entry]) -> [Entry] {
    var merged = base
    let places = Dictionary(
      zip(base.map(\.key), base.indices), uniquingKeysWith: { first, _ in first })
    for entry in over {
      if let place = places[entry.key] {
        let below = merged[place]
        let value = below.value.overlaid(by: entry.value)
        let isReplaced = value.mark == entry.value.mark
        merged[place] = Entry(
          key: entry.key, keyMark: isReplaced ? entry.keyMark : below.keyMark, value: value)
      } else {
        merged.append(entry)
      }
    }
    return merged
  }
}
