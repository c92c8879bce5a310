// A `model` section that stands in no experiment file, but in a checkpoint or in memory.

package import Config

extension Section {
  /// The `model` section with these values; nil where they are none.
  ///
  /// - Parameter name: of what they are from, for faults.
  package static func model(_ json: JSON, from name: String, recorder: Recorder) -> Section? {
    root(model: json, from: name, recorder: recorder)?.section("model", "the architecture")
  }

  /// A document that has nothing but a model section; nil where the JSON can be none.
  package static func root(model json: JSON, from name: String, recorder: Recorder) -> Section? {
    // JSON is YAML, so what reads experiment files reads it.
    let text = "{model: \(json.line)}"
    guard let document = try? YAML.parse(bytes: Array(text.utf8), name: name) else { return nil }
    return Section(root: document.root, recorder: recorder)
  }
}
