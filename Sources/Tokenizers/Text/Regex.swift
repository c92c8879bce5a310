// Regex: a regular expression of a tokenizer's file, by PCRE2. The only file that touches it.

import CPCRE2
import Glibc

/// A compiled regular expression; matching is bounded, however a file's expression is made.
package final class Regex: @unchecked Sendable {
  // Nothing writes to it once it is compiled.
  private let code: OpaquePointer
  package let pattern: String

  /// - Parameter pattern: in Oniguruma's syntax, as tokenizer.json has it: `RegexDialect`.
  /// - Throws: `TokenizerError`, which names the pattern and PCRE2's complaint.
  package init(_ pattern: String) throws(TokenizerError) {
    self.pattern = pattern
    let translated = Array(try RegexDialect.translated(pattern).utf8)
    guard let context = pcre2_compile_context_create_8(nil) else {
      throw TokenizerError("there is no memory for a regular expression")
    }
    defer { pcre2_compile_context_free_8(context) }
    pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
    // Patterns of known tokenizers have less than 1000 bytes and few groups.
    pcre2_set_max_pattern_length_8(context, 10_000)
    pcre2_set_parens_nest_limit_8(context, 50)
    var (error, offset) = (Int32(0), 0)
    let options =
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT
    let code = pcre2_compile_8(translated, translated.count, options, &error, &offset, context)
    guard let code else {
      throw TokenizerError(
        "the regular expression \(Self.quote(pattern)) cannot be compiled: \(Self.message(error))")
    }
    self.code = code
    // Where there is no JIT, the interpreter takes its place.
    pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE)
  }

  deinit { pcre2_code_free_8(code) }

  /// Whether a script of Unicode has a name.
  ///
  /// - Parameter name: of letters alone.
  static func knowsScript(_ name: String) -> Bool {
    let property = Array("\\p{sc:\(name)}".utf8)
    var (error, offset) = (Int32(0), 0)
    let options = PCRE2_UTF | PCRE2_UCP
    let code = pcre2_compile_8(property, property.count, options, &error, &offset, nil)
    pcre2_code_free_8(code)
    return code != nil
  }

  /// Calls `found` with each match in a text of UTF-8, as Oniguruma's iteration finds them: an empty
  /// match does not follow another match at once.
  ///
  /// - Throws: `TokenizerError` where a match takes more than its share of time or memory.
  package func forEachMatch(
    in text: UnsafeBufferPointer<UInt8>, with matcher: Matcher, _ found: (Int, Int) -> Void
  ) throws(TokenizerError) {
    var (start, lastEnd) = (0, -1)
    while start <= text.count {
      guard let (begin, end) = try match(in: text, from: start, with: matcher) else { return }
      guard begin >= start, end >= begin else {
        throw TokenizerError(
          "the regular expression \(Self.quote(pattern)) moves the start of its match")
      }
      if begin == end, end == lastEnd {
        start += start < text.count ? UTF8Text.length(of: text[start]) : 1
        continue
      }
      (start, lastEnd) = (end, end)
      found(begin, end)
    }
  }

  /// The first match from a place on.
  private func match(
    in text: UnsafeBufferPointer<UInt8>, from start: Int, with matcher: Matcher
  ) throws(TokenizerError) -> (Int, Int)? {
    var start = start
    while start <= text.count {
      // Few beginnings at a time, so that the clock is looked at in between.
      let last = start + Matcher.beginnings(in: text.count - start)
      pcre2_set_offset_limit_8(matcher.context, last)
      let result = try run(text, from: start, with: matcher)
      if result >= 0, let places = pcre2_get_ovector_pointer_8(matcher.data) {
        return (places[0], places[1])
      }
      guard result == PCRE2_ERROR_NOMATCH else { throw failure(Self.message(result)) }
      start = last + 1
      while start < text.count, text[start] & 0xC0 == 0x80 { start += 1 }
    }
    return nil
  }

  /// Looks for a match with few steps, and with more as long as there is time: what one step costs
  /// depends on the expression.
  ///
  /// - Returns: what PCRE2 does.
  private func run(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, with matcher: Matcher
  ) throws(TokenizerError) -> Int32 {
    // An empty buffer may have no address.
    let subject = text.baseAddress ?? UnsafePointer(bitPattern: 1)
    let most = Matcher.mostSteps(in: text.count - start)
    var steps = 256
    while true {
      guard matcher.hasTime(after: steps) else { throw failure("it has taken too long") }
      pcre2_set_match_limit_8(matcher.context, UInt32(min(steps, most)))
      var result = pcre2_match_8(
        code, subject, text.count, start, PCRE2_NO_UTF_CHECK, matcher.data, matcher.context)
      if result == PCRE2_ERROR_JIT_STACKLIMIT {
        // The interpreter has its stack on the heap, as large as the context allows.
        result = pcre2_match_8(
          code, subject, text.count, start, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, matcher.data,
          matcher.context)
      }
      if result != PCRE2_ERROR_MATCHLIMIT || steps >= most { return result }
      steps *= 4
    }
  }

  private func failure(_ reason: String) -> TokenizerError {
    TokenizerError(
      "the regular expression \(Self.quote(pattern)) does not match in time: \(reason)")
  }

  private static func quote(_ pattern: String) -> String {
    "'\(pattern.count > 100 ? pattern.prefix(97) + "..." : pattern)'"
  }

  private static func message(_ code: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = pcre2_get_error_message_8(code, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, Int(length))), as: UTF8.self)
  }

  /// What matching a text writes to, and how long it may go on; of one thread.
  package final class Matcher {
    fileprivate let data: OpaquePointer
    fileprivate let context: OpaquePointer
    private let allowance: Allowance
    private var calls = 0

    /// - Parameter allowance: for all that is matched with it.
    package init(_ allowance: Allowance) throws(TokenizerError) {
      guard let data = pcre2_match_data_create_8(1, nil),
        let context = pcre2_match_context_create_8(nil)
      else { throw TokenizerError("there is no memory to match a regular expression") }
      self.data = data
      self.context = context
      self.allowance = allowance
      pcre2_set_heap_limit_8(context, 256 << 10)  // KiB
    }

    /// Whether there is time for a call; seldom looked at before short ones.
    fileprivate func hasTime(after steps: Int) -> Bool {
      calls += 1
      return steps <= 256 && calls % 64 != 0 || !allowance.isSpent
    }

    /// How many places a call tries a match at: each may look at all that is left.
    fileprivate static func beginnings(in bytes: Int) -> Int { max(16, (1 << 26) / (bytes + 1)) }

    /// The most steps of a match from one place, in proportion to what is left of the text: those
    /// of known tokenizers take few a byte, one that backtracks without end would take a number that
    /// grows exponentially.
    fileprivate static func mostSteps(in bytes: Int) -> Int {
      65536 + (16 << min(24, Int.bitWidth - bytes.leadingZeroBitCount))
    }

    deinit {
      pcre2_match_data_free_8(data)
      pcre2_match_context_free_8(context)
    }
  }
}
