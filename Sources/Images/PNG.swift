// PNG: decodes by libpng. The only file that touches it.

import CPNG

/// Portable network graphics.
enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// Of the signature and of the chunk that must follow it, without its checksum.
  private static let headerSize = 29
  /// The most bytes that one byte of deflate's data can become.
  private static let mostExpansion = 1032

  /// The pixels of a file, with eight bits a sample; what is transparent lies on black.
  static func image(_ bytes: [UInt8]) throws(ImageError) -> Image {
    try checkHeader(bytes)
    try checkChunks(bytes)
    return try bytes.withUnsafeBufferPointer { (file) throws(ImageError) in
      var png = png_image()
      png.version = png_uint_32(PNG_IMAGE_VERSION)
      defer { png_image_free(&png) }
      guard png_image_begin_read_from_memory(&png, file.baseAddress, file.count) != 0 else {
        throw complaint(png)
      }
      let isColoured = png.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0
      png.format = isColoured ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
      // Two bytes a sample would be taken for light, not for the code of it.
      png.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
      let shape = try ImageShape(
        header: Int(png.height), Int(png.width), channels: isColoured ? 3 : 1)
      var pixels = [UInt8](repeating: 0, count: shape.count)
      guard png_image_finish_read(&png, nil, &pixels, 0, nil) != 0 else { throw complaint(png) }
      return Image(shape, pixels)
    }
  }

  /// Refuses what says that it is larger than an image can be, or than its bytes can make it,
  /// before there is memory for anything.
  private static func checkHeader(_ bytes: [UInt8]) throws(ImageError) {
    guard bytes.count >= headerSize else { throw ImageError("it ends within its header") }
    guard bytes[12..<16].elementsEqual("IHDR".utf8) else {
      throw ImageError("it has no header: its first chunk is no IHDR")
    }
    let shape = try ImageShape(
      header: number(bytes, at: 20), number(bytes, at: 16), channels: 1)
    // Samples of a pixel by the type of colour: grey, -, RGB, palette, grey and alpha, -, RGBA.
    let samples = [1, 0, 3, 1, 2, 0, 4]
    let type = Int(bytes[25])
    // What is no type libpng refuses.
    let bits = shape.width * Int(bytes[24]) * (type < samples.count ? samples[type] : 0)
    let unpacked = shape.height * (1 + (bits + 7) / 8)
    guard unpacked <= mostExpansion * bytes.count else {
      throw ImageError(
        "its header says \(shape.height) x \(shape.width) pixels, more than its \(bytes.count) "
          + "bytes can hold")
    }
  }

  /// Refuses what is not whole: libpng looks no further than to the last pixel.
  private static func checkChunks(_ bytes: [UInt8]) throws(ImageError) {
    var (place, isAtEnd) = (signature.count, false)
    while !isAtEnd {
      guard bytes.count - place >= 12, number(bytes, at: place) <= bytes.count - place - 12 else {
        throw ImageError("it ends within the chunk at byte \(place)")
      }
      let end = place + 8 + number(bytes, at: place)
      guard checksum(bytes[place + 4..<end]) == number(bytes, at: end) else {
        throw ImageError("the chunk at byte \(place) is damaged: its checksum is wrong")
      }
      isAtEnd = bytes[place + 4..<place + 8].elementsEqual("IEND".utf8)
      place = end + 4
    }
  }

  /// The big-endian number of four bytes.
  private static func number(_ bytes: [UInt8], at offset: Int) -> Int {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  /// What libpng says is wrong.
  private static func complaint(_ png: png_image) -> ImageError {
    let text = withUnsafeBytes(of: png.message) { message in
      String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)
    }
    return ImageError("it is a PNG that cannot be decoded: \(text)")
  }
}
