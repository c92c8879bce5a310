// Synthetic rows of an experiment with an axis: three attention kernels at five lengths.

import Analysis
import Config
import Records

/// Builds rows as a workload that times one attention layer would.
enum KernelCases {
  static let headline: [Metric] = [.stepSeconds, .flopsPerSecond, .peakBytes, .workspaceBytes]
  static let scaling: [Metric] = [.workspaceBytes, .stepSeconds]

  /// Each kernel at each length; naive has no memory for the longest.
  static let rows: [CellRow] = ["naive", "flash1", "flash2"].flatMap { kernel in
    [512, 1024, 2048, 4096, 8192].map { row(kernel, sequence: $0) }
  }

  static func row(_ kernel: String, sequence: Int, seed: Int = 1) -> CellRow {
    var row = CellRow(
      cell: "c-\(kernel)-\(sequence)-\(seed)", experiment: "kernels", variant: kernel, seed: seed,
      axes: [CellRow.Entry("workload.sequence", .integer(sequence))], status: .ok)
    let isNaive = kernel == "naive"
    // Eight heads of 64 features: a score matrix each, or a row of statistics.
    let workspace = isNaive ? 8 * sequence * sequence * 4 : 8 * sequence * 4 * 66
    row.metrics[.prediction(of: .workspaceBytes)] = Double(workspace)
    if isNaive && sequence == 8192 {
      row.status = .oom
      row.reason = "the device had no more memory"
      return row
    }
    // The clock is off by a few per cent, to and fro.
    let slips = [512: 1.03, 1024: 0.98, 2048: 1.01, 4096: 0.97, 8192: 1.02]
    let paces: [String: Double] = ["naive": 30e9, "flash1": 70e9, "flash2": 110e9]
    let flops = 2.0 * 2 * 8 * 64 * Double(sequence * sequence)
    let seconds = flops / (paces[kernel] ?? 1) * (slips[sequence] ?? 1)
    row.metrics[.stepSeconds] = seconds
    row.metrics[.flopsPerSecond] = flops / seconds
    row.metrics.set(.workspaceBytes, workspace)
    row.metrics.set(.peakBytes, workspace + 8 * sequence * 64 * 4 * 4)
    row.metrics[.prediction(of: .peakBytes)] = Double(workspace + 8 * sequence * 64 * 4 * 3)
    return row
  }

  static let summary = Summary(
    experiment: "kernels", rows: rows, isTraining: false, headline: headline, scaling: scaling)
}
