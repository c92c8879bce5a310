// PGM: grey images as Netpbm has them, a header of numbers and then the pixels as they are.

/// Binary portable graymaps.
enum PGM {
  static let magic = Array("P5".utf8)
  private static let spaces = Array(" \t\n\u{B}\u{C}\r".utf8)

  /// The pixels of a file, of which the brightest becomes 255.
  static func image(_ bytes: [UInt8]) throws(ImageError) -> Image {
    var place = magic.count
    let width = try number("width", bytes, &place)
    let height = try number("height", bytes, &place)
    let brightest = try number("brightest value", bytes, &place)
    let shape = try ImageShape(header: height, width, channels: 1)
    guard (1...65535).contains(brightest) else {
      throw ImageError("its brightest value is \(brightest), not 1 to 65535")
    }
    // One space ends the header; whatever follows is a pixel, but for a newline that some programs
    // end the file with.
    place += 1
    let size = brightest < 256 ? 1 : 2
    let end = place + size * shape.count
    let hasNewline = bytes.count == end + 1 && bytes[end] == UInt8(ascii: "\n")
    guard bytes.count == end || hasNewline else {
      throw ImageError(
        "its header says \(height) x \(width) pixels of \(size) byte\(size == 1 ? "" : "s"), and "
          + "\(max(0, bytes.count - place)) bytes follow")
    }
    let pixels = (0..<shape.count).map { index -> UInt8 in
      let first = Int(bytes[place + size * index])
      let value = size == 1 ? first : first << 8 | Int(bytes[place + 2 * index + 1])
      return UInt8((min(value, brightest) * 255 + brightest / 2) / brightest)
    }
    return Image(shape, pixels)
  }

  /// The next number of the header, behind spaces and comments.
  private static func number(
    _ name: String, _ bytes: [UInt8], _ place: inout Int
  ) throws(ImageError) -> Int {
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "#") {
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
      } else if !spaces.contains(bytes[place]) {
        break
      }
      place += 1
    }
    let digits = bytes[min(place, bytes.count)...].prefix { (0x30...0x39).contains($0) }
    if digits.isEmpty { throw ImageError("its header has no \(name)") }
    guard digits.count <= 9 else {
      throw ImageError("the \(name) in its header has \(digits.count) digits")
    }
    place += digits.count
    return digits.reduce(0) { 10 * $0 + Int($1 - 0x30) }
  }
}
