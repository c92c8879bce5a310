// Values: which are the same, and how they are written for other readers of YAML.

import Config
import Testing

@Suite struct ValueTests {
  private func value(_ yaml: String) throws -> JSON {
    try #require(YAML.parse(text: "a: \(yaml)\n", name: "x.yaml").root["a"]).value
  }

  private func canonical(_ yaml: String) throws -> JSON { try value(yaml).canonical }

  @Test(arguments: [
    ("0", "0.0"), ("0", "-0.0"), ("-0", "-0.0"), ("1", "1.0"), ("1000", "1e3"), ("0.5", ".5"),
    ("none", "{type: none}"), ("4", "[4]"), ("4", "[[4.0]]"), ("none", "[{type: none}]"),
    ("{a: 1, b: 2}", "{b: 2.0, a: [1]}"), ("[1, 2]", "[1.0, 2.0]"),
    ("9007199254740992", "9007199254740992.0"),
  ])
  func `what means the same is the same`(one: String, other: String) throws {
    #expect(try canonical(one) == canonical(other))
    #expect(try canonical(one).line == canonical(other).line)
    #expect(try value(one).canonicalHash == value(other).canonicalHash)
  }

  @Test(arguments: [
    ("1", "'1'"), ("none", "{type: none, a: 1}"), ("[1, 2]", "[2, 1]"), ("[]", "null"),
    ("0.1", "0.10000000000000002"), ("9007199254740993", "9007199254740992.0"), ("null", "'null'"),
    ("{type: 1}", "1"),
  ])
  func `what means something else is not`(one: String, other: String) throws {
    #expect(try canonical(one) != canonical(other))
    #expect(try value(one).canonicalHash != value(other).canonicalHash)
  }

  @Test func `values of different kinds have different hashes`() throws {
    let values = ["null", "0", "false", "''", "[]", "{}", "'0'", "'null'", "{a: null}", "{a: 0}"]
    #expect(Set(try values.map { try value($0).canonicalHash }).count == values.count)
  }

  @Test(arguments: [
    ("[4]", "4"), ("[4, 4.0]", "4"), ("[none, none]", #""none""#), ("[4, 8, 4, 8]", "[4,8]"),
    ("[4, 8, 4]", "[4,8,4]"), ("[]", "[]"), ("[[1, 1], 1]", "1"),
  ])
  func `a list that repeats itself is the shorter one`(list: String, value: String) throws {
    #expect(try canonical(list).line == value)
  }

  /// The number of YAML 1.1, as PyYAML's resolver has it.
  private static var number: Regex<Substring> { #/[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?/# }

  @Test(arguments: [
    1e-5, 1e-8, 1.5e-7, 1e16, 1e20, 6.02e23, 0.1, 1, -2.5e-9, .leastNonzeroMagnitude,
    1.7976931348623157e308, 0,
  ])
  func `numbers are numbers to readers of YAML 1.1`(number: Double) throws {
    let text = JSON.real(number).inlineYAML
    #expect(text.wholeMatch(of: Self.number) != nil, "\(text)")
    #expect(try canonical(text) == JSON.real(number).canonical)
  }

  @Test(arguments: [
    "yes", "No", "ON", "off", "y", "N", "true", "False", "null", "Null", "NULL", "~", "=", "<<",
    ".inf", "-.INF", ".nan", "1e5", "1.0e+5", "1:30", "0o7", "0x1F", "1_000", "2024-01-02",
    "2024-01-02T10:11:12Z", "", " a", "a ", "a: b", "a #b", "- a", "?", "*a", "&a", "!a", "%a",
    "@a", "`a`",
    "[a", "{a", "a,b", "'a'", "\"a\"", "a\nb", "\u{A0}", "\u{2028}", "\u{FEFF}", "\u{FFFE}",
    "\u{7F}", "|", ">",
  ])
  func `texts that a reader may take for more are quoted`(text: String) throws {
    let written = JSON.string(text).inlineYAML
    #expect(written.hasPrefix("\"") && written.hasSuffix("\""), "\(written)")
    #expect(try canonical(written) == .string(text))
    let key = JSON.object([JSON.Member(text, .integer(1))]).yaml
    #expect(key.hasPrefix("\""))
  }

  @Test func `a long mapping in a list has lines of its own`() throws {
    let long = String(repeating: "word ", count: 20)
    let value: JSON = [
      "list": [
        ["a": 1],
        ["a": .string(long), "b": ["c": .string(long), "d": [["e": .string(long)], 2]]], 3,
      ]
    ]
    #expect(
      value.yaml == """
        list:
          - {a: 1}
          - a: "\(long)"
            b:
              c: "\(long)"
              d:
                - e: "\(long)"
                - 2
          - 3

        """)
    #expect(try YAML.parse(text: value.yaml, name: "x.yaml").root.value == value)
  }

  @Test func `a value that is kept as what differs from another stays what it is`() {
    let note = JSON.object([.init("rate", .null, comment: "a tenth")])
    let zeros = [JSON.real(0.0), .real(-0.0)].map { JSON.object([.init("rate", $0)]) }
    let nested: [JSON] = [
      ["a": ["b": 1, "c": 2], "d": 3, "e": ["f": ["g": 1]]],
      ["a": ["b": 1, "c": 4], "d": 3, "e": ["f": ["g": 2]]],
      ["a": ["b": 5, "c": 4], "d": [3], "e": ["f": ["h": 2]]], ["a": 1, "d": 3, "e": []],
    ]
    // Deeper, and with more members, than places are noted.
    let deep = [1, 2].map { seed -> JSON in
      (1...12).reduce(.integer(seed)) { inner, depth in ["in": inner, "depth": .integer(depth)] }
    }
    let flat = [(1, 300), (2, 300), (1, 100), (2, 100)].map { factor, count -> JSON in
      .object((0..<count).map { .init("k\($0)", .integer($0 * factor)) })
    }
    let others: [JSON] = [note, ["rate": .null], 1, 1.0, [1], [[1]]]
    let values = [nested, zeros, deep, flat, others].flatMap { $0 }
    for first in values {
      let first = JSONVariation(first)
      for second in values {
        let second = (kept: JSONVariation(second, like: first), value: second)
        #expect(second.kept.json.line == second.value.line)
        #expect(second.kept.json.yaml == second.value.yaml)
        for third in values {
          let kept = JSONVariation(third, like: second.kept)
          #expect(kept.json.yaml == third.yaml)
          for key in ["a", "e", "rate"] where kept.isSame(as: second.kept, at: key) {
            #expect(third[key]?.yaml == second.value[key]?.yaml)
          }
        }
      }
    }
    let kept = nested.map { JSONVariation($0, like: JSONVariation(nested[0])) }
    #expect(!kept[0].isSame(as: kept[1], at: "a"), "nothing is in common")
    let first = JSONVariation(nested[0])
    let (one, other) = (
      JSONVariation(nested[1], like: first), JSONVariation(nested[2], like: first)
    )
    #expect(first.isSame(as: one, at: "d") && !first.isSame(as: one, at: "a"))
    #expect(one.isSame(as: one, at: "e") && !one.isSame(as: other, at: "a"))
  }
}
