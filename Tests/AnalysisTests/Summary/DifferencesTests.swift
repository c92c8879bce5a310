// Variants held each against its own baseline, and winners that must stand after Holm's correction.

import Analysis
import Config
import Records
import Statistics
import Testing

@Suite struct DifferencesTests {
  private static let losses: [(variant: String, losses: [Double])] = [
    ("modern", [1.50, 1.52, 1.48]), ("modern-rope", [1.60, 1.63, 1.60]),
    ("classic", [1.60, 1.42, 1.53]), ("classic+rope", [1.65, 1.52, 1.62]),
  ]
  private static let compare = ["modern-rope": "modern", "classic+rope": "classic"]

  private static func ablation(seeds: Int) -> Summary {
    let rows = losses.flatMap { variant, losses in
      zip(1..., losses.prefix(seeds)).map { SummaryCases.small(variant, seed: $0, loss: $1) }
    }
    return Summary(experiment: "ablation", rows: rows, compare: compare, isTraining: true)
  }

  @Test func `each variant is held against the one it states, else against the first`() {
    let all = Self.ablation(seeds: 3).differences
    #expect(all.map(\.comparison.subject) == ["modern-rope", "classic", "classic+rope"])
    #expect(all.map(\.comparison.baseline) == ["modern", "modern", "classic"])
  }

  @Test func `a winner is named only where it stands after Holm's correction`() throws {
    let all = Self.ablation(seeds: 3).differences.map(\.comparison)
    #expect(all.map(\.winner) == ["modern", nil, nil])
    #expect(all.map(\.verdict.word) == ["worse", "none_larger", "undecided"])
    // The paired t test alone would have named a winner of the third.
    #expect(try #require(all[2].values.p) < 0.05)
    #expect(try #require(all[2].values.holmP) > 0.05)
  }

  @Test func `one seed shows the differences and names nobody`() {
    let summary = Self.ablation(seeds: 1)
    #expect(
      summary.differences.map(\.comparison).allSatisfy {
        $0.verdict == .undecided(.fewSeeds(1)) && $0.values.holmP == nil
      })
    #expect(
      summary.document.text == """
        ablation

        4 of 4 cells ok

        val_loss against modern: 1 seed is too few to say: modern-rope +0.1000, classic +0.1000
        val_loss against classic: 1 seed is too few to say: classic+rope +0.0500

        variant       val_loss  parameters
        ────────────  ────────  ──────────
        modern          1.5000      1.00 k
        modern-rope     1.6000      1.00 k
        classic         1.6000      1.00 k
        classic+rope    1.6500      1.00 k

        - 1 seed: cannot tell differences in val_loss from noise; 3 seeds can show a large one

        Differences

        metric    variants                      difference [95 %]  verdict
        ────────  ────────────────────────────  ─────────────────  ────────────────────────
        val_loss  modern-rope against modern              +0.1000  1 seed is too few to say
        val_loss  classic against modern                  +0.1000  1 seed is too few to say
        val_loss  classic+rope against classic            +0.0500  1 seed is too few to say

        All metrics

        metric      modern  modern-rope  classic  classic+rope  modern-rope / modern  classic / modern  classic+rope / classic
        ──────────  ──────  ───────────  ───────  ────────────  ────────────────────  ────────────────  ──────────────────────
        val_loss    1.5000       1.6000   1.6000        1.6500                 1.067             1.067                   1.031
        parameters  1.00 k       1.00 k   1.00 k        1.00 k                 1.000             1.000                   1.000

        - 1 seed: no interval can be given; 3 seeds can show a large difference

        """)
  }

  @Test func `the full tables compare with the stated baselines too`() {
    let text = Self.ablation(seeds: 3).document.text
    #expect(text.contains("modern-rope / modern  classic / modern  classic+rope / classic"))
  }

  @Test func `exact values are claimed of one seed`() throws {
    let rows = zip(["a", "b", "c"], [4000, 2000, 2000]).map { variant, bytes -> CellRow in
      var row = SummaryCases.small(variant, seed: 1, loss: 1)
      row.metrics.set(.peakBytes, bytes)
      return row
    }
    let summary = Summary(
      experiment: "e", rows: rows, compare: ["c": "b"], isTraining: true)
    let line = try #require(summary.blocks[0].line(.peakBytes))
    #expect(line.comparisons.map(\.verdict) == [.better, .same])
  }

  @Test func `a matrix of one seed has no table of what cannot be told`() {
    #expect(KernelCases.summary.differences.count == 16)
    #expect(!KernelCases.summary.document.text.contains("Differences"))
  }

  @Test func `the JSON says what may be claimed`() throws {
    let json = try #require(Self.ablation(seeds: 3).json["differences"]).elements
    #expect(json.map { $0["verdict"] } == ["worse", "none_larger", "undecided"])
    #expect(json.map { $0["winner"] } == ["modern", .null, .null])
    #expect(json[0]["baseline"] == "modern")
  }

  @Test func `the usual baseline is one that states none`() {
    let two = Baselines(of: ["modern", "classic"], stated: ["classic": "modern"])
    #expect(two.usual == "modern")
    #expect(two.baseline(of: "modern") == nil && two.baseline(of: "classic") == "modern")
    let three = Baselines(of: ["a", "b", "c"], usual: "c", stated: ["b": "nobody"])
    #expect(three.baseline(of: "b") == "c" && three.baseline(of: "c") == nil)
    #expect(Baselines(of: ["a", "b"], stated: ["a": "b", "b": "a"]).usual == nil)
    #expect(Baselines(of: ["a"]).usual == nil)
  }
}
