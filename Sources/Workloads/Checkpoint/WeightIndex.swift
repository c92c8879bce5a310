// WeightIndex: the file that says which tensor is in which of a model's several safetensors files.

import Config

/// What `model.safetensors.index.json` says.
struct WeightIndex {
  /// The names of the files, each once, in the order in which they are named first.
  private(set) var shards: [String] = []
  /// Each tensor and the index of its file in `shards`.
  private(set) var places: [String: Int] = [:]

  /// - Throws: `WeightFileError`, which says what is wrong with the bytes.
  init(_ bytes: MappedBytes) throws(WeightFileError) {
    guard let text = bytes.text else { throw WeightFileError("it is not UTF-8") }
    var reader = JSONReader(text)
    do {
      try read(&reader)
    } catch let error as JSONError {
      throw WeightFileError("it is \(error)")
    } catch {
      throw WeightFileError("\(error)")
    }
  }

  private mutating func read(_ reader: inout JSONReader) throws {
    var hasMap = false
    try reader.openObject()
    while let key = try reader.nextKey() {
      guard key == "weight_map" else {
        // Such as the bytes of all tensors, which writers count differently.
        try reader.skip()
        continue
      }
      guard !hasMap else { throw WeightFileError("it has two 'weight_map'") }
      hasMap = true
      try readMap(&reader)
    }
    try reader.end()
    guard hasMap else { throw WeightFileError("it has no 'weight_map'") }
  }

  private mutating func readMap(_ reader: inout JSONReader) throws {
    var numbers: [String: Int] = [:]
    try reader.openObject()
    while let tensor = try reader.nextKey() {
      let shard = try reader.text()
      if numbers[shard] == nil {
        guard Self.isFileName(shard) else {
          throw WeightFileError("'\(shard)', where '\(tensor)' should be, is no name of a file")
        }
        numbers[shard] = shards.count
        shards.append(shard)
      }
      guard places.updateValue(numbers[shard] ?? 0, forKey: tensor) == nil else {
        throw WeightFileError("it has '\(tensor)' twice")
      }
    }
  }

  /// Whether a name cannot lead out of the folder: it has no separator, and is not the folder itself
  /// or the one above.
  ///
  /// Nor may it be one that no line can show, or that no folder has.
  private static func isFileName(_ name: String) -> Bool {
    !["", ".", ".."].contains(name) && name.utf8.count <= 255
      && !name.unicodeScalars.contains { "/\\".unicodeScalars.contains($0) || $0.isInvisible }
  }

  /// The tensors of all files, each of which the index may promise to be in one.
  ///
  /// - Parameter files: one for each of `shards`.
  /// - Throws: `WeightFileError` naming a tensor that is not where it should be, or is in two files.
  func tensors(of files: [StoredTensors]) throws(WeightFileError) -> StoredTensors {
    var found: [String: Int] = [:]
    for (number, file) in files.enumerated() {
      for name in file.names {
        if let other = found.updateValue(number, forKey: name) {
          throw WeightFileError(
            "'\(name)' is in '\(shards[other])' and in '\(shards[number])'")
        }
      }
    }
    let missing = places.filter { found[$0.key] != $0.value }
    if let (name, place) = missing.min(by: { $0.key < $1.key }) {
      throw WeightFileError("it says that '\(name)' is in '\(shards[place])', and it is not")
    }
    return try StoredTensors(files.flatMap(\.all))
  }
}
