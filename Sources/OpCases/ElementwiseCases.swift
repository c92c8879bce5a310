// The cases of sums, activations and gated activations.

import CKernels
import Tensors

extension OpCase {
  static func elementwiseChecks(_ type: ElementType) -> [OpCase] {
    let shapes: [Shape] = [[1], [7, 9], [3, 5, 67], [2, 8193]]
    return shapes.flatMap { shape in
      [add(shape, type), scale(shape, type), softcap(shape, type), dropout(shape, type)]
        + [stochasticDepth(shape, type)]
        + activations.flatMap { [activation(shape, $0, type), gated(shape, $0, type)] }
    } + activations.map { extremes($0, type) }
  }

  static func elementwiseBenchmarks(_ type: ElementType) -> [OpCase] {
    [
      add([16, 256, 256], type),
      activation([16, 256, 1024], .gelu, type), activation([16, 256, 1024], .relu, type),
      gated([16, 256, 704], .silu, type), gated([16, 256, 704], .gelu, type),
      activation([16, 256, 1024], .geluTanh, type),
    ]
  }

  static let activations: [ActivationKind] = [.gelu, .relu, .silu, .relu2, .geluTanh]

  private static func add(_ shape: Shape, _ type: ElementType) -> OpCase {
    OpCase(
      "add", "", type, [.activation("a", shape), .activation("b", shape)],
      kernels: ["add", "accumulate"],
      .operation { $0.add($1[0], $1[1]) })
  }

  private static func scale(_ shape: Shape, _ type: ElementType) -> OpCase {
    OpCase(
      "scale", "", type, [.activation("x", shape)], kernels: ["scale"],
      .operation { $0.scale($1[0], -2.5) })
  }

  private static func softcap(_ shape: Shape, _ type: ElementType) -> OpCase {
    OpCase(
      "softcap", "", type, [.activation("x", shape, .normal(3))],
      kernels: ["softcap_forward", "softcap_backward"],
      .operation { $0.softcap($1[0], 4) })
  }

  private static func dropout(_ shape: Shape, _ type: ElementType) -> OpCase {
    OpCase(
      "dropout", "", type, [.activation("x", shape)], kernels: ["dropout"],
      .operation { pass, inputs in
        // The same keys in every run of the case, whatever ran before.
        pass.dropoutKeys = DropoutKeys(
          seed: 1, step: inputs[0].count, on: pass.device)
        return pass.dropout(inputs[0], 0.3)
      })
  }

  private static func stochasticDepth(_ shape: Shape, _ type: ElementType) -> OpCase {
    OpCase(
      "dropout", "whole samples", type, [.activation("x", shape)], kernels: ["dropout"],
      .operation { pass, inputs in
        // Some samples are silenced with these, some are not.
        pass.dropoutKeys = DropoutKeys(seed: 2, step: 0, on: pass.device)
        return pass.stochasticDepth(inputs[0], 0.5)
      })
  }

  private static func activation(
    _ shape: Shape, _ kind: ActivationKind, _ type: ElementType
  ) -> OpCase {
    OpCase(
      "activation", kind.word, type, [.activation("x", shape, .awayFromZero(2))],
      kernels: ["activation_forward", "activation_backward"],
      .operation { $0.activation($1[0], kind) })
  }

  private static func gated(_ shape: Shape, _ kind: ActivationKind, _ type: ElementType) -> OpCase {
    OpCase(
      "gated", kind.word, type,
      [.activation("gate", shape, .awayFromZero(2)), .activation("up", shape)],
      kernels: ["gated_forward", "gated_backward"],
      .operation { $0.gated($1[0], $1[1], kind) })
  }

  /// Far out, an activation is 0 or its input, and its exponentials must not spoil that.
  private static func extremes(_ kind: ActivationKind, _ type: ElementType) -> OpCase {
    let values: [Float] = [0, -0.0, 5, -5, 13, -13, 88, -88, 104, -104, 200, -200, 1e4, -1e4, .nan]
    return OpCase(
      "activation", "\(kind.word) far from 0", type,
      [.activation("x", [values.count], .repeating(values))],
      kernels: ["activation_forward", "activation_backward"], isSmooth: false,
      .operation { $0.activation($1[0], kind) })
  }
}
