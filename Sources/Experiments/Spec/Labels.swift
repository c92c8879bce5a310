// Short names for axes, their values and cells. Unique within an experiment, safe in file names.

import Config

enum Labels {
  private static let textLimit = 32

  /// `classic/sequence=128/seed=2`; parts that all cells share are left out.
  static func cell(variant: String?, axes: [AxisValue], seed: Int?) -> String {
    let parts =
      (variant.map { [$0] } ?? []) + axes.map { "\($0.name)=\($0.text)" }
      + (seed.map { ["seed=\($0)"] } ?? [])
    return parts.isEmpty ? "base" : parts.joined(separator: "/")
  }

  /// A component is called by its word, a file by its name, anything else as it is written.
  fileprivate static func short(_ value: JSON) -> String {
    switch value {
    case .string(let text):
      text.hasPrefix("/") ? text.split(separator: "/").last.map(String.init) ?? text : text
    case .real(let number): number.description
    case .object: if case .string(let word)? = value["type"] { word } else { value.inlineYAML }
    default: value.inlineYAML
    }
  }

  fileprivate static func safe(_ text: String) -> String {
    let characters = text.unicodeScalars.prefix(textLimit).map { scalar -> Character in
      let isSafe =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "_-.+".unicodeScalars.contains(scalar))
      return isSafe ? Character(scalar) : "_"
    }
    return characters.isEmpty ? "empty" : String(characters)
  }
}

/// The texts of one axis's values: short, and different for each value.
struct ValueTexts {
  private var texts: [JSON: String] = [:]
  private var taken: Set<String> = []

  /// The text of a value; the same one each time.
  mutating func text(for value: JSON) -> String {
    let key = value.canonical
    if let known = texts[key] { return known }
    let text = Labels.safe(Labels.short(value))
    var unique = text
    var number = 2
    while !taken.insert(unique).inserted {
      unique = "\(text)-\(number)"
      number += 1
    }
    texts[key] = unique
    return unique
  }
}
