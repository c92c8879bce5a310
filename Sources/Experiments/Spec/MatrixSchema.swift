// The part of the JSON Schema that describes `matrix`: axes, zips, and what is taken out or added.

import Config

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
