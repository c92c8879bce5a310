// StreamingDecoder: the text of tokens that come one after another.

/// Decodes tokens as they come; the bytes of a character that is not whole yet wait for the rest.
package struct StreamingDecoder {
  private let tokenizer: Tokenizer
  private let skippingSpecial: Bool
  /// The last token that has a text, by which what depends on neighbours is the same as for all
  /// tokens at once: the blank before the first word goes, those before others stay.
  private var last: Int32?
  private var waiting: [UInt8] = []

  package init(_ tokenizer: Tokenizer, skippingSpecial: Bool = true) {
    self.tokenizer = tokenizer
    self.skippingSpecial = skippingSpecial
  }

  /// The text that a further token completes, which may be empty.
  package mutating func append(_ id: Int32) -> String {
    guard tokenizer.piece(id) != nil, !skippingSpecial || !tokenizer.isSpecial(id) else {
      return ""
    }
    let before = last.map { tokenizer.bytes(of: [$0], skippingSpecial: false) } ?? []
    let context = (last.map { [$0] } ?? []) + [id]
    waiting += tokenizer.bytes(of: context, skippingSpecial: false).dropFirst(before.count)
    last = id
    let rest = UTF8Text.unfinished(waiting)
    let text = String(decoding: waiting.dropLast(rest), as: UTF8.self)
    waiting = waiting.suffix(rest)
    return text
  }

  /// What is left at the end: U+FFFD where a character has stayed in parts.
  package mutating func finish() -> String {
    defer { waiting = [] }
    return String(decoding: waiting, as: UTF8.self)
  }
}
