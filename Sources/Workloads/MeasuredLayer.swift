// MeasuredLayer: which layer of a model a workload takes, where it measures one layer by itself;
// and what is said where the layers differ and nobody chose.

import Config
import Models
import Records
import Tensors

/// The `layer` option of workloads that measure one layer.
struct MeasuredLayer: Sendable {
  /// Counts from 0.
  let index: Int
  private let isChosen: Bool

  /// - Parameter what: what of the layer is measured.
  init(_ options: Section, _ what: String) {
    index = options.read(
      "layer", .int(in: 0...1023), default: 0, "the layer whose \(what), counted from 0")
    isChosen = options.mark(of: "layer") != nil
  }

  func attention(of model: Transformer) -> any Attention { model.blocks[index].attention }

  /// Reports a layer that the model, which was read from a section, does not have.
  func check(_ model: Transformer, from section: Section, _ options: Section) {
    let layers = model.blocks.count
    guard index >= layers else { return }
    options.fault(
      "layer",
      because: .rule(
        "layer \(index) does not exist: the model has \(layers) "
          + (layers == 1 ? "layer, number 0" : "layers, numbers 0 to \(layers - 1)")),
      notes: [section.note("layers")])
  }

  /// What to tell a user who chose no layer of a model whose layers differ; nil where there is
  /// nothing to tell.
  ///
  /// - Parameters:
  ///   - path: the option that differs from layer to layer.
  ///   - kind: what of a layer is measured; layers with equal ones are alike.
  func warning<Kind: Hashable>(
    _ model: Transformer, differing path: String, _ kind: (Int) -> Kind
  ) -> String? {
    if isChosen { return nil }
    var seen: Set<Kind> = []
    let distinct = model.blocks.indices.filter { seen.insert(kind($0)).inserted }
    guard distinct.count > 1 else { return nil }
    return "the layers differ in \(path), and layer \(index) alone is measured; "
      + "for each kind of layer write the axis workload.layer: \(distinct)"
  }
}

// ScoreLimit: naive attention keeps a score for each pair of a query and a key. Sizes whose scores
// no 64-bit number of bytes can count are a fault of the file.

extension Section {
  /// Reports sizes at which naive attention could not count its scores.
  ///
  /// - Parameters:
  ///   - section: the one that the model was read from.
  ///   - sizes: what the scores of one head grow with: options of this section.
  func checkScores(
    of model: Transformer, from section: Section, _ sizes: [(key: String, size: Int)]
  ) {
    guard let attention = model.blocks.first?.attention,
      attention.kernels.choice == .named(.naive), let largest = sizes.max(by: { $0.size < $1.size })
    else { return }
    let factors = sizes.map(\.size) + [attention.shape.heads]
    // Half the range, so that what is rounded up for a block of memory fits as well.
    let bytes = factors.reduce((4, false)) { bytes, factor in
      let (product, overflow) = bytes.0.multipliedReportingOverflow(by: factor)
      return (product, bytes.1 || overflow)
    }
    guard bytes.1 || bytes.0 > .max / 2 else { return }
    let product = zip(sizes.map(\.key) + ["heads"], factors).map { "\($0) (\($1))" }
    let written = section.component(at: "attention")
    fault(
      largest.key,
      because: .rule(
        "naive attention keeps \(product.joined(separator: " x ")) scores, more bytes than 64 bits "
          + "can count"),
      seeAlso: sizes.map(\.key).unique.filter { $0 != largest.key },
      notes: ["heads", "kernel"].compactMap { written?.note($0) })
  }
}
