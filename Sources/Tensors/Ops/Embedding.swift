// Embedding: a row of a table for each token id.

import CKernels

extension Pass {
  /// Looks up a row for each token.
  ///
  /// - Parameter table: [vocabulary, width] of any type.
  /// - Returns: [batch, tokens, width] in the pass's precision.
  package func embedding(_ tokens: Tokens, table: Tensor) -> Tensor {
    precondition(table.shape.rank == 2, "embedding: table \(table.shape)")
    tokens.require(vocabulary: table.shape[0], in: "embedding")
    let width = table.shape.columns
    let out = output(
      [tokens.batch, tokens.sequence, width], precision,
      differentiable: table.variable.needsGradient)
    device.run(
      device.kernels.embedding_forward,
      .init(
        out: out.pointer, table: table.pointer, ids: tokens.pointer, n: Int64(tokens.count),
        d: Int64(width), vocabulary: Int64(table.shape[0]), type: out.type,
        table_type: table.type))
    record(out, EmbeddingOperation(tokens: tokens, table: table.variable))
    return out
  }
}

extension CKernels.embedding_backward: CallWithWorkspace {}

struct EmbeddingOperation: Operation {
  static let name = "embedding"
  let tokens: Tokens
  let table: Variable

  func backward(_ dout: Tensor, into gradients: Gradients) {
    dout.device.run(
      dout.device.kernels.embedding_backward,
      workspace: dout.device.kernels.embedding_backward_workspace,
      .init(
        dtable: gradients.output(for: table), dout: dout.pointer, ids: tokens.pointer,
        n: Int64(tokens.count), d: Int64(table.shape.columns), vocabulary: Int64(table.shape[0]),
        type: dout.type, workspace: nil))
  }
}

extension CKernels.embedding_forward: CallCost {
  package var size: CallSize {
    CallSize([n, d], bytes: type.size(of: n * d) + table_type.size(of: n * d) + 4 * n)
  }
}

extension CKernels.embedding_backward: CallCost {
  package var size: CallSize {
    // A table that is written has all its rows written; one that grows, those that ids name.
    let rows = dtable.accumulate ? min(n, vocabulary) : vocabulary
    return CallSize([n, d], bytes: type.size(of: n * d) + 4 * n + dtable.moved(rows * d))
  }
}
