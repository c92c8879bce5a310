// NegativeNumbers: a negative number on a command line is the value of the option before it.

enum NegativeNumbers {
  /// The words of a command line, a negative number joined to the option whose value it is:
  /// `--threads=-1`.
  ///
  /// The parser takes `-1` for an option, and misses the value.
  static func joined(_ words: [String]) -> [String] {
    guard words.contains(where: isNegative) else { return words }
    let takingValues = Set(CommandOptions.of(words).takingValues)
    var joined: [String] = [], option: String?
    for (place, word) in words.enumerated() {
      if word == "--" { return joined + words[place...] }
      if let option, isNegative(word) {
        joined[joined.count - 1] = "\(option)=\(word)"
      } else {
        joined.append(word)
      }
      // What an option has for its value is no option, such as the text of `--stop --seed`.
      option = option == nil && takingValues.contains(word) ? word : nil
    }
    return joined
  }

  /// Whether it is one, or begins as one: -1, -.5%, -4GiB, -inf.
  private static func isNegative(_ word: String) -> Bool {
    guard word.first == "-", let next = word.dropFirst().first else { return false }
    return "0123456789.".contains(next) || Double(word) != nil
  }
}
