// The cases of linear layers and of the matrix product underneath.

import Tensors

extension OpCase {
  static func linearChecks(_ type: ElementType) -> [OpCase] {
    [
      linear([1, 1], outputs: 1, bias: true, type), linear([3, 5], outputs: 7, bias: true, type),
      linear([2, 3, 17], outputs: 5, bias: false, type),
      linear([70, 65], outputs: 33, bias: true, type),
      linear([70, 64], outputs: 48, bias: true, type),
      linear([1, 300], outputs: 130, bias: false, type),
      linear([129, 40], outputs: 1, bias: true, type),
      linear([5, 9], outputs: 6, bias: true, output: .f32, type),
    ]
      + [ElementType.bf16, .q8].flatMap { matrix in
        // One row and each number of few, of whole blocks, parts of them and less than one, whole
        // panels, one column, odd numbers of them, more than a panel is deep, a single step of k.
        [
          ([1, 300], 130), ([1, 2150], 15), ([1, 20], 3), ([7, 33], 65), ([1, 96], 130),
          ([8, 544], 37), ([70, 65], 33),
          ([40, 64], 1), ([20, 1100], 50), ([2, 2150], 15), ([3, 64], 2), ([4, 2150], 3),
          ([5, 20], 3), ([6, 40], 7), ([20, 1], 50),
        ].map {
          inference($0.0, outputs: $0.1, weight: matrix, type)
        }
      }
  }

  /// Weights as an inference has them.
  private static func inference(
    _ shape: Shape, outputs: Int, weight matrix: ElementType, _ type: ElementType
  ) -> OpCase {
    let weight = CaseValues.normal(1 / Double(shape.columns).squareRoot())
    return OpCase(
      "linear", "a \(matrix.word) weight", type,
      [
        .activation("x", shape), .matrix("weight", [outputs, shape.columns], matrix, weight),
        .constant("bias", [outputs]),
      ], kernels: ["gemm"] + (matrix == .q8 ? ["cache_append"] : []),
      .forward { _, inputs in
        { $0.linear(inputs[0], weight: inputs[1], bias: inputs[2]) }
      })
  }

  /// Layers of a few rows, which a device may take at once.
  static func groupChecks(_ type: ElementType) -> [OpCase] {
    [
      group([1, 300], outputs: [130, 5, 33], type), group([2, 3, 17], outputs: [70, 70], type),
      group([8, 64], outputs: [600, 1, 40, 256], type),
    ]
  }

  private static func group(_ shape: Shape, outputs: [Int], _ type: ElementType) -> OpCase {
    let deviation = CaseValues.normal(1 / Double(shape.columns).squareRoot())
    let weights = outputs.enumerated().map { index, count in
      CaseInput.parameter("weight \(index)", [count, shape.columns], deviation)
    }
    return OpCase(
      "linear", "\(outputs.count) of the same rows", type,
      [.activation("x", shape)] + weights + [.constant("bias", [outputs[0]])],
      kernels: ["gemm_group"],
      .kernel { device, inputs in
        let layers = inputs[1..<inputs.count - 1].map { weight -> (weight: Tensor, bias: Tensor?) in
          (weight, weight.shape[0] == outputs[0] ? inputs[inputs.count - 1] : nil)
        }
        return Pass(on: device, precision: type).linear(inputs[0], layers).flatMap { $0.values() }
      })
  }

  /// Two layers with an activation between them, which the first one's product ends in and the
  /// gradient of the second one's goes through.
  static func feedForwardChecks(_ type: ElementType) -> [OpCase] {
    activations.flatMap { kind in
      [
        feedForward([13, 20], hidden: 37, kind, isGated: false, type),
        feedForward([2, 11, 9], hidden: 48, kind, isGated: true, type),
      ]
    } + [
      feedForward([1, 30], hidden: 300, .silu, isGated: true, type),
      feedForward([40, 70], hidden: 33, .gelu, isGated: false, type),
    ]
  }

  private static func feedForward(
    _ shape: Shape, hidden: Int, _ kind: ActivationKind, isGated: Bool, _ type: ElementType
  ) -> OpCase {
    let width = shape.columns
    let weight = { (name: String, shape: Shape) in
      CaseInput.parameter(name, shape, .normal(1 / Double(shape.columns).squareRoot()))
    }
    return OpCase(
      "feed_forward", kind.word + (isGated ? ", gated" : ""), type,
      [
        .activation("x", shape), weight("up", [hidden, width]), .parameter("bias", [hidden]),
        weight("down", [width, hidden]),
      ] + (isGated ? [weight("gate", [hidden, width])] : []),
      kernels: ["gemm", "column_sum"],
      .operation { pass, inputs in
        let gate = isGated ? pass.linear(inputs[0], weight: inputs[4]) : nil
        let inner = pass.linear(
          inputs[0], weight: inputs[1], bias: inputs[2], activation: kind, gate: gate)
        return pass.linear(inner, weight: inputs[3])
      })
  }

  /// A layer whose output is added to a residual stream: of every kind of product, and to its own
  /// input.
  static func residualChecks(_ type: ElementType) -> [OpCase] {
    [
      residual([5, 9], outputs: 6, bias: true, type),
      residual([70, 65], outputs: 33, bias: false, type),
      residual([2, 29, 64], outputs: 96, bias: false, type),
      residual([31, 64], outputs: 64, bias: true, type),
      residual([20, 2100], outputs: 64, bias: false, type),
      residual([1, 300], outputs: 130, bias: true, type),
      residual([129, 40], outputs: 1, bias: false, type),
      residual([33, 48], outputs: 48, bias: false, isOwn: true, type),
    ]
  }

  private static func residual(
    _ shape: Shape, outputs: Int, bias: Bool, isOwn: Bool = false, _ type: ElementType
  ) -> OpCase {
    OpCase(
      "residual", isOwn ? "its own input" : "", type,
      [
        .activation("x", shape),
        .parameter(
          "weight", [outputs, shape.columns], .normal(1 / Double(shape.columns).squareRoot())),
      ] + (isOwn ? [] : [.activation("residual", shape.withColumns(outputs))])
        + (bias ? [.parameter("bias", [outputs])] : []),
      kernels: ["gemm"] + (bias ? ["column_sum"] : []),
      .operation { pass, inputs in
        pass.linear(
          inputs[0], weight: inputs[1], bias: bias ? inputs.last : nil,
          addedTo: isOwn ? inputs[0] : inputs[2])
      })
  }

  /// The layers of the modern and the classic small Transformer, and the output of nanoGPT's CPU
  /// configuration for GPT-2's tokens.
  static func linearBenchmarks(_ type: ElementType) -> [OpCase] {
    let sizes = [
      (256, 256), (256, 128), (256, 704), (704, 256), (256, 1024), (1024, 256), (256, 65),
    ]
    let layers = sizes.map {
      linear([16, 256, $0.0], outputs: $0.1, bias: false, output: $0.1 == 65 ? .f32 : nil, type)
    }
    return layers + [linear([12, 64, 128], outputs: 50_257, bias: false, output: .f32, type)]
  }

  static func gemmChecks(_ type: ElementType) -> [OpCase] {
    let sizes = [
      (1, 1, 1), (1, 33, 17), (31, 1, 9), (13, 19, 1), (6, 16, 64), (15, 33, 70), (65, 70, 129),
      (3, 200, 600), (150, 40, 300), (5, 4, 0),
      // More of a side than a panel, a block or a slice holds, and lines a page apart.
      (20, 40, 2100), (9, 1100, 1000), (30, 64, 1024), (420, 64, 600),
      // A few columns more than whole vectors, and more steps than a panel is deep.
      (12, 67, 1100),
      // Rows of b that are read in pairs where they lie, added and not, and one more than pairs.
      (20, 48, 1100), (21, 48, 1100), (20, 48, 35),
    ]
    return sizes.flatMap { m, n, k in
      [(false, false), (false, true), (true, false), (true, true)].map { a, b in
        gemm(m, n, k, aTransposed: a, bTransposed: b, accumulate: (m + k) % 2 == 0, type)
      }
    } + [
      gemm(
        33, 17, 40, aTransposed: false, bTransposed: true, accumulate: false, bias: true, type)
    ]
  }

  private static func linear(
    _ shape: Shape, outputs: Int, bias: Bool, output: ElementType? = nil, _ type: ElementType
  ) -> OpCase {
    let operations = 2 * Double(shape.count) * Double(outputs)
    let deviation = 1 / Double(shape.columns).squareRoot()
    let inputs: [CaseInput] =
      [
        .activation("x", shape),
        .parameter("weight", [outputs, shape.columns], .normal(deviation)),
      ] + (bias ? [.parameter("bias", [outputs])] : [])
    return OpCase(
      "linear", output == nil || output == type ? "" : "to f32", type, inputs,
      kernels: ["gemm"] + (bias ? ["column_sum"] : []),
      operations: (operations, 2 * operations),
      .operation { pass, inputs in
        pass.linear(
          inputs[0], weight: inputs[1], bias: bias ? inputs[2] : nil, outputType: output)
      })
  }

  /// c = op(a) op(b); with `accumulate`, c has f32 elements, as a weight's gradient has.
  private static func gemm(
    _ m: Int, _ n: Int, _ k: Int, aTransposed: Bool, bTransposed: Bool, accumulate: Bool,
    bias: Bool = false, _ type: ElementType
  ) -> OpCase {
    let words = [
      aTransposed ? "a transposed" : "", bTransposed ? "b transposed" : "",
      accumulate ? "added to c" : "", bias ? "with bias" : "",
    ]
    let inputs: [CaseInput] = [
      accumulate ? .parameter("c", [m, n]) : .activation("c", [m, n]),
      .activation("a", aTransposed ? [k, m] : [m, k]),
      .activation("b", bTransposed ? [n, k] : [k, n]), .constant("bias", [n]),
    ]
    return OpCase(
      "gemm", words.filter { !$0.isEmpty }.joined(separator: ", "), type, inputs,
      kernels: ["gemm"],
      operations: (2 * Double(m) * Double(n) * Double(k), 0),
      .kernel { device, inputs in
        device.gemm(
          inputs[0].pointer, inputs[0].type, inputs[1].pointer, type, inputs[2].pointer, type,
          m: m, n: n, k: k, aTransposed: aTransposed, bTransposed: bTransposed,
          accumulate: accumulate, bias: bias ? UnsafePointer(inputs[3].floats) : nil,
          compute: type)
        return []
      })
  }
}
