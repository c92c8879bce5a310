// Quantity: amounts of memory and time as people write them on a command line.

/// Reads amounts with units.
package enum Quantity {
  /// Why a text is no amount of memory.
  package struct Problem: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  private static let byteUnits: [(String, Double)] = [
    ("kib", 0x1p10), ("mib", 0x1p20), ("gib", 0x1p30), ("tib", 0x1p40),
    ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("tb", 1e12),
    ("k", 0x1p10), ("m", 0x1p20), ("g", 0x1p30), ("t", 0x1p40), ("b", 1),
  ]

  /// Bytes: `4GiB`, `500 MB`, `1.5g`; K, M, G and T alone are powers of 1024, and capitals mean
  /// nothing.
  package static func bytes(_ text: String) throws(Problem) -> Int {
    let word = text.lowercased().filter { $0 != " " }
    let unit = byteUnits.first { word.hasSuffix($0.0) }
    guard let number = Double(word.dropLast(unit?.0.count ?? 0)), !number.isNaN else {
      throw Problem(description: "must be an amount such as 4GiB or 500MB, not '\(text)'")
    }
    guard let unit else {
      guard number.isFinite else {
        throw Problem(description: "must be an amount such as 4GiB or 500MB, not '\(text)'")
      }
      guard number > 0 else {
        throw Problem(description: "must be more than nothing, such as 4GiB, not '\(text)'")
      }
      throw Problem(description: "needs a unit: '\(text)' could be \(text)GiB or \(text)MB")
    }
    let bytes = (number * unit.1).rounded()
    guard bytes >= 1 else {
      throw Problem(description: "must be more than nothing, such as 4GiB, not '\(text)'")
    }
    guard let whole = Int(exactly: bytes) else {
      throw Problem(description: "must be less than 8388608TiB, such as 4GiB, not '\(text)'")
    }
    return whole
  }

  /// Seconds: `90`, `90s`, `1.5m`, `2h`, `500ms`; nil where the text is no positive duration.
  package static func seconds(_ text: String) -> Double? {
    let units: [(String, Double)] = [
      ("ms", 1e-3), ("min", 60), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("", 1),
    ]
    for (unit, factor) in units where text.hasSuffix(unit) {
      let number = text.dropLast(unit.count).filter { $0 != " " }
      guard let value = Double(number), value.isFinite, value > 0 else { continue }
      return value * factor
    }
    return nil
  }
}
