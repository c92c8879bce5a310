// Components that are built otherwise than the registered ones: what runs is their own.

import Config
import Models
import Tensors
import Testing

/// Twice its input.
private struct Doubling: FeedForward {
  static let word = "doubling"
  static let summary = "twice its input"
  static let formula = "2 x"
  static let source = "these tests"

  let hidden = 0
  let matrices: [(inputs: Int, outputs: Int)] = []

  init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {}
  init() {}

  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor { pass.scale(x, 2) }
  func parameters(width: Int) -> Int { 0 }
}

/// Each token sees itself alone, three times.
private struct Tripling: Attention {
  static let word = "tripling"
  static let summary = "three times its input"
  static let formula = "3 x"
  static let source = "these tests"

  let shape = AttentionShape(queries: 1, keys: 1, heads: 1, headDimension: 1)
  let kernels: LayerKernels
  let matrices: [(inputs: Int, outputs: Int)] = []

  init(_ options: Section, _ context: AttentionContext, _ parameters: ParameterBuilder) {
    kernels = LayerKernels(context.options.kernel)
  }
  init(_ kernels: LayerKernels) { self.kernels = kernels }

  func callAsFunction(_ x: Tensor, _ pass: Pass, cache: KeyValueCache?) -> Tensor {
    pass.scale(x, 3)
  }
  func masks(on device: Device) -> AttentionMasks { AttentionMasks() }
  func parameters(width: Int) -> Int { 0 }
}

@Suite struct OwnComponentTests {
  @Test func `a component that is no standard one computes what it says`() {
    let device = Device.cpu(threads: 1)
    let (pass, x) = (Pass(on: device), Tensor([1, 2], [1, 1, 2], kind: .data, on: device))
    let feedForward: any FeedForward = Doubling()
    #expect(feedForward(x, pass).values() == [2, 4])
    let attention: any Attention = Tripling(LayerKernels(.automatic))
    #expect(attention(x, pass).values() == [3, 6] && attention.parameters(width: 2) == 0)
  }
}
