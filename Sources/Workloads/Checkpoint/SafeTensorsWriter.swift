// SafeTensorsWriter: tensors as a safetensors file, one after the other, so that no more than one of
// them is in the host's memory.

import Config
package import Records
package import Tensors

/// A safetensors file that is to be written, all tensors as F32.
package struct SafeTensorsWriter {
  /// One named tensor.
  package struct Entry {
    let name: String
    let shape: [Int]
    /// In memory order; asked for when it is written.
    let values: () -> [Float]

    package init(_ name: String, _ tensor: Tensor) {
      self.init(name, tensor.shape.dimensions) { tensor.values() }
    }

    package init(_ name: String, _ shape: [Int], _ values: @escaping () -> [Float]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  private let entries: [Entry]
  private let metadata: [(key: String, value: String)]

  /// - Parameter metadata: free text about the file.
  package init(_ entries: [Entry], metadata: [(key: String, value: String)] = []) {
    self.entries = entries
    self.metadata = metadata
  }

  /// Writes the file, whole or not at all.
  package func write(to path: String) throws(ResultsError) {
    try AtomicFile.write(to: path) { (file) throws(ResultsError) in
      try file.write(header)
      for entry in entries {
        let values = entry.values()
        precondition(values.count == entry.shape.reduce(1, *), "the values of \(entry.name)")
        try file.write(values)
      }
    }
  }

  /// What stands before the values.
  private var header: [UInt8] {
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      members.append(
        JSON.Member(
          "__metadata__", .object(metadata.map { JSON.Member($0.key, .string($0.value)) })))
    }
    var offset = 0
    for entry in entries {
      let end = offset + entry.shape.reduce(4, *)
      members.append(
        JSON.Member(
          entry.name,
          [
            "dtype": "F32", "shape": .array(entry.shape.map { .integer($0) }),
            "data_offsets": [.integer(offset), .integer(end)],
          ]))
      offset = end
    }
    var text = Array(JSON.object(members).line.utf8)
    // Padded with spaces so that the values are aligned for readers that map the file.
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }
}
