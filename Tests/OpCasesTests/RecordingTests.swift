// Recorded calls: every kernel has a name, sizes and bytes; times fit into the whole; and what is
// computed has the same bits as without.

import CKernels
import Foundation
import OpCases
import Tensors
import Testing

@Suite struct RecordingTests {
  /// The kernels of kernels.def, those that a table may lack, zero, and the two directions of the
  /// attention algorithms.
  private static let known: Set<String> = {
    var names: Set<String> = ["zero", "gemm_group"]
    for index in Int64(0)... {
      guard let name = runexp_kernel_name(index) else { break }
      names.insert(String(cString: name))
    }
    for algorithm in AttentionAlgorithm.allCases {
      names.formUnion(["\(algorithm.rawValue)_forward", "\(algorithm.rawValue)_backward"])
    }
    return names
  }()

  @Test func `every kernel is recorded with its name, its bytes and the same bits`() throws {
    let device = Device.cpu(threads: 2)
    var seen: Set<String> = []
    for one in OpCase.checks(on: device) {
      let plain = one.run(on: device)
      var recorded: [CaseOutput] = []
      let work = device.work
      let recording = device.recorded { recorded = one.run(on: device) }
      #expect(
        plain.map { $0.values.map(\.bitPattern) } == recorded.map { $0.values.map(\.bitPattern) },
        "\(one)")
      for call in recording.calls {
        #expect(Self.known.contains(call.kernel), "\(call.kernel)")
        #expect(call.bytes > 0 || call.size == "0", "\(one): \(call.kernel)")
        #expect(call.flops == 0 || [.product, .attention].contains(call.kind))
      }
      let kernels = recording.calls.map(\.kernel)
      for kernel in one.kernels {
        let names =
          kernel.hasSuffix("_attention")
          ? [kernel.replacing("_attention", with: "_forward")] : [kernel]
        #expect(!Set(names).isDisjoint(with: kernels), "\(one) ran \(kernels)")
      }
      #expect(recording.calls.reduce(0) { $0 + $1.flops } == (device.work - work).total, "\(one)")
      seen.formUnion(kernels)
    }
    let missing = Self.known.subtracting(seen).filter { !$0.hasPrefix("flash3") }
    #expect(missing.isEmpty, "\(missing.sorted())")
  }

  @Test func `kernels run one after another within the whole, on at most all threads`() {
    let device = Device.cpu(threads: 2)
    let x = Tensor(
      [Float](repeating: 1, count: 1 << 16), [256, 256], kind: .data, on: device)
    let recording = device.recorded {
      for _ in 0..<50 { _ = Pass(on: device).linear(x, weight: x) }
    }
    #expect(recording.calls.count == 50)
    var end = 0.0
    for call in recording.calls {
      #expect(call.start >= end && call.seconds > 0)
      end = call.start + call.seconds
      let busy = call.threadSeconds ?? -1
      // Clocks are read one after another.
      #expect(busy > 0 && busy <= 2 * call.seconds + 1e-4, "\(busy) of \(call.seconds)")
    }
    #expect(end <= recording.seconds && recording.kernelSeconds <= recording.seconds)
    #expect(recording.calls[0].size == "256 x 256 x 256 NT")
    #expect(recording.calls[0].flops == 2 * 256 * 256 * 256)
    #expect(recording.calls[0].bytes == 3 * 4 * 256 * 256)
    // Afterwards nothing is recorded, and a recording may follow.
    _ = Pass(on: device).linear(x, weight: x)
    #expect(device.recorded {}.calls.isEmpty)
  }

  @Test func `a thread that has nothing to do waits`() {
    let device = Device.cpu(threads: 2)
    // One element is one thread's work.
    let x = Tensor([1], [1], kind: .data, on: device)
    let recording = device.recorded { for _ in 0..<20 { _ = Pass(on: device).add(x, x) } }
    for call in recording.calls {
      let busy = call.threadSeconds ?? .nan
      #expect(abs(busy - call.seconds) <= 1e-9, "\(busy) of \(call.seconds)")
    }
  }

  @Test func `a device that works late is recorded by its own clock`() throws {
    let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let file = URL(filePath: runner).deletingLastPathComponent().appending(
      path: "libDelayedPlugin.so")
    let late = try Device(
      opening: Plugin.load(.init(path: file.path, source: "a test")), threads: 2)
    func calls(_ device: Device) -> [RecordedCall] {
      let x = Tensor(
        [Float](repeating: 1, count: 1 << 14), [128, 128], kind: .data, on: device)
      let weight = Tensor(
        [Float](repeating: 1, count: 128), [128], kind: .data, on: device)
      let recording = device.recorded {
        let pass = Pass(on: device)
        _ = pass.rmsNorm(pass.linear(x, weight: x), weight: weight, epsilon: 1e-5)
        Thread.sleep(forTimeInterval: 0.05)
        _ = pass.add(x, x)
      }
      #expect(recording.kernelSeconds <= recording.seconds)
      return recording.calls
    }
    let (there, here) = (calls(late), calls(.cpu(threads: 2)))
    #expect(there.map(\.kernel) == ["gemm", "rms_norm_forward", "add"])
    #expect(there.map(\.kernel) == here.map(\.kernel) && there.map(\.size) == here.map(\.size))
    #expect(there.allSatisfy { $0.seconds > 0 && $0.threadSeconds == nil })
    // It had not begun when the host rested.
    #expect(there.allSatisfy { $0.seconds < 0.05 })
    #expect(there[2].start - there[1].start < 0.05 && here[2].start - here[1].start >= 0.05)
  }
}
