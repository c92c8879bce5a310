// From recorded reads to JSON Schema (draft 2020-12), for completion and checks in editors.
// Cross-field rules are not in it: `runexp check` knows them.

/// Builds schemas from recordings.
package struct JSONSchema {
  /// What each word of a component reads: the component's path and the word in, its options out.
  package typealias Options = (_ path: String, _ word: String) -> Recording?

  private let options: Options
  /// For overlays: nothing is required, and options may be given without the `type`.
  private let isOverlay: Bool

  package init(isOverlay: Bool = false, options: @escaping Options) {
    self.options = options
    self.isOverlay = isOverlay
  }

  /// The schema of a whole document; `extra` are properties that were not read as options.
  package func document(_ recording: Recording, title: String, extra: [JSON.Member]) -> JSON {
    let head = [
      JSON.Member("$schema", "https://json-schema.org/draft/2020-12/schema"),
      JSON.Member("title", .string(title)),
    ]
    return .object(head + object(recording, extra: extra))
  }

  /// The schema of one mapping.
  package func schema(_ recording: Recording) -> JSON { .object(object(recording)) }

  private func object(_ recording: Recording, extra: [JSON.Member] = []) -> [JSON.Member] {
    let properties = recording.items.map { item in
      switch item {
      case .option(let read): JSON.Member(read.key, schema(read))
      case .section(let key, let doc, let bareKey, let inner):
        JSON.Member(key, section(inner, doc, bareKey))
      case .component(let read, _), .components(let read, _):
        JSON.Member(read.key, schema(read))
      }
    }
    let required = recording.items.compactMap { item in
      switch item {
      case .option(let read), .component(let read, _), .components(let read, _):
        read.absence == .required ? read.key : nil
      case .section: nil
      }
    }
    return objectFields(properties + extra, required: required)
  }

  private func section(_ recording: Recording, _ doc: String, _ bareKey: String?) -> JSON {
    let description = JSON.Member("description", .string(doc))
    let bare = recording.options.first { $0.key == bareKey }
    guard let bare else { return .object([description] + object(recording)) }
    let forms = [JSON.object(schema(of: bare.type)), .object(object(recording))]
    return .object([description, JSON.Member("anyOf", .array(forms))])
  }

  private func objectFields(_ properties: [JSON.Member], required: [String]) -> [JSON.Member] {
    var fields = [
      JSON.Member("type", "object"), JSON.Member("properties", .object(properties)),
    ]
    if !required.isEmpty && !isOverlay {
      fields.append(JSON.Member("required", .array(required.map { .string($0) })))
    }
    return fields + [JSON.Member("additionalProperties", .bool(false))]
  }

  private func schema(_ read: Read) -> JSON {
    var fields = [JSON.Member("description", .string(description(read)))]
    // A derived default is another one in another file: it is described, not stated.
    if case .value(let value) = read.absence {
      fields.append(JSON.Member("default", value))
    }
    if case .component(let choices) = read.type {
      return .object(fields + component(read, choices))
    }
    if case .list(of: .component(let choices), _) = read.type {
      return .object(fields + list(component(read, choices), nil))
    }
    let type = schema(of: read.type)
    switch read.absence {
    case .value, .required: return .object(fields + type)
    case .derived, .none: break
    }
    let null = (["type": "null"] as JSON)
    return .object(fields + [JSON.Member("anyOf", .array([.object(type), null]))])
  }

  private func description(_ read: Read) -> String {
    var text = read.doc
    switch read.absence {
    case .value: break
    case .derived, .none: text += " (default: \(read.shownDefault))"
    case .required: text += " (\(read.shownDefault))"
    }
    if case .word(let choices) = read.type {
      text += choices.map { "\n\($0.word): \($0.summary)" }.joined()
    }
    return text
  }

  private func schema(of type: ReadType) -> [JSON.Member] {
    switch type {
    case .integer(let bounds): [JSON.Member("type", "integer")] + bounds.schema
    case .number(let bounds): [JSON.Member("type", "number")] + bounds.schema
    case .share(_, let number):
      [JSON.Member("anyOf", .array([.object(schema(of: number)), Self.share]))]
    case .boolean: [JSON.Member("type", "boolean")]
    case .text, .path:
      // An unquoted number or boolean is taken as the text it is written as.
      [JSON.Member("type", .array(["string", "number", "boolean"].map { .string($0) }))]
    case .word(let choices), .component(let choices):
      [JSON.Member("enum", .array(choices.map { .string($0.word) }))]
    case .list(let element, let noneWord): list(schema(of: element), noneWord)
    case .tuple(let element, let names):
      [
        JSON.Member("type", "array"), JSON.Member("items", .object(schema(of: element))),
        JSON.Member("minItems", .integer(names.count)),
        JSON.Member("maxItems", .integer(names.count)),
      ]
    }
  }

  private static var share: JSON { ["type": "string", "pattern": "^[0-9.]+ *%$"] }

  private func list(_ element: [JSON.Member], _ noneWord: String?) -> [JSON.Member] {
    let none = noneWord.map { JSON.object([JSON.Member("const", .string($0))]) }
    let one = [JSON.object(element)] + (none.map { [$0] } ?? [])
    let items = one.count == 1 ? one[0] : .object([JSON.Member("anyOf", .array(one))])
    let array = JSON.object([
      JSON.Member("type", "array"), JSON.Member("items", items),
      JSON.Member("minItems", 1),
    ])
    return [JSON.Member("anyOf", .array(one + [array]))]
  }

  /// A bare word, or a mapping for each word; only the default word may leave out its `type`.
  private func component(_ read: Read, _ choices: [Choice]) -> [JSON.Member] {
    let words = JSON.object([
      JSON.Member("enum", .array(choices.map { .string($0.word) })),
      JSON.Member(
        "description",
        .string(choices.map { "\($0.word): \($0.summary)" }.joined(separator: "\n"))),
    ])
    let mappings = choices.map { choice -> JSON in
      let recording = options(read.path, choice.word) ?? Recording(path: read.path, items: [])
      let type = JSON.Member(
        "type",
        .object([
          JSON.Member("const", .string(choice.word)),
          JSON.Member("description", .string(choice.summary)),
        ]))
      guard case .object(let properties)? = schema(recording)["properties"] else { return words }
      let isDefault = read.absence == .value(.string(choice.word))
      var required = isDefault ? [] : ["type"]
      if case .array(let more)? = schema(recording)["required"] {
        required += more.compactMap { if case .string(let key) = $0 { key } else { nil } }
      }
      let title = [
        JSON.Member("title", .string(choice.word)),
        JSON.Member("description", .string(choice.summary)),
      ]
      return .object(title + objectFields([type] + properties, required: required))
    }
    return [JSON.Member(isOverlay ? "anyOf" : "oneOf", .array([words] + mappings))]
  }
}
