// What stood in for the model or the text that was asked for is said before any figure.

import Analysis
import Config
import Foundation
import Records
import Statistics
import TestSupport
import Testing

@Suite struct StandInTests {
  private static let note = "using the fallback model 'tiny': there is nothing at './real'"
  private static let lead = "Not of what was asked for:"

  /// Two variants over an axis; of those that are named another model ran.
  private static func rows(insteadIn variants: [String]) -> [CellRow] {
    ["stored", "window"].flatMap { variant in
      ["f32", "q8"].flatMap { cache in
        (1...4).map { seed in
          var row = CellRow(
            cell: "c-\(variant)-\(cache)-\(seed)", experiment: "real", variant: variant, seed: seed,
            axes: [.init("workload.cache", .string(cache))], status: .ok)
          row.metrics[.textLoss] =
            3 + Double(seed) / 10 + (variant == "window" ? 1.5 : 0) + (cache == "q8" ? 0.0003 : 0)
          row.metrics[.cacheBytes] = cache == "q8" ? 17 : 64
          if variants.contains(variant) { row.setFact("model_note", .string(note)) }
          return row
        }
      }
    }
  }

  private static func summary(insteadIn variants: [String]) -> Summary {
    Summary(
      experiment: "real", question: "What does it cost?", rows: rows(insteadIn: variants),
      isTraining: false, headline: [.textLoss, .cacheBytes], primary: [.textLoss, .cacheBytes],
      scaling: [.cacheBytes])
  }

  @Test func `it is the first of the answers, wherever these stand`() throws {
    let summary = Self.summary(insteadIn: ["stored", "window"])
    #expect(summary.answers.first?.lead == Self.lead)
    #expect(summary.answers.first?.text == Self.note)
    let digest = Digest(summary, name: "x", width: 200).text
    for text in [digest, summary.document.markdown] {
      let said = try #require(text.range(of: Self.lead))
      let loss = try #require(text.range(of: "loss"))
      #expect(said.lowerBound < loss.lowerBound, "\(text)")
      // Once.
      #expect(text.components(separatedBy: "fallback model").count == 2, "\(text)")
    }
    #expect(summary.json["stand_ins"]?.elements.count == 1)
  }

  @Test func `variants that it is not of are left out`() {
    let summary = Self.summary(insteadIn: ["window"])
    #expect(summary.answers.first?.text == "window: \(Self.note)")
    #expect(Self.summary(insteadIn: []).answers.first?.lead != Self.lead)
  }

  @Test func `a diff says which side it is of`() throws {
    let cases = try DiffCases()
    func side(_ facts: [String: JSON]) throws -> DiffSide {
      try cases.side([.init(metrics: [(.valLoss, 1)], facts: facts)])
    }
    let (plain, instead) = try (side([:]), side(["model_note": .string(Self.note)]))
    let page = RunDiff(plain, instead).page.text
    let said = try #require(page.range(of: "new is not of what was asked for: \(Self.note)"))
    let loss = try #require(page.range(of: "val_loss"))
    #expect(said.lowerBound < loss.lowerBound, "\(page)")
    #expect(RunDiff(instead, instead).page.text.contains("neither is of what was asked for"))
    #expect(!RunDiff(plain, plain).page.text.contains("asked for"))
    let shown = RunReport(instead.run, now: 0).text()
    let first = try #require(shown.range(of: Self.lead))
    #expect(first.lowerBound < (try #require(shown.range(of: "folder"))).lowerBound)
  }

  // MARK: The order of answers

  @Test func `a loss that is scored is answered first, then what it buys`() throws {
    let items = Self.summary(insteadIn: []).answers
    let leads = items.map(\.lead)
    #expect(leads.first == "loss:", "\(leads)")
    #expect(items[0].text.hasPrefix("stored, f32 3.2500, window, f32 4.7500, "), "\(items[0])")
    let bytes = try #require(leads.firstIndex { $0 == "cache_bytes:" })
    #expect(leads[..<bytes].allSatisfy { $0.hasPrefix("loss") } && bytes > 2, "\(leads)")
    #expect(leads[bytes...].allSatisfy { $0.hasPrefix("cache_bytes") }, "\(leads)")
  }
}
