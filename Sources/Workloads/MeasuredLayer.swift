// MeasuredLayer: which layer of a model a workload takes, where it measures one layer by itself; and what is said where
// the layers differ and nobody chose.

import Config
import Models

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

  /// What to tell a user who chose no layer of a model whose layers differ; nil where there is nothing to tell.
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
