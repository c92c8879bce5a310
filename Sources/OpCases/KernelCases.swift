// The cases of kernels that no differentiable operation runs: conversions, reductions and the
// optimizer's.

import CKernels
import Tensors

extension OpCase {
  static func kernelChecks(_ type: ElementType) -> [OpCase] {
    [1, 37, 20_000].flatMap { count in
      [ElementType.f32, .bf16].map { convert(count, from: type, to: $0) }
    }
  }

  static func optimizerChecks() -> [OpCase] {
    [1, 70, 40_000].flatMap { count in
      [false, true].map { sum(count, squared: $0) } + [maximum(count), gradientNorm(count)]
    } + [
      adamw(1), adamw(70), adamw(40_000), adamw(70, clip: 1e-3, "clipped"),
      adamw(70, figure: .infinity, "a figure that is not finite"),
      maximum(40, .repeating([1, 3, 2]), "NaN before", accumulates: .nan),
      maximum(40, .repeating([1, .nan, 2]), "a NaN"), maximum(0, .normal(1), "of none"),
    ]
  }

  static func optimizerBenchmarks() -> [OpCase] { [adamw(1 << 22), gradientNorm(1 << 22)] }

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

  /// The list of a small model's parameters on the device: two that share the inputs, of which the
  /// last is the gradient, and one that gets no gradient.
  ///
  /// - Parameter inputs: a parameter, its moments and its gradient; or this alone.
  private static func parameterList(_ inputs: [Tensor], decay: Float = 0) -> Storage {
    let (count, half) = (inputs[0].count, inputs[0].count / 2)
    let parts = [(0..<half, true), (half..<count, true), (0..<half, false)]
    let updates = parts.map { range, hasGradient in
      let at = (0..<4).map { inputs[min($0, inputs.count - 1)].floats + range.lowerBound }
      return parameter_update(
        parameter: at[0], first_moment: at[1], second_moment: at[2],
        gradient: hasGradient ? UnsafePointer(at[3]) : nil, n: Int64(range.count),
        weight_decay: range.lowerBound == 0 ? decay : 0, reserved: 0)
    }
    let list = Storage(
      bytes: updates.count * MemoryLayout<parameter_update>.stride, kind: .workspace,
      on: inputs[0].device)
    updates.withUnsafeBytes { list.upload($0) }
    return list
  }

  /// - Parameter figure: what must be finite beside the norm.
  private static func adamw(
    _ count: Int, clip: Double = .infinity, figure: Double = 1, _ detail: String = ""
  ) -> OpCase {
    OpCase(
      "adamw", detail, .f32,
      [
        .parameter("parameter", [count]), .parameter("first moment", [count], .normal(0.1)),
        .parameter("second moment", [count], .positive(0.01)), .constant("gradient", [count]),
      ],
      kernels: ["adamw"],
      .prepared { device, inputs in
        let list = parameterList(inputs, decay: 0.1)
        let step = StepScalars(on: device)
        step.upload(rate: 1e-2, corrections: (0.271, 0.142625))
        let figures = Storage(bytes: 16, kind: .workspace, on: device)
        [2.5, figure].withUnsafeBytes { figures.upload($0) }
        return Prepared {
          withExtendedLifetime((list, step, figures)) {
            device.adamW(
              .init(
                list: list.pointer.assumingMemoryBound(to: parameter_update.self),
                step: step.pointer, figures: figures.pointer.assumingMemoryBound(to: Double.self),
                count: 3, figure_count: 2, clip: clip, beta1: 0.9, beta2: 0.95, epsilon: 1e-8),
              elements: count)
          }
        }
      })
  }

  private static func gradientNorm(_ count: Int) -> OpCase {
    OpCase(
      "gradient_norm", "", .f32, [.constant("gradient", [count])], kernels: ["gradient_norm"],
      tolerance: 1e-6,
      .prepared { device, inputs in
        let list = parameterList(inputs)
        let norm = Storage(bytes: MemoryLayout<Double>.size, kind: .workspace, on: device)
        return Prepared {
          device.gradientNorm(
            of: list.pointer.assumingMemoryBound(to: parameter_update.self), count: 3,
            elements: count, into: norm.pointer.assumingMemoryBound(to: Double.self))
        } results: {
          var number = 0.0
          withUnsafeMutableBytes(of: &number) { norm.download(into: $0) }
          return [Float(number)]
        }
      })
  }

  private static func sum(_ count: Int, squared: Bool) -> OpCase {
    OpCase(
      "sum", squared ? "of squares" : "", .f32, [.constant("x", [count])], kernels: ["sum"],
      tolerance: 1e-6,
      .kernel { device, inputs in
        [Float(device.reduced(0.0) { device.sum(inputs[0], squared: squared, into: $0) })]
      })
  }

  /// - Parameter accumulates: what is there before and takes part; nil: nothing.
  private static func maximum(
    _ count: Int, _ values: CaseValues = .normal(1), _ detail: String = "",
    accumulates before: Float? = nil
  ) -> OpCase {
    OpCase(
      "maximum", detail, .f32, [.constant("x", [count], values)], kernels: ["maximum"],
      tolerance: 0,
      .kernel { device, inputs in
        let earlier = before.map { Tensor([$0], [1], kind: .data, on: device) }
        return [
          device.reduced(Float(0)) {
            device.maximum([earlier, inputs[0]].compactMap { $0 }, into: $0)
          }
        ]
      })
  }
}
