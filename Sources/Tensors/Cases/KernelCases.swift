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
        device.kernels.pointee.convert(
          device.context, out.pointer, target, x.pointer, type, Int64(count))
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
        var step = CKernels.adamw(
          rate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.1,
          correction1: 0.271, correction2: 0.142625, gradient_scale: 0.5)
        device.kernels.pointee.adamw(
          device.context, inputs[0].floats, inputs[1].floats, inputs[2].floats, inputs[3].floats,
          Int64(count), &step)
        return []
      })
  }

  private static func sumSquares(_ count: Int) -> OpCase {
    OpCase(
      "sum_squares", "", .f32, [.constant("x", [count])], kernels: ["sum_squares"],
      tolerance: 1e-6,
      .kernel { device, inputs in
        let storage = Storage(bytes: 8, kind: .workspace, on: device)
        device.kernels.pointee.sum_squares(
          device.context, storage.pointer.assumingMemoryBound(to: Double.self), inputs[0].floats,
          Int64(count))
        var sum = 0.0
        withUnsafeMutableBytes(of: &sum) { storage.download(into: $0) }
        return [Float(sum)]
      })
  }
}
