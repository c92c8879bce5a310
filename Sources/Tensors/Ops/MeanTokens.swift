// MeanTokens: the mean of each sequence's tokens. A sum by sequence is what the gradient of an
// embedding is, and the gradient of that a look-up, so both are its kernels.

import CKernels

/// For each token of a batch the number of its sequence, or of none where it takes no part.
///
/// Kept on the device, for a step that is captured may bring nothing there.
package final class SequenceNumbers {
  private var known: (key: [Int], numbers: Tokens)?

  package init() {}

  /// - Parameter count: the first tokens of a sequence, which take part.
  func callAsFunction(batch: Int, tokens: Int, count: Int, on device: Device) -> Tokens {
    let key = [batch, tokens, count]
    if let known, known.key == key, known.numbers.storage.device === device { return known.numbers }
    let numbers =
      device.isMeta
      ? Tokens(batch: batch, sequence: tokens, on: device)
      : Tokens(
        (0..<batch * tokens).map { Int32($0 % tokens < count ? $0 / tokens : batch) },
        batch: batch, on: device)
    known = (key, numbers)
    return numbers
  }
}

extension Pass {
  /// out[b, 0] = the mean of x[b, t] over t < count.
  ///
  /// - Parameters:
  ///   - x: [batch, tokens, width].
  ///   - count: the first tokens, which the mean is of; others take no part.
  ///   - numbers: kept by whoever takes such means again and again.
  /// - Returns: [batch, 1, width].
  package func meanTokens(_ x: Tensor, of count: Int, _ numbers: SequenceNumbers) -> Tensor {
    precondition(
      x.shape.rank == 3 && count > 0 && count <= x.shape[1], "meanTokens: \(count) of x \(x.shape)")
    let out = output(
      [x.shape[0], 1, x.shape[2]], x.type, differentiable: x.variable.needsGradient)
    let operation = MeanTokensOperation(
      x: x.variable, count: count,
      numbers: numbers(batch: x.shape[0], tokens: x.shape[1], count: count, on: device))
    let sums = operation.newSums(on: device)
    device.run(
      device.kernels.embedding_backward, workspace: device.kernels.embedding_backward_workspace,
      .init(
        dtable: .overwriting(sums), dout: x.pointer, ids: operation.numbers.pointer,
        n: Int64(x.shape[0] * x.shape[1]), d: Int64(x.shape[2]), vocabulary: Int64(sums.shape[0]),
        type: x.type, workspace: nil))
    operation.scale(sums, on: device)
    operation.convert(sums.pointer, .f32, to: out.pointer, out.type, on: device)
    record(out, operation)
    return out
  }
}

struct MeanTokensOperation: Operation {
  static let name = "mean_tokens"
  let x: Variable
  let count: Int
  let numbers: Tokens

  /// A row for each sequence, and one for the tokens that take no part.
  func newSums(on device: Device) -> Tensor {
    Tensor(
      [x.shape[0] + (count < x.shape[1] ? 1 : 0), x.shape[2]], .f32, kind: .workspace, on: device)
  }

  /// Makes a mean of the sums, or the share of each token of their gradients.
  func scale(_ sums: Tensor, on device: Device) {
    device.run(
      device.kernels.scale,
      .init(
        out: .overwriting(sums), x: sums.pointer, n: Int64(sums.count), factor: 1 / Float(count),
        type: .f32))
  }

  /// The rows of the sequences in another type.
  func convert(
    _ from: UnsafeMutableRawPointer, _ type: ElementType, to out: UnsafeMutableRawPointer,
    _ outType: ElementType, on device: Device
  ) {
    device.run(
      device.kernels.convert,
      .init(
        out: out, x: from, n: Int64(x.shape[0] * x.shape[2]), out_type: outType, x_type: type))
  }

  func backward(_ dout: Tensor, into gradients: Gradients) {
    guard x.needsGradient else { return }
    let device = dout.device
    let shares = newSums(on: device)
    // Nothing flows into tokens that take no part.
    if shares.shape[0] > x.shape[0] { shares.zero() }
    convert(dout.pointer, dout.type, to: shares.pointer, .f32, on: device)
    scale(shares, on: device)
    let dx = Tensor(x.shape, x.type, kind: .activations, on: device)
    device.run(
      device.kernels.embedding_forward,
      .init(
        out: dx.pointer, table: shares.pointer, ids: numbers.pointer,
        n: Int64(x.shape[0] * x.shape[1]), d: Int64(x.shape[2]),
        vocabulary: Int64(shares.shape[0]), type: x.type, table_type: .f32))
    gradients.handOver(dx, to: x)
  }
}
