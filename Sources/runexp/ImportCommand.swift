// runexp import: shows what a model of another program is in the words of an experiment file.

import ArgumentParser
import Config
import Models
import Records
import Workloads

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Show a Hugging Face model or a GGUF file as a model section.",
    discussion: HelpPage(
      """
      MODEL is a folder with config.json and safetensors files, as transformers and timm save them, \
      or a GGUF file. What it is comes out as a `model` section, or a sentence that names the key and \
      the value that cannot be said here: nothing that changes what the model computes is passed \
      over. The weights stay where they are: `generate` and `score` read them there. Families: \(ImportedModel.modelTypes.joined(separator: ", ")).
      """,
      examples: [
        ("runexp import ~/models/SmolLM2-135M", "print the section"),
        ("runexp import model.gguf -o model.yaml", "write it into a file"),
      ],
      exits: [
        .ok,
        .failure("there is no such model, it cannot be said here, or the file is there already"),
      ]
    ).text)

  @Argument(
    help: ArgumentHelp("A Hugging Face model folder, or a GGUF file.", valueName: "model"),
    completion: .file())
  var path: String
  @Option(
    name: [.short, .long], help: "Write the section into a file, which must not be there.",
    completion: .file())
  var output: String?

  func run() throws {
    try failing {
      if let problem = SavedModel.problem(at: path) { throw NoModel(description: problem) }
      let saved = try SavedModel(path)
      let reads =
        saved.image.map {
          "\(Wording.count(saved.vocabulary, "output")), images of \($0), "
            + Wording.count($0.channels, "channel")
        }
        ?? "\(saved.vocabulary) tokens, texts up to \(saved.length)"
      let yaml =
        "# \(Wording.harmless(path)): \(saved.parameters) parameters, \(reads)\n"
        + JSON.object([.init("model", saved.section)]).yaml
      guard let output else { return print(yaml, terminator: "") }
      try OutputPlace(output).requireFree()
      try AtomicFile.write(yaml, to: output)
      say("wrote \(output)")
    }
  }
}

/// Why there is no model at a path.
private struct NoModel: Error, CustomStringConvertible {
  let description: String
}
