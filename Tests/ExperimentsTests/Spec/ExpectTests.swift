// The `expect` of experiment files: how it is read, that the resolved file keeps it, and that it
// makes no other cells.

import Config
import Experiments
import Records
import Testing

@Suite struct ExpectTests {
  @Test func `bounds of all variants and of one are read and kept`() throws {
    let text = """
      variants: {a: {}, b: {}}
      expect: {val_loss: < 1.92, tokens_per_s: ">= 100", a: {val_loss: 1.8..1.9}}

      """
    let experiment = try loadSpec(text)
    let expected = [
      ExpectedBound(metric: "val_loss", variant: nil, bound: "< 1.92"),
      ExpectedBound(metric: "tokens_per_s", variant: nil, bound: ">= 100"),
      ExpectedBound(metric: "val_loss", variant: "a", bound: "1.8..1.9"),
    ]
    #expect(experiment.expectations == expected)
    let again = try loadSpec(experiment.resolvedYAML)
    #expect(again.expectations == expected, "\(experiment.resolvedYAML)")
    #expect(again.resolvedYAML == experiment.resolvedYAML)
  }

  @Test func `a bound is no part of a cell`() throws {
    let plain = try loadSpec("seeds: [1, 2]\n")
    let expecting = try loadSpec("seeds: [1, 2]\nexpect: {val_loss: < 1.92}\n")
    #expect(plain.cells.map(\.canonical) == expecting.cells.map(\.canonical))
    #expect(plain.cells.map(\.resolvedYAML) == expecting.cells.map(\.resolvedYAML))
    let set = try loadSpec("model: {}\n", sets: ["expect.val_loss=< 1.5"])
    #expect(set.expectations.map(\.bound) == ["< 1.5"])
  }

  @Test(arguments: [
    ("{val_los: < 2}", "'val_los' is no metric", "did you mean 'val_loss'?"),
    ("{val_loss: 1.92}", "expect.val_loss must be a bound such as '< 1.92'", "the number 1.92"),
    ("{val_loss: [< 2]}", "expect.val_loss must be a bound such as", "not a list"),
    ("{val_loss: 2..1}", "expect.val_loss must be a bound such as", "the text '2..1'"),
    ("{val_loss: }", "expect.val_loss must be a bound such as", "not nothing"),
    ("{c: {val_loss: < 2}}", "unknown variant 'c'", "known variants: a, b"),
    ("{a: {val_los: < 2}}", "'val_los' is no metric", "did you mean 'val_loss'?"),
    ("< 2", "expect must be a mapping", "the text '< 2'"),
    ("\n  val_loss: > 2", "needs quotes around it", ""),
  ])
  func `what is none is a fault`(written: String, message: String, more: String) {
    let text = specFaults("variants: {a: {}, b: {}}\nexpect: \(written)\n")
    #expect(text.contains(message) && (more.isEmpty || text.contains(more)), "\(text)")
  }
}
