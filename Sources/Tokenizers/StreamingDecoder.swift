// StreamingDecoder: the text of tokens that come one after another.

/// Decodes tokens as they come; the bytes of a character that is not whole yet wait for the rest.
package struct StreamingDecoder {
  private let tokenizer: Tokenizer
  private let skippingSpecial: Bool
  /// The last token that has a text by itself, else the first one, by which what depends on
  /// neighbours is the same as for all tokens at once: the blank before the first word goes, those
  /// before others stay.
  private var last: (id: Int32, text: [UInt8])?
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
    let alone = tokenizer.bytes(of: [id], skippingSpecial: false)
    if let last {
      waiting += tokenizer.bytes(of: [last.id, id], skippingSpecial: false)
        .dropFirst(last.text.count)
    } else {
      waiting += alone
    }
    if last == nil || !alone.isEmpty { last = (id, alone) }
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
