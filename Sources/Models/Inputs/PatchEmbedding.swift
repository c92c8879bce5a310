// PatchEmbedding: images as sequences of square patches, each projected to the model's width. A
// convolution whose stride is its kernel is just that.

package import Config
package import Tensors

/// Projects patches, and puts trained tokens behind them.
package struct PatchEmbedding: Input {
  package static let word = "patch_embedding"
  package static let summary = "images cut into square patches, each projected to the width"
  package static let formula =
    "W patch + b for each patch, row by row; then registers, then a class token"
  package static let source =
    "Dosovitskiy et al. 2020, arXiv 2010.11929; registers: Darcet et al. 2023, arXiv 2309.16588"
  package static let readsImages = true

  private let shape: PatchGrid
  private let projection: Linear
  private let classToken, registers, positions: Parameter?

  package init(_ options: Section, _ context: InputContext, _ parameters: ParameterBuilder) {
    let side = options.read(
      "patch", .int(in: 1...1024), default: 4, "pixels of a patch along each side")
    let hasBias = options.read("bias", .bool, default: true, "give the projection a bias")
    let hasClassToken = options.read(
      "class_token", .bool, default: true,
      "a trained token behind the patches that may stand for the whole image")
    let registerCount = options.read(
      "registers", .int(in: 0...64), default: 0,
      "trained tokens behind the patches whose outputs nobody reads")
    let addsPositions = options.read(
      "positions", .bool, default: false,
      "add a trained row to each token, beside what `position` does (EVA-02)")
    // Without an image, which is a fault, one patch stands in for it.
    let image = context.image ?? ImageSize(height: side, width: side, channels: 1)
    if image.height % side != 0 || image.width % side != 0 {
      options.fault(
        "patch",
        because: .rule("patches of \(side) x \(side) pixels do not divide images of \(image)"))
    }
    let width = context.width
    shape = PatchGrid(
      rows: max(1, image.height / side), columns: max(1, image.width / side),
      extra: registerCount + (hasClassToken ? 1 : 0))
    projection = parameters.linear(
      "patch_embed", inputs: image.channels * side * side, outputs: width, bias: hasBias)
    registers =
      registerCount > 0
      ? parameters.parameter(
        "register_tokens", [registerCount, width], .normal(parameters.deviation)) : nil
    // As ViT's, all but zero; one vector, which does not decay.
    classToken =
      hasClassToken ? parameters.parameter("class_token", [width], .normal(1e-6)) : nil
    positions =
      addsPositions
      ? parameters["embed_positions"].parameter(
        "weight", [shape.tokens, width], .normal(parameters.deviation)) : nil
  }

  package func callAsFunction(_ read: ModelInput, _ pass: Pass) -> Tensor {
    guard case .patches(let patches) = read else { preconditionFailure("images are read here") }
    precondition(
      patches.shape.rank == 3 && patches.shape[1] == shape.patches,
      "patches \(patches.shape) are no \(shape.rows) x \(shape.columns) of them")
    var x = projection(pass.rounded(patches), pass)
    if let registers { x = pass.appendRows(x, registers.tensor) }
    if let classToken {
      x = pass.appendRows(x, classToken.tensor.reshaped([1, x.shape[2]]))
    }
    if let positions { x = pass.addRows(x, positions.tensor, from: 0) }
    return x
  }

  package var grid: PatchGrid? { shape }
  package var endsWithClassToken: Bool { classToken != nil }
  package var addsPositions: Bool { positions != nil }
  package var matrices: [(inputs: Int, outputs: Int)] {
    [(projection.weight.shape[1], projection.weight.shape[0])]
  }

  /// A matrix, its bias, the tokens behind the patches, and a row for each token.
  package var parameterCount: Int {
    let (values, width) = (projection.weight.shape[1], projection.weight.shape[0])
    let rows = shape.extra + (positions == nil ? 0 : shape.tokens)
    return width * (values + (projection.bias == nil ? 0 : 1) + rows)
  }
}
