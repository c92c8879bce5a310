// Recorded training steps: what a profile counts is what the device counts and what the formulas
// predict, and the trace shows it.

import Config
import Models
import Records
import Tensors
import TestModels
import Testing
import Workloads

@Suite struct RecordedStepTests {
  private func trainer(_ model: Transformer, on device: Device) -> Trainer {
    let options = OptimizerOptions(
      rate: 1e-3, adamW: AdamWOptions(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1),
      clip: 1)
    return Trainer(model, options, precision: .f32, on: device, replays: false)
  }

  @Test(arguments: TinyModel.all)
  func `operations are those of the device and of the formulas`(tiny: TinyModel) throws {
    let device = Device.cpu(threads: 2)
    let model = try tiny.model(on: device, seed: 1)
    let trainer = trainer(model, on: device)
    var step: TrainingStep?
    let before = device.work
    let recording = device.recorded {
      step = trainer.step(
        TinyBatch.inputIDs, targets: TinyBatch.targetIDs, batch: TinyBatch.sequences, rate: 1e-3)
    }
    #expect(step?.isFinite == true)
    func flops(_ kind: WorkKind) -> Double {
      recording.calls.reduce(0) { $0 + ($1.kind == kind ? $1.flops : 0) }
    }
    let work = device.work - before
    #expect(flops(.product) == work.products && flops(.attention) == work.attention)
    let predicted = model.trainingStepFLOPs(
      tokens: TinyModel.length, batch: TinyBatch.sequences, .f32, on: device)
    #expect(work.total == predicted)
    #expect(recording.calls.allSatisfy { $0.bytes > 0 })
    #expect(recording.kernelSeconds <= recording.seconds)
    // Phases follow each other, and the optimizer is the last.
    let phases = recording.calls.map(\.phase)
    #expect(phases.first == .forward && phases.last == .optimizer)
    #expect(Set(phases) == Set(StepPhase.allCases))
    #expect(
      recording.calls.filter { $0.phase == .optimizer }.map(\.kernel)
        == ["gradient_norm", "adamw"])
    let elements = model.parameters.tensors.reduce(0) { $0 + $1.count }
    let adamw = try #require(recording.calls.last)
    #expect(adamw.bytes <= Double(28 * elements) && adamw.bytes > 0)
  }

  @Test func `a recorded training has the bits of another`() throws {
    var (plain, recorded) = (try SmallRun(replays: false), try SmallRun(replays: false))
    let trace = plain.trace(4)
    var found = SmallRun.Trace()
    for turn in 0..<4 {
      if turn % 2 == 0 {
        found.steps.append(recorded.step())
      } else {
        _ = recorded.device.recorded { found.steps.append(recorded.step()) }
      }
    }
    found.parameters = recorded.model.parameters.all.map { $0.tensor.values() }
    #expect(found == trace)
  }

  @Test func `a trace has the step, its phases and its kernels, each on its track`() throws {
    var run = try SmallRun(replays: false)
    _ = run.step()
    let recording = run.device.recorded { _ = run.step() }
    var profile = StepProfile()
    (profile.step, profile.threads) = ("training step", 2)
    let steps = [ProfiledStep(profile: profile, recording: recording)]
    let json = try JSON(reading: ChromeTrace(steps, of: "modern").json.document)
    let events = try #require(json["traceEvents"]?.elements)
    func number(_ event: JSON, _ key: String) throws -> Double {
      try #require(event[key]?.number)
    }
    let metadata = events.filter { $0["ph"]?.text == "M" }
    #expect(
      metadata.compactMap { $0["args"]?["name"]?.text } == [
        "modern: training step", "step and phases", "kernels",
      ])
    let complete = events.filter { $0["ph"]?.text == "X" }
    #expect(complete.count + metadata.count == events.count)
    for event in complete {
      #expect(event["name"]?.text?.isEmpty == false && event["cat"]?.text?.isEmpty == false)
      #expect(event["pid"]?.whole == 1 && event["args"] != nil)
      #expect(try number(event, "ts") >= 0 && number(event, "dur") >= 0)
    }
    let tracks = Dictionary(grouping: complete) { $0["tid"]?.whole ?? 0 }
    let kernels = try #require(tracks[2])
    #expect(kernels.compactMap { $0["name"]?.text } == recording.calls.map(\.kernel))
    #expect(
      try kernels.map { try #require($0["args"]?["flops"]?.number) } == recording.calls.map(\.flops)
    )
    // The step holds its phases, which follow each other, and all kernels.
    let whole = try #require(tracks[1]?.first)
    #expect(whole["name"]?.text == "training step")
    #expect(abs(try number(whole, "dur") - 1e6 * recording.seconds) < 1e-3)
    let phases = try #require(tracks[1]).dropFirst()
    #expect(phases.compactMap { $0["name"]?.text } == ["forward", "backward", "optimizer"])
    for track in [Array(phases), kernels] {
      var end = try number(whole, "ts")
      for event in track {
        #expect(try number(event, "ts") >= end - 1e-3)
        end = try number(event, "ts") + number(event, "dur")
      }
      #expect(try end <= number(whole, "ts") + number(whole, "dur") + 1e-3)
    }
  }
}
