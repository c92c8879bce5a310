// Small files of images, written byte by byte as their formats ask for.

/// Makes a PNG whose data are stored, not compressed.
package enum PNGSample {
  /// - Parameters:
  ///   - colourType: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
  ///   - rows: each behind a byte that names its filter.
  package static func bytes(
    width: Int, height: Int, depth: Int = 8, colourType: Int = 0, rows: [UInt8]
  ) -> [UInt8] {
    let kind: [UInt8] = [UInt8(depth), UInt8(colourType), 0, 0, 0]
    let header: [UInt8] = big(width) + big(height) + kind
    return signature + chunk("IHDR", header) + chunk("IDAT", stored(rows)) + chunk("IEND", [])
  }

  /// A grey image of these pixels.
  package static func grey(width: Int, height: Int, _ pixels: [UInt8]) -> [UInt8] {
    var rows: [UInt8] = []
    for row in 0..<height {
      rows.append(0)
      rows += pixels[row * width..<(row + 1) * width]
    }
    return bytes(width: width, height: height, rows: rows)
  }

  /// The same file with checksums that are those of its chunks, as far as there are whole ones.
  package static func sealed(_ file: [UInt8]) -> [UInt8] {
    var bytes = file
    var place = signature.count
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = place + 8 + length
      guard end + 4 <= bytes.count else { break }
      bytes.replaceSubrange(end..<end + 4, with: big(Int(checksum(bytes[place + 4..<end]))))
      place = end + 4
    }
    return bytes
  }

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  private static func big(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let named = Array(type.utf8) + data
    return big(data.count) + named + big(Int(checksum(named[...])))
  }

  /// A zlib stream of one block that is not compressed.
  private static func stored(_ data: [UInt8]) -> [UInt8] {
    let (low, high) = (UInt8(data.count & 255), UInt8(data.count >> 8))
    var sums = (a: 1, b: 0)
    for byte in data {
      sums.a = (sums.a + Int(byte)) % 65521
      sums.b = (sums.b + sums.a) % 65521
    }
    let header: [UInt8] = [0x78, 1, 1, low, high, ~low, ~high]
    return header + data + big(sums.b << 16 | sums.a)
  }

  /// CRC-32 as PNG and gzip have it.
  package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var sum: UInt32 = ~0
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
  }
}

/// Makes a gzip file whose data are stored, not compressed.
package enum GzipSample {
  package static func bytes(_ data: [UInt8]) -> [UInt8] {
    let (low, high) = (UInt8(data.count & 255), UInt8(data.count >> 8))
    let sum = PNGSample.checksum(data[...])
    let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, low, high, ~low, ~high]
    return header + data + little(sum) + little(UInt32(data.count))
  }

  private static func little(_ number: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}

/// Makes an IDX file.
package enum IDXSample {
  package static func bytes(_ sizes: [Int], _ values: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 8, UInt8(sizes.count)]
    for size in sizes {
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: size >> shift)) }
    }
    return bytes + values
  }

  /// The four files of a data set with images of 2 x 3 pixels: three to train on, two to test on.
  package static let folder: [(name: String, bytes: [UInt8])] = [
    ("train-images-idx3-ubyte", bytes([3, 2, 3], Array(0..<18))),
    ("train-labels-idx1-ubyte", bytes([3], [1, 0, 2])),
    ("t10k-images-idx3-ubyte", bytes([2, 2, 3], Array(100..<112))),
    ("t10k-labels-idx1-ubyte", bytes([2], [2, 2])),
  ]
}
