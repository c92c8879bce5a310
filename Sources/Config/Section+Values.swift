// Reads of single values: whole numbers, numbers, booleans, texts; with a default, optional, or
// required. All go through `read`, which does what they have in common.

extension Section {
  /// A whole number; `defaultText` says where a default comes from that is computed.
  package func int(
    _ key: String, default fallback: Int, said defaultText: String? = nil,
    in range: some AllowedRange<Int>, _ doc: String
  ) -> Int {
    read(
      key, .integer(range.bounds), fallback, said: defaultText, \.value, doc,
      Decoding.integer(range.bounds))
  }

  /// A whole number that may be absent or null; `defaultText` says what absence means.
  package func optionalInt(
    _ key: String, in range: some AllowedRange<Int>, default defaultText: String? = nil,
    _ doc: String
  ) -> Int? {
    readOptional(
      key, .integer(range.bounds), defaultText, \.value, doc, Decoding.integer(range.bounds))
  }

  /// A whole number that must be written; nil, with a fault, when it is not.
  package func requiredInt(_ key: String, in range: some AllowedRange<Int>, _ doc: String) -> Int? {
    readRequired(key, .integer(range.bounds), \.value, doc, Decoding.integer(range.bounds))
  }

  /// A finite number; `defaultText` says where a default comes from that is computed.
  package func double(
    _ key: String, default fallback: Double, said defaultText: String? = nil,
    in range: some AllowedRange<Double>, _ doc: String
  ) -> Double {
    read(
      key, .number(range.bounds), fallback, said: defaultText, \.value, doc,
      Decoding.number(range.bounds))
  }

  /// A finite number that may be absent or null; `defaultText` says what absence means.
  package func optionalDouble(
    _ key: String, in range: some AllowedRange<Double>, default defaultText: String? = nil,
    _ doc: String
  ) -> Double? {
    readOptional(
      key, .number(range.bounds), defaultText, \.value, doc, Decoding.number(range.bounds))
  }

  /// `true` or `false`; `yes` and `on` are faults.
  package func bool(_ key: String, default fallback: Bool, _ doc: String) -> Bool {
    read(key, .boolean, fallback, { .bool($0) }, doc, Decoding.boolean)
  }

  /// `true` or `false`, or absent or null.
  package func optionalBool(
    _ key: String, default defaultText: String? = nil, _ doc: String
  ) -> Bool? {
    readOptional(key, .boolean, defaultText, { .bool($0) }, doc, Decoding.boolean)
  }

  /// A text; a number or a boolean is taken as the text that is written.
  package func string(_ key: String, default fallback: String, _ doc: String) -> String {
    read(key, .text, fallback, { .text($0) }, doc, Decoding.text)
  }

  /// A text that may be absent or null; `defaultText` says what absence means.
  package func optionalString(
    _ key: String, default defaultText: String? = nil, _ doc: String
  ) -> String? {
    readOptional(key, .text, defaultText, { .text($0) }, doc, Decoding.text)
  }

  /// A text that must be written; nil, with a fault, when it is not.
  package func requiredString(_ key: String, _ doc: String) -> String? {
    readRequired(key, .text, { .text($0) }, doc, Decoding.text)
  }

  // MARK: What all reads have in common

  func read<Result>(
    _ key: String, _ type: ReadType, _ fallback: Result, said defaultText: String? = nil,
    _ encode: (Result) -> Value, _ doc: String, _ decode: Decoding.Decoder<Result>
  ) -> Result {
    let entry = lookUp(key)
    let result = entry.flatMap { self.decode($0, key, type, decode) } ?? fallback
    let read = Read(
      path: path(of: key), key: key, type: type, defaultValue: encode(fallback),
      defaultText: defaultText, isRequired: false, doc: doc, value: encode(result),
      isWritten: entry != nil)
    add(key, .option(read))
    return result
  }

  func readOptional<Result>(
    _ key: String, _ type: ReadType, _ defaultText: String?, _ encode: (Result) -> Value,
    _ doc: String, _ decode: Decoding.Decoder<Result>
  ) -> Result? {
    let entry = lookUp(key)
    let result = entry.flatMap { $0.value.isNull ? nil : self.decode($0, key, type, decode) }
    let read = Read(
      path: path(of: key), key: key, type: type, defaultValue: nil, defaultText: defaultText,
      isRequired: false, doc: doc, value: result.map(encode) ?? .null, isWritten: entry != nil)
    add(key, .option(read))
    return result
  }

  func readRequired<Result>(
    _ key: String, _ type: ReadType, _ encode: (Result) -> Value, _ doc: String,
    _ decode: Decoding.Decoder<Result>
  ) -> Result? {
    let entry = lookUp(key)
    let result = entry.flatMap { self.decode($0, key, type, decode) }
    if entry == nil {
      record(.missing(path(of: key), expected: type.expected), for: key, at: mark)
    }
    let read = Read(
      path: path(of: key), key: key, type: type, defaultValue: nil, defaultText: nil,
      isRequired: true, doc: doc, value: result.map(encode) ?? .null, isWritten: entry != nil)
    add(key, .option(read))
    return result
  }

  private func decode<Result>(
    _ entry: Entry, _ key: String, _ type: ReadType, _ decode: Decoding.Decoder<Result>
  ) -> Result? {
    let path = path(of: key)
    if entry.value.isNull {
      record(.noValue(path, expected: type.expected), for: key, at: entry.keyMark)
      return nil
    }
    return decode(entry.value, path) { kind, place in record(kind, for: key, at: place) }
  }
}
