// Bytes of a file without a file: a block of exactly their size, so that AddressSanitizer sees a
// read outside of it.

import Records
import TestSupport
import Testing
import Workloads

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
  init(_ bytes: [UInt8]) {
    let stored = StoredBytes(bytes)
    self.init(UnsafeRawBufferPointer(stored.block), of: stored)
  }
}

/// What a read of a file of weights says is wrong with it; "nothing" where it succeeds.
func problem(_ read: () throws -> Void) -> String {
  do {
    try read()
    return "nothing"
  } catch {
    return "\(error)"
  }
}

/// A safetensors file with this header and these values.
func safeTensorsFile(_ header: String, _ values: [UInt8] = []) -> [UInt8] {
  littleEndian(UInt64(header.utf8.count)) + Array(header.utf8) + values
}

/// The half that is nearest to a number, for tests whose numbers are halves.
func half(_ value: Float) -> UInt16 {
  if value == 0 { return 0 }
  let exponent = UInt16(Int(value.exponent) + 15)
  let fraction = UInt16((value.significand - 1) * 1024)
  return (value < 0 ? 0x8000 : 0) | exponent << 10 | fraction
}
