// Gzip: what is asked of zlib: to unpack files, and for the checksum that they and PNGs have. The
// only file that touches it.

import CZLIB

/// Packed files.
package enum Gzip {
  /// Whether bytes begin as a packed file does.
  package static func isPacked(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// All bytes of a packed file, of its members one after the other; zeros behind them are padding.
  ///
  /// Memory grows with what comes out, whatever the file says of itself.
  ///
  /// - Parameters:
  ///   - most: the most bytes that may come out.
  ///   - excess: what these are, where more do.
  /// - Throws: where it is damaged, ends early, or has more.
  package static func unpacked(
    _ bytes: [UInt8], most: Int, excess: String = "the most that are read"
  ) throws(ImageError) -> [UInt8] {
    let (unpacked, problem) = try output(of: bytes, until: most + 1)
    guard unpacked.count <= most else {
      throw ImageError("more than \(most) bytes come out of it, \(excess)")
    }
    if let problem { throw problem }
    return unpacked
  }

  /// The first bytes of a packed file, or all where there are no more; what is behind them is not
  /// looked at.
  static func beginning(of bytes: [UInt8], _ count: Int) throws(ImageError) -> [UInt8] {
    let (unpacked, problem) = try output(of: bytes, until: count)
    if unpacked.count < count, let problem { throw problem }
    return Array(unpacked.prefix(count))
  }

  /// Unpacks until there are so many bytes, or a block more, or until it ends or cannot go on.
  private static func output(
    of bytes: [UInt8], until count: Int
  ) throws(ImageError) -> (bytes: [UInt8], problem: ImageError?) {
    var stream = z_stream()
    // 15 is the largest window, 16 more asks for gzip's header and its checksum.
    let start = inflateInit2_(
      &stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard start == Z_OK else { throw ImageError("there is no memory to unpack it") }
    defer { inflateEnd(&stream) }
    var unpacked: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    let status = bytes.withUnsafeBufferPointer { input in
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = uInt(input.count)
      while unpacked.count < count {
        let (status, written) = block.withUnsafeMutableBufferPointer { room in
          stream.next_out = room.baseAddress
          stream.avail_out = uInt(room.count)
          let status = inflate(&stream, Z_NO_FLUSH)
          return (status, room.count - Int(stream.avail_out))
        }
        unpacked += block[..<written]
        if status == Z_STREAM_END, input.suffix(Int(stream.avail_in)).contains(where: { $0 != 0 }) {
          inflateReset(&stream)
        } else if status != Z_OK {
          return status
        }
      }
      return Z_STREAM_END
    }
    switch status {
    case Z_STREAM_END: return (unpacked, nil)
    case Z_BUF_ERROR: return (unpacked, ImageError("its compressed data end early"))
    default:
      let complaint = stream.msg.map { ": " + String(cString: $0) } ?? ""
      return (unpacked, ImageError("its compressed data are damaged\(complaint)"))
    }
  }
}

/// CRC-32 of bytes, as gzip and PNG have it.
func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
  bytes.withUnsafeBufferPointer { Int(crc32(0, $0.baseAddress, uInt($0.count))) }
}
