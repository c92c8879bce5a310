// Our models of images against PyTorch in float64: logits, loss, every gradient, and ten AdamW
// steps.

import Config
import Models
import Tensors
import Testing
import Workloads

@Suite("parity with PyTorch in float64, of images")
struct ImageParityTests {
  static let names = [
    "vit-classic", "vit-modern", "vit-registers", "vit-waves", "vit-regularised",
  ]
  static let tolerance = 1e-4

  /// A fixture with its model on a device, and the patches and classes of its batches.
  private struct Case {
    let fixture: Fixture
    let model: Transformer
    let batches: [(patches: [Float], classes: [Int32])]

    init(_ name: String, kernel: String, on device: Device) throws {
      let fixture = try Fixture(name)
      self.fixture = fixture
      model = try fixture.model(on: device, kernel: kernel, window: 0, length: 1)
      let image = try #require(fixture.image)
      let order = PatchOrder(image, try #require(model.input.grid))
      let pixels = try #require(fixture.tensors["images"]).values()
      let size = image.height * image.width * image.channels
      var images = stride(from: 0, to: pixels.count, by: size).map {
        order.patches(Array(pixels[$0..<$0 + size]))
      }
      batches = try #require(fixture.json["classes"]).elements.map { batch in
        let classes = batch.elements.compactMap(\.whole).map { Int32($0) }
        defer { images.removeFirst(classes.count) }
        return (images[..<classes.count].flatMap(\.self), classes)
      }
    }
  }

  @Test(
    "logits, loss and every gradient are PyTorch's", arguments: names, ["naive", "flash2"])
  func gradients(name: String, kernel: String) throws {
    let device = Device.cpu(threads: 2)
    let own = try Case(name, kernel: kernel, on: device)
    let (fixture, model) = (own.fixture, own.model)
    let (patches, classes) = try #require(own.batches.first)

    let grid = try #require(model.input.grid)
    let read = Tensor(
      patches, [classes.count, grid.patches, patches.count / classes.count / grid.patches],
      kind: .data, on: device)
    let logits = model(.patches(read), Pass(on: device))
    #expect(logits.shape == [classes.count, 1, model.vocabulary])
    let expected = try #require(fixture.tensors["logits"])
    #expect(relativeError(logits.values(), try expected.values()) <= Self.tolerance)

    let trainer = Trainer(model, try fixture.training(clips: true).0, precision: .f32, on: device)
    let loss = trainer.backward(patches: patches, classes: classes).loss
    let exact = try #require(fixture.json["loss"]?.number)
    #expect(abs(loss - exact) <= 1e-5 * exact)

    let zero = fixture.zeroGradients
    for parameter in model.parameters.all {
      let found = try #require(trainer.gradient(of: parameter), "\(parameter.name)").values()
      let expected = try #require(fixture.tensors["gradients/\(parameter.name)"]).values()
      if zero.contains(parameter.name) {
        #expect(found.allSatisfy { abs($0) < 1e-6 }, "\(parameter.name)")
      } else {
        #expect(relativeError(found, expected) <= Self.tolerance, "\(parameter.name)")
      }
    }
  }

  @Test("ten AdamW steps end where PyTorch's do", arguments: names)
  func steps(name: String) throws {
    let device = Device.cpu(threads: 2)
    let own = try Case(name, kernel: "auto", on: device)
    let (options, schedule) = try own.fixture.training(clips: true)
    let trainer = Trainer(own.model, options, precision: .f32, on: device)
    let losses = try #require(own.fixture.json["losses"]).elements.compactMap(\.number)
    let norms = try #require(own.fixture.json["norms"]).elements.compactMap(\.number)
    for (index, batch) in own.batches.enumerated() {
      let step = trainer.step(
        patches: batch.patches, classes: batch.classes, rate: schedule.rate(at: index))
      #expect(abs(step.loss - losses[index]) <= Self.tolerance * losses[index], "step \(index)")
      #expect(
        abs(step.gradientNorm - norms[index]) <= Self.tolerance * norms[index], "step \(index)")
    }
    #expect(losses.count == 10)
    // Later steps have the shape of the first one and are captured.
    #expect(trainer.isCaptured)
    let zero = own.fixture.zeroGradients
    for parameter in own.model.parameters.all where !zero.contains(parameter.name) {
      let expected = try #require(own.fixture.tensors["after/\(parameter.name)"]).values()
      #expect(
        relativeError(parameter.tensor.values(), expected) <= Self.tolerance, "\(parameter.name)")
    }
  }

  @Test(
    "angles of two dimensions are those of the formulas",
    arguments: ["vit-modern", "vit-registers"])
  func angles(name: String) throws {
    let own = try Case(name, kernel: "auto", on: Device.cpu(threads: 1))
    let position = try #require(own.model.positions.first as? RoPE2D)
    let expected = try #require(own.fixture.tensors["angles"]).values()
    let found = (0..<own.model.length).flatMap { position.angles(of: $0) }
    #expect(found.count == expected.count)
    for (angle, exact) in zip(found, expected) { #expect(abs(angle - Double(exact)) < 1e-6) }
  }
}
