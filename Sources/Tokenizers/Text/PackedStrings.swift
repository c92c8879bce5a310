// PackedStrings: many short strings in one array.

/// A place in an array of bytes; texts have less than 4 GiB.
package struct ByteRange: Equatable, Sendable {
  var start, end: UInt32

  init(_ start: Int, _ end: Int) {
    self.start = UInt32(start)
    self.end = UInt32(end)
  }

  package var range: Range<Int> { Int(start)..<Int(end) }
  var count: Int { Int(end - start) }
}

/// Strings that are only appended to, and read by their number.
package struct PackedStrings: Sendable {
  private(set) var bytes: [UInt8] = []
  private var ends: [Int] = []

  package init() {}

  package init(_ strings: some Sequence<String>) {
    for string in strings { append(string.utf8) }
  }

  package var count: Int { ends.count }

  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  package subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

  package mutating func append(_ string: some Sequence<UInt8>) {
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
  }

  /// Appends what `write` puts behind the bytes.
  mutating func append<Failure: Error, Result>(
    _ write: (inout [UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let result = try write(&bytes)
    ends.append(bytes.count)
    return result
  }

  /// Drops the last one.
  mutating func removeLast() {
    ends.removeLast()
    bytes.removeSubrange((ends.last ?? 0)...)
  }
}
