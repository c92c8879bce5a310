// Short names for axes' values and for cells, of characters that are safe in file names and shells.

import Config
import Records

enum Labels {
  private static let textLimit = 48

  /// `classic/sequence=128/seed=2`; parts that all cells share are left out.
  ///
  /// - Parameter texts: one an axis.
  static func cell(variant: String?, axes: [AxisValue], texts: [String], seed: Int?) -> String {
    let parts =
      (variant.map { [$0] } ?? []) + zip(axes, texts).map { "\($0.name)=\($1)" }
      + (seed.map { ["seed=\($0)"] } ?? [])
    return parts.isEmpty ? "base" : parts.joined(separator: "/")
  }

  /// A text for each value of an axis: the same for the same value, another for each other one, and
  /// as short as that allows.
  static func texts(of values: [JSON]) -> [String] {
    let keys = values.map(\.canonical)
    let distinct = Dictionary(zip(keys, values), uniquingKeysWith: { first, _ in first })
    var texts: [JSON: String] = [:]
    var taken: Set<String> = []
    var rest = keys.unique.map { (key: $0, forms: distinct[$0].map(forms) ?? []) }
    var length = 0
    while !rest.isEmpty {
      let groups = Dictionary(grouping: rest) { $0.forms.dropFirst(length).first ?? "" }
      rest.removeAll { value in
        let form = value.forms.dropFirst(length).first ?? ""
        let isLast = length + 1 >= value.forms.count
        guard groups[form]?.count == 1 || isLast else { return false }
        // Texts may be cut, or be the same but for characters that cannot stand in a label.
        var text = form
        var number = 2
        while !taken.insert(text).inserted {
          text = "\(form)-\(number)"
          number += 1
        }
        texts[value.key] = text
        return true
      }
      length += 1
    }
    return keys.map { texts[$0] ?? "" }
  }

  /// What a value may be called, the shortest first: a component by its word, then with its
  /// options; a file by its name, then by its folders as well; anything else as it is.
  static func forms(of value: JSON) -> [String] {
    let whole = (1...max(1, depth(of: value))).map { text(of: value, folders: $0 - 1) }
    guard let word = value["type"]?.text, value.members.count > 1 else { return whole.map(safe) }
    return ([word] + whole).map(safe)
  }

  /// A value in one piece: `4096,none`, `rope,base=500000`.
  ///
  /// - Parameter folders: how many of the folders that a file lies in are named: `texts:mine.txt`
  ///   with one.
  private static func text(of value: JSON, folders: Int) -> String {
    switch value {
    case .string(let path) where path.hasPrefix("/"):
      path.split(separator: "/").suffix(folders + 1).joined(separator: ":")
    case .string(let text): text
    case .real(let number): number.text
    case .array(let items): items.map { text(of: $0, folders: folders) }.joined(separator: ",")
    case .object(let members):
      members.map { member in
        (member.key == "type" ? "" : "\(member.key)=") + text(of: member.value, folders: folders)
      }.joined(separator: ",")
    case .null, .bool, .integer: value.inlineYAML
    }
  }

  /// The most parts of a path in a value; 0 where there is none.
  private static func depth(of value: JSON) -> Int {
    switch value {
    case .string(let path): path.hasPrefix("/") ? path.split(separator: "/").count : 0
    case .array(let items): items.map(depth).max() ?? 0
    case .object(let members): members.map { depth(of: $0.value) }.max() ?? 0
    default: 0
    }
  }

  private static func safe(_ text: String) -> String {
    let characters = text.unicodeScalars.prefix(textLimit).map { scalar -> Character in
      let isSafe =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "_-.+,:=".unicodeScalars.contains(scalar))
      return isSafe ? Character(scalar) : "_"
    }
    return characters.isEmpty ? "empty" : String(characters)
  }
}
