// The registry of metrics and how values are printed for people.

import Config
import Foundation
import Records
import Statistics
import Testing

@Suite struct MetricTests {
  @Test func `names are unique, lower case and safe as columns`() {
    let names = Metric.all.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(name.allSatisfy { ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_" })
      #expect(name.first?.isLetter == true)
    }
  }

  @Test func `every metric says in one sentence what it means`() {
    for metric in Metric.all {
      #expect(metric.meaning.hasSuffix("."))
      #expect(!metric.meaning.dropLast().contains("."))
    }
  }

  @Test func `a metric that is made again is the same, and its name tells it from others`() {
    func made(_ name: String, _ meaning: String, better: Metric.Better) -> Metric {
      Metric(name, meaning, better: better, .sampled, as: .decimals(2), whole: true)
    }
    let first = made("of_a_test", "One.", better: .lower)
    let again = made("of_a_test", "One.", better: .lower)
    let other = made("of_a_test", "Another.", better: .higher)
    #expect(first == again && first == other && Set([first, again, other]).count == 1)
    #expect([first, again, other].map(\.meaning) == ["One.", "One.", "Another."])
    #expect([first, again, other].map(\.better) == [.lower, .lower, .higher])
    #expect(first != made("of_another_test", "One.", better: .lower))
    #expect(first.certainty == .sampled && first.format == .decimals(2) && first.isWhole)
  }

  @Test func `names carry their unit`() {
    for metric in Metric.all {
      switch metric.format {
      case .bytes: #expect(metric.name.contains("bytes"))
      case .seconds: #expect(metric.name.hasSuffix("seconds"))
      case .percent: #expect(metric.name.hasSuffix("percent"))
      case .decimals, .count, .scaled, .scientific: #expect(!metric.name.contains("bytes"))
      }
    }
  }

  @Test func `losses of trainings are in nats, those of texts alone in nats per token`() {
    for metric in [
      Metric.valLoss, .bestValLoss, .trainLoss, .initialLoss, .initialValLoss, .zLoss,
    ] {
      #expect(metric.unit == "nats", "\(metric.name)")
    }
    for metric in Metric.all where metric.meaning.contains("in nats") {
      #expect(metric.unit?.hasPrefix("nats") == true, "\(metric.name)")
    }
    #expect(Metric.textLoss.unit == "nats per token" && Metric.lossGrowth.unit == "nats per token")
    #expect(Metric.accuracy.unit == "%" && Metric.valBitsPerByte.unit == nil)
  }

  @Test func `what rests on the clock is neither exact nor the same each time`() {
    for metric in Metric.all {
      let name = metric.name
      let restsOnClock =
        name.contains("seconds") || name.hasSuffix("_per_s") || name.hasSuffix("peak_percent")
        || ["bandwidth_percent", "repeats", "peak_resident_bytes"].contains(name)
      #expect(metric.isRepeatable == !restsOnClock, "\(name)")
      if restsOnClock { #expect(!metric.isExact, "\(name)") }
    }
  }

  @Test func `values are read as they are written, whatever was read before`() throws {
    let texts = [
      #"{"val_loss": 1.5, "train_loss": 2, "steps": 7}"#,
      #"{"val_loss": 2.5, "train_loss": 3, "steps": 8}"#,
      #"{"val_loss": 2.5, "steps": 8, "train_loss": 3}"#, #"{"val_loss": 0.5}"#, "{}",
      #"{"val_loss": 0.5, "steps": null, "train_loss": 4}"#,
      #"{"val_loss": 0.5, "steps": 3, "train_loss": 4, "steps": 9, "of_another_version": 1}"#,
      #"{"steps": 3, "val_loss": 0.5, "train_loss": null}"#,
    ]
    for first in texts {
      for text in [first] + texts {
        var reader = JSONReader(text)
        let read = try #require(try MetricValues(reading: &reader))
        let values = try #require(MetricValues(json: JSON(reading: text)))
        #expect(read == values, "\(text) after \(first)")
        #expect(read.unordered == values.unordered)
        try reader.end()
      }
    }
  }

  @Test func `every metric stands in the page on results`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let page = try AtomicFile.read(root.appendingPathComponent("docs/results.md").path)
    for metric in Metric.all {
      let better = metric.better == .none ? "" : metric.better.rawValue
      let row =
        "| `\(metric.name)` | \(better) | \(metric.certainty.rawValue) | \(metric.meaning) |"
      #expect(page.contains(row), "docs/results.md lacks: \(row)")
    }
  }

  @Test(arguments: [
    (Metric.peakBytes, 12_897_485.0, "12.3 MiB"), (.peakBytes, 0, "0 B"),
    (.peakBytes, 1023, "1023 B"),
    (.peakBytes, 1_048_575, "1.00 MiB"), (.peakBytes, 5_368_709_120, "5.00 GiB"),
    (.valLoss, 1.82345, "1.8235"), (.tokensPerSecond, 4123, "4.12 k"),
    (.tokensPerSecond, 999.7, "1.00 k"), (.tokensPerSecond, 12.34, "12.3"),
    (.peakPercent, 61.24, "61.2 %"), (.lossSpikes, 2, "2"), (.lossSpikes, 0.5, "0.5"),
    (.stepSeconds, 0.8123, "812.3 ms"), (.stepSeconds, 1.5, "1.50 s"),
    (.stepSeconds, 0.000_02, "20.0 µs"), (.trainSeconds, 203.4, "203 s"),
    (.parameters, 4_200_000, "4.20 M"), (.parameters, 999, "999"), (.valLoss, .nan, "nan"),
    (.valLoss, -.infinity, "-inf"), (.valLoss, 222_739_426.3, "223 M"),
  ]) func `values are printed for people`(metric: Metric, value: Double, text: String) {
    #expect(metric.text(value) == text)
  }

  @Test func `differences carry a sign, and none where they round to zero`() {
    #expect(Metric.valLoss.difference(-0.129) == "-0.1290")
    #expect(Metric.valLoss.difference(0.00001) == "0.0000")
    #expect(Metric.valLoss.difference(-0.00001) == "0.0000")
    #expect(Metric.peakBytes.difference(-62_914_560) == "-60.0 MiB")
    #expect(
      Metric.tokensPerSecond.difference(-7, within: Interval(low: -1200, high: 1186))
        == "-0.01 k [-1.20, +1.19]")
  }

  @Test func `a spread is printed in the unit of its mean`() {
    #expect(Metric.peakBytes.text(12_897_485, sd: 104_858) == "12.3 ± 0.1 MiB")
    #expect(Metric.valLoss.text(1.8, sd: 0.004) == "1.8000 ± 0.0040")
  }

  @Test func `values that are not finite leave a marker and no value`() {
    var values = MetricValues()
    values[.trainLoss] = .nan
    values[.gradNormMax] = .infinity
    values[.valLoss] = 2
    #expect(values[.trainLoss] == nil)
    #expect(values.nonfinite == "train_loss=nan;grad_norm_max=inf")
    #expect(values.metrics == [.valLoss])
    values[.trainLoss] = 1
    values[.gradNormMax] = nil
    #expect(values.nonfinite == nil)
    #expect(values.metrics == [.valLoss, .trainLoss])
  }
}
