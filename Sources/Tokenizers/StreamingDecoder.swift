// StreamingDecoder: the text of tokens that come one after another.

/// Decodes tokens as they come: in the end it is the text that `Tokenizer.decode` gives of all.
///
/// What is not decided yet waits for the rest: the bytes of a character that is not whole, and a run
/// of tokens that stand for bytes, in which each is U+FFFD if all together are no UTF-8.
package struct StreamingDecoder {
  private let tokenizer: Tokenizer
  private let skippingSpecial: Bool
  /// The strings of the last token that has a text by itself, else of all so far, by which what
  /// depends on neighbours is the same as for all tokens at once: the blank before the first word
  /// goes, those before others stay.
  private var context: [[UInt8]] = []
  /// The bytes that they become.
  private var contextCount = 0
  /// Those of a run that goes on.
  private var run: [[UInt8]] = []
  /// The bytes of a character that is not whole.
  private var waiting: [UInt8] = []

  package init(_ tokenizer: Tokenizer, skippingSpecial: Bool = true) {
    self.tokenizer = tokenizer
    self.skippingSpecial = skippingSpecial
  }

  /// The text that a further token completes, which may be empty.
  package mutating func append(_ id: Int32) -> String {
    guard let token = tokenizer.string(id), !skippingSpecial || !tokenizer.isSpecial(id) else {
      return ""
    }
    if tokenizer.isOfRun(token) {
      run.append(token)
      return ""
    }
    let group = run + [token]
    run = []
    let text = textOfNext(group)
    let alone = decoded([token])
    if !alone.isEmpty {
      (context, contextCount) = ([token], alone.count)
    } else if contextCount == 0 {
      extendContext(by: group)
    }
    return whole(text)
  }

  /// The text that a run which goes on would be if it ended here.
  package var pending: String {
    if run.isEmpty { return "" }
    var stream = self
    return stream.endRun()
  }

  /// Ends a run, whatever follows: bytes that come are another.
  package mutating func endRun() -> String {
    guard !run.isEmpty else { return "" }
    let text = textOfNext(run)
    // As text: the tokens of the run would take what comes into it.
    if contextCount == 0 { extendContext(by: ByteFallbackDecoder().decode(run, repairing: .runs)) }
    run = []
    return whole(text)
  }

  /// What is left at the end: U+FFFD where a character has stayed in parts.
  package mutating func finish() -> String {
    let text = endRun()
    defer { waiting = [] }
    return text + String(decoding: waiting, as: UTF8.self)
  }

  /// The bytes of strings, which are UTF-8 but for characters in parts.
  private func decoded(_ strings: [[UInt8]]) -> [UInt8] {
    tokenizer.text(of: strings, repairing: .runs)
  }

  private func textOfNext(_ strings: [[UInt8]]) -> [UInt8] {
    Array(decoded(context + strings).dropFirst(contextCount))
  }

  private mutating func extendContext(by strings: [[UInt8]]) {
    context += strings
    contextCount = decoded(context).count
  }

  /// The text of bytes behind those that wait, up to a character that is not whole.
  private mutating func whole(_ bytes: [UInt8]) -> String {
    waiting += bytes
    let rest = UTF8Text.unfinished(waiting)
    let text = String(decoding: waiting.dropLast(rest), as: UTF8.self)
    waiting = waiting.suffix(rest)
    return text
  }
}
