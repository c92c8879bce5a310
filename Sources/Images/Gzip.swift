// Gzip: what is asked of zlib: to unpack files, and for the checksum that they and PNGs have. The
// only file that touches it.

import CZLIB

/// Packed files.
package enum Gzip {
  /// Whether bytes begin as a packed file does.
  package static func isPacked(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// All bytes of a packed file, of its members one after the other.
  ///
  /// Memory grows with what comes out, whatever the file says of itself.
  ///
  /// - Parameter most: the most bytes that may come out.
  /// - Throws: where it is damaged, ends early, or has more.
  package static func unpacked(_ bytes: [UInt8], most: Int) throws(ImageError) -> [UInt8] {
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
      while unpacked.count <= most {
        let (status, count) = block.withUnsafeMutableBufferPointer { output in
          stream.next_out = output.baseAddress
          stream.avail_out = uInt(output.count)
          let status = inflate(&stream, Z_NO_FLUSH)
          return (status, output.count - Int(stream.avail_out))
        }
        unpacked += block[..<count]
        if status == Z_STREAM_END, stream.avail_in > 0 {
          inflateReset(&stream)
        } else if status != Z_OK {
          return status
        }
      }
      return Z_OK
    }
    guard unpacked.count <= most else {
      throw ImageError("more than \(most) bytes come out of it, the most that are read")
    }
    switch status {
    case Z_STREAM_END: return unpacked
    case Z_BUF_ERROR: throw ImageError("its compressed data end early")
    default:
      let complaint = stream.msg.map { ": " + String(cString: $0) } ?? ""
      throw ImageError("its compressed data are damaged\(complaint)")
    }
  }
}

/// CRC-32 of bytes, as gzip and PNG have it.
func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
  bytes.withUnsafeBufferPointer { Int(crc32(0, $0.baseAddress, uInt($0.count))) }
}
