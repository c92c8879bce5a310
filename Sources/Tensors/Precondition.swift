// Swift's precondition, which says its words in an optimised build too: there the library's own
// ends the program in silence.

/// Ends the program with `message` on standard error where `condition` does not hold: a mistake of
/// the caller, such as tensors whose shapes do not fit.
@inline(__always)
func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { fatalError(message(), file: file, line: line) }
}
