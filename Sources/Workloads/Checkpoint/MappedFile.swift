// MappedFile: a file whose bytes are read where the system keeps them, so that a file larger than
// the memory can be read piece by piece.

import Glibc
package import Records
import Synchronization

/// A file that is mapped for reading as long as this lives.
///
/// What is mapped is the file, not its name: one that replaces it by a rename, as all writing of
/// this program does, leaves it whole. Another program that cuts the file itself while it is mapped
/// takes the pages away, and the first read of one ends the process by SIGBUS. There is no way to
/// ask first: the size is that at the opening.
package final class MappedFile: Sendable {
  private let path: String
  // Nothing is written to it.
  nonisolated(unsafe) private let mapping: UnsafeRawBufferPointer
  /// Bytes that were read since the pages were given back.
  private let read = Atomic(0)

  /// - Throws: `ResultsError.unreadable` naming the file and why it cannot be mapped.
  package init(_ path: String) throws(ResultsError) {
    self.path = path
    // A pipe would be waited for otherwise, before it is seen to be none that can be mapped.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { throw ResultsError.lastOfReading(path) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw ResultsError.lastOfReading(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, problem: "it is no regular file")
    }
    let size = Int(status.st_size)
    // An empty file is one, and cannot be mapped.
    guard size > 0 else {
      mapping = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
      throw ResultsError.lastOfReading(path)
    }
    mapping = UnsafeRawBufferPointer(start: start, count: size)
  }

  deinit {
    if let start = mapping.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), mapping.count)
    }
  }

  /// All bytes of the file.
  package var bytes: MappedBytes { MappedBytes(mapping, of: self) }

  /// What `body` makes of the bytes.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  package func parse<Contents>(
    _ body: (MappedBytes) throws(WeightFileError) -> Contents
  ) throws(ResultsError) -> Contents {
    do {
      return try body(bytes)
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }

  /// Asks the system to read a part that will be wanted soon.
  fileprivate func prefetch(_ part: UnsafeRawBufferPointer) { advise(part, MADV_WILLNEED) }

  /// Gives the pages back, which are this process's memory as long as they are mapped, after every
  /// few megabytes that were read.
  ///
  /// They stay in the system's cache, and what is wanted again is read again. It is all of them, for
  /// the system maps more than was asked for.
  fileprivate func didRead(_ count: Int) {
    if read.add(count, ordering: .relaxed).newValue >= 8 << 20 { giveBack() }
  }

  fileprivate func giveBack() {
    read.store(0, ordering: .relaxed)
    advise(mapping, MADV_DONTNEED)
  }

  private func advise(_ part: UnsafeRawBufferPointer, _ advice: Int32) {
    guard let start = part.baseAddress else { return }
    let before = Int(bitPattern: start) % Int(getpagesize())
    // Advice that is not taken costs time or memory, and nothing else.
    _ = madvise(UnsafeMutableRawPointer(mutating: start - before), before + part.count, advice)
  }
}

/// A part of a mapped file's bytes; the file stays mapped as long as this lives.
package struct MappedBytes: @unchecked Sendable {
  private let bytes: UnsafeRawBufferPointer
  private let owner: AnyObject

  /// - Parameter owner: what keeps the bytes where they are, and as they are.
  package init(_ bytes: UnsafeRawBufferPointer, of owner: AnyObject) {
    self.bytes = bytes
    self.owner = owner
  }

  package var count: Int { bytes.count }

  /// The bytes of a range, which must lie within these.
  subscript(range: Range<Int>) -> MappedBytes {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of \(count)")
    return MappedBytes(UnsafeRawBufferPointer(rebasing: bytes[range]), of: owner)
  }

  /// The little-endian number at an offset.
  func load<Number: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Number.Type
  ) -> Number {
    precondition(
      offset >= 0 && offset <= count - MemoryLayout<Number>.size,
      "a number at \(offset) of \(count)")
    return withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type))
    }
  }

  /// Calls `body` with the bytes, which it must not keep.
  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withExtendedLifetime(owner) { body(bytes) }
  }

  /// Calls `body` with bytes that are not read again soon.
  func withUnsafeBytesOnce<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    defer { (owner as? MappedFile)?.didRead(count) }
    return withUnsafeBytes(body)
  }

  /// Asks the system to read the bytes, which will be wanted soon.
  func prefetch() { (owner as? MappedFile)?.prefetch(bytes) }

  /// Gives the file's pages back, as nothing of it is read again soon.
  func giveBack() { (owner as? MappedFile)?.giveBack() }

  /// The bytes as text; nil where they are no UTF-8.
  var text: String? { withUnsafeBytes { String(validating: $0, as: UTF8.self) } }

  /// The same, with what is no UTF-8 replaced.
  var repairedText: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
