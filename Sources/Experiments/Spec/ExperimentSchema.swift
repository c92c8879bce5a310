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
      extra: [seedsField(seeds?["seeds"]), variants(overlay), compare, MatrixSchema.field])
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

  private static var compare: JSON.Member {
    let text = (["type": "string"] as JSON)
    return JSON.Member(
      "compare",
      .object([
        JSON.Member("description", "for a variant, the one it is compared with"),
        JSON.Member("type", "object"), JSON.Member("additionalProperties", text),
      ]))
  }
}
