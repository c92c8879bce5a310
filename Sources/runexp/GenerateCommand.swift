// runexp generate: lets a trained model write.

import ArgumentParser
import Experiments
import Foundation
import Models
import Records
import Tensors
import Workloads

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Let a trained model continue a text.",
    discussion: HelpPage(
      """
      CHECKPOINT is the folder that a training cell leaves, such as \
      results/modern/latest/cells/modern-s1-3f9a1c2e/checkpoint. The text goes to standard output \
      as it is written.
      """,
      examples: [
        (
          "runexp generate results/modern/latest/cells/modern-s1-3f9a1c2e --prompt 'ROMEO:'",
          "what a trained model makes of it"
        ),
        ("runexp generate CHECKPOINT --temperature 0 -t 200", "always the likeliest character"),
      ],
      exits: [
        .ok, .failure("there is no checkpoint, or the prompt has characters it never saw"),
        .init(130, "interrupted by Ctrl-C; what was written stands"),
      ]
    ).text)

  @Argument(help: "The checkpoint's folder, or its cell's.", completion: .directory) var checkpoint:
    String
  @Option(
    help:
      "What the model continues (default: a newline, or the first character of a text without one)."
  )
  var prompt: String?
  @Option(name: .shortAndLong, help: "Characters to write.") var tokens = 500
  @Option(help: "Below 1 bolder, above 1 wilder; 0 takes the likeliest character always.")
  var temperature = 0.8
  @Option(help: "Draw among this many of the likeliest characters only.") var topK: Int?
  @Option(help: "Draw among the likeliest characters that hold this share of the probability.")
  var topP = 1.0
  @Option(help: "The same seed writes the same text.") var seed: UInt64 = 1
  @Option(help: "How keys and values are kept: f32, bf16 or q8.") var cache = CacheType.f32
  @Option(help: "CPU threads; 0 for as many as this process may use.") var threads = 0

  func validate() throws {
    func demand(_ isMet: Bool, _ message: String) throws {
      if !isMet { throw ValidationError(message) }
    }
    try demand(tokens >= 0, "--tokens is the number of characters to write, 0 or more")
    try demand(temperature >= 0, "--temperature is 0 or more")
    try demand(topK ?? 1 >= 1, "--top-k is 1 or more")
    try demand(topP > 0 && topP <= 1, "--top-p is above 0 and at most 1")
    try demand(threads >= 0, "--threads is 0 or more")
    try demand(prompt != "", "--prompt needs a character to start from")
  }

  func run() throws {
    let written = try failing { try write() }
    if let note = written { say("note: \(note)") }
  }

  /// - Returns: why the text ended early; nil when it did not.
  private func write() throws -> String? {
    let interrupts = Interrupts()
    // There is nothing to tidy up.
    interrupts.mayFinish = false
    let saved = try SavedModel(checkpoint)
    let start = try saved.vocabulary.start(prompt)
    let device = Device.cpu(threads: threads)
    let model = try saved.load(on: device)
    let room = min(tokens, (model.longest ?? .max) - start.count)
    guard room >= 0 else {
      throw GenerationError.promptTooLong(start.count, longest: model.longest ?? 0)
    }
    let chunk = 512
    let generator = Generator(
      model,
      cache: KVCache(
        for: model, capacity: start.count + tokens, type: cache, chunk: chunk, on: device),
      chunk: chunk, precision: .f32, on: device)
    let sampler = TokenSampler(temperature: temperature, topK: topK, topP: topP, seed: seed)

    emit(saved.vocabulary.decode(start))
    var logits = generator.prefill([start])
    for index in 0..<room {
      if let code = interrupts.exitCode {
        emit("\n")
        throw RunError.interrupted(code)
      }
      let token = sampler.pick(logits, index)
      emit(saved.vocabulary.decode([token]))
      if index + 1 < room { logits = generator.step([token]) }
    }
    emit("\n")
    return room < tokens
      ? "\(room) of \(tokens) characters: the model's learned positions end at \(start.count + room)"
      : nil
  }

  private func emit(_ text: String) {
    // Unbuffered, so that the text appears as it is written.
    FileHandle.standardOutput.write(Data(text.utf8))
  }
}

/// Why a text cannot be continued.
private enum GenerationError: Error, CustomStringConvertible {
  case promptTooLong(Int, longest: Int)

  var description: String {
    switch self {
    case .promptTooLong(let count, let longest):
      "the prompt has \(count) characters, but the model's learned positions end at \(longest)"
    }
  }
}

extension CacheType: ExpressibleByArgument {}
