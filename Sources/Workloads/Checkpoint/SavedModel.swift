// SavedModel: a checkpoint's folder as a model that can run again: its architecture, its characters, its parameters.

package import Config
package import Models
package import Records
package import Tensors

/// A model on disk.
package struct SavedModel {
  package let folder: String
  package let vocabulary: CharacterVocabulary
  /// The longest sequence that it was built for; learned positions end there, others need not.
  package let length: Int
  /// The `model` section that it was built from.
  private let architecture: Section

  /// - Parameter path: a checkpoint's folder, or a cell's folder with a `checkpoint` in it.
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  package init(_ path: String) throws(ResultsError) {
    let candidates = [path, "\(path)/checkpoint"]
    folder = candidates.first { AtomicFile.exists("\($0)/config.json") } ?? path
    let file = "\(folder)/config.json"
    let json: JSON
    do {
      json = try JSON(reading: AtomicFile.read(file))
    } catch let error as ResultsError {
      throw error
    } catch {
      throw .unreadable(path: file, problem: "\(error)")
    }
    guard let text = json["vocabulary"]?.text, !text.isEmpty, let model = json["model"],
      let length = json["max_position_embeddings"]?.whole, length > 0
    else {
      throw .unreadable(
        path: file,
        problem: "it lacks 'vocabulary', 'model' or 'max_position_embeddings' of this program")
    }
    self.length = length
    vocabulary = CharacterVocabulary(utf8: Array(text.utf8))
    // JSON is YAML, so what reads experiment files reads it.
    guard
      let document = try? YAML.parse(bytes: Array("{model: \(model.line)}".utf8), name: file)
    else { throw .unreadable(path: file, problem: "its 'model' is no section") }
    architecture = Section(root: document.root, recorder: Recorder())
      .section("model", "the architecture")
  }

  /// The model with its parameters.
  ///
  /// - Parameter section: the architecture to build; the checkpoint's own when nil.
  /// - Throws: `ResultsError.unreadable` when the parameters do not fit the architecture.
  package func load(
    as section: Section? = nil, on device: Device
  ) throws(ResultsError) -> Transformer {
    let model = Transformer(
      section ?? architecture, vocabulary: vocabulary.count, length: length)
    model.parameters.allocate(on: device)
    try Checkpoint.load(model, from: folder)
    return model
  }
}
