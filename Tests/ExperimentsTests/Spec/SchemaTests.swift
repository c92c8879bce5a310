// The JSON Schema that editors use, held to the structure that the readers stand for.

import Config
import Experiments
import Foundation
import Testing

@Suite struct SchemaTests {
  private func schema() throws -> [String: Any] {
    let value = ExperimentSchema.schema(reader: specReader) { path, word in
      Recording.ofDefaults(path: path) { section in
        switch (path, word) {
        case ("model.attention", _):
          _ = section.read("heads", .int(in: 1...64), default: 8, "query heads")
          if word == "gqa" {
            _ = section.read(
              "kv_heads", .int(in: 1...64), derived: 4, rule: "heads / 2", "KV heads")
          }
        case ("workload", "train"):
          _ = section.component("optimizer", of: [Choice("adamw", "Adam")], default: "adamw", "it")
        case ("workload.optimizer", _):
          _ = section.read("lr", .double(in: Bounds.above(0)), default: 1e-3, "step size")
        default: break
        }
      }
    }
    let parsed = try JSONSerialization.jsonObject(with: Data(value.document.utf8))
    return try #require(parsed as? [String: Any])
  }

  private func at(_ path: String..., in schema: [String: Any]) throws -> [String: Any] {
    var place = schema
    for key in path { place = try #require(place[key] as? [String: Any], "\(key) of \(path)") }
    return place
  }

  @Test func theRootNamesEveryKeyAndNoOther() throws {
    let root = try schema()
    #expect(root["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    #expect(root["additionalProperties"] as? Bool == false)
    #expect(
      try at("properties", in: root).keys.sorted() == [
        "compare", "device", "expect", "matrix", "model", "name", "precision", "seeds", "variants",
        "workload",
      ])
    #expect(
      try at("properties", "device", in: root)["enum"] as? [String] == ["auto", "cpu", "cuda"])
  }

  @Test func optionsCarryTypeRangeDefaultAndDescription() throws {
    let layers = try at("properties", "model", "properties", "layers", in: schema())
    #expect(layers["type"] as? String == "integer")
    #expect(layers["minimum"] as? Int == 1)
    #expect(layers["maximum"] as? Int == 64)
    #expect(layers["default"] as? Int == 6)
    #expect(layers["description"] as? String == "number of blocks")
  }

  @Test func aComponentIsABareWordOrAMappingForEachWord() throws {
    let attention = try at("properties", "model", "properties", "attention", in: schema())
    let forms = try #require(attention["oneOf"] as? [[String: Any]])
    #expect(forms.count == 3)
    #expect(forms[0]["enum"] as? [String] == ["gqa", "mha"])
    #expect(try at("properties", "type", in: forms[1])["const"] as? String == "gqa")
    #expect(forms[1]["required"] == nil)
    #expect(forms[2]["required"] as? [String] == ["type"])
    #expect(try at("properties", in: forms[2]).keys.sorted() == ["heads", "type"])
    #expect(forms[2]["additionalProperties"] as? Bool == false)
    let groups = try at("properties", "kv_heads", in: forms[1])
    #expect((groups["anyOf"] as? [[String: Any]])?.last?["type"] as? String == "null")
  }

  @Test func componentsInsideComponentsAreDescribedToo() throws {
    let workload = try at("properties", "workload", in: schema())
    let train = try #require((workload["oneOf"] as? [[String: Any]])?[1])
    let optimizer = try at("properties", "optimizer", in: train)
    let adamw = try #require((optimizer["oneOf"] as? [[String: Any]])?[1])
    let rate = try at("properties", "lr", in: adamw)
    #expect(rate["exclusiveMinimum"] as? Double == 0)
    #expect(rate["default"] as? Double == 1e-3)
  }

  @Test func overlaysMayGiveOptionsOfAnyWordWithoutItsType() throws {
    let variant = try at("properties", "variants", "additionalProperties", in: schema())
    let overlay = try #require((variant["anyOf"] as? [[String: Any]])?.first)
    let attention = try at("properties", "model", "properties", "attention", in: overlay)
    let forms = try #require(attention["anyOf"] as? [[String: Any]])
    #expect(forms.allSatisfy { $0["required"] == nil })
    #expect(try at("properties", in: overlay)["seeds"] == nil)
  }

  @Test func theMatrixKnowsRangesZipsConditionsAndFurtherCells() throws {
    let matrix = try at("properties", "matrix", in: schema())
    #expect(
      try at("properties", in: matrix).keys.sorted() == ["exclude", "include", "where", "zip"])
    let axis = try at("additionalProperties", in: matrix)
    let forms = try #require(axis["anyOf"] as? [[String: Any]])
    let pattern = try #require(forms[1]["pattern"] as? String)
    let expression = try Regex(pattern)
    for range in ["128..8192*2", "-1..3", "1e-4..1*10", ".5..2"] {
      #expect(range.firstMatch(of: expression) != nil)
    }
    #expect("../data".firstMatch(of: expression) == nil)
    let seeds = try at("properties", "seeds", in: schema())
    #expect((seeds["anyOf"] as? [[String: Any]])?.last?["pattern"] as? String == pattern)
    #expect(seeds["description"] as? String == "each cell runs once with each of these")
  }

  @Test func jsonTextsAreEscapedAndNeverHoldNaN() throws {
    let value = JSON.object([
      JSON.Member("a\"\\\n\u{1}é", .array([.real(.nan), .real(1), .integer(1), .array([])]))
    ])
    #expect(value.line == "{\"a\\\"\\\\\\n\\u0001é\":[null,1.0,1,[]]}")
    for text in [value.line, value.document] {
      let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [Any]]
      #expect(parsed?["a\"\\\n\u{1}é"]?.count == 4)
    }
  }
}
