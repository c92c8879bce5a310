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
  package func document(_ recording: Recording, title: String, extra: [Value.Field]) -> Value {
    let head = [
      Value.Field("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
      Value.Field("title", .text(title)),
    ]
    return .mapping(head + object(recording, extra: extra))
  }

  /// The schema of one mapping.
  package func schema(_ recording: Recording) -> Value { .mapping(object(recording)) }

  private func object(_ recording: Recording, extra: [Value.Field] = []) -> [Value.Field] {
    let properties = recording.items.map { item in
      switch item {
      case .option(let read): Value.Field(read.key, schema(read))
      case .section(let key, let doc, let inner):
        Value.Field(key, .mapping([Value.Field("description", .text(doc))] + object(inner)))
      case .component(let read, _): Value.Field(read.key, schema(read))
      }
    }
    let required = recording.items.compactMap { item in
      switch item {
      case .option(let read), .component(let read, _): read.absence == .required ? read.key : nil
      case .section: nil
      }
    }
    return objectFields(properties + extra, required: required)
  }

  private func objectFields(_ properties: [Value.Field], required: [String]) -> [Value.Field] {
    var fields = [
      Value.Field("type", .text("object")), Value.Field("properties", .mapping(properties)),
    ]
    if !required.isEmpty && !isOverlay {
      fields.append(Value.Field("required", .list(required.map { .text($0) })))
    }
    return fields + [Value.Field("additionalProperties", .bool(false))]
  }

  private func schema(_ read: Read) -> Value {
    var fields = [Value.Field("description", .text(description(read)))]
    // A derived default is another one in another file: it is described, not stated.
    if case .value(let value) = read.absence {
      fields.append(Value.Field("default", value))
    }
    if case .component(let choices) = read.type {
      return .mapping(fields + component(read, choices))
    }
    let type = schema(of: read.type)
    switch read.absence {
    case .value, .required: return .mapping(fields + type)
    case .derived, .none: break
    }
    let null = Value.mapping([Value.Field("type", .text("null"))])
    return .mapping(fields + [Value.Field("anyOf", .list([.mapping(type), null]))])
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

  private func schema(of type: ReadType) -> [Value.Field] {
    switch type {
    case .integer(let bounds): [Value.Field("type", .text("integer"))] + bounds.schema
    case .number(let bounds): [Value.Field("type", .text("number"))] + bounds.schema
    case .boolean: [Value.Field("type", .text("boolean"))]
    case .text, .path:
      // An unquoted number or boolean is taken as the text it is written as.
      [Value.Field("type", .list(["string", "number", "boolean"].map { .text($0) }))]
    case .word(let choices), .component(let choices):
      [Value.Field("enum", .list(choices.map { .text($0.word) }))]
    case .list(let element, let noneWord): list(schema(of: element), noneWord)
    }
  }

  private func list(_ element: [Value.Field], _ noneWord: String?) -> [Value.Field] {
    let none = noneWord.map { Value.mapping([Value.Field("const", .text($0))]) }
    let one = [Value.mapping(element)] + (none.map { [$0] } ?? [])
    let items = one.count == 1 ? one[0] : .mapping([Value.Field("anyOf", .list(one))])
    let array = Value.mapping([
      Value.Field("type", .text("array")), Value.Field("items", items),
      Value.Field("minItems", .int(1)),
    ])
    return [Value.Field("anyOf", .list(one + [array]))]
  }

  /// A bare word, or a mapping for each word; only the default word may leave out its `type`.
  private func component(_ read: Read, _ choices: [Choice]) -> [Value.Field] {
    let words = Value.mapping([
      Value.Field("enum", .list(choices.map { .text($0.word) })),
      Value.Field(
        "description",
        .text(choices.map { "\($0.word): \($0.summary)" }.joined(separator: "\n"))),
    ])
    let mappings = choices.map { choice -> Value in
      let recording = options(read.path, choice.word) ?? Recording(path: read.path, items: [])
      let type = Value.Field(
        "type",
        .mapping([
          Value.Field("const", .text(choice.word)),
          Value.Field("description", .text(choice.summary)),
        ]))
      guard case .mapping(let properties)? = schema(recording)["properties"] else { return words }
      let isDefault = read.absence == .value(.text(choice.word))
      var required = isDefault ? [] : ["type"]
      if case .list(let more)? = schema(recording)["required"] {
        required += more.compactMap { if case .text(let key) = $0 { key } else { nil } }
      }
      let title = [
        Value.Field("title", .text(choice.word)),
        Value.Field("description", .text(choice.summary)),
      ]
      return .mapping(title + objectFields([type] + properties, required: required))
    }
    return [Value.Field(isOverlay ? "anyOf" : "oneOf", .list([words] + mappings))]
  }
}
