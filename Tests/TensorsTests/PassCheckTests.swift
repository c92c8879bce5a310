// What an operation refuses before a kernel reads or writes beyond its tensors: ids, lengths,
// element types.

import Tensors
import Testing

private func tensor(_ shape: Shape, _ type: ElementType = .f32, on device: Device) -> Tensor {
  Tensor([Float](repeating: 1, count: shape.count), shape, type, kind: .data, on: device)
}

@Suite struct PassCheckTests {
  /// Expects that a program that ended said so.
  private static func expect(
    _ result: ExitTest.Result?, says words: String,
    at location: SourceLocation = #_sourceLocation
  ) {
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains(words), "it said: \(text)", sourceLocation: location)
  }

  @Test func `a token beyond the vocabulary is refused by its id`() async {
    var result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let tokens = Tokens([3, 70, 2], batch: 1, on: device)
      _ = Pass(on: device).embedding(tokens, table: tensor([65, 4], on: device))
    }
    Self.expect(result, says: "embedding: token 70 is not in a vocabulary of 65")
    result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let tokens = Tokens([3, -1, 2], batch: 1, on: device)
      _ = Pass(on: device).embedding(tokens, table: tensor([65, 4], on: device))
    }
    Self.expect(result, says: "embedding: token -1 is not in a vocabulary of 65")
    result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let targets = Tokens([3, 65], batch: 1, on: device)
      _ = Pass(on: device).crossEntropy(tensor([1, 2, 65], on: device), targets: targets)
    }
    Self.expect(result, says: "crossEntropy: token 65 is not in a vocabulary of 65")
  }

  @Test func `the first and the last token of a vocabulary are in it`() {
    let device = Device.reference()
    let tokens = Tokens([0, 64], batch: 1, on: device)
    let out = Pass(on: device).embedding(tokens, table: tensor([65, 4], on: device))
    #expect(out.values().allSatisfy { $0 == 1 })
  }

  @Test func `linear refuses a bias and rows of another length`() async {
    var result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      _ = Pass(on: device).linear(
        tensor([2, 3], on: device), weight: tensor([4, 3], on: device),
        bias: tensor([3], on: device))
    }
    Self.expect(
      result, says: "linear: x [2, 3] does not fit weight [4, 3] or the bias")
    result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      _ = Pass(on: device).linear(
        tensor([2, 3], on: device), weight: tensor([4, 2], on: device))
    }
    Self.expect(
      result, says: "linear: x [2, 3] does not fit weight [4, 2] or the bias")
  }

  @Test func `attention refuses keys of another type and slopes for other heads`() async {
    var result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let q = tensor([1, 2, 2, 4], on: device)
      let k = tensor([1, 2, 2, 4], .bf16, on: device)
      let shape = AttentionShape(queries: 2, keys: 2, heads: 2, headDimension: 4)
      _ = Pass(on: device).attention(q, k, k, shape, by: .naive)
    }
    Self.expect(
      result,
      says: "attention: q [1, 2, 2, 4] f32, k [1, 2, 2, 4] bf16, v [1, 2, 2, 4] bf16 are not")
    result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let q = tensor([1, 2, 2, 4], on: device)
      let shape = AttentionShape(
        queries: 2, keys: 2, heads: 2, headDimension: 4, hasSlopes: true)
      let masks = AttentionMasks(slopes: tensor([1], on: device))
      _ = Pass(on: device).attention(q, q, q, shape, masks, by: .naive)
    }
    Self.expect(result, says: "attention: 2 heads over 2, or other masks than")
  }

  @Test func `attention refuses tensors and masks that are not those of its shape`() async {
    var result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let q = tensor([1, 2, 2, 4], on: device)
      let shape = AttentionShape(queries: 2, keys: 3, heads: 2, headDimension: 4)
      _ = Pass(on: device).attention(q, q, q, shape, by: .naive)
    }
    Self.expect(
      result, says: "attention: q [1, 2, 2, 4] f32, k [1, 2, 2, 4] f32, v [1, 2, 2, 4] f32 are not")
    result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let q = tensor([1, 2, 2, 4], on: device)
      let shape = AttentionShape(queries: 2, keys: 2, heads: 2, headDimension: 4)
      let masks = AttentionMasks(keep: BooleanMask([true, false], [1, 1, 1, 2], on: device))
      _ = Pass(on: device).attention(q, q, q, shape, masks, by: .naive)
    }
    Self.expect(result, says: "attention: 2 heads over 2, or other masks than")
    result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let q = tensor([1, 1, 2, 4], on: device)
      let cache = KeyValueCache(
        batch: 1, kvHeads: 2, headDimension: 4, capacity: 3, type: .f32, on: device)
      cache.append(keys: q, values: q)
      // Not made by `over`: the cache holds one key.
      let shape = AttentionShape(queries: 1, keys: 3, heads: 2, headDimension: 4)
      _ = Pass(on: device).attention(q, over: cache, shape, by: .naive)
    }
    Self.expect(result, says: "attention: q [1, 1, 2, 4] over 1 keys of 2 heads is not")
  }

  @Test func `rope refuses sines and cosines of different lengths`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let table = RotaryTable(
        cosine: tensor([8, 2], on: device), sine: tensor([1, 2], on: device), interleaved: false)
      _ = Pass(on: device).rope(tensor([1, 8, 1, 4], on: device), table)
    }
    Self.expect(result, says: "rope: x [1, 8, 1, 4] from 0 does not fit angles [8, 2]")
  }

  @Test func `a gradient of another shape or type than its value is refused`() async {
    var result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let x = Tensor([1, 2, 3], [3], kind: .data, on: device, slot: 0)
      let tape = Tape(leaves: 1)
      let out = Pass(on: device, tape: tape).scale(x, 2)
      let gradients = Gradients(leaves: [tensor([3], on: device)], on: device)
      tape.backward(into: gradients, seeds: [(out, gradient: tensor([3], .bf16, on: device))])
    }
    Self.expect(result, says: "gradient [3] bf16 of a value [3] f32")
    result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let device = Device.reference()
      let x = Tensor([1, 2, 3], [3], kind: .data, on: device, slot: 0)
      let tape = Tape(leaves: 1)
      let out = Pass(on: device, tape: tape).scale(x, 2)
      let gradients = Gradients(leaves: [tensor([3], on: device)], on: device)
      tape.backward(into: gradients, seeds: [(out, gradient: tensor([2], on: device))])
    }
    Self.expect(result, says: "gradient [2] f32 of a value [3] f32")
  }
}
