// `runexp score` of models of images: what it prints of files and of data sets, and that a
// checkpoint is as good as its training said.

import Config
import Foundation
import Records
import TestSupport
import Testing

@Suite("scores of models of images", .serialized) struct ScoreImagesTests {
  /// A program beside a folder of pictures and the run of a training on them.
  private func program() throws -> Program {
    let program = try Program()
    try PictureFolder.write(to: program.file("pictures"))
    try program.write(
      """
      # Does it see?
      name: seen
      device: cpu
      seeds: [1, 2]
      model: {layers: 1, width: 16, attention: {type: gqa, heads: 4}}
      workload:
        type: classify
        dataset: ./pictures
        batch: 9
        steps: 12
        evaluate_every: 0

      """, to: "seen.yaml")
    let ran = try program.run("seen.yaml", "--quiet")
    try #require(ran.code == 0, "\(ran.errors)")
    return program
  }

  private func document(_ finished: Finished) throws -> JSON {
    #expect(finished.code == 0, "\(finished.errors)")
    return try JSON(reading: finished.output)
  }

  private func row(_ program: Program, _ run: String, seed: Int = 1) throws -> CellRow {
    let stored = try StoredRun(RunFolder.open(program.file("results/\(run)/latest")))
    return try #require(stored.cells.first(where: { $0.row.seed == seed })).row
  }

  @Test func `a data set is told as well as by the last evaluation of the training`() throws {
    let program = try program()
    for seed in [1, 2] {
      let words = ["score", "seen", "--cell", "seed=\(seed)", "pictures", "--device", "cpu"]
      let scored = try document(program.run(words + ["--json"]))
      let row = try row(program, "seen", seed: seed)
      #expect(scored["accuracy_percent"]?.number == row.metrics[.accuracy])
      #expect(scored["loss"]?.number == row.metrics[.valLoss])
      #expect(scored["least_class_percent"]?.number == row.metrics[.leastClass])
      #expect(scored["hardest_class"]?.text == row.fact("hardest_class")?.text)
      #expect(scored["dataset_sha256"]?.text == row.fact("dataset_sha256")?.text)
      #expect(scored["images"] == 9 && scored["dataset"] == "pictures")
      #expect(scored["notes"] == [])
      #expect(scored["top5_percent"]?.number == nil && scored["weight_type"] == "f32")
      let said = try program.run(words)
      let accuracy = String(format: "%.1f", try #require(row.metrics[.accuracy]))
      #expect(said.output.hasPrefix("accuracy \(accuracy) %, loss "), "\(said.output)")
      #expect(said.output.contains(" nats an image, over 9 images; recognised worst: "))
      #expect(said.errors.isEmpty, "\(said.errors)")
    }
    let all = try document(
      program.run("score", "seen", "--cell", "seed=1", "pictures", "--all", "--json"))
    #expect(all["images"] == 90)
    let other = try program.run(
      "score", "seen", "--cell", "seed=1", "pictures", "--weight-type", "q8", "--precision",
      "bf16")
    #expect(
      other.code == 0 && other.output.hasSuffix("weights in q8, products in bf16\n"),
      "\(other.errors)")
    try FileManager.default.moveItem(
      atPath: program.file("pictures/rows"), toPath: program.file("pictures/stripes"))
    let renamed = try program.run("score", "seen", "--cell", "seed=1", "pictures")
    #expect(
      renamed.errors
        == "note: classes are told by number: class 2 is 'stripes' instead of 'rows'\n")
    #expect(renamed.code == 0 && renamed.output.hasPrefix("accuracy "))
    let told = try document(
      program.run("score", "seen", "--cell", "seed=1", "pictures", "--json"))
    #expect(told["notes"] == ["classes are told by number: class 2 is 'stripes' instead of 'rows'"])
  }

  @Test func `shapes that the program makes are, too`() throws {
    let program = try Program()
    try program.write(
      """
      # Are shapes learnt?
      name: shapes
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}, input: {patch: 7}}
      workload: {type: classify, dataset: synthetic-shapes, steps: 6, evaluate_every: 0}

      """, to: "shapes.yaml")
    #expect(try program.run("shapes.yaml", "--quiet").code == 0)
    let row = try row(program, "shapes")
    let scored = try document(
      program.run("score", "shapes", "synthetic-shapes", "--json", "--device", "cpu"))
    #expect(scored["images"] == 2000)
    #expect(scored["accuracy_percent"]?.number == row.metrics[.accuracy])
    #expect(scored["top5_percent"]?.number == row.metrics[.topFive])
    #expect(scored["loss"]?.number == row.metrics[.valLoss])
    // A terminal shows how far it is, and then the answer alone.
    let terminal = try PseudoTerminal()
    let said = try program.finish(["score", "shapes", "synthetic-shapes"], progressOn: terminal)
    #expect(said.output.contains(" %, top-5 ") && said.output.contains("over 2000 images"))
    let shown = terminal.shown()
    #expect(shown.contains("synthetic-shapes") && shown.contains("128/2000  loss "), "\(shown)")
    #expect(shown.hasSuffix("\r\u{1B}[K"), "\(shown)")
  }

  @Test func `each file is told by its likeliest classes`() throws {
    let program = try program()
    let files = ["pictures/rows/000.pgm", "pictures/flat/001.pgm"]
    let said = try program.run(["score", "seen", "--cell", "seed=1"] + files)
    #expect(said.code == 0, "\(said.errors)")
    let lines = said.output.split(separator: "\n")
    #expect(lines.count == 2)
    let scored = try document(
      program.run(["score", "seen", "--cell", "seed=1", "--json"] + files))
    let images = try #require(scored["images"]).elements
    #expect(images.compactMap { $0["file"]?.text } == files)
    for (line, image) in zip(lines, images) {
      let classes = try #require(image["classes"]).elements
      let shares = classes.compactMap { $0["probability"]?.number }
      #expect(shares == shares.sorted(by: >) && abs(shares.reduce(0, +) - 1) < 1e-9)
      let names = classes.compactMap { $0["name"]?.text }
      #expect(names.sorted() == PictureFolder.classes)
      #expect(
        classes.compactMap { $0["class"]?.whole }
          == names.compactMap { PictureFolder.classes.firstIndex(of: $0) })
      let texts = zip(names, shares).map { "\($0) \(String(format: "%.1f %%", 100 * $1))" }
      let file = try #require(image["file"]?.text)
      #expect(line == "\(file): \(texts.joined(separator: ", "))")
    }
  }

  @Test func `of many files, those that are read are told before one that cannot be`() throws {
    let program = try program()
    let file = "pictures/rows/000.pgm"
    let words = ["score", "seen", "--cell", "seed=1"] + Array(repeating: file, count: 128)
    let said = try program.run(words + ["none.png"])
    #expect(said.code == 1 && said.errors.contains("could not read 'none.png'"), "\(said.errors)")
    let lines = said.output.split(separator: "\n")
    #expect(lines.count == 128 && lines.allSatisfy { $0.hasPrefix("\(file): ") })
    #expect(Set(lines).count == 1)
    // A document is whole or not at all.
    let document = try program.run(words + ["none.png", "--json"])
    #expect(document.code == 1 && document.output.isEmpty)
  }

  @Test func `what cannot be read or told is said in a sentence`() throws {
    let program = try program()
    try PictureFolder.write(to: program.file("large"), count: 2, side: 12)
    try program.write("no image", to: "odd.png")
    try program.write("P5 8 8 255\n", to: "short.pgm")
    let image = "pictures/rows/000.pgm"
    for (words, message) in [
      (["none.png"], "could not read 'none.png': no such file"),
      (["fashion-minst"], "did you mean the data set 'fashion-mnist'?"),
      (["odd.png"], "could not read 'odd.png': it is neither a PNG nor"),
      ([image, "short.pgm"], "could not read 'short.pgm': its header says 8 x 8 pixels"),
      (["large/rows/000.pgm"], "'large/rows/000.pgm' has 12 x 12 pixels in 1 channel, and '"),
      (["large"], "the images of 'large' have 12 x 12 pixels in 1 channel, and '"),
      (["synthetic-shapes"], "the images of 'synthetic-shapes' have 28 x 28 pixels"),
      (["pictures", image], "'pictures' is a data set: give it alone, or files of images"),
      (["results"], "it is a folder in the folder of a class"),
      ([image, "--json", "--logits=0"], "--logits are those of the positions of a text"),
      ([image, "--cache", "q8"], "--cache is for texts"),
      ([image, "--context", "8"], "--context is for texts"),
      ([image, "--all"], "--all is for data sets of images"),
      (["--text", "odd.png"], "reads images, and no texts"), (["-"], "reads images, and no texts"),
    ] {
      let refused = try program.run(["score", "seen", "--cell", "seed=1"] + words)
      #expect(refused.code == 1 && refused.output.isEmpty, "\(words)")
      #expect(refused.errors.contains(message), "\(words): \(refused.errors)")
      #expect(refused.errors.components(separatedBy: "error:").count == 2, "\(refused.errors)")
    }
    let tokens = try program.run("tokenize", "seen", "--cell", "seed=1", "--text", "odd.png")
    #expect(tokens.code == 1, "\(tokens)")
    #expect(tokens.errors.hasSuffix("reads images, and no texts\n"), "\(tokens.errors)")
    for words in [[], ["-", image], [image, "--text", "odd.png"]] {
      #expect(try program.run(["score", "seen"] + words).code == 64, "\(words)")
    }
  }
}
