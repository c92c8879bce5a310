// GGUF files to read: one with all that such a file can hold, and a tiny model.

package import TestSupport

extension GGUFFile {
  /// A key of each type, arrays of numbers, of texts and of arrays, and tensors of each type.
  package static var sample: GGUFFile {
    var file = GGUFFile()
    file.keys = [
      ("u8", littleEndian(UInt32(0)) + [200]), ("i8", littleEndian(UInt32(1)) + [200]),
      ("u16", littleEndian(UInt32(2)) + littleEndian(UInt16(60_000))),
      ("i16", littleEndian(UInt32(3)) + littleEndian(Int16(-5))),
      ("u32", littleEndian(UInt32(4)) + littleEndian(UInt32(4_000_000_000))),
      ("i32", littleEndian(UInt32(5)) + littleEndian(Int32(-7))),
      ("f32", littleEndian(UInt32(6)) + littleEndian(Float(0.1).bitPattern)),
      ("bool", littleEndian(UInt32(7)) + [1]),
      ("text", littleEndian(UInt32(8)) + GGUFFile.text("häuser")),
      ("u64", littleEndian(UInt32(10)) + littleEndian(UInt64.max)),
      ("i64", littleEndian(UInt32(11)) + littleEndian(Int64.min)),
      ("f64", littleEndian(UInt32(12)) + littleEndian((0.1).bitPattern)),
      ("numbers", GGUFFile.array(5, (0..<3).map { littleEndian(Int32($0 - 1)) })),
      ("flags", GGUFFile.array(7, [[1], [0]])),
      ("texts", GGUFFile.array(8, ["a", "", "▁b"].map(GGUFFile.text))),
      (
        "arrays",
        GGUFFile.array(
          9,
          [
            Array(GGUFFile.array(0, [[1], [2]]).dropFirst(4)),
            Array(GGUFFile.array(8, [GGUFFile.text("x")]).dropFirst(4)),
          ])
      ),
      ("none", GGUFFile.array(8, [])),
    ]
    file.tensors = [
      .init("f32", [2, 3], 0, (0..<6).flatMap { littleEndian(Float($0).bitPattern) }),
      .init("f16", [3], 1, [1, 2, 3].flatMap { littleEndian(half($0)) }),
      .init("bf16", [1, 1, 2, 1], 30, [0x80, 0x3f, 0, 0x40]),
      .init("f64", [], 28, littleEndian((2.5).bitPattern)),
      .init("q8", [1, 32], 8, [UInt8](repeating: 0, count: 34)),
      .init("q4", [1, 64], 2, [UInt8](repeating: 1, count: 36)),
      .init("q4_1", [2, 32], 3, [UInt8](repeating: 2, count: 40)),
      .init("q6_k", [1, 256], 14, [UInt8](repeating: 3, count: 210)),
    ]
    return file
  }

  /// A Llama of one layer, whose matrices are Q8_0.
  static var model: GGUFFile {
    let (width, hidden, vocabulary) = (32, 64, 64)
    var file = GGUFFile()
    func whole(_ value: Int) -> [UInt8] { littleEndian(UInt32(4)) + littleEndian(UInt32(value)) }
    func real(_ value: Float) -> [UInt8] {
      littleEndian(UInt32(6)) + littleEndian(value.bitPattern)
    }
    file.keys = [
      ("general.architecture", littleEndian(UInt32(8)) + text("llama")),
      ("llama.embedding_length", whole(width)), ("llama.block_count", whole(1)),
      ("llama.feed_forward_length", whole(hidden)), ("llama.attention.head_count", whole(2)),
      ("llama.attention.head_count_kv", whole(1)), ("llama.context_length", whole(128)),
      ("llama.attention.layer_norm_rms_epsilon", real(1e-5)),
      ("llama.rope.freq_base", real(10000)),
      ("llama.rope.scaling.type", littleEndian(UInt32(8)) + text("linear")),
      ("llama.rope.scaling.factor", real(2)),
    ]
    let shapes: [(String, [Int])] = [
      ("attn_norm", [width]), ("attn_q", [width, width]), ("attn_k", [width / 2, width]),
      ("attn_v", [width / 2, width]), ("attn_output", [width, width]), ("ffn_norm", [width]),
      ("ffn_gate", [hidden, width]), ("ffn_up", [hidden, width]), ("ffn_down", [width, hidden]),
    ]
    let all =
      [("token_embd", [vocabulary, width])] + shapes.map { ("blk.0.\($0)", $1) }
      + [("output_norm", [width])]
    file.tensors = all.map { name, shape in
      let count = shape.reduce(1, *)
      return shape.count == 1
        ? Tensor(
          "\(name).weight", shape, 0, (0..<count).flatMap { _ in littleEndian(Float(1).bitPattern) }
        )
        : Tensor("\(name).weight", shape, 8, [UInt8](repeating: 17, count: count / 32 * 34))
    }
    return file
  }
}
