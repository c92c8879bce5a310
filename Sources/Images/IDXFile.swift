// IDXFile: an IDX file, packed or not, whose header is read before anything else of it is unpacked.

import Records

/// A file in the form of MNIST.
struct IDXFile {
  private let bytes: [UInt8]
  private let dimensions: Int
  let header: IDX.Header

  /// The most bytes that deflate makes of one: 258 of two bits.
  private static let mostOfByte = 1032

  /// Reads the header.
  ///
  /// - Throws: where there is none, or one that says more than is read, or than a file so small can
  ///   hold.
  init(_ bytes: [UInt8], dimensions: Int) throws(ImageError) {
    self.bytes = bytes
    self.dimensions = dimensions
    guard Gzip.isPacked(bytes) else {
      header = try IDX.Header(bytes, dimensions: dimensions)
      return
    }
    let start = try Gzip.beginning(of: bytes, IDX.Header.length(dimensions))
    header = try IDX.Header(start, dimensions: dimensions)
    guard header.count <= ImageSet.largest else {
      throw ImageError("its header says \(header) bytes, and \(ImageSet.largest) are read at most")
    }
    guard header.count / Self.mostOfByte <= bytes.count else {
      throw ImageError(
        "its header says \(header) bytes, which \(bytes.count) packed ones cannot hold")
    }
  }

  /// What its header says where fewer bytes follow; nil where there are as many, or they are packed.
  var shortfall: String? {
    let rest = bytes.count - header.length
    return Gzip.isPacked(bytes) || header.count <= rest ? nil : header.mismatch(rest)
  }

  /// The array; no more is unpacked than its header says.
  ///
  /// - Parameter hash: SHA-256 of the unpacked file, where it is known.
  func contents(_ hash: String?) throws(ImageError) -> IDX {
    let unpacked =
      Gzip.isPacked(bytes)
      ? try Gzip.unpacked(
        bytes, most: header.length + header.count, excess: "as many as its header says") : bytes
    if let hash {
      let found = SHA256.hex(unpacked)
      guard found == hash else {
        throw ImageError("its \(unpacked.count) unpacked bytes have sha256 \(found), not \(hash)")
      }
    }
    return try IDX(unpacked, dimensions: dimensions)
  }
}
