// GeneratedModel: a model of another program, as large as one likes and with values that mean
// nothing, to measure what reading it takes.

import Config
import Foundation
import TestSupport
import Workloads

/// What its files hold.
enum GeneratedFormat: CaseIterable {
  /// Llama in one safetensors file of f32.
  case file
  /// The same in bfloat16.
  case bf16
  /// The same in half precision.
  case f16
  /// The same as `file`, in three.
  case shards
  /// GPT-2, whose file holds matrices the other way round and q, k and v in one.
  case gpt2
  /// Llama as GGUF, in Q8_0.
  case q8
  /// The same in Q4_0.
  case q4
  /// The same in Q4_1.
  case q41
  /// The same in Q6_K.
  case q6

  /// The number of a type in GGUF, the elements and bytes of a block, and where in it there are
  /// halves.
  struct Blocks {
    let type: UInt32
    var count = 32
    let bytes: Int
    var halves = [0]
  }

  /// nil where it is no GGUF.
  var gguf: Blocks? {
    switch self {
    case .q8: Blocks(type: 8, bytes: 34)
    case .q4: Blocks(type: 2, bytes: 18)
    case .q41: Blocks(type: 3, bytes: 20, halves: [0, 2])
    case .q6: Blocks(type: 14, count: 256, bytes: 210, halves: [208])
    default: nil
    }
  }

  /// The type of a safetensors file whose elements have two bytes; nil where it is none.
  var half: String? {
    switch self {
    case .bf16: "BF16"
    case .f16: "F16"
    default: nil
    }
  }
}

struct GeneratedModel {
  let format: GeneratedFormat
  let width, hidden, layers: Int

  private static let vocabulary = 8192
  private static let length = 4096

  /// 44 or 51 million parameters.
  static func large(_ format: GeneratedFormat) -> GeneratedModel {
    GeneratedModel(format: format, width: 768, hidden: format == .gpt2 ? 3072 : 2048, layers: 6)
  }

  /// Parameters, each tensor counted once.
  var parameters: Int { tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  static func tiny(_ format: GeneratedFormat) -> GeneratedModel {
    // Rows are whole blocks.
    let width = format.gguf?.count ?? 32
    return GeneratedModel(format: format, width: width, hidden: 2 * width, layers: 1)
  }

  /// Of its weights in memory; vectors and learned positions are always f32.
  ///
  /// - Parameter matrix: of an element of a matrix.
  func bytes(matrix: Double) -> Double {
    tensors.reduce(0) { sum, tensor in
      let isMatrix = tensor.shape.count == 2 && tensor.name != "wpe.weight"
      return sum + (isMatrix ? matrix : 4) * Double(tensor.shape.reduce(1, *))
    }
  }

  /// A folder, or a GGUF file.
  func write(to path: String) throws {
    guard format.gguf == nil else {
      return try Data(gguf.bytes).write(to: URL(filePath: path))
    }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.write(config, to: "\(path)/config.json")
    if let half = format.half { return try write(half, to: "\(path)/model.safetensors") }
    let count = format == .shards ? 3 : 1
    var map: [JSON.Member] = []
    for shard in 0..<count {
      let part = tensors.enumerated().filter { $0.offset % count == shard }.map(\.element)
      let name = count == 1 ? "model.safetensors" : "part-\(shard).safetensors"
      map += part.map { .init($0.name, .string(name)) }
      let writer = SafeTensorsWriter(
        part.map { tensor in
          .init(tensor.name, tensor.shape) { Self.values(tensor.shape.reduce(1, *)) }
        })
      try writer.write(to: "\(path)/\(name)")
    }
    if count > 1 {
      let index = JSON.object([.init("weight_map", .object(map))])
      try Self.write(index, to: "\(path)/model.safetensors.index.json")
    }
  }

  /// A safetensors file of elements of two bytes, all of them small numbers.
  private func write(_ type: String, to path: String) throws {
    var members: [JSON.Member] = []
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.shape.reduce(2, *)
      members.append(
        .init(
          tensor.name,
          [
            "dtype": .string(type), "shape": .array(tensor.shape.map { .integer($0) }),
            "data_offsets": [.integer(offset), .integer(end)],
          ]))
      offset = end
    }
    let header = Array(JSON.object(members).line.utf8)
    var file = Data(littleEndian(UInt64(header.count)) + header)
    // From 0x1000 to 0x1fff: below 2^-7 in half precision, next to nothing in bfloat16.
    let values = (0..<4096).flatMap { littleEndian(UInt16(0x1000 + $0)) }
    while offset > 0 {
      file.append(contentsOf: values.prefix(offset))
      offset -= min(offset, values.count)
    }
    try file.write(to: URL(filePath: path))
  }

  private static func write(_ json: JSON, to path: String) throws {
    try json.document.write(toFile: path, atomically: false, encoding: .utf8)
  }

  /// Those of each tensor of a safetensors file of f32.
  static func values(_ count: Int) -> [Float] { GeneratedNumbers.floats(count) }

  private var config: JSON {
    format == .gpt2
      ? [
        "model_type": "gpt2", "n_embd": .integer(width), "n_layer": .integer(layers), "n_head": 4,
        "n_inner": .integer(hidden), "n_positions": .integer(Self.length),
        "vocab_size": .integer(Self.vocabulary),
      ]
      : [
        "model_type": "llama", "hidden_size": .integer(width),
        "num_hidden_layers": .integer(layers), "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": .integer(hidden),
        "vocab_size": .integer(Self.vocabulary), "rms_norm_eps": 1e-5,
        "tie_word_embeddings": true, "max_position_embeddings": .integer(Self.length),
      ]
  }

  // MARK: Tensors

  private typealias Named = (name: String, shape: [Int])

  private var tensors: [Named] {
    switch format {
    case .gpt2: gpt2
    case .file, .shards, .bf16, .f16:
      llama("model.embed_tokens", "model.layers", "model.norm") {
        [
          "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
          "self_attn.o_proj", "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj",
          "mlp.down_proj",
        ][$0]
      }
    case .q8, .q4, .q41, .q6:
      llama("token_embd", "blk", "output_norm") {
        [
          "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate",
          "ffn_up", "ffn_down",
        ][$0]
      }
    }
  }

  private func llama(
    _ embedding: String, _ layer: String, _ norm: String, _ name: (Int) -> String
  ) -> [Named] {
    let shapes = [
      [width], [width, width], [width / 2, width], [width / 2, width], [width, width], [width],
      [hidden, width], [hidden, width], [width, hidden],
    ]
    return [("\(embedding).weight", [Self.vocabulary, width])]
      + (0..<layers).flatMap { index in
        shapes.enumerated().map { ("\(layer).\(index).\(name($0)).weight", $1) }
      } + [("\(norm).weight", [width])]
  }

  private var gpt2: [Named] {
    func vectors(_ name: String) -> [Named] {
      [("\(name).weight", [width]), ("\(name).bias", [width])]
    }
    func matrix(_ name: String, _ inputs: Int, _ outputs: Int) -> [Named] {
      [("\(name).weight", [inputs, outputs]), ("\(name).bias", [outputs])]
    }
    return [("wte.weight", [Self.vocabulary, width]), ("wpe.weight", [Self.length, width])]
      + (0..<layers).flatMap { index -> [Named] in
        let layer = "h.\(index)"
        return vectors("\(layer).ln_1") + matrix("\(layer).attn.c_attn", width, 3 * width)
          + matrix("\(layer).attn.c_proj", width, width) + vectors("\(layer).ln_2")
          + matrix("\(layer).mlp.c_fc", width, hidden)
          + matrix("\(layer).mlp.c_proj", hidden, width)
      } + vectors("ln_f")
  }

  private var gguf: GGUFFile {
    var file = GGUFFile()
    func whole(_ value: Int) -> [UInt8] { littleEndian(UInt32(4)) + littleEndian(UInt32(value)) }
    file.keys = [
      ("general.architecture", littleEndian(UInt32(8)) + GGUFFile.text("llama")),
      ("llama.embedding_length", whole(width)), ("llama.block_count", whole(layers)),
      ("llama.feed_forward_length", whole(hidden)), ("llama.attention.head_count", whole(4)),
      ("llama.attention.head_count_kv", whole(2)), ("llama.context_length", whole(Self.length)),
      (
        "llama.attention.layer_norm_rms_epsilon",
        littleEndian(UInt32(6)) + littleEndian(Float(1e-5).bitPattern)
      ),
    ]
    file.tensors = tensors.map { tensor in
      let count = tensor.shape.reduce(1, *)
      guard tensor.shape.count == 2, let blocks = format.gguf else {
        return .init(
          tensor.name, tensor.shape, 0, GeneratedNumbers.bytes(of: Self.values(count)))
      }
      // The scale of each block is 2^-10, and so is the minimum of one that has it.
      let bytes = GeneratedNumbers.blocks(
        count / blocks.count, ofBytes: blocks.bytes, halves: blocks.halves)
      return .init(tensor.name, tensor.shape, blocks.type, bytes)
    }
    return file
  }
}
