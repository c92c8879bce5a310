// IDX: the files of MNIST, an array of bytes behind a header of its sizes.

/// An array of unsigned bytes.
package struct IDX: Equatable, Sendable {
  package let sizes: [Int]
  /// The product of the sizes.
  package let values: [UInt8]

  /// Reads an array with so many dimensions.
  ///
  /// - Throws: where it is another, or has other than the bytes that its sizes ask for.
  package init(_ bytes: [UInt8], dimensions: Int) throws(ImageError) {
    let header = try Header(bytes, dimensions: dimensions)
    guard bytes.count - header.length == header.count else {
      throw ImageError(header.mismatch(bytes.count - header.length))
    }
    sizes = header.sizes
    values = Array(bytes[header.length...])
  }

  /// What stands before the values.
  struct Header: CustomStringConvertible {
    let sizes: [Int]
    /// The product of the sizes; the largest number there is where it is larger.
    let count: Int

    /// Reads the beginning of a file.
    init(_ bytes: [UInt8], dimensions: Int) throws(ImageError) {
      // Two zeros, the type of unsigned bytes, and the number of sizes.
      let magic: [UInt8] = [0, 0, 8, UInt8(dimensions)]
      guard bytes.starts(with: magic) else {
        throw ImageError(
          "it is no IDX file of bytes in \(dimensions) dimension\(dimensions == 1 ? "" : "s"): it "
            + "begins with \(hex(bytes, 4)), not \(hex(magic, 4))")
      }
      guard bytes.count >= Self.length(dimensions) else {
        throw ImageError("it ends within its header")
      }
      sizes = (1...dimensions).map { dimension in
        bytes[4 * dimension..<4 * dimension + 4].reduce(0) { $0 << 8 | Int($1) }
      }
      // Sizes are below 2^32, so a product that fits tells whether the next one does.
      count = sizes.reduce(1) { count, size in
        let (product, overflows) = count.multipliedReportingOverflow(by: size)
        return overflows ? .max : product
      }
    }

    /// Bytes of a header.
    static func length(_ dimensions: Int) -> Int { 4 + 4 * dimensions }

    var length: Int { Self.length(sizes.count) }

    /// What is wrong where so many bytes follow.
    func mismatch(_ rest: Int) -> String { "its header says \(self) bytes, and \(rest) follow" }

    /// As in "2 x 3 x 3 bytes".
    var description: String { sizes.map(String.init).joined(separator: " x ") }
  }
}
