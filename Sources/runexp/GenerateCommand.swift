// runexp generate: lets a trained model write.

import ArgumentParser
import Config
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
      RUN is a run as every command takes it, or the folder of a checkpoint, or of the cell that \
      left it; or a Hugging Face model folder or a GGUF file. Of a run with several models --cell \
      says which, or RUN:VARIANT. The text goes to standard output as it is written, up to the \
      token that ends one; a note tells where it went beyond the length that the model was trained \
      at. A model that brings no tokenizer takes --ids in place of a prompt. A prompt's file is \
      UTF-8.
      """,
      examples: [
        ("runexp generate modern:classic --prompt 'ROMEO:'", "the classic model of the newest run"),
        (
          "runexp generate latest --cell modern/seed=2 -n 200", "200 characters of one cell's model"
        ),
        ("runexp generate results/modern/latest/cells/modern-s1-3f9a1c2e", "by its folder"),
        ("runexp generate modern:classic --device cuda", "on a GPU"),
        (
          "runexp generate SmolLM2-135M-Instruct --chat --prompt 'What is a KV cache?'",
          "the answer of a model that was trained to give some"
        ),
        ("echo -n 'To be' | runexp generate modern:classic --prompt-file -", "a prompt by a pipe"),
        ("runexp generate model.gguf --prompt 'Q: 2 + 2? A:' --stop Q:", "up to the next question"),
        (
          "runexp generate model.gguf --ids 504,3575,282 --temperature 0 --json",
          "a model that another program made, by the ids of its tokens"
        ),
      ],
      exits: [
        .ok,
        .failure(
          "there is no such model or device, or the prompt has characters that it never saw"),
        .init(130, "interrupted by Ctrl-C; what was written stands"),
      ]
    ).text)

  @Argument(
    help: ArgumentHelp(
      "A run as 'runexp list' names them, or RUN:VARIANT; or a checkpoint's folder.",
      valueName: "run"), completion: .runs)
  var name: String
  @OptionGroup var place: ResultsOptions
  @Option(
    help: "The cell whose model writes: its id or label, how one begins or ends, or a variant.",
    completion: .cells)
  var cell: String?
  @Option(
    help:
      "What the model continues (default: a newline, or the first character of a text without one)."
  )
  var prompt: String?
  @Option(
    help: ArgumentHelp(
      "A file with the prompt, taken as it is, its last newline too; - for standard input.",
      valueName: "file"), completion: .file())
  var promptFile: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Token ids that the model continues, in place of a prompt, joined by commas; or a file of \
      them, with commas or white space between; - for standard input.
      """, valueName: "ids"), completion: .file(), transform: { try TokenIDs($0) })
  var ids: TokenIDs?
  @Option(
    name: [.customShort("n"), .long, .customShort("t")],
    help: ArgumentHelp(
      "Tokens to write, which are characters where the model reads characters.", valueName: "count")
  )
  var tokens = 500
  @Option(
    help: "Below 1 bolder, above 1 wilder; 0 takes the likeliest token always.")
  var temperature = 0.8
  @Option(
    help: "Draw among this many of the likeliest tokens only.")
  var topK: Int?
  @Option(
    help: """
      Draw among the likeliest tokens that hold this share of the probability, of those that --top-k \
      leaves.
      """)
  var topP = 1.0
  @Option(
    help: "Above 1 makes what is there already, the prompt too, less likely to come again.")
  var repeatPenalty = 1.0
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "End before this text, or special token; may be given several times.", valueName: "text"))
  var stop: [String] = []
  @Flag(
    help: ArgumentHelp(
      """
      Put the prompt as a question in the form that the model's tokenizer knows (ChatML, Llama 3 or \
      Gemma), and write the answer alone.
      """))
  var chat = false
  @Option(help: "With --chat, what the model is told before the question.") var system: String?
  @Option(help: "The same seed writes the same text.") var seed: UInt64 = 1
  @Option(help: "How keys and values are kept: f32, bf16 or q8.") var cache = CacheType.f32
  @Option(help: Precision.help) var precision = Precision.f32
  @Option(help: WeightType.help) var weightType: WeightType?
  @Option(help: "Where the model runs: auto takes a GPU if the plugin finds one, else the CPU.")
  var device = DeviceChoice.auto
  @OptionGroup var compute: ComputeOptions
  @Flag(help: "Print one JSON document when the text is whole.") var json = false

  func validate() throws {
    func demand(_ isMet: Bool, _ message: String) throws {
      if !isMet { throw ValidationError(message) }
    }
    try demand(tokens >= 0, "--tokens is the number of tokens to write, 0 or more")
    try demand(
      temperature >= 0 && temperature.isFinite, "--temperature is a finite number, 0 or more")
    try demand(topK ?? 1 >= 1, "--top-k is 1 or more")
    try demand(topP > 0 && topP <= 1, "--top-p is above 0 and at most 1")
    try demand(prompt != "", "--prompt needs a character to start from")
    try demand(
      [prompt != nil, promptFile != nil, ids != nil].count { $0 } <= 1,
      "give one of --prompt, --prompt-file and --ids")
    try demand(
      repeatPenalty > 0 && repeatPenalty.isFinite, "--repeat-penalty is a finite number above 0")
    try demand(!stop.contains(""), "--stop needs a character to stop at")
    try demand(stop.isEmpty || ids == nil, "--stop ends a text; --ids write numbers")
    try demand(
      !chat || prompt != nil || promptFile != nil,
      "--chat needs a question: --prompt or --prompt-file")
    try demand(system == nil || chat, "--system is a part of --chat")
  }

  func run() throws {
    try failing {
      let found = try TrainedCell(named: name, cell: cell, in: RunLocator(results: place.results))
      if let note = found.note { say("note: \(note)") }
      let saved = try SavedModel(found.folder)
      try saved.requireText()
      let written = try write(saved, prompt: try givenPrompt())
      if !json, types.contains(where: { $0 != "f32" }) || precision != .f32 {
        say("note: weights in \(types[0]), cache in \(types[1])" + precision.suffix)
      }
      if let note = written.note { say("note: \(note)") }
      if json { print(document(written, found).document, terminator: "") }
    }
  }

  private var matrices: WeightType { weightType ?? WeightType(precision) }

  /// How weights, and keys and values, are kept.
  private var types: [String] { [matrices.rawValue, cache.rawValue] }

  /// A text, and what to know of it.
  private struct Written {
    var prompt = ""
    var text = ""
    /// Those of the prompt and all after it.
    var ids: [Int32] = []
    var tokens = 0
    var end: End
    /// What the tokens of the prompt do not tell of it.
    var lossNote: String?
    /// Why it ended early, or where it went beyond what the model was trained on.
    var note: String?
  }

  /// Why a text ended.
  private enum End: String {
    case endToken = "end_token"
    case stopText = "stop_text"
    /// All tokens that were asked for are written.
    case tokenLimit = "token_limit"
    /// The model's learned positions end.
    case positionLimit = "position_limit"
  }

  /// What the model is given to continue; nil where nothing is.
  private func givenPrompt() throws -> String? {
    guard let promptFile else { return prompt }
    let text = try InputFile.text(promptFile)
    if text.isEmpty { throw GenerationError.emptyPrompt(promptFile) }
    return text
  }

  private func write(_ saved: SavedModel, prompt: String?) throws -> Written {
    let interrupts = Interrupts()
    // There is nothing to tidy up.
    interrupts.mayFinish = false
    // The tokens themselves where they are what was given.
    let tokenizer = ids == nil ? try self.tokenizer(saved) : nil
    var stream = tokenizer?.stream
    func decode(_ token: Int32) -> String { stream?.append(token) ?? "\(token) " }
    let form = try chat ? chatForm(tokenizer) : nil
    let mark = form.flatMap { tokenizer?.special($0.marks.end) }
    let ends = try (tokenizer?.ends() ?? []).union([mark].compactMap { $0 })
    // A special token has no text in which it could be found.
    let stopTokens = Set(stop.compactMap { tokenizer?.special($0) })
    let lossNote = prompt.flatMap { tokenizer?.note(of: $0, named: "the prompt") }
    if let lossNote { say("warning: \(lossNote)") }
    let start = try self.start(saved, prompt, tokenizer, form)
    let device = try compute.open(device)
    let model = try saved.load(on: device, matrices: matrices.type)
    let room = min(tokens, (model.longest ?? .max) - start.count)
    guard room >= 0 else {
      throw GenerationError.promptTooLong(start.count, longest: model.longest ?? 0)
    }
    let chunk = 512
    let generator = Generator(
      model,
      cache: KVCache(
        for: model, capacity: start.count + tokens, type: cache, chunk: chunk, on: device),
      chunk: chunk, precision: precision.type, on: device)
    let sampler = TokenSampler(
      temperature: temperature, topK: topK, topP: topP, repeatPenalty: repeatPenalty, seed: seed)

    var written = Written(end: room < tokens ? .positionLimit : .tokenLimit, lossNote: lossNote)
    // What is written is no part of a character of the prompt.
    let before = start.map { decode($0) }.joined() + (stream?.endRun() ?? "")
    written.prompt = form == nil ? before : prompt ?? ""
    written.ids = start
    if form == nil { emit(before) }
    var stops = StopStrings(stop)
    func write(_ text: String) {
      emit(text)
      written.text += text
    }
    var logits = generator.prefill([start])
    for index in 0..<room {
      if let code = interrupts.exitCode {
        emit("\n")
        throw RunError.interrupted(code)
      }
      let token = try sampler.pick(logits, index, after: written.ids)
      written.ids.append(token)
      if stopTokens.contains(token) || ends.contains(token) {
        written.end = stopTokens.contains(token) ? .stopText : .endToken
        break
      }
      write(stops.append(decode(token)))
      written.tokens += 1
      if stops.found != nil || stops.find(in: stream?.pending ?? "") { break }
      if index + 1 < room { logits = generator.step([token]) }
    }
    write(stops.append(stream?.finish() ?? "") + stops.finish())
    emit("\n")
    if stops.found != nil { written.end = .stopText }
    let last = start.count + written.tokens
    if written.end == .positionLimit {
      written.note =
        "\(room) of \(tokens) tokens: the model's learned positions end at \(last)"
    } else if last > saved.length {
      written.note =
        "the model was made for \(saved.length) "
        + "\(saved.characters == nil ? "tokens" : "characters") at a time; what follows the first "
        + "\(saved.length) of these \(last) is beyond that"
    }
    return written
  }

  private func tokenizer(_ saved: SavedModel) throws -> TextTokenizer {
    guard saved.knowsText else { throw TokensUnknown(path: name) }
    return try saved.textTokenizer()
  }

  private func chatForm(_ tokenizer: TextTokenizer?) throws -> ChatForm {
    guard let form = tokenizer.flatMap({ ChatForm.of($0) }) else {
      throw GenerationError.noChat(name)
    }
    return form
  }

  private func start(
    _ saved: SavedModel, _ prompt: String?, _ tokenizer: TextTokenizer?, _ form: ChatForm?
  ) throws -> [Int32] {
    if let ids { return try ids.read(below: saved.vocabulary) }
    if let form, let tokenizer {
      let text = form.text(user: prompt ?? "", system: system)
      return try tokenizer.encode(text, addingSpecial: true)
    }
    return try tokenizer?.start(prompt, addingSpecial: !saved.isOurs) ?? []
  }

  private func document(_ written: Written, _ found: TrainedCell) -> JSON {
    let texts: [JSON.Member] =
      ids != nil
      ? [] : [.init("prompt", .string(written.prompt)), .init("text", .string(written.text))]
    let head: [JSON.Member] = [
      .init("schema_version", 1), .init("cell", .string(found.label)),
      .init("checkpoint", .string(found.folder)),
      .init("ids", .array(written.ids.map { .integer(Int($0)) })),
    ]
    let tail: JSON = [
      "tokens": .integer(written.tokens), "ended_by": .string(written.end.rawValue),
      "temperature": .real(temperature), "top_k": topK.map { .integer($0) } ?? .null,
      "top_p": .real(topP), "repeat_penalty": .real(repeatPenalty),
      "stop": .array(stop.map { .string($0) }), "chat": .bool(chat), "system": .string(system),
      "precision": .string(precision.rawValue),
      "seed": .string(String(seed)), "weight_type": .string(types[0]), "cache": .string(types[1]),
      "notes": .array(
        [found.note, written.lossNote, written.note].compactMap { $0.map { .string($0) } }),
    ]
    return .object(head + texts + tail.members)
  }

  private func emit(_ text: String) {
    if json { return }
    StandardOutput.show(text)
  }
}

/// Why a text cannot be continued.
private enum GenerationError: Error, CustomStringConvertible {
  case promptTooLong(Int, longest: Int)
  case noChat(String)
  case emptyPrompt(String)

  var description: String {
    switch self {
    case .promptTooLong(let count, let longest):
      "the prompt has \(count) tokens, but the model's learned positions end at \(longest)"
    case .emptyPrompt(let path):
      (path == "-" ? "standard input" : "'\(Wording.harmless(path))'")
        + " is empty: a prompt needs a character to start from"
    case .noChat(let name):
      "'\(name)' was not made for conversations that are known: its tokenizer has the marks of none "
        + "of ChatML (<|im_start|>), Llama 3 (<|start_header_id|>) and Gemma (<start_of_turn>)"
    }
  }
}

extension CacheType: ExpressibleByArgument {}

extension DeviceChoice: ExpressibleByArgument {}
