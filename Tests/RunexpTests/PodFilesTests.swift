// `runexp emit kubernetes` on experiments that read files: what pods may lack is warned of, and
// nothing else.

import Config
import Experiments
import Foundation
import Records
import TestSupport
import Testing
import Workloads

@Suite("files of pods") struct PodFilesTests {
  private let program: Program

  init() throws { program = try Program() }

  /// The paths that are warned of where a run of a file is handed to Kubernetes.
  private func warned(_ yaml: String, _ options: String...) throws -> [String] {
    try program.write(yaml, to: "pods.yaml")
    let finished = try program.run(
      [
        "emit", "kubernetes", "pods.yaml", "--image", "runexp:1", "--claim", "results", "--time",
        "5m", "--mem", "1GiB",
      ] + options)
    try #require(finished.code == 0, "\(finished.errors)")
    return finished.errors.split(separator: "\n").filter { $0.contains("which pods have only") }
      .compactMap { line in
        line.firstMatch(of: #/cells read (.*), which/#).map { String($0.1) }
      }
  }

  private func train(_ dataset: String, model: String = "layers: 1, width: 16") -> String {
    """
    name: pods
    device: cpu
    model: {\(model)}
    workload: {type: train, dataset: \(dataset), sequence: 32, batch: 2, steps: 2}

    """
  }

  private func classify(_ dataset: String) -> String {
    """
    name: pods
    device: cpu
    model: {layers: 1, width: 16, attention: {type: gqa, heads: 4}}
    workload: {type: classify, dataset: \(dataset), batch: 9, steps: 2}

    """
  }

  private func write(_ text: String, to path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (program.file(path) as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true)
    try program.write(text, to: path)
  }

  private let text = String(repeating: "the cat sat on the mat\n", count: 100)

  @Test func `texts are, and texts to validate on, and not those that are built in`() throws {
    try program.write(text, to: "text.txt")
    try program.write(text, to: "other.txt")
    #expect(try warned(train("./text.txt")) == [program.file("text.txt")])
    let both = train("{name: ./text.txt, validation: ./other.txt}")
    #expect(try warned(both) == [program.file("text.txt"), program.file("other.txt")])
    #expect(try warned(train("synthetic-plays")) == [])
  }

  @Test func `a tokenizer is, by its folder, and not one that is built in`() throws {
    try program.write(text, to: "text.txt")
    let repository = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    try FileManager.default.copyItem(
      atPath: repository.appending(path: "experiments/tokenizers/plays-512").path,
      toPath: program.file("plays"))
    let read = try warned(train("{name: ./text.txt, tokenizer: ./plays}"))
    #expect(read == [program.file("text.txt"), program.file("plays")])
    let builtIn = train("{name: ./text.txt, tokenizer: byte}")
    #expect(try warned(builtIn) == [program.file("text.txt")])
  }

  @Test func `data sets that a pod downloads are not, unless it must not`() {
    let (text, images) = (RemoteText.tinyShakespeare, KnownImages.fashionMNIST)
    func outside(_ data: [RunRecord.Dataset], isOffline: Bool = false) -> [String] {
      var record = RunRecord()
      record.datasets = data
      record.options.offline = isOffline
      return record.filesOutside("/here/results", mountedAt: "/results")
    }
    let known = [
      RunRecord.Dataset(
        name: text.name, sha256: text.sha256, bytes: text.bytes, path: "/cache/input.txt"),
      RunRecord.Dataset(
        name: images.name, sha256: "ab", bytes: 10, path: "/cache/fashion-mnist", images: 70_000),
    ]
    #expect(outside(known) == [])
    #expect(outside(known, isOffline: true) == ["/cache/input.txt", "/cache/fashion-mnist"])
    // A text of one's own that is validated on it is one that pods lack; another text by its name
    // is no such text.
    var own = RunRecord.Dataset(name: "own.txt", sha256: "ab", bytes: 10, path: "/texts/own.txt")
    own.validation = RunRecord.Validation(
      name: text.name, sha256: text.sha256, bytes: text.bytes, path: "/cache/input.txt")
    #expect(outside([own]) == ["/texts/own.txt"])
    #expect(outside([own], isOffline: true) == ["/texts/own.txt", "/cache/input.txt"])
    own.validation?.sha256 = "cd"
    #expect(outside([own]) == ["/texts/own.txt", "/cache/input.txt"])
  }

  @Test func `data sets of a folder that is named are, also where a pod could download them`() {
    let text = RemoteText.tinyShakespeare
    var record = RunRecord()
    record.datasets = [
      RunRecord.Dataset(
        name: text.name, sha256: text.sha256, bytes: text.bytes, path: "/data/shakespeare.txt")
    ]
    let outside = { record.filesOutside("/here/results", mountedAt: "/results") }
    #expect(outside() == [])
    record.options.dataDirectory = "/data"
    #expect(outside() == ["/data/shakespeare.txt"])
    record.options.dataDirectory = "/dat"
    #expect(outside() == [])
  }

  @Test func `a plugin that is named is, where a cell may use it`() {
    var record = RunRecord()
    record.options.plugin = "/opt/cuda/librunexp_cuda.so"
    let outside = { record.filesOutside("/here/results", mountedAt: "/results") }
    #expect(outside() == [])
    record.plugin = PluginFile(path: "/opt/cuda/librunexp_cuda.so", sha256: "ab")
    #expect(outside() == ["/opt/cuda/librunexp_cuda.so"])
    // One that is found beside the program is looked for beside that of the image.
    record.options.plugin = nil
    #expect(outside() == [])
  }

  @Test func `images are, and not those that are built in`() throws {
    try PictureFolder.write(to: program.file("pictures"))
    #expect(try warned(classify("./pictures")) == [program.file("pictures")])
    #expect(try warned(classify("synthetic-shapes")) == [])
  }

  @Test func `stored models are, and not those that are built in`() throws {
    try #require(program.run("export", "tiny-llama", "-o", "one").code == 0)
    let found = try warned(
      train("synthetic-ids", model: "from: ./one").replacing(
        "dataset: synthetic-ids", with: "dataset: {name: synthetic-ids, tokens: ids}"))
    #expect(found == [program.file("one")])
    let builtIn = train("synthetic-ids", model: "from: tiny-llama").replacing(
      "dataset: synthetic-ids", with: "dataset: {name: synthetic-ids, tokens: ids}")
    #expect(try warned(builtIn) == [])
  }

  @Test func `what lies on the volume is not, where pods have it under the same path`() throws {
    try write(text, to: "results/data/text.txt")
    let yaml = train("./results/data/text.txt")
    #expect(try warned(yaml) == [])
    #expect(try warned(yaml, "--mount", "/elsewhere") == [program.file("results/data/text.txt")])
    // Here it is a link to what is not on the volume.
    try program.write(text, to: "text.txt")
    try FileManager.default.createSymbolicLink(
      atPath: program.file("results/data/link.txt"),
      withDestinationPath: program.file("text.txt"))
    let linked = train("./results/data/link.txt")
    #expect(try warned(linked) == [program.file("results/data/link.txt")])
  }
}
