// The only file that touches libyaml: a text in, events out, every C string copied.
// Structure (who is a key, what an alias means) is YAMLComposer's business.

import CYAML

/// One event of libyaml with its strings copied and its place as a scalar offset.
struct YAMLEvent {
  enum Kind {
    case documentStart, end, alias, scalar(isPlain: Bool)
    case sequenceStart, sequenceEnd, mappingStart, mappingEnd
  }

  let kind: Kind
  let offset: Int
  var text = ""
  var anchor: String?
  var tag: String?
}

/// What libyaml says about a text that is not YAML.
struct YAMLSyntaxError: Error {
  let problem: String
  let offset: Int
  let context: (text: String, offset: Int)?
}

/// A libyaml parser over bytes that outlive it.
struct YAMLEvents: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  /// Fails only when memory is exhausted.
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      return nil
    }
    self.parser = parser
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// The next event that matters; stream start and document end are skipped.
  func next() throws(YAMLSyntaxError) -> YAMLEvent {
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
      defer { yaml_event_delete(&event) }
      if let known = convert(event) { return known }
    }
  }

  private func convert(_ event: yaml_event_t) -> YAMLEvent? {
    let offset = Int(event.start_mark.index)
    switch event.type {
    case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, offset: offset)
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return YAMLEvent(kind: .end, offset: offset)
    case YAML_ALIAS_EVENT:
      return YAMLEvent(
        kind: .alias, offset: offset, text: string(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let bytes = UnsafeBufferPointer(start: scalar.value, count: Int(scalar.length))
      return YAMLEvent(
        kind: .scalar(isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), offset: offset,
        text: String(decoding: bytes, as: UTF8.self), anchor: string(scalar.anchor),
        tag: string(scalar.tag))
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      return YAMLEvent(
        kind: .sequenceStart, offset: offset, anchor: string(start.anchor), tag: string(start.tag))
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      return YAMLEvent(
        kind: .mappingStart, offset: offset, anchor: string(start.anchor), tag: string(start.tag))
    case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, offset: offset)
    case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, offset: offset)
    default: return nil
    }
  }

  private func string(_ characters: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    characters.map { String(cString: $0) }
  }

  private func syntaxError() -> YAMLSyntaxError {
    let state = parser.pointee
    let problem = state.problem.map { String(cString: $0) } ?? "not YAML"
    let context = state.context.map { (String(cString: $0), Int(state.context_mark.index)) }
    return YAMLSyntaxError(
      problem: problem, offset: Int(state.problem_mark.index), context: context)
  }
}

extension YAML {
  /// The version of libyaml that the program runs with, such as `0.2.5`.
  package static var libraryVersion: String { String(cString: yaml_get_version_string()) }
}
