// What tests of tokenizers share.

/// What is said of something that fails; "nothing" where it does not.
func problem(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing"
  } catch {
    return "\(error)"
  }
}
