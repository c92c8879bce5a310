// TextSample: what a trained model writes, token by token. Reads the whole context anew for each
// token, which is slow and simple; it needs no cache.

package import Models
package import Tensors

/// Draws text from a model.
package struct TextSample {
  /// See `TokenSampler`.
  package var temperature: Double
  package var seed: UInt64

  package init(temperature: Double, seed: UInt64) {
    self.temperature = temperature
    self.seed = seed
  }

  /// `count` tokens after `prompt`.
  ///
  /// - Parameters:
  ///   - length: the longest context that the model is built for.
  ///   - check: called before each token, to throw when it is to stop.
  /// - Throws: also where a logit is not finite.
  package func draw(
    _ count: Int, after prompt: [Int32], from model: Transformer, length: Int,
    precision: ElementType, on device: Device, check: () throws -> Void = {}
  ) throws -> [Int32] {
    let sampler = TokenSampler(temperature: temperature, seed: seed)
    var tokens = prompt
    for index in 0..<count {
      try check()
      let context = Array(tokens.suffix(length))
      let pass = Pass(on: device, precision: precision)
      let logits = model(Tokens(context, batch: 1, on: device), pass)
      tokens.append(try sampler.pick(logits.values().suffix(model.vocabulary), index))
    }
    return Array(tokens.dropFirst(prompt.count))
  }
}
