// TextSample: what a trained model writes, token by token. Reads the whole context anew for each token, which is
// slow and simple; it needs no cache.

import Foundation
package import Models
package import Tensors

/// Draws text from a model.
package struct TextSample {
  /// Logits are divided by this before the softmax; 0 takes the likeliest token always.
  package var temperature: Double
  package var seed: UInt64

  package init(temperature: Double, seed: UInt64) {
    self.temperature = temperature
    self.seed = seed
  }

  /// `count` tokens after `prompt`.
  ///
  /// - Parameter length: the longest context that the model is built for.
  package func draw(
    _ count: Int, after prompt: [Int32], from model: Transformer, length: Int,
    precision: ElementType, on device: Device
  ) -> [Int32] {
    let random = Random(seed: seed, purpose: "sample")
    var tokens = prompt
    for index in 0..<count {
      let context = Array(tokens.suffix(length))
      let pass = Pass(on: device, precision: precision)
      let logits = model(Tokens(context, batch: 1, on: device), pass)
      tokens.append(pick(logits.values().suffix(model.vocabulary), random.uniform(index)))
    }
    return Array(tokens.dropFirst(prompt.count))
  }

  /// The token whose share of the softmax's total mass contains `point`, in [0, 1).
  private func pick(_ logits: ArraySlice<Float>, _ point: Double) -> Int32 {
    let largest = Double(logits.max() ?? 0)
    guard temperature > 0 else {
      return Int32((logits.firstIndex(of: Float(largest)) ?? logits.startIndex) - logits.startIndex)
    }
    let weights = logits.map { exp((Double($0) - largest) / temperature) }
    var rest = point * weights.reduce(0, +)
    for (token, weight) in weights.enumerated() {
      rest -= weight
      if rest < 0 { return Int32(token) }
    }
    return Int32(weights.count - 1)
  }
}
