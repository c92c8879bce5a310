// Values that are passed over are checked as those that are read.

import Config
import Testing

@Suite struct JSONPassingTests {
  private static func deep(_ levels: Int) -> String {
    String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
  }

  /// Sound and unsound values, each also within others below.
  private static let values =
    [
      "null", "true", "false", "nul", "truer", "0", "-0", "01", "-", "+1", "1.5", "1.", ".5",
      "1e5", "1E-05", "1e+5", "1e", "1e999", "-1e308", "1.5e-999", "12345678901234567890123",
      String(repeating: "9", count: 400), #""""#, #""a b""#, #""\n\u0041""#, #""\x""#, "\"a\nb\"",
      "\"a", "\"é\"", "{}", "{ }", "[]", "[ ]", "[1,]", "[,1]", "[1 2]", "[1, [2, {}]]", "{,}",
      #"{"a": 1}"#, #"{"a": 1, }"#, #"{"a" 1}"#, #"{"a":}"#, "{a: 1}", #"{"a\u0062": "c"}"#,
      #"{"a": {"b": [1, "x", null, -2.5e-3]}, "c": true}"#, "", " ", "\u{0}", "]", "1\u{0}",
    ] + [99, 100, 101, 199, 200, 201].map(deep)

  private static let frames: [@Sendable (String) -> String] = [
    { $0 }, { " \t\r\n\($0) " }, { "[\($0)]" }, { "[1, \($0), 2]" }, { #"{"key": \#($0)}"# },
    { #"{"key" :\#($0) , "other": [\#($0)]}"# }, { $0 + "," }, { $0 + " 1" },
  ]

  @Test(arguments: values) func `what is passed over is checked as what is read`(_ value: String) {
    for text in Self.frames.map({ $0(value) }) {
      func problem(_ pass: (inout JSONReader) throws(JSONError) -> Void) -> String? {
        var reader = JSONReader(text)
        do throws(JSONError) {
          try pass(&reader)
          try reader.end()
          return nil
        } catch {
          return "\(error)"
        }
      }
      let read = problem { (reader) throws(JSONError) in _ = try reader.value() }
      #expect(problem { (reader) throws(JSONError) in try reader.skip() } == read, "\(text)")
    }
  }

  @Test func `what follows a value that is passed over is read`() throws {
    var reader = JSONReader(#" {"a": [1, {"b": "\u0041"}], "c": {"d": 2} , "e": 3}"#)
    try reader.openObject()
    var found: [String] = []
    while let key = try reader.nextKey() {
      let text = try reader.skippedText()
      found.append("\(key)=\(String(decoding: text, as: UTF8.self))")
    }
    try reader.end()
    #expect(found == [#"a=[1, {"b": "\u0041"}]"#, #"c={"d": 2}"#, "e=3"])
  }
}
