// Bytes of a file without a file: a block of exactly their size, so that AddressSanitizer sees a
// read outside of it.

import TestSupport
package import Workloads

/// A block of memory that holds some bytes.
private final class StoredBytes {
  let block: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    block = .allocate(byteCount: bytes.count, alignment: 1)
    block.copyBytes(from: bytes)
  }

  deinit { block.deallocate() }
}

extension MappedBytes {
  /// A copy of some bytes, in place of a mapped file.
  package init(_ bytes: [UInt8]) {
    let stored = StoredBytes(bytes)
    self.init(UnsafeRawBufferPointer(stored.block), of: stored)
  }
}

/// A safetensors file with this header and these values.
package func safeTensorsFile(_ header: String, _ values: [UInt8] = []) -> [UInt8] {
  littleEndian(UInt64(header.utf8.count)) + Array(header.utf8) + values
}

/// The half that is nearest to a number, for tests whose numbers are halves.
package func half(_ value: Float) -> UInt16 {
  if value == 0 { return 0 }
  let exponent = UInt16(Int(value.exponent) + 15)
  let fraction = UInt16((value.significand - 1) * 1024)
  return (value < 0 ? 0x8000 : 0) | exponent << 10 | fraction
}
