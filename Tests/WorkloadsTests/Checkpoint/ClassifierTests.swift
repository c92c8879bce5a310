// A stored model that is asked what images are: its answers against its logits, and its scores
// against its answers.

import Config
import Foundation
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("a stored model that is asked what images are")
struct ClassifierTests {
  private static let model = "layers: 1\nwidth: 16\nattention: {heads: 4}\ninput: {patch: 2}"
  private static let animals = ["ant", "bee", "cat", "dog", "elk", "fox", "3"]
  private let device = Device.cpu(threads: 1)

  private func checkpoint(
    _ conventions: ImageConventions, _ lines: String = model, classes: Int,
    side: Int = 8, channels: Int = 1, in folder: TemporaryFolder
  ) throws -> SavedModel {
    let recorder = Recorder()
    let document = try YAML.parse(bytes: Array(lines.utf8), name: "test")
    let section = Section(root: document.root, recorder: recorder)
    let model = Transformer(
      section, vocabulary: classes, length: 1,
      image: ImageSize(height: side, width: side, channels: channels))
    try #require(recorder.finish().isEmpty)
    model.parameters.materialise(on: device, seed: 3)
    try Checkpoint.save(
      model,
      configuration: CheckpointConfiguration(
        model, section: section.recording.value, vocabulary: nil, conventions: conventions, step: 1,
        seed: 1), to: folder.file("own"))
    return try SavedModel(folder.file("own"))
  }

  private func known(_ classes: [String]) -> ImageConventions {
    ImageConventions(means: [0.25], deviations: [0.5], classes: classes)
  }

  private func classifier(_ saved: SavedModel) throws -> Classifier {
    try Classifier(saved, matrices: .f32, precision: .f32, on: device)
  }

  private func images(_ folder: TemporaryFolder) throws -> LoadedImages {
    try ImageLoader(
      locations: DataLocations(environment: [:], baseDirectory: folder.path),
      download: Download(environment: [:])
    ).load(ImageDeclaration(.folder("./pictures")))
  }

  @Test func `its answers are the softmax of its logits, the likeliest first`() throws {
    let folder = try TemporaryFolder()
    let saved = try checkpoint(known(Self.animals), classes: 7, in: folder)
    let pictures = (0..<3).map { (image: Int) -> [UInt8] in
      (0..<64).map { (place: Int) -> UInt8 in
        UInt8(truncatingIfNeeded: place * 37 + image * (101 + place * place))
      }
    }
    let paths = try pictures.enumerated().map { index, pixels in
      let path = folder.file("\(index).pgm")
      try (Data("P5 8 8 255\n".utf8) + Data(pixels)).write(to: URL(filePath: path))
      return path
    }
    let answers = try classifier(saved).likeliest(of: paths) {}
    #expect(answers.count == 3)
    let model = try saved.load(on: device)
    let grid = try #require(model.input.grid)
    let order = PatchOrder(ImageSize(height: 8, width: 8, channels: 1), grid)
    for (pixels, found) in zip(pictures, answers) {
      let patches = order.patches(pixels.map { (Float($0) / 255 - 0.25) / 0.5 })
      let read = Tensor(patches, [1, grid.patches, 4], kind: .data, on: device)
      let logits = model(.patches(read), Pass(on: device)).values()
      let shares = logits.map { exp(Double($0)) }
      let sum = shares.reduce(0, +)
      #expect(found.count == 5)
      let likeliest = shares.indices.sorted { shares[$0] > shares[$1] }.prefix(5)
      #expect(found.map(\.number) == Array(likeliest))
      for answer in found {
        #expect(abs(answer.probability - shares[answer.number] / sum) < 1e-6)
        let name = answer.number == 6 ? "class 3" : Self.animals[answer.number]
        #expect(answer.name == name)
      }
    }
  }

  @Test func `what a batch of files is taken for is told before the next one is read`() throws {
    let folder = try TemporaryFolder()
    let classifier = try classifier(checkpoint(known([]), classes: 3, in: folder))
    try PictureFolder.write(to: folder.file("pictures"), count: 50)
    let there = PictureFolder.classes.flatMap { name in
      (0..<50).map { folder.file("pictures/\(name)/0\($0 < 10 ? "0" : "")\($0).pgm") }
    }
    var told: [String] = []
    let error = #expect(throws: ResultsError.self) {
      _ = try classifier.likeliest(of: there + [folder.file("none.pgm")], check: {}) { path, _ in
        told.append(path)
      }
    }
    #expect(error?.description.contains("none.pgm") == true)
    #expect(told == Array(there.prefix(128)))
    told = []
    let found = try classifier.likeliest(of: there, check: {}) { path, answers in
      told.append("\(path): \(answers.map(\.name))")
    }
    #expect(told == zip(there, found).map { "\($0): \($1.map(\.name))" })
  }

  @Test func `a class without a name is called by its number`() throws {
    let folder = try TemporaryFolder()
    let saved = try checkpoint(known([]), classes: 3, in: folder)
    try PictureFolder.write(to: folder.file("pictures"), count: 2)
    let found = try classifier(saved).likeliest(of: [folder.file("pictures/rows/000.pgm")]) {}
    #expect(Set(found[0].map(\.name)) == ["class 0", "class 1", "class 2"])
    // That of the images, where it counts how often it is right.
    let test = try classifier(saved).test(on: images(folder)) { _ in }
    #expect(PictureFolder.classes.contains(try #require(test.hardest).name))
    #expect(test.departure == nil)
    let note = try #require(test.note)
    #expect(
      note == "'\(saved.path)' does not name its classes: they are told by number, in the order of "
        + "the data set's")
    // Folders called as numbers are counted leave no doubt.
    for (number, name) in PictureFolder.classes.enumerated() {
      try FileManager.default.moveItem(
        atPath: folder.file("pictures/\(name)"), toPath: folder.file("pictures/\(number)"))
    }
    #expect(try classifier(saved).test(on: images(folder)) { _ in }.note == nil)
  }

  @Test func `classes are those of the same name, wherever the model has them`() throws {
    let folder = try TemporaryFolder()
    let saved = try checkpoint(known(["rows", "other", "columns", "flat"]), classes: 4, in: folder)
    try PictureFolder.write(to: folder.file("pictures"))
    let classifier = try classifier(saved)
    let test = try classifier.test(on: images(folder)) { _ in }
    #expect(test.departure == nil && test.scores.images == 9)
    var confusion = [[Int]](repeating: [0, 0, 0, 0], count: 4)
    for (name, number) in [("rows", 0), ("columns", 2), ("flat", 3)] {
      let paths = (27...29).map { folder.file("pictures/\(name)/0\($0).pgm") }
      for answers in try classifier.likeliest(of: paths, check: {}) {
        confusion[number][answers[0].number] += 1
      }
    }
    #expect(test.scores.confusion == confusion)
    #expect(test.loss > 0 && test.scores.topFivePercent == nil)
  }

  @Test func `where names are others, classes are those of the same number, and that is said`()
    throws
  {
    let folder = try TemporaryFolder()
    try PictureFolder.write(to: folder.file("pictures"))
    let named = try checkpoint(known(PictureFolder.classes), classes: 3, in: folder)
    let expected = try classifier(named).test(on: images(folder)) { _ in }
    #expect(expected.departure == nil)
    let saved = try checkpoint(known(["x", "y", "rows"]), classes: 3, in: folder)
    let test = try classifier(saved).test(on: images(folder)) { _ in }
    #expect(test.scores == expected.scores && test.loss == expected.loss)
    #expect(test.departure == "class 0 is 'columns' instead of 'x', and 1 more are others")
    let departure = try #require(test.departure)
    #expect(test.note == "classes are told by number: \(departure)")
    #expect(expected.note == nil)
  }

  @Test func `names that a folder cannot have are matched by what is left of them`() throws {
    let folder = try TemporaryFolder()
    try PictureFolder.write(to: folder.file("pictures"))
    let named = try checkpoint(known(["rows", "columns", "flat"]), classes: 3, in: folder)
    let expected = try classifier(named).test(on: images(folder)) { _ in }
    for (old, new) in [("rows", "R-ow_s"), ("flat", "FLAT")] {
      try FileManager.default.moveItem(
        atPath: folder.file("pictures/\(old)"), toPath: folder.file("pictures/\(new)"))
    }
    let saved = try checkpoint(known(["r/ow s", "columns", "flat"]), classes: 3, in: folder)
    let test = try classifier(saved).test(on: images(folder)) { _ in }
    // Of the set's images the order is another.
    func sum(_ found: Classifier.Test) -> [Int] { found.scores.confusion.map { $0.reduce(0, +) } }
    #expect(test.departure == nil && sum(test) == sum(expected))
    #expect(test.scores.confusion == expected.scores.confusion)
    #expect(abs(test.loss - expected.loss) < 1e-5)
    // The same name comes first, whatever others are left of alike.
    let alike = try checkpoint(
      known(["r-ow-s", "R-ow_s", "columns", "flat"]), classes: 4, in: folder)
    let first = try classifier(alike).test(on: images(folder)) { _ in }
    #expect(sum(first) == [0, 3, 3, 3])
  }

  @Test(arguments: [
    (
      ["rows", "columns", "flats"],
      "2 of the 3 classes of 'pictures' are classes of 'M' by name, in "
        + "another order; it has none called 'flat'; did you mean 'flats'?"
    ),
    (
      ["x", "rows", "y"],
      "1 of the 3 classes of 'pictures' is a class of 'M' by name, in another "
        + "order; it has none called 'columns'"
    ),
    // Of fewer classes, or more, than the model's.
    (
      ["columns", "x", "row", "y"],
      "1 of the 3 classes of 'pictures' is a class of 'M' by name; it "
        + "has none called 'flat'"
    ),
    (
      ["columns", "flat"],
      "2 of the 3 classes of 'pictures' are classes of 'M' by name; it has none "
        + "called 'rows'"
    ),
  ])
  func `names of which the model has some elsewhere are not told by number`(
    names: [String], expected: String
  ) throws {
    let folder = try TemporaryFolder()
    try PictureFolder.write(to: folder.file("pictures"), count: 2)
    let saved = try checkpoint(known(names), classes: names.count, in: folder)
    let said = problem { _ = try classifier(saved).test(on: images(folder)) { _ in } }
    #expect(said.replacing(saved.path, with: "M") == expected)
  }

  @Test func `what cannot be asked, and of what, is said in a sentence`() throws {
    let folder = try TemporaryFolder()
    try PictureFolder.write(to: folder.file("pictures"), count: 2)
    let path = folder.file("pictures/rows/000.pgm")
    func refusal(_ saved: SavedModel) -> String {
      problem { _ = try classifier(saved).likeliest(of: [path]) {} }
    }
    func refusalOfAll(_ saved: SavedModel) -> String {
      problem { _ = try classifier(saved).test(on: images(folder)) { _ in } }
    }
    let large = try checkpoint(known([]), classes: 3, side: 12, in: folder)
    #expect(
      refusal(large)
        == "'\(path)' has 8 x 8 pixels in 1 channel, and '\(large.path)' reads 12 x 12 pixels in "
        + "1 channel")
    let coloured = try checkpoint(known([]), classes: 3, channels: 3, in: folder)
    #expect(refusal(coloured).hasSuffix("reads 8 x 8 pixels in 3 channels"))
    let all = refusalOfAll(coloured)
    #expect(all.hasPrefix("the images of 'pictures' have 8 x 8 pixels in 1 channel, and '"))
    let unknown = try checkpoint(ImageConventions(), classes: 3, in: folder)
    #expect(refusal(unknown).contains("does not say how pixels are normalised for it"))
    let features = try checkpoint(
      known([]), Self.model + "\noutput: features", classes: 3, in: folder)
    #expect(refusal(features).contains("tells no classes apart"))
    // A name that several classes have tells none of them.
    for names in [[], ["rows", "columns", "flat", "rows"]] {
      let more = try checkpoint(known(names), classes: 4, in: folder)
      let problem = refusalOfAll(more)
      #expect(problem.hasSuffix("tells 4 classes apart, and the images of 'pictures' have 3"))
    }
  }

  @Test func `it stops between batches where it is to stop`() throws {
    let folder = try TemporaryFolder()
    try PictureFolder.write(to: folder.file("pictures"), count: 2)
    let classifier = try classifier(checkpoint(known([]), classes: 3, in: folder))
    struct Stop: Error {}
    #expect(throws: Stop.self) { _ = try classifier.test(on: images(folder)) { _ in throw Stop() } }
    #expect(throws: Stop.self) { _ = try classifier.likeliest(of: ["x"]) { throw Stop() } }
  }
}
