// Synthetic rows for the tests of the summary: a homework run with given numbers.

import Config
import Records

/// Builds rows as the train workload would.
enum SummaryCases {
  /// A finished cell with the figures that differ from run to run.
  static func row(
    _ variant: String, seed: Int, loss: Double, axes: [CellRow.Entry] = [], speed: Double = 4100,
    unrest: Double = 0.31, spikes: Int = 0, logit: Double = 8.25
  ) -> CellRow {
    var row = CellRow(
      cell: "c-\(variant)-\(seed)", experiment: "modern", variant: variant, seed: seed, axes: axes,
      status: .ok)
    let isModern = variant == "modern"
    row.metrics[.valLoss] = loss
    row.metrics[.tokensPerSecond] = speed
    row.metrics.set(.peakBytes, isModern ? 180 << 20 : 240 << 20)
    row.metrics.set(.parameterBytes, isModern ? 16 << 20 : 18 << 20)
    row.metrics[.kvCacheBytesPerToken] = isModern ? 6144 : 12288
    row.metrics[.gradNormCV] = unrest
    row.metrics.set(.lossSpikes, spikes)
    row.metrics[.maxAttentionLogit] = logit
    row.metrics.set(.parameters, isModern ? 4_200_000 : 4_800_000)
    row.setFact("device", "cpu")
    return row
  }

  /// Two variants with one seed each.
  static let oneSeed = [
    row("modern", seed: 1, loss: 1.823),
    row("classic", seed: 1, loss: 1.952, speed: 4600, unrest: 0.45, spikes: 2, logit: 14.1),
  ]

  /// Two variants with four seeds planned; classic diverged on the last.
  static let fourSeeds: [CellRow] = {
    var rows = [
      row("modern", seed: 1, loss: 1.823, speed: 4100, unrest: 0.31, logit: 8.25),
      row("modern", seed: 2, loss: 1.831, speed: 4140, unrest: 0.33, logit: 8.5),
      row("modern", seed: 3, loss: 1.819, speed: 4060, unrest: 0.32, logit: 8.0),
      row("modern", seed: 4, loss: 1.825, speed: 4090, unrest: 0.30, logit: 8.1),
      row("classic", seed: 1, loss: 1.952, speed: 4090, unrest: 0.45, spikes: 2, logit: 14.1),
      row("classic", seed: 2, loss: 1.968, speed: 4180, unrest: 0.44, logit: 9.2),
      row("classic", seed: 3, loss: 1.944, speed: 4050, unrest: 0.47, spikes: 1, logit: 12.4),
    ]
    var diverged = CellRow(
      cell: "c-classic-4", experiment: "modern", variant: "classic", seed: 4, status: .diverged,
      reason: "the loss is nan at step 140")
    diverged.metrics[.valLoss] = .nan
    diverged.metrics[.tokensPerSecond] = 9999
    rows.append(diverged)
    return rows
  }()

  /// A cell of little: validation loss and, counted, parameters.
  static func small(
    _ variant: String, seed: Int, loss: Double?, axes: [CellRow.Entry] = [], parameters: Int = 1000
  ) -> CellRow {
    var row = CellRow(
      cell: "c-\(variant)-\(seed)-\(axes.map(\.value.line).joined())", experiment: "small",
      variant: variant, seed: seed, axes: axes, status: loss == nil ? .notRun : .ok)
    row.metrics[.valLoss] = loss
    row.metrics.set(.parameters, parameters)
    return row
  }

  /// Three variants over two seeds; the first is the baseline.
  static let threeVariants = [
    small("naive", seed: 1, loss: 2.0), small("naive", seed: 2, loss: 2.1),
    small("rope", seed: 1, loss: 1.5), small("rope", seed: 2, loss: 1.61),
    small("alibi", seed: 1, loss: 1.9), small("alibi", seed: 2, loss: 2.2),
  ]

  /// Two variants over an axis of two values, one cell of which has not run and one is excluded.
  static let axes: [CellRow] = {
    let short = [CellRow.Entry("workload.sequence", 128)]
    let long = [CellRow.Entry("workload.sequence", 512)]
    var excluded = small("b", seed: 1, loss: nil, axes: long)
    excluded.status = .excluded
    excluded.reason = "excluded by matrix.exclude"
    return [
      small("a", seed: 1, loss: 1.5, axes: short), small("b", seed: 1, loss: 1.6, axes: short),
      small("a", seed: 1, loss: nil, axes: long), excluded,
    ]
  }()

  /// One variant, three seeds, no comparison.
  static let alone = [
    small("", seed: 1, loss: 1.5), small("", seed: 2, loss: 1.6), small("", seed: 3, loss: 1.7),
  ]
}
