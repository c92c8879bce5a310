// The cases of kernels that no differentiable operation runs: conversions and the optimizer's.

import CKernels

extension OpCases {
  static func kernelChecks(_ type: ElementType) -> [OpCase] {
    [1, 37, 20_000].flatMap { count in
      [ElementType.f32, .bf16].map { convert(count, from: type, to: $0) }
    }
  }

  static func optimizerChecks() -> [OpCase] {
    [1, 70, 40_000].flatMap { [adamw($0), sumSquares($0)] }
  }

  static func optimizerBenchmarks() -> [OpCase] { [adamw(1 << 22), sumSquares(1 << 22)] }

  private static func convert(
    _ count: Int, from type: ElementType, to target: ElementType
  ) -> OpCase {
    OpCase(
      "convert", "to \(target.word)", type, [.activation("x", [count], .normal(3))],
      kernels: ["convert"], tolerance: 0,
      .kernel { device, inputs in
        // Thirds have digits to round; the cases' own numbers have few.
        let x = Tensor(
          inputs[0].values().map { $0 / 3 }, [count], type, kind: .data, on: device)
        let out = Tensor([count], target, kind: .data, on: device)
        device.convert(x, to: out)
        return out.values()
      })
  }

  private static func adamw(_ count: Int) -> OpCase {
    OpCase(
      "adamw", "", .f32,
      [
        .parameter("parameter", [count]), .parameter("first moment", [count], .normal(0.1)),
        .parameter("second moment", [count], .positive(0.01)), .constant("gradient", [count]),
      ],
      kernels: ["adamw"],
      .kernel { device, inputs in
        device.run(
          device.kernels.adamw,
          .init(
            parameter: inputs[0].floats, first_moment: inputs[1].floats,
            second_moment: inputs[2].floats, gradient: inputs[3].floats, n: Int64(count),
            rate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.1,
            correction1: 0.271, correction2: 0.142625, gradient_scale: 0.5))
        return []
      })
  }

  private static func sumSquares(_ count: Int) -> OpCase {
    OpCase(
      "sum_squares", "", .f32, [.constant("x", [count])], kernels: ["sum_squares"],
      tolerance: 1e-6,
      .kernel { device, inputs in
        let storage = Storage(bytes: 8, kind: .workspace, on: device)
        device.run(
          device.kernels.sum_squares,
          .init(
            out: storage.pointer.assumingMemoryBound(to: Double.self), x: inputs[0].floats,
            n: Int64(count)))
        var sum = 0.0
        withUnsafeMutableBytes(of: &sum) { storage.download(into: $0) }
        return [Float(sum)]
      })
  }
}
