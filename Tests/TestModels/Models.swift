// Small models from a few lines of YAML, for tests.

package import Config
package import Models
import Testing

/// The `model` section in `yaml`, whose faults end up in `recorder`.
package func modelSection(_ yaml: String, recorder: Recorder = Recorder()) throws -> Section {
  let document = try YAML.parse(bytes: Array(yaml.utf8), name: "test.yaml")
  return Section(root: document.root, recorder: recorder)
}

/// A model built from `yaml`; a fault in it is an error.
///
/// - Parameter image: the size of the images that it reads; nil where it reads texts.
package func model(
  _ yaml: String, vocabulary: Int, length: Int, image: ImageSize? = nil
) throws -> Transformer {
  let recorder = Recorder()
  let model = Transformer(
    try modelSection(yaml, recorder: recorder), vocabulary: vocabulary, length: length,
    image: image)
  let faults = recorder.finish()
  try #require(faults.isEmpty, "\(faults)")
  return model
}
