// The JSON Schema of experiment files, for completion and checks in editors.

package import Config
import Workloads

/// Builds the schema from what the readers of a program read.
package enum ExperimentSchema {
  /// The schema of experiment files.
  ///
  /// - Parameters:
  ///   - reader: reads one document.
  ///   - options: for a component's path and one of its words, what that word reads. Words of
  ///     `workload` are read with the default model.
  package static func schema<Model, Workload>(
    reader: DocumentReader<Model, Workload>, options: @escaping JSONSchema.Options
  ) -> JSON {
    let root = Recording.ofDefaults { section in
      _ = SpecHeader(section, fileName: "", documentKeys: [])
    }
    let header = root.items.filter { item in
      if case .option = item { true } else { false }
    }
    let document = recording(of: reader)
    let whole = Recording(path: "", items: header.filter { !isSeeds($0) } + document.items)
    let overlay = JSONSchema(isOverlay: true, options: options).schema(document)
    let schema = JSONSchema(options: options)
    let seeds = schema.schema(Recording(path: "", items: header.filter(isSeeds)))["properties"]
    return schema.document(
      whole, title: "runexp experiment",
      extra: [seedsField(seeds?["seeds"]), variants(overlay), compare, expect, MatrixSchema.field])
  }

  /// What a document in which nothing is written reads: all options with their defaults.
  package static func recording<Model, Workload>(
    of reader: DocumentReader<Model, Workload>
  ) -> Recording {
    let empty = Section.empty()
    return reader.read(Node(.mapping([]), mark: empty.mark)).recording
  }

  private static func isSeeds(_ item: Recording.Item) -> Bool {
    if case .option(let read) = item { read.key == "seeds" } else { false }
  }

  /// What was read of seeds, and ranges as well.
  private static func seedsField(_ read: JSON?) -> JSON.Member {
    guard case .object(let fields) = read else {
      return JSON.Member("seeds", MatrixSchema.range)
    }
    return JSON.Member(
      "seeds",
      .object(
        fields.map { field in
          guard field.key == "anyOf", case .array(let forms) = field.value else { return field }
          return JSON.Member("anyOf", .array(forms + [MatrixSchema.range]))
        }))
  }

  private static func variants(_ overlay: JSON) -> JSON.Member {
    JSON.Member(
      "variants",
      .object([
        JSON.Member(
          "description", .string("named overlays on the document, compared side by side")),
        JSON.Member("type", "object"),
        JSON.Member(
          "additionalProperties",
          .object([
            JSON.Member(
              "anyOf",
              .array([overlay, ["type": "null"]]))
          ])),
      ]))
  }

  private static var expect: JSON.Member {
    let bound: JSON = [
      "description": "a bound: < 1.92, >= 0.5 or 1.8..1.92", "type": "string",
      "pattern": "^ *([<>]=? *[^<>= ]|[^<>=]+\\.\\.)",
    ]
    let ofVariant: JSON = ["type": "object", "additionalProperties": bound]
    return JSON.Member(
      "expect",
      [
        "description": "bounds that metrics are expected to keep, of all variants or of one",
        "type": "object", "additionalProperties": ["anyOf": [bound, ofVariant]],
      ])
  }

  private static var compare: JSON.Member {
    let text = (["type": "string"] as JSON)
    return JSON.Member(
      "compare",
      .object([
        JSON.Member(
          "description",
          "for a variant, the one it is compared with; metrics: those that get a verdict"),
        JSON.Member("type", "object"),
        JSON.Member(
          "additionalProperties", ["anyOf": [text, ["type": "array", "items": text]]]),
      ]))
  }
}

// The part of the JSON Schema that describes `matrix`: axes, zips, and what is taken out or added.

enum MatrixSchema {
  static var field: JSON.Member {
    JSON.Member(
      "matrix",
      object(
        "axes by dotted path; every combination with variants and seeds is a cell",
        properties: [
          JSON.Member("zip", oneOrMore(zip)),
          JSON.Member(
            "exclude",
            list(
              "cells left out: by variant, seed and axis values, all of which match",
              of: object(nil, properties: [], others: nil))),
          JSON.Member("where", oneOrMore(expression)),
          JSON.Member(
            "include",
            list(
              "further cells: by variant, seed and axis values; what is not named is the document's",
              of: object(nil, properties: [], others: nil))),
        ], others: axis))
  }

  /// A range of numbers, such as `128..8192*2`.
  static var range: JSON {
    .object([
      text("description", "a range: 128..8192*2, 0..100+10 or 1..10"), text("type", "string"),
      text("pattern", "^[+-]?\\.?[0-9].*\\.\\."),
    ])
  }

  private static var axis: JSON {
    let values = JSON.object([
      text("description", "the values that the axis takes"), text("type", "array"),
      JSON.Member("minItems", 1),
    ])
    return .object([JSON.Member("anyOf", .array([values, range]))])
  }

  private static var zip: JSON {
    object("axes of equal length that advance together", properties: [], others: axis)
  }

  private static var expression: JSON {
    .object([
      text(
        "description", "what cells must satisfy, such as workload.sequence * model.width <= 65536"),
      text("type", "string"),
    ])
  }

  private static func text(_ key: String, _ text: String) -> JSON.Member {
    JSON.Member(key, .string(text))
  }

  private static func object(
    _ description: String?, properties: [JSON.Member], others: JSON?
  ) -> JSON {
    var fields = description.map { [text("description", $0)] } ?? []
    fields.append(text("type", "object"))
    if !properties.isEmpty { fields.append(JSON.Member("properties", .object(properties))) }
    if let others { fields.append(JSON.Member("additionalProperties", others)) }
    return .object(fields)
  }

  private static func list(_ description: String?, of item: JSON) -> JSON {
    .object(
      (description.map { [text("description", $0)] } ?? [])
        + [text("type", "array"), JSON.Member("items", item)])
  }

  private static func oneOrMore(_ item: JSON) -> JSON {
    .object([JSON.Member("anyOf", .array([item, list(nil, of: item)]))])
  }
}
