// runexp score: how likely a model finds a text, and what it takes images for.

import ArgumentParser
import Config
import Experiments
import Foundation
import Models
import Records
import Tensors
import Workloads

struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Tell how likely a model finds a text, or what it takes images for.",
    discussion: HelpPage(
      """
      MODEL is what `runexp generate` takes: a run's model, a checkpoint's folder, a Hugging Face \
      model folder, a GGUF file. The loss is the mean of the negated log-probabilities of each \
      token after the first, in nats; with a text, bits a byte beside it, which models with other \
      tokens can be compared by: the sum of those log-probabilities over all bytes of the text. \
      Each token is predicted from all before it. A text that is longer than the model was made for \
      is read in windows with --context: each predicts the tokens that none before it has, and a \
      --stride below the context leaves them more to go by, and takes longer.

      A model that reads images takes PNG and PGM files of the size that it reads, and tells the \
      five likeliest classes of each; or a data set as the workload classify takes it, and tells \
      how it does on the images that are held out: accuracy, that of the five likeliest of more \
      classes, the loss in nats an image, and the class that it recognises worst. Pixels are \
      normalised as the model's files say.
      """,
      examples: [
        ("runexp score modern:modern --text poem.txt", "a text, in the model's own tokens"),
        ("echo -n 'To be' | runexp score modern:modern -", "the same from standard input"),
        (
          "runexp score gpt2 --text book.txt --context 1024 --stride 512",
          "a long text, each token from up to 1,024 before it"
        ),
        ("runexp score model.gguf --ids 504,3575,282 --json", "token ids, as one JSON document"),
        ("runexp score model.gguf --ids 504,3575,282 --logits=-1", "and the logits after the last"),
        ("runexp score vit-fashion boot.png", "what a model of images takes one for"),
        ("runexp score vit-fashion fashion-mnist", "how it does on 10,000 that it has not seen"),
      ],
      exits: [
        .ok, .failure("there is no such model or device, or it cannot read what is given"),
        .init(130, "interrupted by Ctrl-C"),
      ]
    ).text)

  @Argument(
    help: ArgumentHelp(
      "A run as 'runexp list' names them, or RUN:VARIANT; a folder with a model; a GGUF file.",
      valueName: "model"), completion: .runs)
  var name: String
  @OptionGroup var place: ResultsOptions
  @Option(
    help: "The cell whose model scores: its id or label, how one begins or ends, or a variant.",
    completion: .cells)
  var cell: String?
  @Option(
    parsing: .unconditional, help: TokenIDs.help, completion: .file(),
    transform: { try TokenIDs($0) })
  var ids: TokenIDs?
  @Option(help: "A file with a text, or - for standard input.", completion: .file())
  var text: String?
  @Argument(
    help: ArgumentHelp(
      """
      Files of images; or fashion-mnist, synthetic-shapes, or a folder with MNIST's IDX files or a \
      folder for each class; or - for a text from standard input, as with --text -.
      """, valueName: "images"), completion: .file())
  var inputs: [String] = []
  @Option(
    help: ArgumentHelp(
      "Predict each token from at most so many before it, in windows (default: from all).",
      valueName: "count"))
  var context: Int?
  @Option(
    help: ArgumentHelp(
      "How many tokens further each window begins (default: the context).", valueName: "count"))
  var stride: Int?
  @Option(
    help: ArgumentHelp(
      "Positions whose logits are added to the document; -1 is the last.", valueName: "list"))
  var logits: String?
  @Option(help: "How keys and values are kept: f32, bf16 or q8.") var cache = CacheType.f32
  @Option(help: Precision.help) var precision = Precision.f32
  @Option(help: WeightType.help) var weightType: WeightType?
  @Option(help: "Where the model runs: auto takes a GPU if the plugin finds one, else the CPU.")
  var device = DeviceChoice.auto
  @OptionGroup var machine: DeviceOptions
  @Flag(help: "Of a data set, read the images to train on as well as those that are held out.")
  var all = false
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    if [ids != nil, text != nil, !inputs.isEmpty].count(where: { $0 }) != 1 {
      throw ValidationError(
        "give one of --ids, --text, - for a text from standard input, and images")
    }
    if inputs.contains("-"), inputs.count > 1 {
      throw ValidationError("- is a text from standard input, and no image: give it alone")
    }
    if let context, context < 1 { throw ValidationError("--context is 1 or more") }
    if let stride {
      guard let context else { throw ValidationError("--stride is a part of --context") }
      if !(1...context).contains(stride) {
        throw ValidationError("--stride is from 1 to the context, which is \(context)")
      }
    }
    if logits != nil && !json { throw ValidationError("--logits are part of the --json document") }
  }

  func run() throws {
    let interrupts = Interrupts()
    interrupts.mayFinish = false
    interrupts.saysSo = true
    try failing {
      let found = try TrainedCell(named: name, cell: cell, in: RunLocator(results: place.results))
      if let note = found.note { say("note: \(note)") }
      let saved = try SavedModel(found.folder)
      let isText = inputs.isEmpty || inputs == ["-"]
      if isText {
        try scoreText(saved, of: found, interrupts)
      } else {
        try scoreImages(saved, of: found, interrupts)
      }
    }
  }

  /// What was scored, by which model, how, and what there is to note of it.
  func printDocument(_ members: [JSON.Member], by trained: TrainedCell, notes: [String] = []) {
    let head: [JSON.Member] = [
      .init("schema_version", 1), .init("cell", .string(trained.label)),
      .init("checkpoint", .string(trained.folder)),
    ]
    let all = [trained.note].compactMap(\.self) + notes
    let tail: [JSON.Member] = [
      .init("precision", .string(precision.rawValue)),
      .init("weight_type", .string(matrices.rawValue)),
      .init("notes", .array(all.map { .string($0) })),
    ]
    print(JSON.object(head + members + tail).document, terminator: "")
  }

  private func scoreText(
    _ saved: SavedModel, of trained: TrainedCell, _ interrupts: Interrupts
  ) throws {
    try saved.requireText()
    if all { throw Self.onlyOfDatasets }
    let (tokens, bytes, note) = try tokens(of: saved)
    if let note { say("warning: \(note), and there are no bits a byte") }
    let positions = try positions(in: tokens.count)
    let device = try machine.compute.open(device)
    let model = try saved.load(on: device, matrices: matrices.type)
    let beyond = try check(min(tokens.count, context ?? .max), by: model, madeFor: saved.length)
    if let beyond { say("note: \(beyond)") }
    let scorer = Scorer(
      model, cache: cache == .f32 ? nil : cache, precision: precision.type, on: device)
    let windows = windows(of: tokens.count)
    let score = score(tokens, by: scorer, in: windows, positions) { interrupts.exitCode != nil }
    if let code = interrupts.exitCode { throw RunError.interrupted(code) }
    if let odd = score.logprobs.firstIndex(where: { !$0.isFinite }) {
      throw ScoreError(
        "the model's log-probability of token \(odd + 1) is not finite: its parameters may have "
          + "diverged")
    }
    let bits = note == nil ? bytes.flatMap { Self.bitsPerByte(score, bytes: $0) } : nil
    if json {
      printDocument(
        members(tokens, score, bytes, bits, positions), by: trained,
        notes: [note, beyond].compactMap(\.self))
    } else {
      print(sentence(tokens.count, score, bits))
    }
  }

  static let onlyOfDatasets = ScoreError("--all is for data sets of images")

  /// How a text of so many tokens is read; nil where it is no more than a window.
  private func windows(of count: Int) -> ScoreWindows? {
    context.flatMap { $0 < count ? ScoreWindows(context: $0, stride: stride ?? $0) : nil }
  }

  /// - Parameter count: the most tokens that are read at a time.
  /// - Returns: that they are more than the model was made for; nil where they are not.
  /// - Throws: where the model has no positions for them.
  private func check(
    _ count: Int, by model: Transformer, madeFor length: Int
  ) throws -> String? {
    do {
      try model.check(tokens: count)
    } catch {
      throw ScoreError("\(error); --context \(model.longest ?? length) reads a text in windows")
    }
    guard count > length else { return nil }
    return "the model was made for \(length) tokens at a time, and "
      + (context == nil
        ? "these are \(count); --context \(length) reads them in windows"
        : "a window has \(count)")
  }

  /// Scores the tokens, and shows how far it is.
  private func score(
    _ tokens: [Int32], by scorer: Scorer, in windows: ScoreWindows?, _ positions: [Int],
    stops: () -> Bool
  ) -> Score {
    var progress = ProgressBar(Terminal.progress())
    let start = ContinuousClock.now
    let title = text.flatMap { $0 == "-" ? nil : Wording.harmless($0) }
    progress.begin(title ?? "score", steps: tokens.count - 1)
    let score = scorer.score(
      tokens, in: windows, logitsAt: Set(positions), stops: stops
    ) { score in
      let done = score.logprobs.count
      guard let loss = score.loss else { return }
      let seconds = max((ContinuousClock.now - start) / .seconds(1), 1e-9)
      progress.step(done, loss: loss, perSecond: Double(done) / seconds)
    }
    progress.clear()
    return score
  }

  var matrices: WeightType { weightType ?? WeightType(precision) }

  /// The tokens; of a text how many bytes it has, and what its tokens do not tell.
  private func tokens(
    of saved: SavedModel
  ) throws -> (ids: [Int32], bytes: Int?, note: String?) {
    if let ids { return (try ids.read(below: saved.vocabulary), nil, nil) }
    guard saved.knowsText else { throw TokensUnknown(path: name) }
    let tokenizer = try saved.textTokenizer()
    let string = try InputFile.text(text ?? "-")
    let tokens = try tokenizer.encode(string, addingSpecial: !saved.isOurs)
    guard !string.isEmpty, !tokens.isEmpty else { throw ScoreError("the text is empty") }
    return (tokens, string.utf8.count, tokenizer.note(of: string, named: "the text"))
  }

  private func positions(in count: Int) throws -> [Int] {
    guard let logits else { return [] }
    return try logits.split(separator: ",").map { part in
      guard let position = Int(part.trimmingCharacters(in: .whitespaces)),
        (-count..<count).contains(position)
      else { throw ScoreError("--logits names positions from \(-count) to \(count - 1)") }
      return position < 0 ? count + position : position
    }
  }

  /// Over all bytes of the text, those of the first token too, as lm-evaluation-harness has it.
  private static func bitsPerByte(_ score: Score, bytes: Int) -> Double? {
    guard let loss = score.loss, bytes > 0 else { return nil }
    return loss * Double(score.logprobs.count) / log(2) / Double(bytes)
  }

  private func sentence(_ count: Int, _ score: Score, _ bits: Double?) -> String {
    guard let loss = score.loss, let perplexity = score.perplexity else {
      return "1 token: there is nothing to predict"
    }
    func text(_ value: Double) -> String { String(format: "%.4f", value) }
    return "loss \(text(loss)) nats a token, perplexity \(text(perplexity))"
      + (bits.map { ", \(text($0)) bits a byte" } ?? "") + ", over \(count - 1) of \(count) tokens"
      + (windows(of: count)?.text ?? "")
      + "; weights in \(matrices.rawValue), cache in \(cache.rawValue)"
      + precision.suffix
  }

  private func members(
    _ tokens: [Int32], _ score: Score, _ bytes: Int?, _ bits: Double?, _ positions: [Int]
  ) -> [JSON.Member] {
    var members: [JSON.Member] = [
      .init("ids", .array(tokens.map { .integer(Int($0)) })),
      .init("logprobs", .array(score.logprobs.map { .real($0) })),
      .init("loss", .real(score.loss)), .init("perplexity", .real(score.perplexity)),
    ]
    if let windows = windows(of: tokens.count) {
      members += [
        .init("context", .integer(windows.context)), .init("stride", .integer(windows.stride)),
      ]
    }
    if ids == nil {
      members += [.init("bits_per_byte", .real(bits)), .init("bytes", .integer(bytes))]
    }
    members.append(.init("cache", .string(cache.rawValue)))
    if logits != nil {
      members.append(
        .init(
          "logits",
          .object(
            positions.map { position in
              .init(
                "\(position)",
                .array((score.logits[position] ?? []).map { .real(Double($0)) }))
            })))
    }
    return members
  }
}

extension ScoreWindows {
  /// What a sentence says of them.
  fileprivate var text: String {
    ", in windows of \(Wording.count(context, "token"))"
      + (stride < context ? ", \(stride) apart" : "")
  }
}

/// Why a text, or images, cannot be scored.
struct ScoreError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
