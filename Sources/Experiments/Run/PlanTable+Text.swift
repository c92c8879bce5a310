// How a plan is shown: a table with totals for people, one object a cell for programs.

package import Config
import Records
package import Statistics

extension PlanTable {
  /// The table for people.
  package var table: Table {
    Table(
      header: ["cell", "parameters", "FLOPs", "peak memory", "KV cache", "time, at least", ""],
      rows: lines.map { line in
        guard let prediction = line.prediction else {
          return [line.cell.label, "", "", "", "", "", line.cell.exclusion ?? ""]
        }
        func bytes(_ count: Double?) -> String { count.map(Metric.peakBytes.text) ?? "-" }
        return [
          line.cell.label, Metric.parameters.text(Double(prediction.parameters)),
          prediction.flops.map(Metric.modelFLOPsPerToken.text) ?? "-", bytes(prediction.peakBytes),
          bytes(prediction.cacheBytes), line.seconds.map(Self.duration) ?? "-",
          line.fits == false ? "would not fit" : "",
        ]
      }, left: [0, 6])
  }

  /// What all cells come to, in a few lines.
  package var totals: String {
    let runnable = lines.filter { $0.prediction != nil }
    let excluded = lines.count - runnable.count
    var text = "\(runnable.count) \(runnable.count == 1 ? "cell" : "cells") to run"
    if excluded > 0 { text += ", \(excluded) excluded" }
    let flops = runnable.compactMap { $0.prediction?.flops }
    if !flops.isEmpty { text += "; \(Metric.modelFLOPsPerToken.text(flops.reduce(0, +))) FLOPs" }
    let seconds = runnable.compactMap(\.seconds)
    if !seconds.isEmpty {
      text += ", at least \(Self.duration(seconds.reduce(0, +))) one after another"
    }
    text += "\n"
    if let largest = runnable.compactMap({ $0.prediction?.peakBytes }).max(), let memoryCap {
      text += "largest peak: \(Metric.peakBytes.text(largest)); a cell may take "
      text += Metric.peakBytes.text(Double(memoryCap.bytes))
      text += memoryCap.isAsked ? "\n" : ", nine tenths of what this process may use\n"
    }
    let large = runnable.filter { $0.fits == false }
    if let first = large.first {
      text += "\(large.count) would not fit, the first of them \(first.cell.label)\n"
    }
    return text
  }

  /// One object a cell.
  package var objects: [JSON] {
    lines.map { line in
      let prediction = line.prediction
      return [
        "index": .integer(line.cell.index), "cell": .string(line.cell.label),
        "variant": .string(line.cell.variant), "seed": .integer(line.cell.seed),
        "axes": .object(line.cell.axes.map { JSON.Member($0.path, $0.value) }),
        "excluded": .string(line.cell.exclusion),
        "parameters": .integer(prediction?.parameters),
        "model_flops_per_token": .real(prediction?.trainingFLOPsPerToken),
        "steps": .integer(prediction?.steps), "tokens": Metric.tokens.json(prediction?.tokens),
        "flops": .real(prediction?.flops),
        "peak_bytes": Metric.peakBytes.json(prediction?.peakBytes),
        "kv_cache_bytes": Metric.cacheBytes.json(prediction?.cacheBytes),
        "kv_cache_bytes_per_token": .integer(prediction?.cacheBytesPerToken),
        "least_seconds": .real(line.seconds), "fits": line.fits.map(JSON.bool) ?? .null,
        "memory_cap_bytes": .integer(memoryCap?.bytes),
        "derived": .object(line.cell.derived.map { JSON.Member($0.path, $0.value) }),
      ]
    }
  }

  /// Seconds, minutes, hours, days or years.
  private static func duration(_ seconds: Double) -> String {
    let units = [(31_557_600.0, "years"), (86400.0, "d"), (3600.0, "h"), (60.0, "min")]
    for (size, unit) in units where seconds >= 2 * size {
      let count = seconds / size
      return count < 1e6
        ? "\((count * 10).rounded() / 10) \(unit)" : "\(Metric.parameters.text(count)) \(unit)"
    }
    return Metric.seconds.text(seconds)
  }
}
