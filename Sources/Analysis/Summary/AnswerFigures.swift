// The figures themselves, before any ratio: what is asked of a size or a time is answered with the
// bytes or seconds, at the largest size that was measured, and what is asked of a model with its
// parameters and its cache.

import Config
import Records
import Statistics

extension Summary {
  /// So many values are listed; of more, the smallest and the largest are.
  private static var fewValues: Int { 4 }

  /// The sizes and times over the axes, of the primary metrics; empty where nothing but variants is
  /// compared, for which a table stands, and of a sweep of learning rates, which asks for neither.
  var figureAnswers: [ListItem] {
    if axes.keys.isEmpty || rateAxis != nil { return [] }
    return primary.filter { $0.isSize || $0.comparesByRatio }.compactMap(figures)
  }

  /// Whether what is asked first is neither a size nor a time: a loss that is scored.
  ///
  /// A training has questions of its own.
  var asksOfQuality: Bool {
    !isTraining
      && primary.first.map { $0.bound == nil && !$0.isSize && !$0.comparesByRatio } == true
  }

  /// The values of that metric over the axes; empty where a table of variants stands for them.
  var levelAnswers: [ListItem] {
    axes.keys.isEmpty || rateAxis != nil ? [] : primary.prefix(1).compactMap(figures)
  }

  /// `forward_seconds at sequence 8192: naive 438.1 ms, flash1 149.0 ms (0.340 x)`, or
  /// `cache_bytes: 4.25 MiB (mqa, q8) to 128 MiB (mha, f32)`.
  private func figures(_ metric: Metric) -> ListItem? {
    let sizes = axes.keys.filter(isNumeric)
    let blocks = largest(sizes, with: metric)
    guard let point = blocks.first else { return nil }
    let others = axes.keys.filter { !sizes.contains($0) }
    let values = blocks.flatMap { block in
      variants.compactMap { variant -> (label: String, value: Double, ratio: String)? in
        guard let line = block.line(metric), let value = line.estimate(variant)?.sample.mean
        else { return nil }
        let ratio =
          metric.isSize || metric.comparesByRatio
          ? line.comparison(variant)?.values.ratioText ?? "" : ""
        let label = axes.label(
          variant: variants.count > 1 ? variant : nil,
          at: block.axes.filter { others.contains($0.key) })
        return (label, value, ratio.isEmpty ? "" : " (\(ratio) x)")
      }
    }
    guard let least = values.min(by: { $0.value < $1.value }),
      let most = values.max(by: { $0.value < $1.value })
    else { return nil }
    let place = axes.label(variant: nil, at: point.axes.filter { sizes.contains($0.key) })
    let lead = metric.name + (place.isEmpty ? ":" : " at \(place):")
    if values.count <= Self.fewValues {
      let texts = values.map { one in
        (one.label.isEmpty ? "" : one.label + " ") + metric.text(one.value) + one.ratio
      }
      return ListItem(lead: lead, texts.joined(separator: ", "), below: [])
    }
    let ends = [least, most].map { "\(metric.text($0.value)) (\($0.label))" }
    return ListItem(
      lead: lead,
      least.value == most.value
        ? "\(metric.text(least.value)) everywhere"
        : ends.joined(separator: " to "), below: [])
  }

  /// The blocks at the largest sizes at which every variant has a value that has one at all; where
  /// there are none, at the largest at which any has.
  private func largest(_ sizes: [String], with metric: Metric) -> [SummaryBlock] {
    func point(_ block: SummaryBlock) -> [CellRow.Entry] {
      block.axes.filter { sizes.contains($0.key) }
    }
    func size(_ block: SummaryBlock) -> Double {
      point(block).compactMap(\.value.number).reduce(1, *)
    }
    func measured(_ block: SummaryBlock) -> Int {
      (block.line(metric)?.estimates ?? []).count { $0.n > 0 }
    }
    let most = blocks.map(measured).max() ?? 0
    guard most > 0,
      let last = blocks.filter({ measured($0) == most }).max(by: { size($0) < size($1) })
    else { return [] }
    return blocks.filter { point($0) == point(last) && measured($0) > 0 }
  }

  /// Of inspected models: parameters and cache, then whether they fit into memory.
  var inspectedAnswers: [ListItem] {
    let fits = fitAnswers
    return fits.isEmpty ? [] : [.parameters, .cacheBytes].compactMap(sizes) + fits
  }

  /// `parameters: mha-32 6.74 G, gqa-8 5.93 G (0.880 x)`.
  private func sizes(_ metric: Metric) -> ListItem? {
    let texts = blocks.flatMap { block in
      variants.compactMap { variant -> String? in
        guard let line = block.line(metric), let value = line.estimate(variant)?.sample.mean
        else { return nil }
        let label = axes.label(variant: variants.count > 1 ? variant : nil, at: block.axes)
        let ratio = line.comparison(variant)?.values.ratioText
        return (label.isEmpty ? "" : label + " ") + metric.text(value)
          + (ratio.map { " (\($0) x)" } ?? "")
      }
    }
    return texts.isEmpty
      ? nil : ListItem(lead: "\(metric.name):", texts.joined(separator: ", "), below: [])
  }

  /// Whether inspected models fit into the memory that a process may use here.
  private var fitAnswers: [ListItem] {
    let uses = [("inference", Metric.inferenceBytes), ("training", .trainingBytes)]
    let lines = uses.compactMap { use, metric -> String? in
      guard facts.contains("\(use)_fits") else { return nil }
      let rows = rows.filter { $0.fact("\(use)_fits") != nil }
      let texts = [(true, "yes"), (false, "no")].compactMap { fits, word -> String? in
        let some = rows.filter { $0.fact("\(use)_fits") == .bool(fits) }
        if some.isEmpty { return nil }
        let names = some.map { row in
          let name = axes.label(variant: variants.count > 1 ? row.variant : nil, at: row.axes)
          return [name, row.metrics[metric].map { "(\(metric.text($0)))" } ?? ""]
            .filter { !$0.isEmpty }.joined(separator: " ")
        }
        return reply(word, names)
      }
      return texts.isEmpty ? nil : "\(use): \(texts.joined(separator: "; "))"
    }
    return lines.isEmpty
      ? [] : [ListItem(lead: "Does it fit into memory here?", "", below: lines)]
  }
}

extension Metric {
  /// Whether it is of bytes.
  fileprivate var isSize: Bool {
    if case .bytes = format { return isRatioTold && !isTiming }
    return false
  }
}
