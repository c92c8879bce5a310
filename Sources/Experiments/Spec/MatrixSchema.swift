// The part of the JSON Schema that describes `matrix`: axes, zips, and what is taken out or added.

import Config

enum MatrixSchema {
  static var field: Value.Field {
    Value.Field(
      "matrix",
      object(
        "axes by dotted path; every combination with variants and seeds is a cell",
        properties: [
          Value.Field("zip", oneOrMore(zip)),
          Value.Field(
            "exclude",
            list(
              "cells left out: by variant, seed and axis values, all of which match",
              of: object(nil, properties: [], others: nil))),
          Value.Field("where", oneOrMore(expression)),
          Value.Field(
            "include",
            list(
              "further cells: by variant, seed and axis values; what is not named is the document's",
              of: object(nil, properties: [], others: nil))),
        ], others: axis))
  }

  /// A range of numbers, such as `128..8192*2`.
  static var range: Value {
    .mapping([
      text("description", "a range: 128..8192*2, 0..100+10 or 1..10"), text("type", "string"),
      text("pattern", "^[+-]?\\.?[0-9].*\\.\\."),
    ])
  }

  private static var axis: Value {
    let values = Value.mapping([
      text("description", "the values that the axis takes"), text("type", "array"),
      Value.Field("minItems", .int(1)),
    ])
    return .mapping([Value.Field("anyOf", .list([values, range]))])
  }

  private static var zip: Value {
    object("axes of equal length that advance together", properties: [], others: axis)
  }

  private static var expression: Value {
    .mapping([
      text(
        "description", "what cells must satisfy, such as workload.sequence * model.width <= 65536"),
      text("type", "string"),
    ])
  }

  private static func text(_ key: String, _ text: String) -> Value.Field {
    Value.Field(key, .text(text))
  }

  private static func object(
    _ description: String?, properties: [Value.Field], others: Value?
  ) -> Value {
    var fields = description.map { [text("description", $0)] } ?? []
    fields.append(text("type", "object"))
    if !properties.isEmpty { fields.append(Value.Field("properties", .mapping(properties))) }
    if let others { fields.append(Value.Field("additionalProperties", others)) }
    return .mapping(fields)
  }

  private static func list(_ description: String?, of item: Value) -> Value {
    .mapping(
      (description.map { [text("description", $0)] } ?? [])
        + [text("type", "array"), Value.Field("items", item)])
  }

  private static func oneOrMore(_ item: Value) -> Value {
    .mapping([Value.Field("anyOf", .list([item, list(nil, of: item)]))])
  }
}
