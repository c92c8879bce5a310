// WeightFileError: what is wrong with a file of weights, in one sentence.

import Config

/// What is wrong with the bytes of a file of weights, or with a tensor in it.
package struct WeightFileError: Error, Equatable, CustomStringConvertible {
  package let description: String

  /// - Parameter problem: may quote the file, whatever is in it.
  init(_ problem: String) {
    let visible = problem.unicodeScalars.map {
      $0.isInvisible ? $0.escaped(asASCII: true) : String($0)
    }
    description = Wording.shortened(visible.joined())
  }
}

extension Unicode.Scalar {
  /// Whether it ends the line, or does something to it instead of being seen.
  var isInvisible: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
