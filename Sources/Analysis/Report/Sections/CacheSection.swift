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

  let absence = "no cell of this run says how many bytes per token of its cache takes"

  /// What one kind of cache takes, of all variants that have the same.
  private struct Kind {
    var variants: [String]
    /// Of the elements: `f32`.
    let cache: String
    let bytesPerToken: Double
    /// Whether it forgets, so that it stops growing.
    let isRolling: Bool
    var measured: [Measured] = []

    /// Whether a cell has this kind of cache.
    func isSame(_ cache: String, _ bytes: Double, _ isRolling: Bool) -> Bool {
      self.cache == cache && bytesPerToken == bytes && self.isRolling == isRolling
    }
  }

  /// The cache of a cell.
  private struct Measured: Equatable {
    let tokens: Double
    /// Of one sequence.
    let bytes: Double
    let name: String
  }

  private var kinds: [Kind] {
    var kinds: [Kind] = []
    for cell in data.cells {
      guard let bytes = cell.row.metrics[.kvCacheBytesPerToken], bytes > 0 else { continue }
      let cache = (cell.row.fact("cache") ?? cell.option("workload.cache"))?.text ?? ""
      let isRolling =
        (cell.row.fact("buffer") ?? cell.option("workload.buffer"))?.text == "rolling"
      let place = kinds.firstIndex { $0.isSame(cache, bytes, isRolling) } ?? kinds.count
      if place == kinds.count {
        kinds.append(Kind(variants: [], cache: cache, bytesPerToken: bytes, isRolling: isRolling))
      }
      if !kinds[place].variants.contains(cell.row.variant) {
        kinds[place].variants.append(cell.row.variant)
      }
      guard let tokens = Self.tokens(cell), let whole = cell.row.metrics[.cacheBytes], whole > 0
      else { continue }
      let each = whole / (cell.option("workload.batch")?.number ?? 1)
      // Seeds and variants alike fill the same cache.
      if !kinds[place].measured.contains(where: { $0.tokens == tokens && $0.bytes == each }) {
        kinds[place].measured.append(Measured(tokens: tokens, bytes: each, name: cell.label))
      }
    }
    return kinds
  }

  private static func tokens(_ cell: ReportCell) -> Double? {
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
        ))
    }
    let what =
      measured.isEmpty
      ? "Lines: the bytes that a cache of each variant would take. This run filled none."
      : "Lines: bytes per token times tokens. Markers: the cache of a cell."
    let rolling =
      kinds.contains(where: \.isRolling)
      ? " A rolling cache stops growing: its line joins the cells." : ""
    let legend = kinds.map { (name($0), style($0)) }
    return Figure(
      panels: panels,
      legend: legend.map(\.0).unique.compactMap { name in legend.first { $0.0 == name } },
      caption: what + rolling
    ).html + table(kinds)
  }

  private func series(_ kind: Kind, _ most: Double) -> Series {
    var series = Series(name: name(kind), style: style(kind))
    series.line =
      kind.isRolling
      ? kind.measured.map { CurvePoint($0.tokens, $0.bytes) }.sorted { $0.x < $1.x }
      : [CurvePoint(0, 0), CurvePoint(most, kind.bytesPerToken * most)]
    series.label = name(kind).count <= 14 ? name(kind) : nil
    series.marks = kind.measured.map { point in
      Series.Mark(
        x: point.tokens, y: point.bytes,
        text: "\(point.name), \(point.tokens.formattedCount) tokens: "
          + Metric.cacheBytes.text(point.bytes))
    }
    return series
  }

  /// The variants that have it, where there are others too.
  private func name(_ kind: Kind) -> String {
    if kind.variants.count == data.summary.variants.count, kind.variants.count > 1 {
      return "all variants"
    }
    let names = kind.variants.map(data.name)
    return names.count <= 3
      ? names.joined(separator: ", ") : "\(names[0]) and \(names.count - 1) more"
  }

  private func style(_ kind: Kind) -> SeriesStyle { data.style(kind.variants.first ?? "") }

  private func table(_ kinds: [Kind]) -> HTML {
    let lengths = [2048.0, 8192, 32768, 131_072]
    let growing = kinds.filter { !$0.isRolling }
    let names = growing.map { kind in
      [name(kind), kind.cache].filter { !$0.isEmpty }.joined(separator: ", ")
    }
    if growing.isEmpty { return .nothing }
    return HTML.element("h3", [:], HTML("What it comes to at longer contexts, one sequence"))
      + Table(
        header: ["cache", "per token"] + lengths.map { "\($0.formattedCount) tokens" },
        rows: zip(names, growing).map { name, kind in
          [name, Metric.cacheBytes.text(kind.bytesPerToken)]
            + lengths.map { Metric.cacheBytes.text($0 * kind.bytesPerToken) }
        }
      ).html
  }
}
