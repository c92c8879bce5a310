// NegativeNumbers: what begins with a minus and a digit is the value of the option before it.

enum NegativeNumbers {
  /// The words of a command line, a negative number joined to the option whose value it is:
  /// `--threads=-1`.
  ///
  /// The parser takes `-1` for an option, and misses the value.
  static func joined(_ words: [String]) -> [String] {
    guard words.contains(where: isNegative) else { return words }
    let takingValues = Set(UnknownOption.options(of: words).takingValues)
    var joined: [String] = [], option: String?
    for (place, word) in words.enumerated() {
      if word == "--" { return joined + words[place...] }
      if let option, isNegative(word) {
        joined[joined.count - 1] = "\(option)=\(word)"
      } else {
        joined.append(word)
      }
      // What follows an option that takes a value is its value, whatever it looks like.
      option = option == nil && takingValues.contains(word) ? word : nil
    }
    return joined
  }

  private static func isNegative(_ word: String) -> Bool {
    word.first == "-" && word.dropFirst().first.map { $0.isNumber || $0 == "." } == true
  }
}
