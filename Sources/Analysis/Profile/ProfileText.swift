// ProfileText: where the time of a step goes, in words first, then by kind of work, then by
// operation. All from the figures of a profile, for the terminal and for the report.

internal import Foundation
package import Records
package import Statistics

/// A profile for people.
package struct ProfileText {
  private let profile: StepProfile

  package init(_ profile: StepProfile) { self.profile = profile }

  // MARK: In words

  /// The answers: where time goes, how near to the machine's limits, who waits, what recording
  /// costs.
  package var answers: [String] {
    [kinds, waiting, recording].compactMap(\.self)
  }

  private var kinds: String {
    var parts =
      byKind
      .sorted { $0.seconds > $1.seconds }.map { total in
        (total.kind.name, total.seconds, rate(total.seconds, total.flops, total.bytes)?.ofLimit)
      }
    parts.append(("the host, between kernels,", profile.hostSeconds, nil))
    let said = parts.enumerated().map { place, part -> String in
      let (name, seconds, ofLimit) = part
      let share = "\(name) \(share(seconds))"
      let whole = place == 0 ? " of a \(profile.step) of \(duration(profile.seconds))" : ""
      return share + whole + (ofLimit.map { " at \($0)" } ?? "")
    }
    let text = said.joined(separator: "; ")
    return text.prefix(1).uppercased() + text.dropFirst()
  }

  /// How busy the host's threads are while kernels run; nil where they do not compute.
  private var waiting: String? {
    guard profile.threads > 1 else { return nil }
    let threaded = profile.operations.filter { $0.threadSeconds != nil }
    let all = threaded.reduce(0) { $0 + $1.seconds } * Double(profile.threads)
    guard all > 0 else { return nil }
    let busy = threaded.reduce(0) { $0 + ($1.threadSeconds ?? 0) } / all
    let worst = threaded.max { idle($0) < idle($1) }
    let most = worst.map {
      "; most of it, \(duration(idle($0) / Double(profile.threads))) of the step, in "
        + "\($0.operation) \($0.size)"
    }
    return "\(profile.threads) threads wait \(percent(max(0, 1 - busy))) of the time that kernels "
      + "run" + (busy < 0.995 ? most ?? "" : "")
  }

  /// Seconds that threads wait in an operation, all together.
  private func idle(_ operation: StepProfile.Operation) -> Double {
    max(0, operation.seconds * Double(profile.threads) - (operation.threadSeconds ?? 0))
  }

  private var recording: String {
    let (recorded, plain) = (profile.seconds, profile.unrecordedSeconds)
    let steps =
      switch profile.steps {
      case 1: "1 step"
      case 2, 3: "the mean of \(profile.steps) steps"  // they have no quarters to leave out
      default: "the middle half of \(profile.steps) steps"
      }
    return "recorded: \(duration(recorded)), \(steps); unrecorded, in turn with these: "
      + duration(plain)
  }

  private var byKind: [Total] {
    StepProfile.Kind.allCases.map { Total($0, of: profile) }.filter { $0.seconds > 0 }
  }

  // MARK: Tables

  /// By kind of work: forward, backward and all.
  package var totals: Table {
    let rows =
      byKind
      .map { total in
        [
          total.kind.name, milliseconds(total.forward), milliseconds(total.backward),
          milliseconds(total.seconds), share(total.seconds),
        ] + columns(total.seconds, total.flops, total.bytes)
      }
    let host = [
      "host, between kernels", "", "", milliseconds(profile.hostSeconds),
      share(profile.hostSeconds), "", "",
    ]
    return Table(
      header: ["", "forward ms", "backward ms", "ms", "share", "rate", "of the limit"],
      rows: rows + [host], left: [0])
  }

  /// By operation and size, the longest first: what all calls of a step come to.
  package var operations: Table {
    Table(
      header: [
        "operation", "size", "phase", "calls", "ms", "share", "FLOPs", "bytes", "rate",
        "of the limit", "busy",
      ],
      rows: profile.operations.map { operation in
        let busy = operation.threadSeconds.map {
          percent($0 / (operation.seconds * Double(profile.threads)))
        }
        let flops = operation.flops == 0 ? "" : Metric.stepFLOPs.text(operation.flops)
        return [
          operation.operation, operation.size, operation.phase, "\(operation.calls)",
          milliseconds(operation.seconds), share(operation.seconds),
          flops, Metric.peakBytes.text(operation.bytes),
        ] + columns(operation.seconds, operation.flops, operation.bytes) + [busy ?? ""]
      }, left: [0, 1, 2])
  }

  /// What the columns rest on.
  package var limits: String {
    let peak = RooflineSection.flops(profile.peak)
    let bandwidth = Metric.decodeBytesPerSecond.text(profile.bandwidth) + "/s"
    return "measured limits: peak \(peak) (\(profile.precision)), memory \(bandwidth) read; of the "
      + "two, the one that an operation is nearer to. What lies in the caches goes beyond the "
      + "memory's."
  }

  /// All of it for a terminal.
  package func text(width: Int) -> String {
    let words = (answers.map { $0 + "." } + [""]).flatMap {
      DisplayWidth.wrapped($0, to: width, hanging: 2)
    }
    let notes = DisplayWidth.wrapped(limits, to: width)
    return (words + [totals.text(width: width)] + [operations.text(width: width)] + notes)
      .joined(separator: "\n") + "\n"
  }

  // MARK: Figures

  /// The rate against the limit that it is nearer to.
  private func rate(
    _ seconds: Double, _ flops: Double, _ bytes: Double
  ) -> (text: String, ofLimit: String)? {
    guard seconds > 0, profile.peak > 0, profile.bandwidth > 0 else { return nil }
    let (arithmetic, memory) = (
      flops / seconds / profile.peak, bytes / seconds / profile.bandwidth
    )
    return arithmetic >= memory
      ? (RooflineSection.flops(flops / seconds), "\(percent(arithmetic)) of peak")
      : (
        Metric.decodeBytesPerSecond.text(bytes / seconds) + "/s", "\(percent(memory)) of bandwidth"
      )
  }

  private func columns(_ seconds: Double, _ flops: Double, _ bytes: Double) -> [String] {
    rate(seconds, flops, bytes).map { [$0.text, $0.ofLimit] } ?? ["", ""]
  }

  private func share(_ seconds: Double) -> String { percent(seconds / profile.seconds) }

  private func percent(_ share: Double) -> String {
    share.isFinite ? String(format: share < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * share) : ""
  }

  private func milliseconds(_ seconds: Double) -> String {
    seconds == 0 ? "" : String(format: "%.3f", 1e3 * seconds)
  }

  private func duration(_ seconds: Double) -> String { Metric.stepSeconds.text(seconds) }
}

/// All operations of one kind.
private struct Total {
  let kind: StepProfile.Kind
  private(set) var forward = 0.0
  private(set) var backward = 0.0
  private(set) var seconds = 0.0
  private(set) var flops = 0.0
  private(set) var bytes = 0.0

  init(_ kind: StepProfile.Kind, of profile: StepProfile) {
    self.kind = kind
    for operation in profile.operations where operation.kind == kind {
      seconds += operation.seconds
      flops += operation.flops
      bytes += operation.bytes
      if operation.phase == "forward" { forward += operation.seconds }
      if operation.phase == "backward" { backward += operation.seconds }
    }
  }
}

extension StepProfile.Kind {
  fileprivate var name: String {
    switch self {
    case .product: "products"
    case .attention: "attention"
    case .elementwise: "element-wise"
    case .optimizer: "optimizer"
    }
  }
}
