// Embedding: a row of a table for each token id.

import CKernels

extension Pass {
  /// Looks up a row for each token.
  ///
  /// - Parameter table: [vocabulary, width], f32.
  /// - Returns: [batch, tokens, width] in the pass's precision.
  package func embedding(_ tokens: Tokens, table: Tensor) -> Tensor {
    let width = table.shape.columns
    let out = output(
      [tokens.batch, tokens.sequence, width], precision,
      differentiable: table.variable.needsGradient)
    kernels.embedding_forward(
      context, out.pointer, table.floats, tokens.pointer, Int64(tokens.count), Int64(width),
      out.type)
    record(out, EmbeddingOperation(tokens: tokens, table: table.variable))
    return out
  }
}

struct EmbeddingOperation: Operation {
  static let name = "embedding"
  let tokens: Tokens
  let table: Variable

  func backward(_ dout: Tensor, into gradients: Gradients) {
    dout.device.kernels.pointee.embedding_backward(
      dout.device.context, gradients.output(for: table), dout.pointer, tokens.pointer,
      Int64(tokens.count), Int64(table.shape.columns), Int64(table.shape[0]), dout.type)
  }
}
