// Several `path=values` in one argument, as `--zip`, `--exclude` and `--include` take them.

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
