// StoredType: the element types of files of weights, and how many bytes their elements take.

/// How a file stores the elements of a tensor.
package enum StoredType: Hashable, Sendable {
  case f32, f64, f16, bf16
  /// GGUF's Q8_0: 32 elements as an f16 scale and 32 signed bytes.
  case q8
  /// GGUF's Q4_0: 32 elements as an f16 scale and 32 half bytes, which stand for -8 to 7.
  case q4
  /// GGUF's Q4_1: 32 elements as an f16 scale, an f16 minimum and 32 half bytes from 0 to 15.
  case q4WithMinimum
  /// GGUF's Q6_K: 256 elements as 16 groups of signed numbers of 6 bits, a signed byte for each group
  /// and an f16 scale. Files that are called Q4_0 or Q4_1 have it for the output layer.
  case q6
  /// A type that cannot be read, by the word of its format.
  case other(String)

  /// The type of a safetensors file's `dtype`.
  init(safeTensors word: String) {
    switch word {
    case "F32": self = .f32
    case "F64": self = .f64
    case "F16": self = .f16
    case "BF16": self = .bf16
    default: self = .other(word)
    }
  }

  /// The type of a number in a GGUF file.
  init(gguf number: UInt32) {
    switch number {
    case 0: self = .f32
    case 1: self = .f16
    case 2: self = .q4
    case 3: self = .q4WithMinimum
    case 8: self = .q8
    case 14: self = .q6
    case 28: self = .f64
    case 30: self = .bf16
    default: self = .other(Self.otherGGUF[number] ?? "type \(number)")
    }
  }

  private static let otherGGUF: [UInt32: String] = [
    6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K",
    15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL",
    21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64",
    29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    40: "NVFP4", 41: "Q1_0",
  ]

  /// The word that the formats have for it.
  package var name: String {
    switch self {
    case .f32: "F32"
    case .f64: "F64"
    case .f16: "F16"
    case .bf16: "BF16"
    case .q8: "Q8_0"
    case .q4: "Q4_0"
    case .q4WithMinimum: "Q4_1"
    case .q6: "Q6_K"
    case .other(let word): word
    }
  }

  package var isReadable: Bool {
    if case .other = self { return false }
    return true
  }

  /// Elements that are stored together.
  var blockCount: Int {
    switch self {
    case .q8, .q4, .q4WithMinimum: 32
    case .q6: 256
    default: 1
    }
  }

  /// Bytes of such a block; 0 of a type that cannot be read.
  var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f64: 8
    case .f16, .bf16: 2
    case .q8: 2 + 32
    case .q4: 2 + 16
    case .q4WithMinimum: 2 + 2 + 16
    case .q6: 128 + 64 + 16 + 2
    case .other: 0
    }
  }

  /// The bytes of a tensor, 0 of a type that cannot be read; nil where its rows are no whole blocks,
  /// or its size is beyond counting.
  func bytes(_ shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }), (shape.last ?? 1) % blockCount == 0 else { return nil }
    // Without the zeros, so that no part of the shape is larger.
    var count = 1
    for extent in shape {
      let (next, overflow) = count.multipliedReportingOverflow(by: max(1, extent))
      if overflow { return nil }
      count = next
    }
    let (bytes, overflow) = (count / blockCount).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : shape.contains(0) ? 0 : bytes
  }
}
