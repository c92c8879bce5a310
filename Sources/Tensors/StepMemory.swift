// StepMemory: the two small blocks of a training step. What changes from step to step goes up to
// the device before it, what it found comes down after it.

package import CKernels

/// What changes from one training step to the next, in the device's memory.
///
/// Kernels read it when they run, so a step that was captured can be replayed with other numbers.
package final class StepScalars {
  private let storage: Storage

  package init(on device: Device) {
    storage = Storage(bytes: MemoryLayout<step_scalars>.size, kind: .workspace, on: device)
  }

  package var pointer: UnsafePointer<step_scalars> {
    UnsafePointer(storage.pointer.assumingMemoryBound(to: step_scalars.self))
  }

  /// Sets the numbers of the step to come.
  ///
  /// - Parameters:
  ///   - dropout: the key of all the step's dropouts.
  ///   - corrections: 1 - beta^t for the two moments of AdamW.
  package func upload(
    dropout: UInt64 = 0, rate: Float = 0, corrections: (first: Float, second: Float) = (1, 1)
  ) {
    var scalars = step_scalars(
      dropout_key: dropout, rate: rate, correction1: corrections.first,
      correction2: corrections.second, reserved: 0)
    withUnsafeBytes(of: &scalars) { storage.upload($0) }
  }
}

/// What a training step found, reduced on the device to a few numbers.
package final class StepFigures {
  /// In memory: those that must be finite first, each eight bytes wide.
  private enum Place: Int { case norm, losses, squares, attentionLogit, end }

  private let storage: Storage
  private let downloaded: HostBlock
  /// Losses that were summed, and the weight of their z-loss; 0 for none.
  private var tokens = 0
  private var z: Float = 0

  package init(on device: Device) {
    storage = Storage(bytes: 8 * Place.end.rawValue, kind: .workspace, on: device)
    downloaded = HostBlock(bytes: storage.bytes, on: device)
  }

  private func address<Number>(_ place: Place, _: Number.Type) -> UnsafeMutablePointer<Number> {
    (storage.pointer + 8 * place.rawValue).assumingMemoryBound(to: Number.self)
  }

  /// The norm of all gradients, and after it the other figures that must be finite.
  var norm: UnsafeMutablePointer<Double> { address(.norm, Double.self) }

  /// How many figures must be finite, the norm being the first.
  var finiteCount: Int { tokens == 0 ? 1 : z == 0 ? 2 : 3 }

  /// Reduces the losses of all tokens.
  package func reduce(_ losses: TokenLosses) {
    let device = storage.device
    tokens = losses.crossEntropy.count
    z = losses.z
    device.sum(losses.crossEntropy, into: address(.losses, Double.self))
    if z != 0 { device.sum(losses.logSumExp, squared: true, into: address(.squares, Double.self)) }
  }

  /// Reduces the largest attention logits of a pass.
  package func reduceLogits(of pass: Pass) {
    storage.device.maximum(pass.maxLogits, into: address(.attentionLogit, Float.self))
  }

  /// The figures, once all work before this call is done.
  ///
  /// What was not reduced has no meaning.
  package func download() -> Values {
    storage.download(into: downloaded.bytes)
    func figure<Number>(_ place: Place, _: Number.Type) -> Number {
      downloaded.bytes.load(fromByteOffset: 8 * place.rawValue, as: Number.self)
    }
    let count = Double(max(tokens, 1))
    let logit = figure(.attentionLogit, Float.self)
    return Values(
      gradientNorm: figure(.norm, Double.self), loss: figure(.losses, Double.self) / count,
      zLoss: z == 0 ? nil : Double(z) * figure(.squares, Double.self) / count,
      attentionLogit: logit == -.infinity ? nil : logit)
  }

  /// What was downloaded.
  package struct Values {
    /// Over all gradients, before clipping.
    package let gradientNorm: Double
    /// The mean cross-entropy in nats per token.
    package let loss: Double
    /// The mean z-loss; nil where there is none.
    package let zLoss: Double?
    /// The largest attention logit; nil where no logit took part.
    package let attentionLogit: Float?
  }
}
