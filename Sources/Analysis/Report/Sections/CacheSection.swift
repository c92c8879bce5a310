// How a cache of keys and values grows with the tokens it holds.

import Config
internal import Foundation
import Records
import Statistics

/// Cache bytes against tokens, as the formula has it and as it was measured.
struct CacheSection: ReportSection {
  static let id = "cache"
  static let title = "KV cache"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell of this run says how many bytes a token of its cache takes"

  /// What one kind of cache of a variant takes.
  private struct Kind {
    let variant: String
    let cache: String
    let bytesPerToken: Double
    /// Whether it forgets, so that it stops growing.
    let isRolling: Bool
    var measured: [(tokens: Double, bytes: Double, name: String)]
  }

  private var kinds: [Kind] {
    var kinds: [Kind] = []
    for cell in data.cells {
      guard let bytes = cell.row.metrics[.kvCacheBytesPerToken], bytes > 0 else { continue }
      let cache = (cell.row.fact("cache") ?? cell.option("workload.cache"))?.text ?? ""
      let isRolling =
        (cell.row.fact("buffer") ?? cell.option("workload.buffer"))?.text == "rolling"
      let name = cache + (isRolling ? ", rolling" : "")
      let index =
        kinds.firstIndex {
          $0.variant == cell.row.variant && $0.cache == name && $0.bytesPerToken == bytes
        } ?? kinds.count
      if index == kinds.count {
        kinds.append(
          Kind(
            variant: cell.row.variant, cache: name, bytesPerToken: bytes, isRolling: isRolling,
            measured: []))
      }
      if let tokens = Self.tokens(cell), let whole = cell.row.metrics[.cacheBytes], whole > 0 {
        let batch = cell.option("workload.batch")?.number ?? 1
        let point = (tokens, whole / batch, data.name(of: cell))
        if !kinds[index].measured.contains(where: { $0.0 == point.0 && $0.1 == point.1 }) {
          kinds[index].measured.append(point)
        }
      }
    }
    return kinds
  }

  private static func tokens(_ cell: StoredCell) -> Double? {
    if let prompt = cell.option("workload.prompt_tokens")?.number,
      let new = cell.option("workload.new_tokens")?.number
    {
      return prompt + new
    }
    return cell.option("workload.sequence")?.number
  }

  var content: HTML? {
    let kinds = self.kinds
    if kinds.isEmpty { return nil }
    let measured = kinds.flatMap(\.measured)
    let most = max(measured.map(\.tokens).max() ?? 0, measured.isEmpty ? 8192 : 0)
    let caches = kinds.map(\.cache).unique
    guard let x = ChartAxis([0, most], unit: .tokens, fromZero: true),
      let y = ChartAxis(
        kinds.map { $0.isRolling ? 0 : $0.bytesPerToken * most } + measured.map(\.bytes),
        unit: .metric(.cacheBytes), fromZero: true)
    else { return nil }
    let panels = caches.prefix(ReportData.mostPanels).map { cache in
      let series = kinds.filter { $0.cache == cache }.map { self.series($0, most) }
      let said = series.compactMap { series in
        (series.line.last?.y ?? series.marks.last?.y).map {
          "\(series.name) \(Metric.cacheBytes.text($0))"
        }
      }
      return Figure.Panel(
        title: cache,
        chart: Chart(
          summary: "Cache bytes against tokens; at \(most.formattedCount) tokens: "
            + said.joined(separator: ", "), x: x, y: y, xLabel: "tokens in the cache",
          yLabel: "bytes of one sequence", series: series
        ).svg)
    }
    let what =
      measured.isEmpty
      ? "Lines: the bytes that a cache of each variant would take. This run filled none."
      : "Lines: bytes a token times tokens. Markers: the cache of a cell."
    let rolling =
      kinds.contains(where: \.isRolling)
      ? " A rolling cache stops growing, so it has no line." : ""
    return Figure(panels: panels, legend: data.legend, caption: what + rolling).html + table(kinds)
  }

  private func series(_ kind: Kind, _ most: Double) -> Series {
    var series = Series(name: data.name(kind.variant), style: data.style(kind.variant))
    if !kind.isRolling {
      series.line = [CurvePoint(0, 0), CurvePoint(most, kind.bytesPerToken * most)]
      series.label = data.label(kind.variant)
    }
    series.marks = kind.measured.map { point in
      Series.Mark(
        x: point.tokens, y: point.bytes,
        text: "\(point.name), \(point.tokens.formattedCount) tokens: "
          + Metric.cacheBytes.text(point.bytes))
    }
    return series
  }

  private func table(_ kinds: [Kind]) -> HTML {
    let lengths = [2048.0, 8192, 32768, 131_072]
    let growing = kinds.filter { !$0.isRolling }
    let names = growing.map { kind in
      [data.name(kind.variant), kind.cache].filter { !$0.isEmpty }.joined(separator: ", ")
    }
    if growing.isEmpty { return .nothing }
    return HTML.element("h3", [:], HTML("What it comes to at longer contexts, one sequence"))
      + Table(
        header: ["cache", "a token"] + lengths.map { "\($0.formattedCount) tokens" },
        rows: zip(names, growing).map { name, kind in
          [name, Metric.cacheBytes.text(kind.bytesPerToken)]
            + lengths.map { Metric.cacheBytes.text($0 * kind.bytesPerToken) }
        }
      ).html
  }
}
