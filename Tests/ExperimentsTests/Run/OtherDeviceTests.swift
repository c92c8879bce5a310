// Workloads on a device that has an algorithm which the CPU lacks, as a Hopper GPU has flash3: they
// run, and need the memory that was predicted of that device.

import Config
import Experiments
import Records
import Tensors
import TestDevices
import Testing
import Workloads

@Suite struct OtherDeviceTests {
  private func run(_ workload: String, kernel: String) throws -> CellRow {
    let cell = try TrainCell(
      """
      # Does it run?
      name: other
      device: cpu
      model:
        {layers: 1, width: 32, position: none, attention: {type: mha, heads: 2, kernel: \(kernel)}}
      workload: {\(workload)}
      """, on: PartialDevice.withFlash3())
    try cell.run()
    #expect(cell.job.row.status == .ok, "\(cell.job.row.reason ?? "")")
    return cell.job.row
  }

  private static let text = "dataset: {name: ./text.txt}"

  @Test(
    arguments: [
      "type: train, \(text), sequence: 64, batch: 2, steps: 2, evaluate_every: 0, "
        + "sample: {tokens: 0}",
      "type: attention, seconds: 0, sequence: 96, check_error: false",
    ], ["flash3", "auto"])
  func `what it needs is predicted of the device that runs it`(
    workload: String, kernel: String
  ) throws {
    let row = try run(workload, kernel: kernel)
    #expect(row.fact("kernel")?.text == "flash3")
    let measured = try #require(row.metrics[.workspaceBytes])
    #expect(measured >= Double(1 << 20))
    #expect(row.metrics[.prediction(of: .workspaceBytes)] == measured)
  }

  @Test(arguments: ["flash3", "auto"])
  func `sizes are told and texts written by an algorithm that the CPU lacks`(kernel: String) throws
  {
    let inspected = try run("type: inspect, sequence: 64, batch: 2", kernel: kernel)
    #expect(try #require(inspected.metrics[.trainingBytes]) > Double(1 << 20))
    let written = try run(
      "type: generate, \(Self.text), prompt_tokens: 40, new_tokens: 4", kernel: kernel)
    #expect(written.fact("kernel")?.text == "flash3")
  }

  @Test func `a meta device has the algorithms and the answers of the one that it stands for`() {
    let original = PartialDevice.withFlash3()
    let (meta, cpu) = (Device.meta(of: original), Device.meta(threads: 2))
    #expect(meta.isMeta && cpu.isMeta && meta.threads == 2)
    #expect(meta.has(.flash3) && !cpu.has(.flash3) && cpu.has(.flash2))
    let shape = AttentionShape(queries: 40, keys: 40, heads: 2, kvHeads: 1, headDimension: 8)
    for backward in [false, true] {
      for (algorithm, device) in [(AttentionAlgorithm.flash2, cpu), (.flash3, original)] {
        let (asked, told) = (
          device.attentionBytes(algorithm, shape, .f32, backward: backward),
          meta.attentionBytes(algorithm, shape, .f32, backward: backward)
        )
        #expect(asked != nil && asked?.workspace == told?.workspace && asked?.saved == told?.saved)
      }
    }
    let partial = Device.meta(of: PartialDevice.withoutFlash2Backward())
    #expect(partial.obstacle(to: .flash2, in: shape, .f32, backward: true) == "x")
    #expect(partial.obstacle(to: .flash2, in: shape, .f32, backward: false) == nil)
  }
}
