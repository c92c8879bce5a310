// BuiltInModel: a tiny model that the program makes itself, for where no real one is at hand. Its
// weights follow from their names alone, the same bits on every machine.

import Config
import Models
import Records
import Tensors

/// The model `tiny-llama`: two layers of the Llama family with random weights, a token a byte.
///
/// Scores and logits spread as those of a trained model do, so that windows, caches and scalings
/// change them; it has learnt nothing, and says nothing about any other model.
package enum BuiltInModel {
  /// The words that are no paths.
  package static let words = ["tiny-llama"]

  static let vocabulary = 256
  static let length = 512

  /// The `model` section.
  static let section: JSON = [
    "layers": 2, "width": 64, "norm": ["type": "rmsnorm", "epsilon": 1e-5],
    "attention": ["type": "gqa", "heads": 4, "kv_heads": 2, "head_dim": 16],
    "position": ["type": "rope", "base": 10000.0], "ffn": ["type": "swiglu", "hidden": 160],
    "tied_embeddings": true,
  ]

  /// The half width of the even distribution of a matrix's values.
  private static func spread(_ name: String) -> Float {
    name.hasSuffix("embed_tokens.weight") ? 0.35 : 0.3
  }

  /// The hash of its values, which stands for it in a cell's identity.
  static func sha256() -> String {
    let bytes = tensors().flatMap { tensor in
      tensor.bytes.withUnsafeBytes { Array($0) }
    }
    return SHA256.hex(Array(section.line.utf8) + bytes)
  }

  /// Its tensors, under our names.
  static func weights() throws(ResultsError) -> StoredTensors {
    do throws(WeightFileError) {
      return try StoredTensors(
        tensors().map {
          StoredTensor(name: $0.name, shape: $0.shape, type: .f32, bytes: $0.bytes)
        })
    } catch {
      throw .unreadable(path: words[0], problem: error.description)
    }
  }

  private static func tensors() -> [(name: String, shape: [Int], bytes: MappedBytes)] {
    let mark = Mark(source: Source(name: words[0], text: ""), line: 1, column: 1)
    let model = Transformer(
      Section(root: Node(section, at: mark), recorder: Recorder()), vocabulary: vocabulary,
      length: length)
    return model.parameters.all.map { parameter in
      let random = Random(seed: 0, purpose: words[0], name: parameter.name)
      let spread = spread(parameter.name)
      let values = (0..<parameter.shape.count).map {
        parameter.decays ? spread * Float(2 * random.uniform($0) - 1) : 1
      }
      return (parameter.name, parameter.shape.dimensions, OwnedFloats(values).bytes)
    }
  }
}

/// Values that live as long as what reads their bytes.
private final class OwnedFloats {
  private let values: UnsafeMutableBufferPointer<Float>

  init(_ values: [Float]) {
    self.values = .allocate(capacity: values.count)
    _ = self.values.initialize(from: values)
  }

  deinit { values.deallocate() }

  var bytes: MappedBytes { MappedBytes(UnsafeRawBufferPointer(values), of: self) }
}
