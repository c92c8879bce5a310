// Trainings on images from the command line: every command takes such a run as it takes others.

import Config
import Foundation
import Records
import TestSupport
import Testing

@Suite("training on images", .serialized) struct ClassifyRunTests {
  private static func yaml(_ dataset: String = "./pictures", steps: Int = 12) -> String {
    """
    # Does it see?
    name: seen
    device: cpu
    seeds: [1, 2]
    model: {layers: 1, width: 16, attention: {type: gqa, heads: 4}}
    variants:
      modern: {}
      classic: {model: {norm: layernorm, attention: {type: mha, heads: 4}, position: learned}}
    workload:
      type: classify
      dataset: \(dataset)
      batch: 9
      steps: \(steps)
      evaluate_every: 4
      augmentation: {shift: 1, flip: true}

    """
  }

  /// A program beside a folder of pictures and an experiment on them.
  private func program(_ yaml: String = yaml()) throws -> Program {
    let program = try Program()
    try PictureFolder.write(to: program.file("pictures"))
    try program.write(yaml, to: "seen.yaml")
    return program
  }

  @Test func `it is checked, planned, run, shown, summed up, reported, compared and replayed`()
    throws
  {
    let program = try program()
    func say(_ words: String...) throws -> String {
      let done = try program.run(words)
      #expect(done.code == 0, "\(words): \(done.output)\(done.errors)")
      return done.output
    }
    #expect(try say("check", "seen.yaml").contains("4 cells"))
    #expect(try say("plan", "seen.yaml").contains("4 cells to run"))
    let run = try say("run", "seen.yaml", "-q")
    #expect(run.contains("4 of 4 cells ok") && run.contains("accuracy"), "\(run)")
    let shown = try say("show", "latest")
    #expect(shown.contains("pictures, 90 images"), "\(shown)")
    #expect(try say("list").contains("seen"))
    let summary = try say("summary", "latest", "--full")
    #expect(summary.contains("Faster in training?"), "\(summary)")
    #expect(summary.contains("images per second"), "\(summary)")
    #expect(!summary.contains("KV cache"), "\(summary)")
    #expect(try say("report", "latest").contains("report.html"))
    let page = try program.read("results/seen/latest/report.html")
    for word in [
      "Classes", "most often taken for", "columns", "nats per image", "accuracy, per cent",
    ] {
      #expect(page.contains(word), "\(word)")
    }
    #expect(!page.contains("loss, nats per token"))
    let table = try program.read("results/seen/latest/cells.csv")
    #expect(table.contains("accuracy_percent") && table.contains("least_class_percent"))
    #expect(try say("replay", "latest").contains("the same"))
    let stored = try StoredRun(RunFolder.open(program.file("results/seen/latest")))
    let cell = try #require(stored.cells.first)
    let imported = try say("import", "\(cell.folder)/checkpoint")
    #expect(imported.contains("3 outputs, images of 8 x 8 pixels, 1 channel\n"), "\(imported)")
    _ = try program.run("run", "seen.yaml", "-q", "--set", "workload.steps=13")
    let runs = try FileManager.default.contentsOfDirectory(atPath: program.file("results/seen"))
      .filter { $0.hasPrefix("r-") }.sorted()
    let diff = try program.run("diff", runs[0], runs[1])
    #expect([0, 2].contains(diff.code), "\(diff.errors)")
    #expect(diff.output.contains("accuracy_percent"), "\(diff.output)")
  }

  @Test func `a kill in the middle of it leaves no trace in its end`() throws {
    let program = try program()
    let whole = try program.run("run", "seen.yaml", "-q", "--results", "whole")
    #expect(whole.code == 0, "\(whole.errors)")
    for place in ["append:steps.jsonl=kill@9", "rename:confusion.json=kill"] {
      let killed = try program.run(
        ["run", "seen.yaml", "-q", "--checkpoint", "1ms"],
        environment: ["RUNEXP_FAILPOINTS": place])
      #expect(killed.code != 0)
      let run = try #require(program.resumableRun())
      let resumed = try program.run("resume", run, "-q")
      #expect(resumed.code == 0, "\(resumed.errors)")
      try expectSame(program, "whole/seen/latest", run)
      try FileManager.default.removeItem(atPath: program.file("results"))
    }
  }

  /// The content of two runs, but for times.
  private func expectSame(_ program: Program, _ one: String, _ other: String) throws {
    func content(_ run: String) throws -> [String] {
      try StoredRun(RunFolder.open(program.file(run))).cells.map { cell in
        let steps = try AtomicFile.read("\(cell.folder)/steps.jsonl").split(separator: "\n")
          .map { RunContent.timeless(try JSON(reading: String($0))) }
        let model = try AtomicFile.readBytes("\(cell.folder)/checkpoint/model.safetensors")
        return try [
          cell.label, RunContent.timeless(cell.row.json), steps.joined(separator: "\n"),
          AtomicFile.read("\(cell.folder)/confusion.json"), SHA256.hex(model),
        ].joined(separator: "\n")
      }
    }
    let (expected, found) = (try content(one), try content(other))
    #expect(!expected.isEmpty && expected.count == found.count)
    for (one, other) in zip(expected, found) {
      let isSame = one == other
      #expect(isSame, "\(one)\n\n\(other)")
    }
  }

  @Test func `shapes that the program makes are learnt`() throws {
    let program = try Program()
    try program.write(
      """
      # Are shapes learnt?
      name: shapes
      device: cpu
      model: {layers: 2, width: 32, attention: {type: mha, heads: 4}}
      workload:
        type: classify
        dataset: synthetic-shapes
        batch: 32
        steps: 60
        evaluate_every: 0
        optimizer: {lr: 3.0e-3}
      """, to: "shapes.yaml")
    let done = try program.run("run", "shapes.yaml", "-q")
    #expect(done.code == 0, "\(done.errors)")
    let run = try StoredRun(RunFolder.open(program.file("results/shapes/latest")))
    let row = try #require(run.cells.first).row
    // Guessed, it would be 10 % and 50 %.
    let (one, five) = (
      try #require(row.metrics[.accuracy]), try #require(row.metrics[.topFive])
    )
    #expect(one > 20 && five > one && five > 65, "\(one) \(five)")
    #expect(row.fact("dataset_source")?.text == "built-in")
  }

  @Test func `images that have changed are not trained on as if they were the same`() throws {
    let program = try program()
    let killed = try program.run(
      ["run", "seen.yaml", "-q", "--checkpoint", "1ms"],
      environment: ["RUNEXP_FAILPOINTS": "append:steps.jsonl=kill@9"])
    #expect(killed.code != 0)
    try PictureFolder.write(to: program.file("pictures"), shade: 1)
    let run = try #require(program.resumableRun())
    let resumed = try program.run("resume", run, "-q")
    #expect(resumed.code == 5, "\(resumed.errors)")
    #expect(resumed.errors.contains("/pictures' have changed"), "\(resumed.errors)")
    let cell = try program.run("cell", run, "--index", "0")
    #expect(cell.code == 5, "\(cell.errors)")
    #expect(cell.errors.contains("/pictures' have changed"), "\(cell.errors)")
  }

  @Test func `models of images and of texts are told apart in a sentence`() throws {
    let program = try program()
    #expect(try program.run("run", "seen.yaml", "-q").code == 0)
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q").code == 0)
    func checkpoint(_ run: String) throws -> String {
      let stored = try StoredRun(RunFolder.open(program.file("results/\(run)/latest")))
      return try #require(stored.cells.first).folder + "/checkpoint"
    }
    let (seen, read) = (try checkpoint("seen"), try checkpoint("tiny"))
    func fault(_ model: String, _ workload: String) throws -> Finished {
      try program.write(
        "model: {from: \(model)}\nworkload: {\(workload)}\n", to: "wrong.yaml")
      return try program.run("check", "wrong.yaml")
    }
    let cases = [
      (
        read, "type: classify, dataset: ./pictures",
        "reads texts, and the workload 'classify' reads images"
      ),
      (
        seen, "type: train, dataset: ./text.txt",
        "reads images, and the workload 'train' reads none"
      ),
      (
        seen, "type: generate, dataset: ./text.txt",
        "reads images, and the workload 'generate' reads none"
      ),
      (
        seen, "type: score, dataset: ./text.txt",
        "reads images, and the workload 'score' reads none"
      ),
    ]
    for (model, workload, sentence) in cases {
      let found = try fault(model, workload)
      #expect(found.code == 78, "\(found.output)\(found.errors)")
      #expect(found.errors.contains(sentence), "\(found.errors)")
      #expect(found.errors.components(separatedBy: "error:").count == 2, "\(found.errors)")
    }
    for command in ["generate", "score"] {
      let words = command == "score" ? [command, seen, "--text", "text.txt"] : [command, seen]
      let done = try program.run(words)
      #expect(
        done.code != 0 && done.errors.contains("reads images, and no texts"), "\(done.errors)")
    }
  }
}
