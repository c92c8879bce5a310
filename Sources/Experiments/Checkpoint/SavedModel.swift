// SavedModel: a checkpoint's folder as a model that can run again: its architecture, its characters, its parameters.

package import Config
package import Models
package import Tensors

/// A model on disk.
package struct SavedModel {
  package let folder: String
  package let vocabulary: CharacterVocabulary
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
    guard let text = json["vocabulary"]?.text, !text.isEmpty, let model = json["model"] else {
      throw .unreadable(path: file, problem: "it has no 'vocabulary' and 'model' of this program")
    }
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
  /// - Parameters:
  ///   - section: the architecture to build; the checkpoint's own when nil.
  ///   - length: the longest sequence that is to be read.
  /// - Throws: `ResultsError.unreadable` when the parameters do not fit the architecture.
  package func load(
    as section: Section? = nil, length: Int, on device: Device
  ) throws(ResultsError) -> Transformer {
    let model = Transformer(
      section ?? architecture, vocabulary: vocabulary.count, length: length)
    model.parameters.allocate(on: device)
    try Checkpoint.load(model, from: folder)
    return model
  }
}
