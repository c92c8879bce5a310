// JSONError: what is wrong with a text that is read as JSON.

/// Why a text is not JSON, or not what it must be, and at which byte; nil where the
/// problem says the place.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  package let problem: String
  package let offset: Int?
  /// Whether it is JSON as far as it was read, and has another value than it must.
  package let isOtherValue: Bool

  package init(problem: String, offset: Int?, isOtherValue: Bool = false) {
    self.problem = problem
    self.offset = offset
    self.isOtherValue = isOtherValue
  }

  package var description: String {
    let place = offset.map { "at byte \($0)" }
    return isOtherValue
      ? "not as expected: " + [problem, place].compactMap(\.self).joined(separator: ", ")
      : "not JSON: " + [problem, place].compactMap(\.self).joined(separator: " ")
  }
}
