// MutatedModels: files of models with something wrong in them, read as the program reads them.
// Whatever is in them, they are read or refused in one sentence; no byte outside of them is looked
// at, no file outside of their folder is opened, and no more memory is taken than their size allows.
// The tests try a few thousand of each kind, `make fuzz` as many as one likes under
// AddressSanitizer, which sees a read beside a file's bytes.

import Config
import Foundation
import MutatedTokenizers
import Tensors
package import TestSupport
import Workloads

/// A kind of file that is damaged.
package enum MutatedModels: String, CaseIterable, Sendable {
  /// The header of safetensors and what it says of the values.
  case safetensors
  /// All kinds of keys and tensors of a GGUF file.
  case gguf
  /// A GGUF file as a model.
  case ggufModel = "gguf-model"
  /// A GGUF file with a tokenizer.
  case ggufTokenizer = "gguf-tokenizer"
  /// The index of several files.
  case index
  /// What describes a model.
  case config

  /// Pieces of text that headers have, and others that they should not have.
  private static let words = [
    "\"", "{", "}", "[", "]", ",", ":", "0", "-1", "1e9", "4611686018427387904", "null", "true",
    "[[[[", "\"shape\":", "\"dtype\":", "\"F16\"", "\"BF16\"", "\"I8\"", "\"data_offsets\":[0,4]",
    "\"__metadata__\":{", "{}", "\\u0000", "\\ud800", "../", "/", "\"weight_map\":{", "99", ".5",
  ]

  /// Tries so many mutations; the same ones for the same seed.
  package func run(_ count: Int, seed: Int = 1) throws -> MutationOutcome {
    let folder = try TemporaryFolder()
    switch self {
    case .safetensors:
      let file = safeTensorsFile(Self.header, (0..<40).map { UInt8($0) })
      return outcome(count, seed, of: file, header: 8 + Self.header.utf8.count) { bytes in
        try Self.fault(SafeTensors(MappedBytes(bytes)).tensors, of: bytes.count)
      }
    case .gguf:
      let file = GGUFFile.sample.bytes
      return outcome(count, seed, of: file, header: file.count - 32 * 17) { bytes in
        let gguf = try GGUF(MappedBytes(bytes))
        return try Self.fault(gguf.tensors, of: bytes.count)
          ?? gguf.metadata.values.lazy.compactMap(Self.fault).first
      }
    case .ggufModel:
      let file = GGUFFile.model.bytes
      let path = folder.file("m.gguf")
      return outcome(count, seed, of: file, header: 1400) { bytes in
        try Data(bytes).write(to: URL(filePath: path))
        return try Self.fault(of: path)
      }
    case .ggufTokenizer:
      let files = try GGUFFile.tokenizers.map(\.file.bytes)
      return outcome(count, seed, of: files, header: 20_000) { bytes in
        try MutatedTokenizers.fault(GGUF(MappedBytes(bytes)).tokenizer)
      }
    case .index: return try index(count, seed, in: folder)
    case .config: return try config(count, seed, in: folder)
    }
  }

  private func outcome(
    _ count: Int, _ seed: Int, of file: [UInt8], header: Int, _ read: ([UInt8]) throws -> String?
  ) -> MutationOutcome {
    outcome(count, seed, of: [file], header: header, read)
  }

  private func outcome(
    _ count: Int, _ seed: Int, of files: [[UInt8]], header: Int,
    _ read: ([UInt8]) throws -> String?
  ) -> MutationOutcome {
    var mutator = FileMutator(seed: seed, words: Self.words)
    var outcome = MutationOutcome()
    for round in 0..<count {
      let bytes = mutator.next(files[round % files.count], header: header)
      outcome.note { try read(bytes) }
    }
    return outcome
  }
}

extension MutatedModels {
  private static let header =
    #"{"__metadata__":{"format":"pt","step":"4"},"#
    + #""model.a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
    + #""model.b":{"dtype":"F16","shape":[4],"data_offsets":[24,32]},"#
    + #""model.c":{"dtype":"BF16","shape":[],"data_offsets":[32,34]},"#
    + #""model.d":{"dtype":"F64","shape":[1,0,2],"data_offsets":[34,34]},"#
    + #""model.e":{"dtype":"U8","shape":[6],"data_offsets":[34,40]}}"#

  /// Reads all that a file says that it has.
  private static func fault(_ tensors: StoredTensors, of size: Int) throws -> String? {
    for tensor in tensors.all where tensor.type.isReadable {
      // Of 32 values at least 18 bytes are in the file.
      if tensor.count > 2 * size { return "\(tensor.count) values in \(size) bytes" }
      if try tensor.values().count != tensor.count { return "not as many values as it says" }
      var narrow = [UInt16](repeating: 0, count: tensor.rows * tensor.rowCount)
      try narrow.withUnsafeMutableBufferPointer {
        try tensor.read(rows: 0..<tensor.rows, into: $0)
      }
    }
    return nil
  }

  private static func fault(_ value: GGUFValue) -> String? {
    if let elements = value.elements { return elements.lazy.compactMap(fault).first }
    return value.text != nil || value.number != nil || value.bool != nil ? nil : "an empty value"
  }

  /// Reads a model of less than a quarter of a million values.
  private static func fault(of path: String) throws -> String? {
    let device = Device.cpu(threads: 1)
    let saved = try SavedModel(path)
    try saved.checkWeights()
    _ = try saved.load(on: device)
    // What is taken has the shapes of the weights, and so the memory that they need.
    let bytes = device.memory.atPeak.total
    return bytes < 1_048_576 ? nil : "\(bytes) bytes of memory"
  }

  /// Two files and what says so, beside a third in the folder above.
  private func index(_ count: Int, _ seed: Int, in outside: TemporaryFolder) throws
    -> MutationOutcome
  {
    try SafeTensorsWriter([.init("secret", [1]) { [1] }])
      .write(to: outside.file("model.safetensors"))
    try FileManager.default.createDirectory(
      atPath: outside.file("model"), withIntermediateDirectories: false)
    for (name, tensors) in [("one", ["a", "b"]), ("two", ["c"])] {
      try SafeTensorsWriter(tensors.map { .init($0, [1]) { [1] } })
        .write(to: outside.file("model/\(name).safetensors"))
    }
    let text = """
      {"metadata":{"total_size":12},
       "weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}}
      """
    let path = outside.file("model/model.safetensors.index.json")
    return outcome(count, seed, of: Array(text.utf8), header: text.utf8.count) { bytes in
      try Data(bytes).write(to: URL(filePath: path))
      let tensors = try StoredTensors(at: outside.file("model"))
      return tensors["secret"] == nil
        ? try Self.fault(tensors, of: 1000) : "a file outside of the folder"
    }
  }
}

// Descriptions of models, whose JSON is right and whose values are not.

extension MutatedModels {
  /// What stands in place of a value.
  private static let values: [JSON] = [
    .null, 0, -1, 1, 2, 3, 7, 64, 1_048_576, 4_611_686_018_427_387_904, 0.5, 1e300, -1e300, true,
    false, "", "none", "silu", "full_attention", "yarn", "longrope", "dynamic", "linear", [], [0],
    [1, 2], ["a"], [:], ["rope_type": "yarn", "factor": 2.0], ["factor": 0],
  ]

  /// Members that other families have.
  private static let members: [JSON.Member] =
    [
      "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3", "gpt2", "olmo",
      "olmo2",
    ]
    .map { .init("model_type", .string($0)) }
    + ["gpt_neox", "smollm3", "granite", "gemma3", "none"].map {
      .init("model_type", .string($0))
    }
    + [
      "sliding_window", "layer_types", "head_dim", "partial_rotary_factor", "rope_scaling",
      "rope_theta", "query_pre_attn_scalar", "attn_logit_softcapping", "final_logit_softcapping",
      "sliding_window_pattern", "rotary_pct", "use_parallel_residual", "no_rope_layers",
      "logits_scaling", "residual_multiplier", "mlp_bias", "text_config", "quantization_config",
      "n_embd", "n_layer", "original_max_position_embeddings", "max_window_layers",
      "architectures", "hidden_act", "sliding_window_size",
    ].map { .init($0, .null) }

  private func config(_ count: Int, _ seed: Int, in folder: TemporaryFolder) throws
    -> MutationOutcome
  {
    try SafeTensorsWriter(
      SmallLlama.tensors.map { name, shape in
        .init(name, shape) { [Float](repeating: 0.5, count: shape.reduce(1, *)) }
      }
    ).write(to: folder.file("model.safetensors"))
    let model = try JSON(reading: SmallLlama.config)
    var mutator = FileMutator(seed: seed, words: Self.words)
    var outcome = MutationOutcome()
    for round in 0..<count {
      let bytes: [UInt8]
      if round % 4 == 0 {
        let text = Array(model.line.utf8)
        bytes = mutator.next(text, header: text.count)
      } else {
        var changed = model
        for _ in 0...mutator.number(below: 3) { changed = Self.mutated(changed, &mutator) }
        bytes = Array(changed.line.utf8)
      }
      try Data(bytes).write(to: URL(filePath: folder.file("config.json")))
      outcome.note { try Self.fault(of: folder.path) }
    }
    return outcome
  }

  /// One value, however deep, replaced, taken out or put in.
  private static func mutated(_ json: JSON, _ mutator: inout FileMutator) -> JSON {
    guard case .object(var members) = json, !members.isEmpty else { return json }
    let value = values[mutator.number(below: values.count)]
    let place = mutator.number(below: members.count)
    let key = members[place].key
    switch mutator.number(below: 6) {
    case 0: members.remove(at: place)
    case 1, 2:
      let more = Self.members[mutator.number(below: Self.members.count)]
      members.removeAll { $0.key == more.key }
      members.append(.init(more.key, more.value == .null ? value : more.value))
    case 3 where !members[place].value.members.isEmpty:
      members[place] = .init(key, mutated(members[place].value, &mutator))
    default: members[place] = .init(key, value)
    }
    return .object(members)
  }
}
