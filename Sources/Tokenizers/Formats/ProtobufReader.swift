// ProtobufReader: a place in a message of protocol buffers, which moves on field by field.

/// Reads the fields of one message.
struct ProtobufReader {
  enum Value {
    case number(UInt64)
    /// 4 bytes, as a `float` has them.
    case word(UInt32)
    case bytes(ArraySlice<UInt8>)
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// The next field's number and value; nil at the end.
  ///
  /// - Throws: `TokenizerError` where the bytes are no message.
  mutating func next() throws(TokenizerError) -> (field: UInt64, value: Value)? {
    if position == bytes.endIndex { return nil }
    let key = try varint()
    switch key & 7 {
    case 0: return (key >> 3, .number(try varint()))
    case 1: return (key >> 3, .bytes(try take(8)))
    case 2: return (key >> 3, .bytes(try take(try varint())))
    case 5:
      let word = try take(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return (key >> 3, .word(word))
    default: throw Self.fault("it has a field of the type \(key & 7)")
    }
  }

  private mutating func varint() throws(TokenizerError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < bytes.endIndex else { throw Self.fault("it ends within a number") }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw Self.fault("it has a number of more than 10 bytes")
  }

  private mutating func take(_ count: UInt64) throws(TokenizerError) -> ArraySlice<UInt8> {
    guard count <= UInt64(bytes.endIndex - position) else {
      throw Self.fault("it ends within a field")
    }
    defer { position += Int(count) }
    return bytes[position..<position + Int(count)]
  }

  static func fault(_ problem: String) -> TokenizerError {
    TokenizerError("not a SentencePiece model: \(problem)")
  }
}
