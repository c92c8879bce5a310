// LayerKernels: the algorithms that one layer runs, each chosen once: not again at every step or
// decoded token.

package import Tensors

/// The occasions for attention in a model: on each, one algorithm is the best whatever the sizes.
package enum AttentionRegime: Hashable, Sendable {
  /// Whole sequences, as in training; so short that naive attention is the fastest, or longer.
  case short, training
  /// Over a cache: the tokens of a prompt, or one.
  case prefill, decode

  /// Up to this many keys the scores fit into the nearest cache, and whole tiles cost more than
  /// they save.
  ///
  /// Measured forward and backward with 8 heads of 64 features on two AVX-512 cores, naive against
  /// flash2: 40 against 84 µs at 16 keys, 74 against 103 at 32, 204 against 223 at 64, 665 against
  /// 591 at 128.
  private static let shortUpTo = 32

  package init(of shape: AttentionShape) {
    if shape.cache == nil {
      self = shape.keys <= Self.shortUpTo ? .short : .training
    } else {
      self = shape.queries > 1 ? .prefill : .decode
    }
  }
}

/// The algorithms of one layer on one device, by regime.
package final class LayerKernels {
  package let choice: KernelChoice
  private var device: Device?
  private var algorithms: [Occasion: AttentionAlgorithm] = [:]

  private struct Occasion: Hashable {
    let regime: AttentionRegime
    let type: ElementType
    let needsGradient: Bool
  }

  package init(_ choice: KernelChoice) { self.choice = choice }

  /// The algorithm for an attention of this layer, chosen where its regime is new.
  ///
  /// A device that has none for it has failed.
  ///
  /// - Parameters:
  ///   - type: of queries and output.
  ///   - needsGradient: whether the pass is differentiated.
  package func callAsFunction(
    _ shape: AttentionShape, _ type: ElementType, on device: Device, needsGradient: Bool
  ) -> AttentionAlgorithm {
    if device !== self.device { (self.device, algorithms) = (device, [:]) }
    let occasion = Occasion(
      regime: AttentionRegime(of: shape), type: type, needsGradient: needsGradient)
    if let known = algorithms[occasion] { return known }
    do throws(KernelUnavailable) {
      let algorithm = try choice.resolve(
        on: device, for: shape, type, needsGradient: needsGradient
      ).algorithm
      algorithms[occasion] = algorithm
      return algorithm
    } catch {
      device.whenFailed(error.reason)
    }
  }
}
