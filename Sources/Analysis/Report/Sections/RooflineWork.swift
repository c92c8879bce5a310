// Where a cell stands under the roof: how fast it computed, and how many operations it did for a byte.

import Config
import Records

/// One kind of work of a cell.
struct RooflineWork {
  /// `forward`, `backward` or `decode`.
  let name: String
  let flopsPerSecond: Double
  /// Operations for each byte that must move at least.
  let intensity: Double

  /// What a cell did, as far as its row and its configuration tell.
  static func all(of cell: StoredCell) -> [RooflineWork] {
    guard cell.row.status == .ok else { return [] }
    return attention(cell) + decode(cell)
  }

  // Compulsory traffic: every input read once, every output written once, and what forward keeps
  // for backward written by one and read by the other. Real traffic is more, never less.
  private static func attention(_ cell: StoredCell) -> [RooflineWork] {
    guard let shape = AttentionShape(cell), let saved = cell.row.metrics[.savedBytes] else {
      return []
    }
    let (q, kv) = (shape.queryBytes, shape.keyBytes)
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
  private static func decode(_ cell: StoredCell) -> [RooflineWork] {
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

/// The sizes of an attention benchmark's inputs.
private struct AttentionShape {
  /// Bytes of q, and of the output.
  let queryBytes: Double
  /// Bytes of k, and of v.
  let keyBytes: Double

  init?(_ cell: StoredCell) {
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
