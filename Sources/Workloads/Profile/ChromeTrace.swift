// ChromeTrace: recorded steps in the Trace Event Format, which Perfetto and chrome://tracing open.
// A process for each kind of step, with one track for the step and its phases and one for kernels.

package import Config
import Records
import Tensors

/// The trace of a cell's steps.
package struct ChromeTrace {
  private let cell: String
  private let steps: [ProfiledStep]

  /// - Parameter cell: its label.
  package init(_ steps: [ProfiledStep], of cell: String) {
    self.cell = cell
    self.steps = steps
  }

  private enum Track: Int, CaseIterable {
    case phases = 1
    case kernels

    var name: String { self == .phases ? "step and phases" : "kernels" }
  }

  package var json: JSON {
    [
      "displayTimeUnit": "ms",
      "traceEvents": .array(steps.enumerated().flatMap { events(of: $1, process: $0 + 1) }),
    ]
  }

  private func events(of step: ProfiledStep, process: Int) -> [JSON] {
    let recording = step.recording
    let name = metadata("process_name", "\(cell): \(step.profile.step)", process)
    let tracks = Track.allCases.map { metadata("thread_name", $0.name, process, $0) }
    let whole = event(step.profile.step, "step", 0, recording.seconds, process, .phases)
    let phases = recording.phases.map { phase in
      event(
        phase.phase.rawValue, "phase", phase.start, phase.end - phase.start, process, .phases)
    }
    let kernels = recording.calls.map { call in
      event(
        call.kernel, "\(call.phase.rawValue),\(call.kind.rawValue)", call.start, call.seconds,
        process, .kernels, args: arguments(of: call, step.profile.threads))
    }
    return [name] + tracks + [whole] + phases + kernels
  }

  private func arguments(of call: RecordedCall, _ threads: Int) -> [JSON.Member] {
    var arguments = [
      JSON.Member("size", .string(call.size)), JSON.Member("flops", .real(call.flops)),
      JSON.Member("bytes", .real(call.bytes)),
    ]
    if call.seconds > 0 {
      arguments.append(JSON.Member("gflops_per_s", .real(1e-9 * call.flops / call.seconds)))
      arguments.append(JSON.Member("gb_per_s", .real(1e-9 * call.bytes / call.seconds)))
      if let busy = call.threadSeconds {
        arguments.append(
          JSON.Member("busy_percent", .real(100 * busy / (call.seconds * Double(threads)))))
      }
    }
    return arguments
  }

  /// Seconds in microseconds, to the nanosecond.
  private static func microseconds(_ seconds: Double) -> JSON {
    .real((1e9 * seconds).rounded() / 1e3)
  }

  /// A complete event.
  private func event(
    _ name: String, _ category: String, _ start: Double, _ seconds: Double, _ process: Int,
    _ track: Track, args: [JSON.Member] = []
  ) -> JSON {
    [
      "name": .string(name), "cat": .string(category), "ph": "X", "ts": Self.microseconds(start),
      "dur": Self.microseconds(seconds), "pid": .integer(process), "tid": .integer(track.rawValue),
      "args": .object(args),
    ]
  }

  private func metadata(
    _ kind: String, _ name: String, _ process: Int, _ track: Track? = nil
  ) -> JSON {
    [
      "name": .string(kind), "ph": "M", "pid": .integer(process),
      "tid": .integer(track?.rawValue ?? 0), "args": ["name": .string(name)],
    ]
  }
}

extension KernelRecording {
  /// The stretches of one phase each, from their first kernel to the end of their last.
  fileprivate var phases: [(phase: StepPhase, start: Double, end: Double)] {
    var phases: [(phase: StepPhase, start: Double, end: Double)] = []
    for call in calls {
      if let last = phases.last, last.phase == call.phase {
        phases[phases.count - 1].end = call.start + call.seconds
      } else {
        phases.append((call.phase, call.start, call.start + call.seconds))
      }
    }
    return phases
  }
}
