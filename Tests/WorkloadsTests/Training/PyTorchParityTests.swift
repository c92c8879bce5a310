// Our models against PyTorch in float64: logits, loss, every gradient, and ten AdamW steps.

import Config
import Models
import Tensors
import Testing
import Workloads
import Records

@Suite("parity with PyTorch in float64")
struct PyTorchParityTests {
  static let kernels = ["naive", "flash2"]
  static let tolerance = 1e-4

  @Test(
    "logits, loss and every gradient are PyTorch's",
    arguments: Fixture.names, kernels)
  func gradients(name: String, kernel: String) throws {
    let fixture = try Fixture(name)
    let device = Device.cpu(threads: 2)
    let model = try fixture.model(on: device, kernel: kernel)
    let batch = try #require(try fixture.batches().first)

    let logits = model(
      Tokens(batch.inputs, batch: batch.sequences, on: device), Pass(on: device))
    let expected = try #require(fixture.tensors["logits"])
    #expect(relativeError(logits.values(), try expected.values()) <= Self.tolerance)

    let trainer = Trainer(model, try fixture.training(clips: true).0, precision: .f32, on: device)
    let loss = trainer.backward(
      batch.inputs, targets: batch.targets, batch: batch.sequences
    ).loss
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

  @Test("ten AdamW steps end where PyTorch's do", arguments: Fixture.names, [true, false])
  func steps(name: String, clips: Bool) throws {
    let fixture = try Fixture(name)
    let device = Device.cpu(threads: 2)
    let model = try fixture.model(on: device)
    let (options, schedule) = try fixture.training(clips: clips)
    let trainer = Trainer(model, options, precision: .f32, on: device)
    let run = try #require(fixture.json[clips ? "clipped" : "unclipped"])
    let losses = try #require(run["losses"]).elements.compactMap(\.number)
    let norms = try #require(run["norms"]).elements.compactMap(\.number)

    for (index, batch) in try fixture.batches().enumerated() {
      let step = trainer.step(
        batch.inputs, targets: batch.targets, batch: batch.sequences,
        rate: schedule.rate(at: index))
      #expect(abs(step.loss - losses[index]) <= Self.tolerance * losses[index], "step \(index)")
      #expect(
        abs(step.gradientNorm - norms[index]) <= Self.tolerance * norms[index], "step \(index)")
    }
    let zero = fixture.zeroGradients
    for parameter in model.parameters.all where !zero.contains(parameter.name) {
      let prefix = clips ? "after" : "after_unclipped"
      let expected = try #require(fixture.tensors["\(prefix)/\(parameter.name)"]).values()
      #expect(
        relativeError(parameter.tensor.values(), expected) <= Self.tolerance, "\(parameter.name)")
    }
  }
}
