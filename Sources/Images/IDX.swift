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
    // Two zeros, the type of unsigned bytes, and the number of sizes.
    let magic: [UInt8] = [0, 0, 8, UInt8(dimensions)]
    guard bytes.starts(with: magic) else {
      throw ImageError(
        "it is no IDX file of bytes in \(dimensions) dimension\(dimensions == 1 ? "" : "s"): it "
          + "begins with \(hex(bytes, 4)), not \(hex(magic, 4))")
    }
    let header = 4 + 4 * dimensions
    guard bytes.count >= header else { throw ImageError("it ends within its header") }
    sizes = (1...dimensions).map { dimension in
      bytes[4 * dimension..<4 * dimension + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    // Sizes are below 2^32, so a product that fits tells whether the next one does.
    var count = 1
    for size in sizes {
      let (product, overflows) = count.multipliedReportingOverflow(by: size)
      count = overflows ? .max : product
    }
    guard bytes.count - header == count else {
      throw ImageError(
        "its header says \(sizes.map(String.init).joined(separator: " x ")) bytes, and "
          + "\(bytes.count - header) follow")
    }
    values = Array(bytes[header...])
  }
}
