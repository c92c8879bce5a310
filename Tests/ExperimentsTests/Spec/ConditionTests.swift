// `where`: which cells an expression keeps, and what is said about one that is wrong, at its very
// place.

import Config
import Experiments
import Testing

@Suite struct ConditionTests {
  /// The axis's values that are left.
  private func kept(_ expression: String, _ axis: String = "workload.sequence: [8, 16, 32]") throws
    -> [String]
  {
    try loadSpec(
      "variants: {modern: {}, classic: {model: {layers: 2}}}\nmatrix:\n  \(axis)\n  where: \(expression)\n"
    ).cells.filter { $0.exclusion == nil }.map(\.label)
  }

  @Test(arguments: [
    (
      "workload.sequence > 8 and variant == 'modern'", ["modern/sequence=16", "modern/sequence=32"]
    ),
    ("sequence == 16", ["modern/sequence=16", "classic/sequence=16"]),
    (
      "sequence in [8, 4 * 8] and not variant == \"modern\"",
      ["classic/sequence=8", "classic/sequence=32"]
    ),
    ("sequence not in [8, 32] and model.layers == 6", ["modern/sequence=16"]),
    ("sequence * model.layers <= 32 or 1 > 2", ["classic/sequence=8", "classic/sequence=16"]),
    (
      "(sequence + 8) % 24 == 0 and sequence / 16 == 1 and variant != 'classic'",
      ["modern/sequence=16"]
    ),
    (
      "-sequence <= -32 and model.attention == 'gqa' and variant == 'modern'",
      ["modern/sequence=32"]
    ),
    (
      "sequence / 64 < 0.2 and 2 + 3 * 4 == 14 and seed == 1 and variant == 'modern'",
      ["modern/sequence=8"]
    ),
    (
      "workload.optimizer.lr == 1e-3 and true and model.layers != 6 and sequence >= 32",
      ["classic/sequence=32"]
    ),
    (
      "model.attention.kv_heads == 4 and model.attention.heads == 8 and sequence == 8",
      ["modern/sequence=8", "classic/sequence=8"]
    ),
    ("model.attention.kv_heads == null and model.attention.nothing == null or sequence == 8", []),
  ])
  func expressionsKeepTheCellsTheyHoldFor(expression: String, expected: [String]) throws {
    if expected.isEmpty {
      #expect(throws: Faults.self) { try kept(expression) }
    } else {
      #expect(try kept(expression) == expected)
    }
  }

  @Test func aCellLeftOutSaysByWhat() throws {
    let cells = try loadSpec(
      """
      matrix:
        workload.sequence: [8, 16]
        where:
          - >-
            sequence
              <  16
          - seed == 1

      """
    ).cells
    #expect(cells.map(\.exclusion) == [nil, "where sequence < 16 is false"])
  }

  /// A cell that would be invalid may be left out by what it is.
  @Test func whatIsLeftOutMayBeWrong() throws {
    let text = """
      model: {attention: {kv_heads: 4}}
      matrix:
        model.attention.heads: [8, 6]
        where: model.attention.heads % model.attention.kv_heads == 0

      """
    #expect(try loadSpec(text).cells.map { $0.exclusion == nil } == [true, false])
  }

  @Test func anOptionThatOnlySomeCellsHaveIsNullInTheOthers() throws {
    let text = """
      variants: {a: {}, b: {model: {attention: mha}}}
      model: {attention: {kv_heads: 4}}
      matrix: {workload.sequence: [8], where: model.attention == 'mha' or model.attention.kv_heads == 4}

      """
    #expect(try loadSpec(text).cells.allSatisfy { $0.exclusion == nil })
  }

  @Test(arguments: [
    ("sequence < 'a'", 10, "'<' needs numbers, not the text 'a'"),
    ("sequence + variant > 1", 10, "'+' needs numbers, not the text 'modern'"),
    ("sequence", 1, "the expression must be true or false, not the number 8"),
    ("not sequence", 1, "'not' needs true or false, not the number 8"),
    ("sequence == 8 and 3", 15, "'and' needs true or false, not the number 3"),
    ("workload.data.fallback < 3", 24, "'<' needs numbers, not null"),
    ("sequence / 0 > 1", 10, "division by zero"),
    ("sequence % (seed - 1) == 0", 10, "division by zero"),
    ("sequence <", 11, "expected a value, not the end"),
    ("sequence 3", 10, "expected an operator or the end, not the number 3"),
    ("(sequence > 3", 14, "expected ')', not the end"),
    ("sequence in 3", 13, "expected a list such as [1, 2], not the number 3"),
    ("sequence in [3", 15, "expected ',' or ']', not the end"),
    ("sequence = 8", 10, "'=' is written '==' here"),
    ("sequence > 1 && true", 14, "'&&' is written 'and' here"),
    ("1 < 2 < 3", 7, "comparisons cannot be chained: write a < b and b < c"),
    ("sequence > 1_000", 12, "'1_000' is not a number: write 1000"),
    ("sequence > 1e999", 12, "'1e999' is not a number: it is too large to represent"),
    ("sequence > 1e-999", 12, "'1e-999' is not a number: it is too small to represent"),
    (
      "sequence > 123456789012345678901234567890123456789", 12,
      "'123456789012345678901234567890123456789' has too many digits: up to 38 are exact"
    ),
    (
      "sequence > 0.123456789012345678901234567890123456789", 12,
      "'0.123456789012345678901234567890123456789' has too many digits: up to 38 are exact"
    ),
    ("sequence > 'a", 12, "expected a closing ', not the end"),
    ("sequence ? 3", 10, "expected a value or an operator, not '?'"),
    (
      "sequnce > 3", 1,
      "unknown name 'sequnce': neither an axis nor an option; a text stands in quotes"
    ),
    (
      "variant == modern", 12,
      "unknown name 'modern': neither an axis nor an option; a text stands in quotes"
    ),
    ("in > 3", 1, "expected a value, not the word 'in'"),
  ])
  func wrongExpressionsAreMarkedAtTheirPlace(expression: String, column: Int, message: String) {
    let messages = specMessages(
      "variants: {modern: {}, classic: {}}\nmatrix:\n  workload.sequence: [8, 16]\n  where: \(expression)\n"
    )
    #expect(messages.first == "x.yaml:4:\(9 + column): error: \(message)")
  }

  @Test func placesSurviveQuotesEscapesAndBlocks() {
    func place(_ yaml: String) -> String? {
      specMessages("matrix:\n  workload.sequence: [8]\n  where: \(yaml)\n").first?
        .split(separator: " ").first.map(String.init)
    }
    #expect(place("'sequence == ''a'' or 1 + true'") == "x.yaml:3:34:")
    #expect(place("'sequence < ''a'''") == "x.yaml:3:20:")
    #expect(place("\"sequence < \\\"a\\\"\"") == "x.yaml:3:20:")
    #expect(place("|\n    sequence > 1\n    and sequence < 'a'") == "x.yaml:5:18:")
    #expect(place("sequence > 1\n    and sequence < 'a'") == "x.yaml:4:18:")
    #expect(place("[true, sequence < 'a']") == "x.yaml:3:26:")
  }

  @Test func aFaultOfSomeCellsNamesOne() {
    #expect(
      specFaults(
        "matrix:\n  workload.sequence: [8, 16]\n  where: 8 / (sequence - 16) < 1\n") == """
          x.yaml:3:12: error: division by zero
            where: 8 / (sequence - 16) < 1
                     ^
          note: in cell sequence=16

          """)
  }

  @Test func noExpressionIsTooLongOrTooDeepToBeRefused() {
    let deep = String(repeating: "(", count: 400) + "1"
    let nots = String(repeating: "not ", count: 400) + "true"
    let minus = String(repeating: "- ", count: 400) + "1 < 2"
    for text in [deep, nots, minus] {
      #expect(
        specFaults("matrix: {workload.sequence: [8], where: \"\(text)\"}\n")
          .contains("nested deeper than 50 levels"))
    }
    let long = "1" + String(repeating: " + 1", count: 600) + " > 1"
    #expect(
      specFaults("matrix: {workload.sequence: [8], where: \(long)}\n")
        .contains("has more than 2000 characters"))
    let chain = "1" + String(repeating: "+1", count: 900) + " > 1"
    #expect(specFaults("matrix: {workload.sequence: [8], where: \(chain)}\n").isEmpty)
  }
}
