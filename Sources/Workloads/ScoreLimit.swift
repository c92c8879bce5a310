// ScoreLimit: naive attention keeps a score for each pair of a query and a key. Sizes whose scores no 64-bit number of
// bytes can count are a fault of the file.

import Config
import Models
import Records
import Tensors

extension Section {
  /// Reports sizes at which naive attention could not count its scores.
  ///
  /// - Parameters:
  ///   - section: the one that the model was read from.
  ///   - sizes: what the scores of one head grow with: options of this section.
  func checkScores(
    of model: Transformer, from section: Section, _ sizes: [(key: String, size: Int)]
  ) {
    guard let plan = model.blocks.first?.attention.plan, plan.kernel == .named(.naive),
      let largest = sizes.max(by: { $0.size < $1.size })
    else { return }
    let factors = sizes.map(\.size) + [plan.heads.queries]
    // Half the range, so that what is rounded up for a block of memory fits as well.
    let bytes = factors.reduce((4, false)) { bytes, factor in
      let (product, overflow) = bytes.0.multipliedReportingOverflow(by: factor)
      return (product, bytes.1 || overflow)
    }
    guard bytes.1 || bytes.0 > .max / 2 else { return }
    let product = zip(sizes.map(\.key) + ["heads"], factors).map { "\($0) (\($1))" }
    let attention = section.component(at: "attention")
    fault(
      largest.key,
      because: .rule(
        "naive attention keeps \(product.joined(separator: " x ")) scores, more bytes than 64 bits "
          + "can count"),
      seeAlso: sizes.map(\.key).unique.filter { $0 != largest.key },
      notes: ["heads", "kernel"].compactMap { attention?.note($0) })
  }
}
