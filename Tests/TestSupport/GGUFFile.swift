// GGUFFile: GGUF files made by hand.

/// What is in a GGUF file, to be written as its bytes.
package struct GGUFFile {
  package struct Tensor {
    package let name: String
    package let shape: [Int]
    package let type: UInt32
    package let values: [UInt8]
    /// Where the values are said to begin; where they do when nil.
    package var offset: UInt64?

    package init(
      _ name: String, _ shape: [Int], _ type: UInt32, _ values: [UInt8], offset: UInt64? = nil
    ) {
      self.name = name
      self.shape = shape
      self.type = type
      self.values = values
      self.offset = offset
    }
  }

  package init() {}

  package var magic = Array("GGUF".utf8)
  package var version: UInt32 = 3
  package var keys: [(key: String, typeAndValue: [UInt8])] = []
  package var tensors: [Tensor] = []
  package var alignment = 32

  package static func text(_ text: String) -> [UInt8] {
    littleEndian(UInt64(text.utf8.count)) + Array(text.utf8)
  }

  /// The type of an array and the array, of elements of one type.
  package static func array(_ type: UInt32, _ elements: [[UInt8]]) -> [UInt8] {
    littleEndian(UInt32(9)) + littleEndian(type) + littleEndian(UInt64(elements.count))
      + elements.flatMap { $0 }
  }

  package var bytes: [UInt8] {
    var file = magic + littleEndian(version)
    file += littleEndian(UInt64(tensors.count)) + littleEndian(UInt64(keys.count))
    for key in keys { file += Self.text(key.key) + key.typeAndValue }
    var data: [UInt8] = []
    for tensor in tensors {
      data.append(contentsOf: padding(data.count))
      file += Self.text(tensor.name) + littleEndian(UInt32(tensor.shape.count))
      for extent in tensor.shape.reversed() { file += littleEndian(Int64(extent)) }
      file += littleEndian(tensor.type)
      file += littleEndian(tensor.offset ?? UInt64(data.count))
      data += tensor.values
    }
    return file + (tensors.isEmpty ? [] : padding(file.count)) + data
  }

  private func padding(_ count: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (alignment - count % alignment) % alignment)
  }
}

/// The little-endian bytes of a number.
package func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}
