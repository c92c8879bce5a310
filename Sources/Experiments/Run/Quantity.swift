// Quantity: amounts of memory and time as people write them on a command line.

/// Reads amounts with units.
package enum Quantity {
  /// Bytes: `4GiB`, `500 MB`, `1e9`; nil where the text is no positive amount.
  package static func bytes(_ text: String) -> Int? {
    let units: [(String, Double)] = [
      ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
      ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
      ("K", 1024), ("M", 1_048_576), ("G", 1_073_741_824), ("B", 1), ("", 1),
    ]
    return amount(text, units).flatMap { Int(exactly: $0.rounded()) }
  }

  /// Seconds: `90`, `90s`, `1.5m`, `2h`, `500ms`; nil where the text is no positive duration.
  package static func seconds(_ text: String) -> Double? {
    amount(
      text, [("ms", 1e-3), ("min", 60), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("", 1)])
  }

  private static func amount(_ text: String, _ units: [(String, Double)]) -> Double? {
    for (unit, factor) in units where text.hasSuffix(unit) {
      let number = text.dropLast(unit.count).filter { $0 != " " }
      guard let value = Double(number), value.isFinite, value > 0 else { continue }
      return value * factor
    }
    return nil
  }
}
