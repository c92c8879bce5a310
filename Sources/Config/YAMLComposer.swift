// Builds nodes from libyaml's events, strictly: no duplicate keys, tags, merge keys or second
// document, and limits on depth and on what aliases expand to. Values stay untyped text.

struct YAMLComposer: ~Copyable {
  /// Far above any experiment, far below what hurts.
  static let nodeLimit = 20_000
  static let depthLimit = 64

  private struct SizedNode {
    let node: Node
    let size: Int
    let height: Int
  }

  private let events: YAMLEvents
  private let source: Source
  private let offset: Int
  private var anchors: [String: SizedNode] = [:]
  private var open: Set<String> = []
  private var size = 0
  private var faults: [Fault] = []

  private init(_ events: consuming YAMLEvents, source: Source, offset: Int) {
    self.events = events
    self.source = source
    self.offset = offset
  }

  /// The root node of the only document; nil for a text without one.
  static func compose(
    _ text: String, source: Source, offset: Int = 0
  ) throws(Faults) -> Node? {
    let bytes = Array(text.utf8)
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<Node?, Faults> in
      guard let events = YAMLEvents(buffer) else { return .success(nil) }
      var composer = YAMLComposer(events, source: source, offset: offset)
      do throws(Faults) {
        return .success(try composer.document())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private mutating func document() throws(Faults) -> Node? {
    guard case .documentStart = try next().kind else { return nil }
    let root = try node(try next(), depth: 0).node
    let after = try next()
    if case .documentStart = after.kind { throw stop(.secondDocument, at: after.offset) }
    if !faults.isEmpty { throw Faults(faults) }
    return root
  }

  private mutating func node(_ event: YAMLEvent, depth: Int) throws(Faults) -> SizedNode {
    if depth > Self.depthLimit { throw stop(.tooDeep(limit: Self.depthLimit), at: event.offset) }
    if let tag = event.tag { record(.tag(tag), at: event.offset) }
    let before = size
    try grow(by: 1, at: event.offset)
    let mark = source.mark(at: event.offset + offset)
    var height = 0
    let content: Node.Content
    if let anchor = event.anchor { open.insert(anchor) }
    switch event.kind {
    case .alias:
      size = before
      return try expand(event, depth: depth)
    case .scalar(let isPlain):
      content = .scalar(Scalar(text: event.text, isQuoted: !isPlain))
    case .sequenceStart:
      (content, height) = try sequence(depth: depth)
    case .mappingStart:
      (content, height) = try mapping(depth: depth)
    case .documentStart, .end, .sequenceEnd, .mappingEnd:
      throw stop(.syntax("did not find expected node content"), at: event.offset)
    }
    let built = SizedNode(node: Node(content, mark: mark), size: size - before, height: height)
    if let anchor = event.anchor {
      open.remove(anchor)
      anchors[anchor] = built
    }
    return built
  }

  private mutating func sequence(depth: Int) throws(Faults) -> (Node.Content, height: Int) {
    var items: [Node] = []
    var height = 0
    while true {
      let event = try next()
      if case .sequenceEnd = event.kind { return (.sequence(items), height + 1) }
      let item = try node(event, depth: depth + 1)
      items.append(item.node)
      height = max(height, item.height)
    }
  }

  private mutating func mapping(depth: Int) throws(Faults) -> (Node.Content, height: Int) {
    var entries: [Entry] = []
    var places: [String: Mark] = [:]
    var height = 0
    while true {
      let event = try next()
      if case .mappingEnd = event.kind { return (.mapping(entries), height + 1) }
      let key = try node(event, depth: depth + 1).node
      // An alias as a key is written here, whatever line its anchor stands on.
      let mark = source.mark(at: event.offset + offset)
      let value = try node(try next(), depth: depth + 1)
      height = max(height, value.height)
      guard let scalar = key.scalar, !scalar.isNull else {
        record(.keyIsNotText(Wording.found(key)), at: event.offset)
        continue
      }
      if scalar.text == "<<" && !scalar.isQuoted {
        record(.mergeKey, at: event.offset)
      } else if let first = places[scalar.text] {
        let note = Note(.firstSetHere(scalar.text), at: first)
        faults.append(Fault(.duplicateKey(scalar.text), at: mark, notes: [note]))
      } else {
        places[scalar.text] = mark
        entries.append(Entry(key: scalar.text, keyMark: mark, value: value.node))
      }
    }
  }

  private mutating func expand(_ event: YAMLEvent, depth: Int) throws(Faults) -> SizedNode {
    if open.contains(event.text) { throw stop(.recursiveAlias(event.text), at: event.offset) }
    guard let target = anchors[event.text] else {
      throw stop(.unknownAlias(event.text), at: event.offset)
    }
    if depth + target.height > Self.depthLimit {
      throw stop(.tooDeep(limit: Self.depthLimit), at: event.offset)
    }
    try grow(by: target.size, at: event.offset)
    return target
  }

  private mutating func grow(by count: Int, at offset: Int) throws(Faults) {
    size += count
    if size > Self.nodeLimit { throw stop(.tooManyNodes(limit: Self.nodeLimit), at: offset) }
  }

  private mutating func record(_ kind: Fault.Kind, at offset: Int) {
    faults.append(Fault(kind, at: source.mark(at: offset + self.offset)))
  }

  /// A fault that ends the reading, together with those found so far.
  private func stop(_ kind: Fault.Kind, at offset: Int, notes: [Note] = []) -> Faults {
    Faults(faults + [Fault(kind, at: source.mark(at: offset + self.offset), notes: notes)])
  }

  private func next() throws(Faults) -> YAMLEvent {
    do throws(YAMLSyntaxError) {
      return try events.next()
    } catch {
      let mark = source.mark(at: error.offset + offset)
      let scalars = source.line(mark.line).unicodeScalars
      let isTab = scalars.dropFirst(mark.column - 1).first == "\t"
      var notes: [Note] = []
      if let context = error.context, context.offset < error.offset {
        notes = [Note(.syntaxContext(context.text), at: source.mark(at: context.offset + offset))]
      }
      throw stop(isTab ? .tab : .syntax(error.problem), at: error.offset, notes: notes)
    }
  }
}
