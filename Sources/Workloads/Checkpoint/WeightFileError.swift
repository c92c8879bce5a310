// WeightFileError: what is wrong with a file of weights, in one sentence.

/// What is wrong with the bytes of a file of weights, or with a tensor in it.
package struct WeightFileError: Error, Equatable, CustomStringConvertible {
  package let description: String

  /// - Parameter problem: may quote the file, whatever is in it.
  init(_ problem: String) {
    let most = 400
    let isLong = problem.unicodeScalars.count > 2 * most
    let parts =
      isLong
      ? [problem.unicodeScalars.prefix(most), problem.unicodeScalars.suffix(most)]
      : [problem.unicodeScalars[...]]
    description = parts.map { $0.map(Self.visible).joined() }.joined(separator: "...")
  }

  /// A character so that it is seen, and stays on the line.
  private static func visible(_ scalar: Unicode.Scalar) -> String {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
    default: String(scalar)
    }
  }
}
