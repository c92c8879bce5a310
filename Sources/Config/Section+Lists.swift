// Reads of lists. One value counts as a list of one, so that `seeds: 1` can be said.

extension Section {
  /// Whole numbers: one or a list.
  package func ints(
    _ key: String, default fallback: [Int], in range: some AllowedRange<Int>, _ doc: String
  ) -> [Int] {
    list(key, .integer(range.bounds), fallback, \.value, doc, Decoding.integer(range.bounds))
  }

  /// Finite numbers: one or a list.
  package func doubles(
    _ key: String, default fallback: [Double], in range: some AllowedRange<Double>, _ doc: String
  ) -> [Double] {
    list(key, .number(range.bounds), fallback, \.value, doc, Decoding.number(range.bounds))
  }

  /// Texts: one or a list.
  package func strings(_ key: String, default fallback: [String], _ doc: String) -> [String] {
    list(key, .text, fallback, { .text($0) }, doc, Decoding.text)
  }

  /// Words of a list of choices: one or a list, such as one a layer.
  package func choices(
    _ key: String, of choices: [Choice], default fallback: [String], _ doc: String
  ) -> [String] {
    list(key, .word(choices), fallback, { .text($0) }, doc, Decoding.word(choices))
  }

  /// Whole numbers or `none` (nil), one or a list that repeats over the layers.
  ///
  /// As in `window: [4096, none]`, which alternates.
  package func intsOrNone(
    _ key: String, default fallback: [Int?], in range: some AllowedRange<Int>, _ doc: String
  ) -> [Int?] {
    let none = "none"
    let type = ReadType.list(of: .integer(range.bounds), noneWord: none)
    return read(
      key, type, fallback, { Self.encode($0.map { $0.map { .int($0) } ?? .text(none) }) }, doc,
      Decoding.list(Decoding.integer(range.bounds), type, noneWord: none))
  }

  private func list<Element>(
    _ key: String, _ element: ReadType, _ fallback: [Element],
    _ encode: @escaping (Element) -> Value, _ doc: String,
    _ decode: @escaping Decoding.Decoder<Element>
  ) -> [Element] {
    let type = ReadType.list(of: element, noneWord: nil)
    let values = Decoding.list(decode, type, noneWord: nil)
    return read(
      key, type, fallback, { Self.encode($0.map(encode)) }, doc,
      { node, path, report in values(node, path, report)?.compactMap(\.self) })
  }

  /// A list of one is written as it is most easily read: as the value.
  private static func encode(_ values: [Value]) -> Value {
    values.count == 1 ? values[0] : .list(values)
  }
}
