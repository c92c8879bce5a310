// Checkpoint: a model's parameters as a folder that other programs can read, under Hugging Face Llama names.

import Config
package import Models
package import Records
import Tensors

/// A checkpoint is not the one that the run was planned with.
package struct CheckpointChanged: Error, CustomStringConvertible {
  let path: String

  package var description: String { "the checkpoint '\(path)' has changed" }
}

/// Writing and reading of a model's parameters.
package enum Checkpoint {
  /// The files within a checkpoint's folder.
  package static let file = "model.safetensors"
  static let configurationFile = "config.json"

  /// The folder of the files: `path`, or the `checkpoint` in it where `path` is a cell's folder.
  static func folder(of path: String) -> String {
    let candidates = [path, "\(path)/checkpoint"]
    return candidates.first { AtomicFile.exists("\($0)/\(configurationFile)") } ?? path
  }

  /// What tells a checkpoint from any other: what `sha256sum config.json model.safetensors | sha256sum` prints.
  ///
  /// - Parameter path: as `SavedModel` takes it.
  package static func sha256(of path: String) throws(ResultsError) -> String {
    let folder = folder(of: path)
    var list = ""
    for name in [configurationFile, file] {
      list += "\(try SHA256.hex(file: "\(folder)/\(name)"))  \(name)\n"
    }
    return SHA256.hex(Array(list.utf8))
  }

  /// Writes the parameters and `config.json` into `folder`, whole or not at all.
  ///
  /// - Parameter configuration: what a reader needs beside the parameters.
  package static func save(
    _ model: Transformer, configuration: CheckpointConfiguration, to folder: String
  ) throws(ResultsError) {
    let tensors = SafeTensors(
      model.parameters.all.map {
        .init(name: $0.name, shape: $0.shape.dimensions, values: $0.tensor.values())
      },
      metadata: [("format", "pt"), ("step", "\(configuration.step ?? 0)")])
    try RunFolder.makeFolders(folder)
    try AtomicFile.write(tensors.encoded(), to: "\(folder)/\(file)")
    try AtomicFile.write(configuration.json, to: "\(folder)/\(configurationFile)")
  }

  /// Reads the parameters of `folder` into a model with the same names and shapes; all of them or none.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file and what does not fit.
  package static func load(_ model: Transformer, from folder: String) throws(ResultsError) {
    let path = "\(folder)/\(file)"
    let bytes = try AtomicFile.readBytes(path)
    let tensors: SafeTensors
    do {
      tensors = try SafeTensors(decoding: bytes)
    } catch {
      throw .unreadable(path: path, problem: "\(error)")
    }
    var values: [[Float]] = []
    for parameter in model.parameters.all {
      guard let entry = tensors[parameter.name] else {
        throw .unreadable(path: path, problem: "it has no '\(parameter.name)'")
      }
      guard entry.shape == parameter.shape.dimensions else {
        throw .unreadable(
          path: path,
          problem: "'\(parameter.name)' has the shape \(entry.shape), not \(parameter.shape)")
      }
      values.append(entry.values)
    }
    let names = Set(model.parameters.all.map(\.name))
    if let entry = tensors.entries.first(where: { !names.contains($0.name) }) {
      throw .unreadable(path: path, problem: "it has '\(entry.name)', which the model has not")
    }
    for (parameter, values) in zip(model.parameters.all, values) {
      parameter.tensor.copy(from: values)
    }
  }
}
