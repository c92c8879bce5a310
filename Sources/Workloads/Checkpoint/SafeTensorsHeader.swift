// SafeTensorsHeader: the JSON header of a safetensors file, read piece by piece: as a JSON value a
// hostile one would take many times its size.

import Config

/// What the header says, without a look at the values.
struct SafeTensorsHeader {
  /// What it says about a tensor.
  struct Entry {
    let name: String
    let type: String
    let shape: [Int]
    /// Where the values begin and end, counted from the first of all.
    let begin, end: Int
  }

  private(set) var entries: [Entry] = []
  private(set) var metadata: [(key: String, value: String)]?
  private var reader: JSONReader

  init(_ text: String) { reader = JSONReader(text) }

  /// - Throws: `WeightFileError`, which says what is wrong with the text.
  mutating func read() throws(WeightFileError) {
    try next { (reader) throws(JSONError) in try reader.openObject() }
    while let name = try nextKey() {
      if name == "__metadata__" {
        guard metadata == nil else { throw SafeTensors.fault("'__metadata__' is there twice") }
        metadata = try texts()
      } else {
        entries.append(try entry(name))
      }
    }
    try next { (reader) throws(JSONError) in try reader.end() }
  }

  private mutating func entry(_ name: String) throws(WeightFileError) -> Entry {
    var (type, shape, offsets) = (String?.none, [Int]?.none, [Int]?.none)
    try next { (reader) throws(JSONError) in try reader.openObject() }
    while let key = try nextKey() {
      switch key {
      case "dtype" where type == nil:
        type = try next { (reader) throws(JSONError) in try reader.text() }
      case "shape" where shape == nil: shape = try wholes()
      case "data_offsets" where offsets == nil: offsets = try wholes()
      default: throw SafeTensors.fault("'\(name)' has '\(key)' twice, or where it has no meaning")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw SafeTensors.fault("'\(name)' lacks its dtype, its shape or its two data_offsets")
    }
    return Entry(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }

  private mutating func texts() throws(WeightFileError) -> [(key: String, value: String)] {
    try next { (reader) throws(JSONError) in try reader.openObject() }
    var texts: [(key: String, value: String)] = []
    var keys: Set<String> = []
    while let key = try nextKey() {
      guard keys.insert(key).inserted else {
        throw SafeTensors.fault("'__metadata__' has '\(key)' twice")
      }
      texts.append((key, try next { (reader) throws(JSONError) in try reader.text() }))
    }
    return texts
  }

  private mutating func wholes() throws(WeightFileError) -> [Int] {
    try next { (reader) throws(JSONError) in
      try reader.openArray()
      var numbers: [Int] = []
      while try reader.nextElement() { numbers.append(try reader.whole()) }
      return numbers
    }
  }

  private mutating func nextKey() throws(WeightFileError) -> String? {
    try next { (reader) throws(JSONError) in try reader.nextKey() }
  }

  private mutating func next<Piece>(
    _ read: (inout JSONReader) throws(JSONError) -> Piece
  ) throws(WeightFileError) -> Piece {
    do {
      return try read(&reader)
    } catch {
      throw SafeTensors.fault("its header is \(error)")
    }
  }
}
