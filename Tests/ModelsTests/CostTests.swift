// Predicted sizes and work, against counts made by hand.

import Models
import Tensors
import TestModels
import Testing

@Suite("predicted cost")
struct CostTests {
  private static let yaml = """
    layers: 3
    width: 32
    attention: {type: gqa, heads: 4, kv_heads: 2}
    ffn: {type: swiglu, hidden: 64}
    """

  @Test("parameters are counted as declared")
  func parameters() throws {
    let model = try TestModels.model(Self.yaml, vocabulary: 10, length: 16)
    let attention = 32 * 32 + 2 * (32 * 16) + 32 * 32
    let layer = attention + 3 * 32 * 64 + 2 * 32
    #expect(model.cost(tokens: 16).parameters == 2 * 10 * 32 + 3 * layer + 32)
    #expect(model.parameters.count == 2 * 10 * 32 + 3 * layer + 32)
  }

  @Test("tying the embedding saves the output matrix")
  func tied() throws {
    let model = try TestModels.model(Self.yaml, vocabulary: 10, length: 16)
    let tied = try TestModels.model(
      Self.yaml + "\ntied_embeddings: true", vocabulary: 10, length: 16)
    #expect(model.parameters.count - tied.parameters.count == 10 * 32)
    #expect(!tied.parameters.all.contains { $0.name.hasPrefix("lm_head") })
  }

  @Test("a forward pass costs two operations a weight and token, and the causal half of attention")
  func work() throws {
    let cost = try TestModels.model(Self.yaml, vocabulary: 10, length: 16).cost(tokens: 16)
    let weights = 3 * (32 * 32 + 2 * 32 * 16 + 32 * 32 + 3 * 32 * 64) + 10 * 32
    let pairs = 16 * 17 / 2
    let expected = Double(16 * 2 * weights + 3 * 4 * 32 * pairs)
    #expect(cost.forwardFLOPsPerSequence == expected)
    // Backward is two products for each one of forward, and nothing is computed again.
    #expect(cost.trainingFLOPsPerSequence == 3 * expected)
    #expect(cost.trainingFLOPsPerToken == 3 * expected / 16)
  }

  @Test("a window counts the pairs that it leaves")
  func window() throws {
    func seen(_ tokens: Int, _ window: Int) -> Int {
      (0..<tokens).reduce(0) { $0 + min($1 + 1, window) }
    }
    for (tokens, window) in [(16, 1), (16, 5), (16, 16), (16, 100), (1, 3), (4096, 1024)] {
      let shape = AttentionShape(
        queries: tokens, keys: tokens, headDimension: 1, window: window)
      #expect(shape.seenPairs == Double(seen(tokens, window)))
    }
    let full = try TestModels.model(Self.yaml, vocabulary: 10, length: 16).cost(tokens: 16)
    let some = try TestModels.model(
      Self.yaml.replacing("kv_heads: 2", with: "kv_heads: 2, window: [4, none]"), vocabulary: 10,
      length: 16
    ).cost(tokens: 16)
    // Layers 0 and 2 of 3.
    let saved = Double(2 * 4 * 32 * (16 * 17 / 2 - seen(16, 4)))
    #expect(full.forwardFLOPsPerSequence - some.forwardFLOPsPerSequence == saved)
    #expect(full.parameters == some.parameters)
  }

  @Test("tied embeddings save parameters, not work")
  func tiedWork() throws {
    let model = try TestModels.model(Self.yaml, vocabulary: 10, length: 16)
    let tied = try TestModels.model(
      Self.yaml + "\ntied_embeddings: true", vocabulary: 10, length: 16)
    #expect(
      model.cost(tokens: 16).forwardFLOPsPerSequence
        == tied.cost(tokens: 16).forwardFLOPsPerSequence)
  }

  @Test("the cache holds a key and a value per token, layer and key/value head")
  func cache() throws {
    let bytes = { (attention: String) throws -> Int in
      try TestModels.model(
        "layers: 3\nwidth: 32\nattention: \(attention)", vocabulary: 10, length: 16
      ).cost(tokens: 16).cacheBytesPerToken
    }
    #expect(try bytes("{type: mha, heads: 4}") == 3 * 2 * 4 * 8 * 4)
    #expect(try bytes("{type: gqa, heads: 4, kv_heads: 2}") == 3 * 2 * 2 * 8 * 4)
    #expect(try bytes("{type: mqa, heads: 4}") == 3 * 2 * 1 * 8 * 4)
  }
}
