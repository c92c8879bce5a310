// runexp export: writes a model as a folder that transformers loads.

import ArgumentParser
import Config
import Experiments
import Models
import Records
import Tensors
import Workloads

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a model as a Hugging Face model folder.",
    discussion: HelpPage(
      """
      MODEL is what `runexp generate` takes. FOLDER gets a config.json and a model.safetensors in \
      f32, which transformers loads with AutoModelForCausalLM and computes the same logits from. \
      The family is the one that can represent the model; where none can, a sentence names what it has \
      in place of what the nearest has, and nothing is written. The tokenizer's files go along, \
      with its chat template, unread, and what else transformers takes beside them; \
      and a model whose tokens are characters or bytes gets a tokenizer.json, which AutoTokenizer \
      loads; that of a GGUF file becomes a tokenizer.json, and a tokenizer.model beside it where \
      it is SentencePiece's; a note says where it can be neither. A model of images is loaded with \
      AutoModelForImageClassification or AutoModel, or is written for timm's \
      VisionTransformer or Eva (EVA-02, DINOv3).
      """,
      examples: [
        ("runexp export modern:modern -o model", "the model that a run has trained"),
        ("runexp export model.gguf -o model", "a GGUF file, in f32"),
      ],
      exits: [
        .ok,
        .failure("there is no such model, no family can represent it, or the folder is not empty"),
      ]
    ).text)

  @Argument(
    help: ArgumentHelp(
      "A run as 'runexp list' names them, or RUN:VARIANT; a folder with a model; a GGUF file.",
      valueName: "model"), completion: .runs)
  var name: String
  @OptionGroup var place: ResultsOptions
  @Option(
    help: "The cell whose model is written: its id or label, how one begins or ends, or a variant.",
    completion: .cells)
  var cell: String?
  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The folder; it must be empty, or not there.", valueName: "folder"),
    completion: .directory)
  var output: String

  func run() throws {
    try failing {
      let found = try TrainedCell(named: name, cell: cell, in: RunLocator(results: place.results))
      if let note = found.note { say("note: \(note)") }
      let saved = try SavedModel(found.folder)
      let exported = try saved.exported()
      try OutputPlace(output).fillFolder { folder in
        try saved.write(exported, to: folder, on: .cpu(threads: 1))
      }
      say("wrote \(output)")
      if let note = saved.problemOfWritingTokenizer { say("note: \(note)") }
    }
  }
}
