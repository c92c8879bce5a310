// Image: pixels in memory, and how many of them there may be.

package import Records

/// The size of an image.
package struct ImageShape: Equatable, Hashable, Sendable, CustomStringConvertible {
  package let height, width: Int
  /// 1 where it is grey; 3 for red, green and blue.
  package let channels: Int

  /// The longest side of an image: one of this size has 50 MB of pixels.
  static let longestSide = 4096

  package init(height: Int, width: Int, channels: Int) {
    (self.height, self.width, self.channels) = (height, width, channels)
  }

  /// The same, of what a file's header says.
  ///
  /// - Throws: where a side is 0, or longer than any image's.
  init(header height: Int, _ width: Int, channels: Int) throws(ImageError) {
    self.init(height: height, width: width, channels: channels)
    guard min(height, width) > 0, max(height, width) <= Self.longestSide else {
      throw ImageError(
        "its header says \(height) x \(width) pixels; each side must have 1 to \(Self.longestSide)")
    }
  }

  /// Bytes of the pixels.
  package var count: Int { height * width * channels }

  /// Height x width.
  package var description: String {
    "\(height) x \(width) \(channels == 1 ? "grey" : "coloured") pixels"
  }
}

/// One image.
package struct Image: Equatable, Sendable {
  package let shape: ImageShape
  /// [height, width, channels], 0 is black and 255 white.
  package let pixels: [UInt8]

  /// Reads a PNG or a PGM, whichever its first bytes say.
  package init(_ bytes: [UInt8]) throws(ImageError) {
    if bytes.starts(with: PNG.signature) {
      self = try PNG.image(bytes)
    } else if PGM.isOne(bytes) {
      self = try PGM.image(bytes)
    } else if let kind = Self.otherKind(bytes) {
      throw ImageError("it is \(kind), neither a PNG nor a PGM: convert it to PNG")
    } else {
      throw ImageError("it is neither a PNG nor a PGM: it begins with \(hex(bytes, 8))")
    }
  }

  /// What other programs read that begins so; nil where that is not known.
  private static func otherKind(_ bytes: [UInt8]) -> String? {
    if bytes.starts(with: "RIFF".utf8) {
      // Sounds and films begin so too.
      return bytes.dropFirst(8).starts(with: "WEBP".utf8) ? "a WebP" : nil
    }
    if let name = headed.first(where: { bytes.starts(with: $0.magic.utf8) })?.name {
      // Behind the number stands white space, or a comment.
      let next = bytes.dropFirst(2).first
      return next.map { " \t\r\n#".utf8.contains($0) } == true ? name : nil
    }
    return otherKinds.first { bytes.starts(with: $0.magic) }?.name
  }

  private static let headed = [
    (magic: "P1", name: "a PBM of text"), (magic: "P4", name: "a PBM"),
    (magic: "P3", name: "a PPM of text"), (magic: "P6", name: "a PPM"),
  ]
  private static let otherKinds: [(magic: [UInt8], name: String)] = [
    ([0xFF, 0xD8, 0xFF], "a JPEG"), (Array("GIF8".utf8), "a GIF"),
    ([0x49, 0x49, 0x2A, 0], "a TIFF"), ([0x4D, 0x4D, 0, 0x2A], "a TIFF"),
  ]

  init(_ shape: ImageShape, _ pixels: [UInt8]) {
    (self.shape, self.pixels) = (shape, pixels)
  }

  /// Reads the file at a path.
  ///
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package static func read(_ path: String) throws(ResultsError) -> Image {
    try reading(path) { (bytes) throws(ImageError) in try Image(bytes) }
  }
}

/// The first bytes of a file, for an error.
func hex(_ bytes: [UInt8], _ most: Int) -> String {
  let shown = bytes.prefix(most).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
  return shown.isEmpty ? "nothing" : shown.joined(separator: " ")
}
