// What a read says that is expected to fail.

/// What a read of a file of weights says is wrong with it; "nothing" where it succeeds.
func problem(_ read: () throws -> Void) -> String {
  do {
    try read()
    return "nothing"
  } catch {
    return "\(error)"
  }
}
