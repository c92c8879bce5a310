// MutatedImages: files of images with something wrong in them. Whatever is in them, they are read
// or refused in one sentence. The tests try a few thousand of each kind, `make fuzz` as many as one
// likes under AddressSanitizer.

import Images
package import TestSupport

/// A kind of file that is damaged.
package enum MutatedImages: String, CaseIterable, Sendable {
  case png
  /// With checksums that are right again, so that what they guard is read.
  case sealedPNG = "png-sealed"
  case pgm
  case idx
  case gzip

  private static let words = [
    "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "iCCP", "\u{0}\u{0}\u{0}\r", "P5", "P2", "\n",
    "# ", " 255 ", " 65535\n", "99999999", "-1", "0",
  ]

  /// Tries so many mutations; the same ones for the same seed.
  package func run(_ count: Int, seed: Int = 1) -> MutationOutcome {
    var mutator = FileMutator(seed: seed, words: Self.words)
    var outcome = MutationOutcome()
    for round in 0..<count {
      let file = samples[round % samples.count]
      let bytes = mutator.next(file, header: 64, trailer: 24)
      outcome.note {
        switch self {
        case .png, .pgm: try Self.fault(Image(bytes))
        case .sealedPNG: try Self.fault(Image(PNGSample.sealed(bytes)))
        case .idx:
          try Self.fault(IDX(bytes, dimensions: 3), of: bytes.count)
        case .gzip:
          try Gzip.unpacked(bytes, most: 4096).count <= 4096 ? nil : "more came out than may"
        }
      }
    }
    return outcome
  }

  private var samples: [[UInt8]] {
    let pixels = (0..<63).map { UInt8(4 * $0) }
    switch self {
    case .png, .sealedPNG:
      return [
        PNGSample.grey(width: 9, height: 7, pixels),
        PNGSample.bytes(width: 5, height: 2, colourType: 2, rows: Array(0..<32)),
        PNGSample.bytes(width: 7, height: 2, colourType: 4, rows: Array(0..<30)),
        PNGSample.bytes(width: 3, height: 2, depth: 16, rows: Array(0..<14)),
      ]
    case .pgm:
      return [
        Array("P5 9 7 255\n".utf8) + pixels, Array("P5\n# a\n3 2\n65535\n".utf8) + pixels[..<12],
        Array("P2\n# a\n3 2\n15\n0 5 15\n# b\n9 1 2\n".utf8),
      ]
    case .idx: return [IDXSample.bytes([7, 3, 3], pixels)]
    case .gzip:
      return [GzipSample.bytes(pixels), GzipSample.bytes(pixels) + GzipSample.bytes([1, 2])]
    }
  }

  private static func fault(_ image: Image) -> String? {
    let shape = image.shape
    let isFine = shape.count == image.pixels.count && shape.count > 0
    return isFine ? nil : "\(image.pixels.count) bytes are no \(shape)"
  }

  private static func fault(_ idx: IDX, of size: Int) -> String? {
    idx.values.count == idx.sizes.reduce(1, *) && idx.values.count < size ? nil : "\(idx.sizes)"
  }
}
