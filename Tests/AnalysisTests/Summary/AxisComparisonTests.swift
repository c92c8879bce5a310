// What the values of an axis change, and what variants lack: told in words, at the head of the
// summary.

import Analysis
import Config
import Records
import Statistics
import Testing

@Suite struct AxisComparisonTests {
  private static func row(
    _ variant: String, _ axes: [(String, JSON)], seed: Int, _ values: [(Metric, Double)]
  ) -> CellRow {
    var row = CellRow(
      cell: "c-\(variant)-\(axes.map(\.1.line).joined())-\(seed)", experiment: "e",
      variant: variant, seed: seed, axes: axes.map { CellRow.Entry($0.0, $0.1) }, status: .ok)
    for (metric, value) in values { row.metrics[metric] = value }
    return row
  }

  private static func text(
    _ rows: [CellRow], _ primary: [Metric], scaling: [Metric] = [], isTraining: Bool = false
  ) -> String {
    Summary(
      experiment: "e", rows: rows, isTraining: isTraining, headline: primary, primary: primary,
      scaling: scaling
    ).document.text
  }

  @Test func `words on an axis are held against the first, beside variants and without`() {
    let speeds: [(JSON, Double, Double)] = [("f32", 1, 64), ("bf16", 1.5, 32), ("q8", 0.8, 17)]
    let rows = ["mha", "gqa"].flatMap { variant in
      speeds.flatMap { cache, speed, bytes in
        (1...4).map { seed -> CellRow in
          let noise = 1 + Double((seed * 7 + Int(bytes)) % 5) / 500
          return Self.row(
            variant, [("workload.cache", cache)], seed: seed,
            [(.decodeTokensPerSecond, 100 * speed * noise), (.cacheBytes, bytes)])
        }
      }
    }
    let text = Self.text(rows, [.decodeTokensPerSecond, .cacheBytes])
    #expect(
      text.contains(
        """
        decode_tokens_per_s by cache, against f32:
          better: bf16 1.5
        """), "\(text)")
    #expect(text.contains("  worse: q8 0.8"), "\(text)")
    #expect(
      text.contains("cache_bytes by cache, against f32: better: bf16 0.500 x, q8 0.266 x\n"),
      "\(text)")
    let alone = Self.text(
      rows.filter { $0.variant == "mha" }, [.decodeTokensPerSecond, .cacheBytes])
    #expect(alone.contains("cache_bytes by cache, against f32: better: bf16 0.500 x, q8"))
  }

  @Test func `of two axes each verdict says where it holds`() {
    let rows = [JSON.bool(false), .bool(true)].flatMap { causal in
      ["none", "boolean"].map { mask in
        Self.row(
          "", [("workload.causal", causal), ("workload.mask", .string(mask))], seed: 1,
          [(.attentionBytes, causal == .bool(true) && mask == "boolean" ? 50 : 100)])
      }
    }
    let text = Self.text(rows, [.attentionBytes])
    #expect(
      text.contains(
        """
        attention_bytes by causal, against false:
          better: true 0.500 x at mask boolean
          the same: true at mask none
        """), "\(text)")
  }

  @Test func `sizes have a fit, which is judged in words, and learning rates have neither`() {
    let sizes = [256, 512, 1024, 2048, 4096]
    func rows(_ time: (Double) -> Double) -> [CellRow] {
      zip(sizes, [1.01, 0.99, 1, 1.01, 0.995]).map { size, noise in
        Self.row(
          "", [("workload.sequence", .integer(size))], seed: 1,
          [(.forwardSeconds, noise * time(Double(size)))])
      }
    }
    let metrics = [Metric.forwardSeconds]
    let rule = "(^0.75 to ^1.25)?"
    let question = "Is forward_seconds linear in sequence from 256 to 4096 \(rule) "
    let linear = Self.text(rows { $0 / 1e6 }, metrics, scaling: metrics)
    #expect(linear.contains(question + "yes: ^1.00 ["), "\(linear)")
    #expect(!linear.contains("against"), "\(linear)")
    #expect(linear.contains("forward_seconds at sequence 4096: 4.1 ms\n"), "\(linear)")
    let square = Self.text(rows { $0 * $0 / 1e9 }, metrics, scaling: metrics)
    #expect(square.contains(question + "no, faster: ^2.00 ["), "\(square)")
    let slow = Self.text(rows { $0.squareRoot() / 1e3 }, metrics, scaling: metrics)
    #expect(slow.contains(question + "no, slower: ^0.50 ["), "\(slow)")
    // A law that bends is neither one over the range nor the other.
    let bent = Self.text(rows { $0 < 1000 ? 1e-3 : $0 * $0 / 1e9 }, metrics, scaling: metrics)
    #expect(bent.contains(question + "cannot tell: ^"), "\(bent)")
    // Three points show no scatter: a count is told, a time is not.
    let few = Self.text(Array(rows { $0 / 1e6 }.prefix(3)), metrics, scaling: metrics)
    #expect(few.contains("from 256 to 1024 \(rule) cannot tell: ^0.99\n"), "\(few)")
    // What is not fitted is compared.
    let other = Self.text(rows { $0 / 1e6 }, metrics)
    #expect(other.contains("forward_seconds by sequence, against 256:"), "\(other)")
    let rates = [0.001, 0.01, 0.1].map { rate in
      Self.row("", [("workload.optimizer.lr", .real(rate))], seed: 1, [(.valLoss, 2 + rate)])
    }
    #expect(!Self.text(rates, [.valLoss], isTraining: true).contains("by lr"))
  }

  @Test func `fits that are the same are one`() {
    let rows = ["a", "b", "c"].flatMap { variant in
      [1, 2, 4, 8].map { size in
        Self.row(
          variant, [("workload.sequence", .integer(size))], seed: 1,
          [(.attentionBytes, Double(1000 * size))])
      }
    }
    let text = Self.text(rows, [.attentionBytes], scaling: [.attentionBytes])
    #expect(
      text.contains("linear in sequence from 1 to 8 (^0.75 to ^1.25)? yes: each ^1.00\n"),
      "\(text)")
  }

  @Test func `a variant that has no value of a metric is named, with the reason`() {
    let rows = ["rope", "alibi", "learned"].flatMap { variant in
      (1...3).map { seed -> CellRow in
        let loss = 2 + (variant == "rope" ? 0 : 0.5) + Double(seed * seed) / 1000
        var row = Self.row(variant, [], seed: seed, [(.valLoss, loss)])
        if variant == "learned" {
          row.setFact("extrapolation_note", "learned positions end there")
        } else {
          row.metrics[.lossToTwice] = loss + Double(seed % 2) / 1000
        }
        return row
      }
    }
    let text = Self.text(rows, [.valLoss, .lossToTwice])
    #expect(
      text.contains("\n  no value: learned (learned positions end there)\n"), "\(text)")
    #expect(text.split(separator: "\n").count { $0.contains("no value") } == 1, "\(text)")
  }

  @Test func `where no difference was found the largest that is not ruled out says where it is`() {
    let rows = [(64, 0.01), (128, 0.2)].flatMap { size, spread in
      ["a", "b"].flatMap { variant in
        (1...4).map { seed in
          let noise = spread * Double((seed * (variant == "a" ? 3 : 5)) % 4)
          return Self.row(
            variant, [("workload.sequence", .integer(size))], seed: seed, [(.valLoss, 2 + noise)])
        }
      }
    }
    let text = Self.text(rows, [.valLoss])
    #expect(text.contains("no difference larger than 0.6"), "\(text)")
    #expect(text.contains("(b, sequence 128): b\n"), "\(text)")
  }
}
