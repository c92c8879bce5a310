// The roofline: speed against operations a byte, under the peak and the bandwidth that were
// measured.

import Config
internal import Foundation
import Records
import Statistics

/// How near to this machine's limits the cells come.
struct RooflineSection: ReportSection {
  static let id = "roofline"
  static let title = "Against this machine's limits"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell measured its share of the machine's peak or bandwidth"

  var content: HTML? {
    let parts = groups.compactMap(figure) + [bars(.peakPercent), bars(.bandwidthPercent)]
    let content = parts.compactMap { $0 }
    return content.isEmpty ? nil : content.joined
  }

  /// Cells on one device in one precision have one roof.
  private var groups: [(name: String, cells: [ReportCell])] {
    func name(_ cell: ReportCell) -> String {
      [DeviceUse(cell.row)?.name, cell.row.fact("precision")?.text].compactMap(\.self)
        .joined(separator: ", ")
    }
    let cells = data.cells.filter { !RooflineWork.all(of: $0).isEmpty }
    return cells.map(name).unique.map { group in (group, cells.filter { name($0) == group }) }
  }

  private func figure(_ group: (name: String, cells: [ReportCell])) -> HTML? {
    let roof = Roof(group.cells.map(\.row))
    let names = group.cells.flatMap { RooflineWork.all(of: $0).map(\.name) }.unique
    let panels = names.compactMap { panel($0, group.cells, roof) }
    if panels.isEmpty { return nil }
    let limits = [
      roof.flopsPerSecond.map { "peak \(Self.flops($0))" },
      roof.bytesPerSecond.map { "memory bandwidth \(Self.bytes($0))" },
    ].compactMap { $0 }
    let caption =
      "On \(group.name), measured: \(limits.joined(separator: ", ")). "
      + "Under the slope memory is the limit, under the flat roof arithmetic is. "
      + (names.contains("decode")
        ? "Operations of a decoding step: 2 per parameter, attention's own left out; bytes: weights "
          + "and cache, read once. "
        : "Bytes are the least that must move: inputs and outputs once, and what forward keeps for "
          + "backward; real traffic is more, so the true points lie further left. ")
      + (roof.bytesPerSecond == nil ? "The bandwidth was not measured in this run. " : "")
      + (roof.bytesPerSecond != nil && names.contains("decode")
        ? "Points above the slope read from the processor's caches. " : "")
      + (joins ? "Lines join the cells of a variant in the order of the plan." : "")
    return Figure(panels: panels, legend: data.legend, caption: caption).html
  }

  // With several axes a line would run to and fro.
  private var joins: Bool { data.axes.keys.count == 1 && !data.sizes.isEmpty }

  private func panel(_ work: String, _ cells: [ReportCell], _ roof: Roof) -> Figure.Panel? {
    let series = data.summary.variants.map { self.series($0, work, cells) }
      .filter { !$0.marks.isEmpty }
    let xs = series.flatMap(\.positions)
    guard let least = xs.min(), let most = xs.max() else { return nil }
    // The ridge, where slope and roof meet, belongs in the picture when it is near.
    var ends = [least / 2, most * 2]
    var ridge: Double?
    if let peak = roof.flopsPerSecond, let bandwidth = roof.bytesPerSecond, bandwidth > 0 {
      ridge = peak / bandwidth
      ends += [peak / bandwidth / 3, peak / bandwidth * 3]
    }
    let reach = roof.bytesPerSecond.map { $0 * (ends.min() ?? least) } ?? 0
    let tops = [roof.flopsPerSecond.map { $0 * 1.6 }, reach > 0 ? reach : nil].compactMap { $0 }
    guard let x = ChartAxis(ends, unit: .plain, isLogarithmic: true, padding: 0),
      let y = ChartAxis(
        series.flatMap(\.values) + tops, unit: .metric(.flopsPerSecond), isLogarithmic: true)
    else { return nil }
    let said = series.map { series in
      "\(series.name) reaches \(Self.flops(series.marks.map(\.y).max() ?? 0))"
    }
    return Figure.Panel(
      title: work,
      chart: Chart(
        summary: "Roofline of \(work): \(said.joined(separator: ", "))", x: x, y: y,
        xLabel: "operations a byte moved", yLabel: "FLOP/s", series: series,
        guides: Self.guides(roof, ridge, x)
      ))
  }

  private static func guides(_ roof: Roof, _ ridge: Double?, _ x: ChartAxis) -> [Guide] {
    var guides: [Guide] = []
    let bend = min(max(ridge ?? x.low, x.low), x.high)
    if let bandwidth = roof.bytesPerSecond, bend > x.low {
      guides.append(
        Guide(
          points: [CurvePoint(x.low, bandwidth * x.low), CurvePoint(bend, bandwidth * bend)],
          text: bytes(bandwidth)))
    }
    if let peak = roof.flopsPerSecond, bend < x.high {
      guides.append(
        Guide(points: [CurvePoint(bend, peak), CurvePoint(x.high, peak)], text: flops(peak)))
    }
    return guides
  }

  private func series(_ variant: String, _ work: String, _ cells: [ReportCell]) -> Series {
    var series = Series(name: data.name(variant), style: data.style(variant))
    let mine = cells.filter { $0.row.variant == variant }
    let points = Dictionary(grouping: mine, by: \.row.axes)
    for point in mine.map(\.row.axes).unique {
      let found = (points[point] ?? []).flatMap { RooflineWork.all(of: $0) }
        .filter { $0.name == work }
      guard let speed = Sample(found.map(\.flopsPerSecond)).mean,
        let intensity = Sample(found.map(\.intensity)).mean
      else { continue }
      let place = data.axes.label(
        variant: data.summary.variants.count > 1 ? variant : nil, at: point)
      let ops = String(format: intensity < 10 ? "%.2f" : "%.0f", intensity)
      series.marks.append(
        Series.Mark(
          x: intensity, y: speed,
          text: "\(place.isEmpty ? data.name(variant) : place): \(Self.flops(speed)) at \(ops) "
            + "FLOP a byte"))
      if joins { series.line.append(CurvePoint(intensity, speed)) }
    }
    return series
  }

  /// `236 GFLOP/s`.
  static func flops(_ value: Double) -> String {
    let text = Metric.flopsPerSecond.text(value)
    return text + (text.last?.isLetter == true ? "" : " ") + "FLOP/s"
  }

  private static func bytes(_ value: Double) -> String {
    Metric.decodeBytesPerSecond.text(value) + "/s"
  }

  // MARK: Shares

  private func bars(_ metric: Metric) -> HTML? {
    let entries = data.summary.blocks.flatMap { block in
      data.summary.variants.compactMap { variant -> (String, Double, SeriesStyle)? in
        guard let value = block.mean(metric, of: variant) else { return nil }
        let label = data.axes.label(
          variant: data.summary.variants.count > 1 ? variant : nil, at: block.axes)
        return (label.isEmpty ? data.name(variant) : label, value, data.style(variant))
      }
    }
    guard let most = entries.map(\.1).max() else { return nil }
    let shown = entries.prefix(48)
    let left =
      entries.count > shown.count ? " \(entries.count - shown.count) more: summary.md." : ""
    let why = metric == .bandwidthPercent ? ": more is read from the processor's caches." : "."
    let above = most > 100 ? " The notch is 100 %" + why : ""
    let bars = shown.map { name, percent, style in
      ShareBar(
        label: name, percent: percent, whole: max(100, most), text: metric.text(percent),
        style: style
      ).html
    }
    return .element(
      "figure", ["class": "single"],
      .element("p", ["class": "panel-title"], HTML(metric.name)),
      .element("div", ["class": "shares"], joined: bars),
      .element("figcaption", [:], HTML(metric.meaning + above + left)))
  }
}

// Where a cell stands under the roof: how fast it computed, and how many operations it did for a
// byte.

/// One kind of work of a cell.
struct RooflineWork {
  /// `forward`, `backward` or `decode`.
  let name: String
  let flopsPerSecond: Double
  /// Operations for each byte that must move at least.
  let intensity: Double

  /// What a cell did, as far as its row and its configuration tell.
  static func all(of cell: ReportCell) -> [RooflineWork] {
    guard cell.row.status == .ok else { return [] }
    return attention(cell) + decode(cell)
  }

  // Compulsory traffic: every input read once, every output written once, and what forward keeps
  // for backward written by one and read by the other. Real traffic is more, never less.
  private static func attention(_ cell: ReportCell) -> [RooflineWork] {
    guard let sizes = AttentionBytes(cell), let saved = cell.row.metrics[.savedBytes] else {
      return []
    }
    let (q, kv) = (sizes.queryBytes, sizes.keyBytes)
    let kinds: [(String, Metric, Metric, Double)] = [
      ("forward", .forwardFLOPsPerSecond, .forwardSeconds, 2 * q + 2 * kv + saved),
      ("backward", .backwardFLOPsPerSecond, .backwardSeconds, 3 * q + 4 * kv + saved),
    ]
    return kinds.compactMap { name, rate, seconds, bytes in
      work(name, rate: cell.row.metrics[rate], seconds: cell.row.metrics[seconds], bytes: bytes)
    }
  }

  // A multiplication and an addition for each parameter; attention's own operations are left out,
  // the bytes of its cache are not.
  private static func decode(_ cell: ReportCell) -> [RooflineWork] {
    let metrics = cell.row.metrics
    guard let seconds = metrics[.decodeSeconds], seconds > 0,
      let rate = metrics[.decodeBytesPerSecond], let parameters = metrics[.parameters]
    else { return [] }
    let batch = cell.option("workload.batch")?.number ?? 1
    let work = work(
      "decode", rate: 2 * parameters * batch / seconds, seconds: seconds, bytes: rate * seconds)
    return work.map { [$0] } ?? []
  }

  private static func work(
    _ name: String, rate: Double?, seconds: Double?, bytes: Double
  ) -> RooflineWork? {
    guard let rate, let seconds, bytes > 0, rate > 0 else { return nil }
    return RooflineWork(name: name, flopsPerSecond: rate, intensity: rate * seconds / bytes)
  }
}

/// The bytes of an attention benchmark's tensors, as its row tells, of whatever version.
private struct AttentionBytes {
  /// Bytes of q, and of the output.
  let queryBytes: Double
  /// Bytes of k, and of v.
  let keyBytes: Double

  init?(_ cell: ReportCell) {
    func number(_ path: String) -> Double? { cell.option(path)?.number }
    guard cell.option("workload.type")?.text == "attention",
      let queries = number("workload.sequence"),
      let heads = number("model.attention.heads"), heads > 0, let width = number("model.width")
    else { return nil }
    // Version 0.1.0 wrote defaults that follow from other options as null.
    let isMQA = cell.option("model.attention.type")?.text == "mqa"
    let keyHeads = number("model.attention.kv_heads") ?? (isMQA ? 1 : heads)
    let dimension = number("model.attention.head_dim") ?? width / heads
    let bytes = cell.row.fact("precision")?.text == "bf16" ? 2.0 : 4.0
    let each = bytes * dimension * (number("workload.batch") ?? 1)
    queryBytes = each * heads * queries
    keyBytes = each * keyHeads * (number("workload.keys") ?? queries)
  }
}

/// What the machine can do at most, as measured.
struct Roof: Equatable {
  var flopsPerSecond: Double?
  var bytesPerSecond: Double?

  /// The highest that any cell measured: what slowed one cell down is no limit of the machine.
  init(_ rows: [CellRow]) {
    let rates: [(Metric, Metric)] = [
      (.flopsPerSecond, .peakPercent), (.forwardFLOPsPerSecond, .forwardPeakPercent),
      (.backwardFLOPsPerSecond, .backwardPeakPercent),
    ]
    flopsPerSecond = Self.highest(rows, .devicePeak, rates)
    bytesPerSecond = Self.highest(
      rows, .deviceBandwidth, [(.decodeBytesPerSecond, .bandwidthPercent)])
  }

  // Where the limit itself is not recorded, a rate and its share of the limit are.
  private static func highest(
    _ rows: [CellRow], _ limit: Metric, _ shares: [(rate: Metric, percent: Metric)]
  ) -> Double? {
    let recorded = rows.compactMap { $0.metrics[limit] }
    if !recorded.isEmpty { return recorded.max() }
    return rows.flatMap { row in
      shares.compactMap { share -> Double? in
        guard let rate = row.metrics[share.rate], let percent = row.metrics[share.percent],
          percent > 0
        else { return nil }
        return 100 * rate / percent
      }
    }.max()
  }
}
