// Setting: the command line's `path=value`, alone or several in one argument.

package import Config

/// One `path=value` of the command line.
package struct Setting: Sendable {
  package let path: DottedPath
  package let value: Node
  /// Where the path stands in the argument.
  package let keyMark: Mark

  /// Reads `path=value`, the value as YAML; faults point into `--set path=value`.
  package static func parse(
    _ argument: String, option: String = "--set", order: Int = 1
  ) throws(Faults) -> Setting {
    let cut = try Cut(argument, option: option, order: order)
    let value = try YAML.value(cut.value, in: cut.source, offset: cut.valueOffset)
    return Setting(path: cut.path, value: value, keyMark: cut.keyMark)
  }

  /// Reads `path=v1,v2,...`, an axis of the matrix; the value is a sequence.
  package static func parseAxis(
    _ argument: String, option: String = "--vary", order: Int = 1
  ) throws(Faults) -> Setting {
    let cut = try Cut(argument, option: option, order: order)
    let value = try list(cut.value, in: cut.source, offset: cut.valueOffset)
    return Setting(path: cut.path, value: value, keyMark: cut.keyMark)
  }

  /// The sequence that `v1,v2` is.
  static func list(_ text: String, in source: Source, offset: Int) throws(Faults) -> Node {
    let value = try YAML.value("[\(text)]", in: source, offset: offset - 1)
    // `path=[v1, v2]` is the same axis, written as in the file.
    if let only = value.items?.first, value.items?.count == 1, only.items != nil { return only }
    return value
  }

  /// The same setting with another value.
  func with(_ value: Node) -> Setting {
    Setting(path: path, value: value, keyMark: keyMark)
  }

  /// The overlay on a document that this setting is.
  package var overlay: Node { path.overlay(setting: value, keyMark: keyMark) }

  /// An argument cut at its first `=`.
  private struct Cut {
    let path: DottedPath
    let value: String
    let valueOffset: Int
    let source: Source

    var keyMark: Mark { source.mark(at: 0) }

    init(_ argument: String, option: String, order: Int) throws(Faults) {
      // A plain word of the command line has no option before it.
      source = Source(
        name: option.isEmpty ? argument : "\(option) \(argument)", text: argument, order: order,
        isArgument: true)
      let start = source.mark(at: 0)
      guard let equals = argument.firstIndex(of: "=") else {
        let isFile = option.isEmpty && [".yaml", ".yml"].contains(where: argument.hasSuffix)
        let fault: SpecFault = isFile ? .secondFile(argument) : .badSetting(argument)
        throw Faults([Fault(fault, at: start)])
      }
      let key = String(argument[..<equals])
      guard let path = DottedPath(key) else { throw Faults([Fault(.badPath(key), at: start)]) }
      self.path = path
      value = String(argument[argument.index(after: equals)...])
      valueOffset = key.unicodeScalars.count + 1
    }
  }
}

// MARK: Several in one argument, as `--zip`, `--exclude` and `--include` take them

extension Setting {
  /// Reads `path=v1,v2 other=v3`, pairs separated by commas or spaces; each value is a sequence.
  ///
  /// What follows a comma and is no `path=` is a further value of the pair before it.
  package static func parsePairs(
    _ argument: String, option: String, order: Int = 1
  ) throws(Faults) -> [Setting] {
    let source = Source(
      name: "\(option) \(argument)", text: argument, order: order, isArgument: true)
    let scalars = Array(argument.unicodeScalars)
    let starts = pairStarts(scalars)
    let lead = scalars[..<(starts.first ?? scalars.count)]
    guard !starts.isEmpty, lead.allSatisfy(isSeparator) else {
      throw Faults([Fault(.badSetting(argument), at: source.mark(at: 0))])
    }
    var settings: [Setting] = []
    for (place, start) in starts.enumerated() {
      var end = place + 1 < starts.count ? starts[place + 1] : scalars.count
      while end > start, isSeparator(scalars[end - 1]) { end -= 1 }
      let equals = scalars[start..<end].firstIndex(of: "=") ?? start
      let key = text(scalars[start..<equals])
      guard let path = DottedPath(key) else {
        throw Faults([Fault(.badPath(key), at: source.mark(at: start))])
      }
      let values = text(scalars[(equals + 1)..<end])
      settings.append(
        Setting(
          path: path,
          value: try Setting.list(values, in: source, offset: equals + 1),
          keyMark: source.mark(at: start)))
    }
    return settings
  }

  /// Reads `v1,v2,...` as the values of a path that the option stands for, such as `--seeds 1..5`.
  package static func parseValues(
    _ argument: String, of path: DottedPath, option: String, order: Int = 1
  ) throws(Faults) -> Setting {
    let source = Source(
      name: "\(option) \(argument)", text: argument, order: order, isArgument: true)
    return Setting(
      path: path, value: try list(argument, in: source, offset: 0), keyMark: source.mark(at: 0))
  }

  /// An argument that is one text, such as an expression.
  package static func text(_ argument: String, option: String, order: Int = 1) -> Node {
    let source = Source(
      name: "\(option) \(argument)", text: argument, order: order, isArgument: true)
    return Node(.scalar(Scalar(text: argument)), mark: source.mark(at: 0))
  }

  /// The mapping that pairs stand for.
  package static func mapping(_ pairs: [Setting]) -> Node? {
    guard let first = pairs.first else { return nil }
    let entries = pairs.map { Entry(key: $0.path.text, keyMark: $0.keyMark, value: $0.value) }
    return Node(.mapping(entries), mark: first.keyMark)
  }

  private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    String(String.UnicodeScalarView(scalars))
  }

  private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "," || scalar.properties.isWhitespace
  }

  /// Where a `path=` begins, outside brackets and quotes.
  private static func pairStarts(_ scalars: [Unicode.Scalar]) -> [Int] {
    var starts: [Int] = []
    var depth = 0
    var quote: Unicode.Scalar?
    var isFresh = true
    for (place, scalar) in scalars.enumerated() {
      if let open = quote {
        if scalar == open { quote = nil }
        continue
      }
      if depth == 0, isFresh, isKey(scalars[place...]) { starts.append(place) }
      switch scalar {
      case "[", "{": depth += 1
      case "]", "}": depth -= 1
      case "'", "\"": quote = scalar
      default: break
      }
      isFresh = isSeparator(scalar)
    }
    return starts
  }

  private static func isKey(_ rest: ArraySlice<Unicode.Scalar>) -> Bool {
    let key = rest.prefix {
      $0.properties.isAlphabetic || "_.-+".unicodeScalars.contains($0)
        || ("0"..."9").contains($0)
    }
    return key.first?.properties.isAlphabetic == true && rest.dropFirst(key.count).first == "="
  }
}
