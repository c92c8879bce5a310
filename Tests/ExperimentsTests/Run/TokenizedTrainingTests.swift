// Trainings on what a tokenizer makes of a text, and what they leave.

import Config
import Experiments
import Foundation
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("training on a tokenizer's tokens") struct TokenizedTrainingTests {
  /// A tokenizer.json of bytes and a few merges, in a folder.
  private static func tokenizer(in folder: TemporaryFolder) throws -> String {
    let path = folder.file("small")
    try StoredTokenizer(at: "byte").write(to: path)
    let file = "\(path)/tokenizer.json"
    let merges = ["t h", "th e", "Ġ the", "a n", "i n", "o u"]
    let document = try JSON(reading: AtomicFile.read(file)).members.map { member in
      guard member.key == "model" else { return member }
      let model = member.value.members.map { member -> JSON.Member in
        switch member.key {
        case "vocab":
          let more = merges.enumerated().map {
            JSON.Member($1.replacing(" ", with: ""), .integer(256 + $0))
          }
          return .init("vocab", .object(member.value.members + more))
        case "merges": return .init("merges", .array(merges.map { .string($0) }))
        default: return member
        }
      }
      return JSON.Member("model", .object(model))
    }
    try AtomicFile.write(.object(document), to: file)
    return path
  }

  private static func cell(
    _ tokenizer: String, _ more: String = "", model: String = ""
  ) throws -> TrainCell {
    let cell = try TrainCell(
      """
      # Does it learn?
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}\(model)}
      workload:
        dataset: {name: ./text.txt, tokenizer: \(tokenizer)}
        sequence: 16
        batch: 4
        steps: 5
        sample: {tokens: 20\(more)}
      """)
    try cell.run()
    return cell
  }

  @Test func `losses come in bits a byte too, and the tokenizer is kept`() throws {
    let place = try TemporaryFolder()
    let path = try Self.tokenizer(in: place)
    let cell = try Self.cell(path, ", prompt: 'the '")
    let row = cell.job.row
    #expect(row.status == .ok)
    #expect(row.fact("tokens") == "tokenizer" && row.fact("tokenizer") == .string(path))
    let loss = try #require(row.metrics[.valLoss])
    let bits = try #require(row.metrics[.valBitsPerByte])
    let text = try AtomicFile.readBytes(cell.folder.file("text.txt"))
    let validation = Array(text[TextCorpus.cut(text.count)...])
    let tokenizer = TextTokenizer.stored(try StoredTokenizer(at: path))
    let tokens = try tokenizer.encode(String(decoding: validation, as: UTF8.self)).count
    #expect(tokens < validation.count)
    #expect(abs(bits - loss / log(2) * Double(tokens) / Double(validation.count)) < 1e-9)
    #expect(row.metrics[.valBitsPerCharacter] == nil)
    let saved = try SavedModel(cell.folder.path)
    #expect(saved.vocabulary == 262 && saved.characters == nil)
    guard case .stored(let kept) = try saved.textTokenizer() else {
      Issue.record("no tokenizer")
      return
    }
    #expect(try kept.sha256 == StoredTokenizer(at: path).sha256)
    let sample = try AtomicFile.read(cell.folder.file("sample.txt"))
    #expect(sample.hasPrefix("the "))
    // What goes on from it reads texts in the same tokens.
    let next = try TrainCell(
      """
      # And on?
      device: cpu
      model: {from: \(cell.folder.path)}
      workload: {dataset: {name: ./text.txt}, sequence: 16, batch: 4, steps: 2}
      """)
    try next.run()
    #expect(next.job.row.fact("tokenizer_sha256") == row.fact("tokenizer_sha256"))
    #expect(abs(try #require(next.job.row.metrics[.initialValLoss]) - loss) < 1e-6)
    #expect(abs(try #require(next.job.row.metrics[.initialValBitsPerByte]) - bits) < 1e-6)
    #expect(row.metrics[.initialValBitsPerByte] == nil)
  }

  @Test func `generation and extrapolation read the same tokens`() throws {
    let place = try TemporaryFolder()
    let path = try Self.tokenizer(in: place)
    let trained = try Self.cell(path)
    let hash = trained.job.row.fact("tokenizer_sha256")
    let generated = try TrainCell(
      """
      # How likely is what comes next?
      device: cpu
      model: {from: \(trained.folder.path)}
      workload: {type: generate, dataset: {name: ./text.txt}, prompt_tokens: 16, new_tokens: 24}
      """)
    try generated.run()
    #expect(hash != nil && generated.job.row.fact("tokenizer_sha256") == hash)
    let text = try AtomicFile.readBytes(trained.folder.file("text.txt"))
    let validation = Array(text[TextCorpus.cut(text.count)...])
    let tokenizer = TextTokenizer.stored(try StoredTokenizer(at: path))
    let tokens = try tokenizer.encode(String(decoding: validation, as: UTF8.self))
    #expect(tokens.contains { $0 >= 256 } && tokens.count > 41)
    let device = Device.cpu(threads: 1)
    let scorer = Scorer(
      try SavedModel(trained.folder.path).load(on: device), precision: .f32, on: device)
    let losses = scorer.score(Array(tokens[...40])).logprobs[16..<40].map { -$0 }
    let loss = try #require(generated.job.row.metrics[.decodeLoss])
    #expect(abs(loss - losses.reduce(0, +) / 24) < 1e-5)

    let extrapolated = try TrainCell(
      """
      # Longer?
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload:
        type: extrapolate
        dataset: {name: ./text.txt, tokenizer: \(path)}
        sequence: 16
        batch: 4
        steps: 2
        extrapolation_windows: 3
        sample: {tokens: 0}
      """)
    try extrapolated.run()
    let row = extrapolated.job.row
    #expect(row.fact("tokenizer_sha256") == hash && row.metrics[.valBitsPerByte] != nil)
    // Of a model that knows next to nothing: all of its 262 tokens are as likely.
    for metric in [Metric.lossWithinLength, .lossToTwice, .lossToFourTimes] {
      #expect(abs(try #require(row.metrics[metric]) - log(262)) < 0.2, "\(metric.name)")
    }
  }

  @Test func `bytes are tokens without a file`() throws {
    let cell = try Self.cell("byte")
    let row = cell.job.row
    #expect(row.status == .ok && row.fact("tokenizer") == "byte")
    let (loss, bits) = (row.metrics[.valLoss] ?? 0, row.metrics[.valBitsPerByte] ?? 0)
    #expect(abs(loss / log(2) - bits) < 1e-9)
    #expect(try SavedModel(cell.folder.path).vocabulary == 256)
    #expect(try SavedModel(cell.folder.path).textTokenizer().encode("é") == [0xC3, 0xA9])
  }

  @Test func `a fallback stands in for a tokenizer that is not there`() throws {
    let cell = try Self.cell("{from: ./nowhere, fallback: byte}")
    #expect(cell.job.row.fact("tokenizer") == "byte")
    #expect(
      cell.job.row.fact("tokenizer_note")?.text?.hasPrefix("using the fallback tokenizer 'byte'")
        == true)
    let error = #expect(throws: DataError.self) { try Self.cell("./nowhere") }
    #expect(error?.description.contains("' is no tokenizer: ") == true)
  }

  @Test func `other tokens than the stored model's own are a departure`() throws {
    let trained = try Self.cell("byte")
    #expect(trained.job.row.fact("untokenized_bytes") == 0)
    let place = try TemporaryFolder()
    let path = place.file("words")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try place.write(
      #"{"version":"1.0","model":{"type":"BPE","merges":[],"vocab":{"a":0,"e":1,"t":2}}}"#,
      to: "words/tokenizer.json")
    func row(_ tokenizer: String) throws -> CellRow {
      let cell = try TrainCell(
        """
        # And on?
        device: cpu
        model: {from: \(trained.folder.path)}
        workload: {dataset: {name: ./text.txt\(tokenizer)}, sequence: 16, batch: 2, steps: 1}
        """)
      try cell.run()
      return cell.job.row
    }
    for own in ["", ", tokenizer: byte", ", tokenizer: \(trained.folder.path)/checkpoint"] {
      #expect(try row(own).fact("departures") == nil, "\(own)")
    }
    let other = try row(", tokenizer: \(path)")
    #expect(
      other.fact("departures")
        == .string("workload.dataset.tokenizer is \(path) instead of the model's own"))
    // It has three letters alone.
    #expect(other.metrics[.valLoss] != nil && other.metrics[.valBitsPerByte] == nil)
    #expect(try #require(other.fact("untokenized_bytes")?.whole) > 2000)
    #expect(other.fact("tokenizer_note")?.text?.contains("has no token for ") == true)
  }

  @Test func `characters are named as tokens too`() throws {
    let row = try Self.cell("char").job.row
    #expect(row.fact("tokens") == "characters" && row.fact("tokenizer") == "char")
    #expect(row.fact("tokenizer_sha256") == nil && row.fact("untokenized_bytes") == nil)
    #expect(row.readsCharacters && row.metrics[.valBitsPerCharacter] != nil)
  }

  @Test func `the tokenizer's contents are a part of the identity, its place is none`() throws {
    func identity(_ path: String, _ hash: String) throws -> String {
      let experiment = try PlannedExperiment.load(
        text: "workload: {dataset: {name: tiny-shakespeare, tokenizer: \(path)}}", name: "x.yaml",
        reader: .standard)
      return try #require(experiment.cells.first)
        .identity(dataHash: "d", tokenizerHash: hash, program: "p")
    }
    #expect(try identity("/a", "1") == identity("/b", "1"))
    #expect(try identity("/a", "1") != identity("/a", "2"))
    #expect(try identity("char", "") != identity("byte", "1"))
  }
}
