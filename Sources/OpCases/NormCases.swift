// The cases of the normalisations.

import Tensors

extension OpCase {
  static func normChecks(_ type: ElementType) -> [OpCase] {
    let shapes: [Shape] = [
      [1, 1], [5, 3], [1, 33], [2, 3, 17], [70, 64], [3, 1100], [130, 40],
    ]
    return shapes.flatMap { shape in
      [
        rmsNorm(shape, type), layerNorm(shape, bias: true, type),
        layerNorm(shape, bias: false, type), scaleFeatures(shape, type),
      ]
    } + [rmsNorm([3, 19], type, "of zeros", .repeating([0]))]
  }

  static func normBenchmarks(_ type: ElementType) -> [OpCase] {
    [
      rmsNorm([16, 256, 256], type), layerNorm([16, 256, 256], bias: true, type),
      scaleFeatures([16, 256, 256], type),
    ]
  }

  private static func rmsNorm(
    _ shape: Shape, _ type: ElementType, _ detail: String = "", _ values: CaseValues = .normal(2)
  ) -> OpCase {
    OpCase(
      "rms_norm", detail, type,
      [.activation("x", shape, values), .parameter("weight", [shape.columns])],
      kernels: ["rms_norm_forward", "rms_norm_backward"],
      .operation { $0.rmsNorm($1[0], weight: $1[1], epsilon: 0.5) })
  }

  private static func scaleFeatures(_ shape: Shape, _ type: ElementType) -> OpCase {
    OpCase(
      "scale_features", "", type,
      [
        .activation("x", shape, .normal(2)), .parameter("factors", [shape.columns]),
        .constant("ones", [shape.rows], .repeating([1])),
      ],
      kernels: ["rms_norm_backward"],
      .operation { $0.scaleFeatures($1[0], $1[1], ones: $1[2]) })
  }

  private static func layerNorm(_ shape: Shape, bias: Bool, _ type: ElementType) -> OpCase {
    let parameters =
      [CaseInput.parameter("weight", [shape.columns])]
      + (bias ? [.parameter("bias", [shape.columns])] : [])
    return OpCase(
      "layer_norm", bias ? "" : "without bias", type,
      [.activation("x", shape, .normal(2))] + parameters,
      kernels: ["layer_norm_forward", "layer_norm_backward"],
      .operation { pass, inputs in
        pass.layerNorm(
          inputs[0], weight: inputs[1], bias: bias ? inputs[2] : nil, epsilon: 0.5)
      })
  }
}
