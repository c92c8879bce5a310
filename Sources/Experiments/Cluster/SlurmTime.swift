// SlurmTime: times as Slurm's own options have them.

/// Reads a time limit of Slurm.
package enum SlurmTime {
  /// Seconds: `30` minutes, `30:00`, `2:00:00`, `1-12`, `1-12:30`, `1-12:30:00`; nil for any other
  /// text.
  package static func seconds(_ text: String) -> Double? {
    let halves = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let fields = (halves.last ?? "").split(separator: ":", omittingEmptySubsequences: false)
      .map { field in field.allSatisfy(\.isASCII) && !field.isEmpty ? Int(field) : nil }
    let numbers = fields.compactMap(\.self)
    guard numbers.count == fields.count, numbers.allSatisfy({ (0...1_000_000).contains($0) }) else {
      return nil
    }
    var seconds: Int
    if halves.count == 2 {
      // Hours, then minutes, then seconds.
      guard let days = Int(halves[0]), (0...10000).contains(days), numbers.count <= 3 else {
        return nil
      }
      seconds = days * 86400 + zip(numbers, [3600, 60, 1]).reduce(0) { $0 + $1.0 * $1.1 }
    } else {
      switch numbers.count {
      case 1: seconds = numbers[0] * 60
      case 2: seconds = numbers[0] * 60 + numbers[1]
      case 3: seconds = numbers[0] * 3600 + numbers[1] * 60 + numbers[2]
      default: return nil
      }
    }
    return seconds > 0 ? Double(seconds) : nil
  }
}
