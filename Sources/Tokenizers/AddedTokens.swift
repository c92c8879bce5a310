// AddedTokens: tokens that are found in a text before it is cut and merged, special ones among them.

/// A token beside, or above, the model's.
struct AddedToken: Sendable {
  var id: Int32
  var content: [UInt8]
  /// One that is left out when asked, such as the end of a text.
  var isSpecial = false
  /// Whether it is searched in the normalized text, and not in the one that was given.
  var isNormalized = false
  /// Whether white space before and after it belongs to it.
  var stripsLeft = false, stripsRight = false
  /// Whether it must not be a part of a word.
  var isSingleWord = false
  /// Whether a text can name it.
  var isFound = true
}

extension AddedToken {
  /// A special token whose id is not known yet.
  init(special content: String) {
    self.init(id: -1, content: Array(content.utf8), isSpecial: true)
  }
}

/// A part of a text between added tokens, or one of them.
enum TextPart: Equatable {
  case text(Range<Int>)
  case token(Int32)
}

/// Finds added tokens, leftmost first, the longest of those that begin at a place.
struct AddedTokenFinder: Sendable {
  /// A node of the tree of all contents: who is asked for the next byte, and then for that beside.
  private struct Node {
    let byte: UInt8
    var token: Int32 = -1  // an index into tokens
    var child: Int32 = -1
    var sibling: Int32 = -1
  }

  private let tokens: [AddedToken]
  private var nodes: [Node] = []
  private var roots = [Int32](repeating: -1, count: 256)

  /// - Parameter tokens: with the contents to search for; of two with one content, the first.
  init(_ tokens: [AddedToken]) {
    self.tokens = tokens
    for (index, token) in tokens.enumerated() { insert(token.content, Int32(index)) }
  }

  var isEmpty: Bool { nodes.isEmpty }

  private mutating func insert(_ content: [UInt8], _ token: Int32) {
    guard let first = content.first else { return }
    if roots[Int(first)] < 0 { roots[Int(first)] = append(first) }
    var node = Int(roots[Int(first)])
    for byte in content.dropFirst() {
      if let child = child(of: node, byte) {
        node = child
        continue
      }
      let new = append(byte)
      nodes[Int(new)].sibling = nodes[node].child
      nodes[node].child = new
      node = Int(new)
    }
    if nodes[node].token < 0 { nodes[node].token = token }
  }

  private mutating func append(_ byte: UInt8) -> Int32 {
    nodes.append(Node(byte: byte))
    return Int32(nodes.count - 1)
  }

  private func child(of node: Int, _ byte: UInt8) -> Int? {
    var child = nodes[node].child
    while child >= 0 {
      if nodes[Int(child)].byte == byte { return Int(child) }
      child = nodes[Int(child)].sibling
    }
    return nil
  }

  /// The longest content that is at a place.
  private func match(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> (Int, end: Int)? {
    var node = Int(roots[Int(text[start])])
    var found: (Int, end: Int)?
    var index = start + 1
    while true {
      if nodes[node].token >= 0 { found = (Int(nodes[node].token), index) }
      guard index < text.count, let child = child(of: node, text[index]) else { return found }
      node = child
      index += 1
    }
  }

  /// A text in parts, which cover it but for the white space that belongs to tokens.
  func parts(of bytes: [UInt8]) -> [TextPart] {
    if isEmpty { return bytes.isEmpty ? [] : [.text(0..<bytes.count)] }
    return bytes.withUnsafeBufferPointer { text in
      roots.withUnsafeBufferPointer { roots in
        var parts: [TextPart] = []
        var (index, last) = (0, 0)
        // White space that was seen behind a token, which may be a token again.
        var spaces = 0..<0
        while index < text.count {
          guard roots[Int(text[index])] >= 0, let (place, end) = match(text, at: index) else {
            index += 1
            continue
          }
          let token = tokens[place]
          var (begin, after) = (index, end)
          index = end
          if token.isSingleWord, !isWord(text, begin, end) { continue }
          if token.stripsLeft { begin = max(spaceStart(text, before: begin, from: last), last) }
          if token.stripsRight {
            if !spaces.contains(after) { spaces = after..<spaceEnd(text, from: after) }
            after = spaces.upperBound
          }
          // White space that belongs to the token before is no further one.
          if begin >= after { continue }
          if begin > last { parts.append(.text(last..<begin)) }
          parts.append(.token(token.id))
          last = after
        }
        if last < text.count { parts.append(.text(last..<text.count)) }
        return parts
      }
    }
  }

  private func isWord(_ text: UnsafeBufferPointer<UInt8>, _ begin: Int, _ end: Int) -> Bool {
    let before = begin > 0 && scalar(text, endingAt: begin).0.isOfWord
    let after = end < text.count && UTF8Text.scalar(in: text, at: end).0.isOfWord
    return !before && !after
  }

  private func spaceStart(
    _ text: UnsafeBufferPointer<UInt8>, before end: Int, from start: Int
  ) -> Int {
    var index = end
    while index > start {
      let (scalar, length) = scalar(text, endingAt: index)
      if !scalar.isSpace { break }
      index -= length
    }
    return index
  }

  private func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var index = start
    while index < text.count {
      let (scalar, length) = UTF8Text.scalar(in: text, at: index)
      if !scalar.isSpace { break }
      index += length
    }
    return index
  }

  private func scalar(
    _ text: UnsafeBufferPointer<UInt8>, endingAt end: Int
  ) -> (Unicode.Scalar, length: Int) {
    var start = end - 1
    while text[start] & 0xC0 == 0x80 { start -= 1 }
    return UTF8Text.scalar(in: text, at: start)
  }
}
