// PGM: grey images as Netpbm has them, a header of numbers and then the pixels, as bytes or as
// numbers too.

/// Portable graymaps.
enum PGM {
  /// Bytes of a word that an error shows.
  private static let longestShown = 20
  private static let spaces = Array(" \t\n\u{B}\u{C}\r".utf8)

  /// Whether bytes begin as such a file does.
  ///
  /// Pixels are bytes behind P5, and numbers behind P2, which a text may begin with as well.
  static func isOne(_ bytes: [UInt8]) -> Bool {
    let next = bytes.dropFirst(2).first
    return bytes.starts(with: "P5".utf8)
      || isText(bytes) && (next.map { spaces.contains($0) || $0 == UInt8(ascii: "#") } ?? false)
  }

  private static func isText(_ bytes: [UInt8]) -> Bool { bytes.starts(with: "P2".utf8) }

  /// The pixels of a file, of which the brightest becomes 255.
  static func image(_ bytes: [UInt8]) throws(ImageError) -> Image {
    var place = 2
    let width = try number("width", bytes, &place)
    let height = try number("height", bytes, &place)
    let brightest = try number("brightest value", bytes, &place)
    let shape = try ImageShape(header: height, width, channels: 1)
    guard (1...65535).contains(brightest) else {
      throw ImageError("its brightest value is \(brightest), not 1 to 65535")
    }
    func pixel(_ value: Int) -> UInt8 {
      UInt8((min(value, brightest) * 255 + brightest / 2) / brightest)
    }
    let pixels =
      try isText(bytes)
      ? numbers(shape, bytes, &place, pixel)
      : values(shape, brightest < 256 ? 1 : 2, bytes, &place, pixel)
    return Image(shape, pixels)
  }

  /// Pixels of one or two bytes each.
  private static func values(
    _ shape: ImageShape, _ size: Int, _ bytes: [UInt8], _ place: inout Int, _ pixel: (Int) -> UInt8
  ) throws(ImageError) -> [UInt8] {
    // One space ends the header; whatever follows is a pixel, but for a newline that some programs
    // end the file with.
    place += 1
    let start = place
    let end = start + size * shape.count
    let hasNewline = bytes.count == end + 1 && bytes[end] == UInt8(ascii: "\n")
    guard bytes.count == end || hasNewline else {
      throw ImageError(
        "its header says \(shape.height) x \(shape.width) pixels of \(size) "
          + "byte\(size == 1 ? "" : "s"), and \(max(0, bytes.count - start)) bytes follow")
    }
    return (0..<shape.count).map { index in
      let first = Int(bytes[start + size * index])
      return pixel(size == 1 ? first : first << 8 | Int(bytes[start + 2 * index + 1]))
    }
  }

  /// Pixels that are numbers, with spaces and comments between them.
  private static func numbers(
    _ shape: ImageShape, _ bytes: [UInt8], _ place: inout Int, _ pixel: (Int) -> UInt8
  ) throws(ImageError) -> [UInt8] {
    let said = "its header says \(shape.height) x \(shape.width) pixels, and "
    // Each has a digit, and something before it.
    guard bytes.count - place >= 2 * shape.count else {
      throw ImageError(said + "\(bytes.count - place) bytes follow, too few for so many numbers")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(shape.count)
    for index in 0..<shape.count {
      let digits = digits(bytes, &place)
      guard (1...9).contains(digits.count) else {
        let found = word(bytes[digits.startIndex...])
        throw ImageError(
          said
            + (found.isEmpty
              ? "\(index) follow"
              : "behind \(index) of them stands '\(found)', no number of up to 9 digits"))
      }
      pixels.append(pixel(value(digits)))
    }
    guard digits(bytes, &place).isEmpty, place == bytes.count else {
      throw ImageError(said + "more follow")
    }
    return pixels
  }

  /// The next number of the header.
  private static func number(
    _ name: String, _ bytes: [UInt8], _ place: inout Int
  ) throws(ImageError) -> Int {
    let digits = digits(bytes, &place)
    if digits.isEmpty { throw ImageError("its header has no \(name)") }
    guard digits.count <= 9 else {
      throw ImageError("the \(name) in its header has \(digits.count) digits")
    }
    return value(digits)
  }

  /// The next digits, behind spaces and comments; none where something else comes next.
  private static func digits(_ bytes: [UInt8], _ place: inout Int) -> ArraySlice<UInt8> {
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "#") {
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
      } else if !spaces.contains(bytes[place]) {
        break
      }
      place += 1
    }
    place = min(place, bytes.count)
    let digits = bytes[place...].prefix { (0x30...0x39).contains($0) }
    place += digits.count
    return digits
  }

  /// What stands there up to the next space, for an error.
  private static func word(_ bytes: ArraySlice<UInt8>) -> String {
    let word = bytes.prefix { !spaces.contains($0) }
    let shown = String(decoding: word.prefix(longestShown), as: UTF8.self)
    return word.count > longestShown ? shown + "..." : shown
  }

  private static func value(_ digits: ArraySlice<UInt8>) -> Int {
    digits.reduce(0) { 10 * $0 + Int($1 - 0x30) }
  }
}
