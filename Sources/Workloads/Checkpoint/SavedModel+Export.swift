// Writing a model as a folder such as transformers leaves.

import Config
package import Models
package import Records
package import Tensors
import Tokenizers

extension SavedModel {
  /// The model in the words of transformers.
  ///
  /// - Throws: `ExportFault` naming what no family can say.
  package func exported() throws(ExportFault) -> ExportedModel {
    try ExportedModel(section: section, vocabulary: vocabulary, length: length, image: image)
  }

  /// Writes `config.json`, the parameters in f32, and the tokenizer or how pixels are normalised.
  ///
  /// - Throws: `ResultsError`; where what is to be read cannot be, before anything is written.
  package func write(
    _ exported: ExportedModel, to folder: String, on device: Device
  ) throws(ResultsError) {
    let (beside, ids) = try ofTexts
    let parameters = Dictionary(
      try load(on: device).parameters.all.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    let tensors = SafeTensorsWriter(
      exported.tensors.map { tensor in
        .init(tensor.name, tensor.shape) {
          tensor.values { name in
            guard let parameter = parameters[name] else { preconditionFailure("no \(name)") }
            return parameter.tensor.values()
          }
        }
      }, metadata: [("format", "pt")])
    try RunFolder.makeFolders(folder)
    try tensors.write(to: "\(folder)/\(Checkpoint.file)")
    let keys = Set(ids.map(\.key))
    let configuration = exported.configuration(saying: conventions)
    try AtomicFile.write(
      .object(configuration.filter { !keys.contains($0.key) } + ids),
      to: "\(folder)/\(Checkpoint.configurationFile)")
    if let image, let preprocessor = exported.preprocessor(conventions, image) {
      try AtomicFile.write(preprocessor, to: "\(folder)/\(ImageConventions.preprocessorFile)")
    }
    try beside.write(to: folder)
  }

  /// Why its tokenizer is not written; nil where it is, or where there is none.
  package var problemOfWritingTokenizer: String? {
    guard let tokenizer, GGUF.isOne(at: tokenizer) else { return nil }
    return StoredTokenizer.problemOfWriting(gguf: tokenizer)
  }

  /// What is written for texts: the files of the tokenizer, and those that other programs read
  /// beside it, or beside a model without one; and the tokens that begin and end a text, by the keys
  /// of a config.json.
  private var ofTexts: (files: [FolderFile], ids: [JSON.Member]) {
    get throws(ResultsError) {
      if let characters {
        let files = [
          FolderFile("tokenizer.json", TokenizerJSONWriter.characters(characters.scalars)),
          FolderFile("tokenizer_config.json", TokenizerJSONWriter.config),
        ]
        return (files, [])
      }
      if let stored = try exportedTokenizer {
        try stored.companions?.checkEnds(below: vocabulary)
        return (try stored.exported, try stored.ids)
      }
      guard let companions else { return ([], []) }
      try companions.checkEnds(below: vocabulary)
      let ids = CompanionFiles.members(
        begin: try companions.begin(below: vocabulary), ends: try companions.ends())
      return (try companions.contents(takesAll: true), ids)
    }
  }

  /// What lies in the folder of a model of texts that brings no tokenizer; nil of another.
  private var companions: CompanionFiles? {
    let isAlone = characters == nil && tokenizer == nil && image == nil
    return isAlone && AtomicFile.isFolder(path) ? CompanionFiles(folder: path) : nil
  }

  /// The tokenizer that is written; nil where there is none, or only characters.
  private var exportedTokenizer: StoredTokenizer? {
    get throws(ResultsError) {
      guard characters == nil, let tokenizer, problemOfWritingTokenizer == nil else { return nil }
      return try storedTokenizer(at: tokenizer)
    }
  }
}
