// JSON text: what is written, what is read back, what is refused.

import Config
import Records
import TestSupport
import Testing

@Suite struct JSONTests {
  @Test func `reals have a fraction always and whole numbers never`() {
    let value: JSON = [
      "one": .real(1), "small": .real(1e-5), "large": .real(1e16), "third": .real(1.0 / 3),
      "count": 3, "zero": .real(-0.0), "least": .real(.leastNonzeroMagnitude),
    ]
    #expect(
      value.line == """
        {"one":1.0,"small":1.0e-05,"large":1.0e+16,"third":0.3333333333333333,"count":3,\
        "zero":-0.0,"least":5.0e-324}
        """)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `what is not finite is written as null`(value: Double) {
    #expect(JSON.array([.real(value)]).line == "[null]")
  }

  @Test func `keys keep the order in which they were given`() {
    let value: JSON = ["zebra": 1, "apple": 2, "mango": 3]
    #expect(value.line == #"{"zebra":1,"apple":2,"mango":3}"#)
  }

  @Test func `strings escape quotes, backslashes and control characters only`() {
    #expect(JSON.string("a\"b\\c\n\u{1}\u{7F}é中😀").line == #""a\"b\\c\n\u0001\u007fé中😀""#)
  }

  @Test func `a document is indented and keeps lists of scalars on one line`() {
    let value: JSON = ["a": [1, 2], "b": ["c": .null, "d": [["e": true]]], "f": [], "g": [:]]
    #expect(
      value.document == """
        {
          "a": [1,2],
          "b": {
            "c": null,
            "d": [
              {
                "e": true
              }
            ]
          },
          "f": [],
          "g": {}
        }

        """)
  }

  @Test func `what is written is read back as it was`() throws {
    let value: JSON = [
      "text": "tab\t quote\" é 😀", "real": 0.1, "whole": -7, "yes": true, "none": .null,
      "list": [1, 2.5, "x", [:]], "empty": [],
    ]
    #expect(try JSON(reading: value.line) == value)
    #expect(try JSON(reading: value.document) == value)
  }

  @Test func `any double survives the way through text`() throws {
    var random = FixedRandom()
    for _ in 0..<2000 {
      let value = Double(bitPattern: UInt64.random(in: .min ... .max, using: &random))
      guard value.isFinite else { continue }
      let back = try JSON(reading: JSON.real(value).line).number
      #expect(back?.bitPattern == value.bitPattern)
    }
  }

  @Test func `escapes of other writers are read, surrogate pairs too`() throws {
    #expect(try JSON(reading: #""\u00e9\/\b\f\ud83d\ude00""#) == "é/\u{8}\u{C}😀")
  }

  @Test(arguments: [
    ("", "unexpected end"), ("{", "expected a key"), ("[1 2]", "expected ',' or ']'"),
    ("{\"a\" 1}", "expected ':'"), ("{\"a\":1,}", "expected a key"), ("nul", "unknown word"),
    ("1 2", "text after the value"), ("\"a", "string without an end"), ("-", "not a number"),
    ("NaN", "unexpected character"), ("\"\\ud800\"", "lone surrogate"),
    ("\"\\q\"", "unknown escape"), ("\"\\u12\"", "short \\u escape"),
    ("\"\\u12g4\"", "bad \\u escape"), ("1e999", "not a number"),
    ("01", "not a number"), ("1.", "not a number"), ("-.5", "not a number"), ("1e", "not a number"),
  ]) func `what is not JSON is refused with its reason`(text: String, problem: String) {
    let error = #expect(throws: JSONError.self) { try JSON(reading: text) }
    #expect(error?.problem == problem)
  }

  @Test(arguments: [
    ("[1]", "a list where an object must be"), ("\"a\"", "a string where an object must be"),
    ("-1", "a number where an object must be"), (" true", "true where an object must be"),
  ]) func `JSON that is another value than it must be is said to be that`(
    text: String, problem: String
  ) {
    var reader = JSONReader(text)
    let error = #expect(throws: JSONError.self) { try reader.openObject() }
    let place = text.hasPrefix(" ") ? 1 : 0
    #expect(error?.description == "not as expected: \(problem), at byte \(place)")
    // What is no value is not JSON.
    for text in ["", "x", "tru"] {
      var reader = JSONReader(text)
      let error = #expect(throws: JSONError.self) { try reader.openObject() }
      #expect(error?.description == "not JSON: expected '{' at byte 0")
    }
  }

  @Test func `deep nesting is refused and not followed`() {
    let error = #expect(throws: JSONError.self) {
      try JSON(reading: String(repeating: "[", count: 100_000))
    }
    #expect(error?.description == "not JSON: more than 200 levels at byte 200")
  }
}
