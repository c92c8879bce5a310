// StepProfiler: takes one kind of step in turn as it is and recorded, and makes a profile of it.

package import Records
package import Tensors

/// One kind of step, profiled.
package struct ProfiledStep: Sendable {
  package let profile: StepProfile
  /// The recorded step whose length is the median.
  package let recording: KernelRecording

  package init(profile: StepProfile, recording: KernelRecording) {
    self.profile = profile
    self.recording = recording
  }
}

/// A workload that has no steps to look into.
package struct NotProfiled: Error, CustomStringConvertible {
  package let description: String
}

/// Measures one kind of step.
///
/// Plain and recorded steps take turns, so that what disturbs the machine disturbs both.
struct StepProfiler {
  private let step: String
  private let device: Device
  private let precision: ElementType
  private var turns = 0
  private var plain: [Double] = []
  private var recordings: [KernelRecording] = []

  /// - Parameter step: what it is, such as `training step`.
  init(_ step: String, of cell: CellJob) {
    self.step = step
    device = cell.device
    precision = cell.precision
    // Again afterwards.
    device.measurePeak(precision)
    device.measureBandwidth()
  }

  /// The turns that so many recorded steps take: a plain one before each, and one of both to warm
  /// up.
  static func turns(_ steps: Int) -> Range<Int> { 0..<2 * (steps + 1) }

  /// Does the step once more.
  mutating func once(_ body: () -> Void) {
    if turns % 2 == 0 {
      let seconds = device.seconds(body)
      if turns > 1 { plain.append(seconds) }
    } else {
      let recording = device.recorded(body)
      if turns > 1 { recordings.append(recording) }
    }
    turns += 1
  }

  /// What all steps came to: means over the middle half of them by length, which leave out what
  /// another program has disturbed, and add up.
  func result() throws(NotProfiled) -> ProfiledStep {
    let sorted = recordings.sorted { $0.seconds < $1.seconds }
    guard !plain.isEmpty, !sorted.isEmpty else {
      throw NotProfiled(description: "no \(step) was recorded")
    }
    let typical = sorted[(sorted.count - 1) / 2]
    // Sizes may grow from step to step, as those of a cache do; kernels and their order stay.
    let kernels = typical.calls.map(\.kernel)
    let alike = sorted.filter { $0.calls.map(\.kernel) == kernels }
    let middle = Self.middle(of: alike)

    var profile = StepProfile()
    (profile.step, profile.device, profile.precision) = (step, device.summary, precision.word)
    (profile.threads, profile.steps) = (device.threads, alike.count)
    profile.seconds = Self.mean(middle, \.seconds)
    profile.unrecordedSeconds = Self.mean(Self.middle(of: plain.sorted())) { $0 }
    profile.hostSeconds = Self.mean(middle) { $0.seconds - $0.kernelSeconds }
    profile.peak = device.measurePeak(precision)
    profile.bandwidth = device.measureBandwidth()
    let groups = Dictionary(grouping: typical.calls.indices) { Key(typical.calls[$0]) }
    profile.operations = groups.values.map { places in
      operation(places, in: typical, of: middle)
    }.sorted { ($1.seconds, $0.operation, $0.size) < ($0.seconds, $1.operation, $1.size) }
    return ProfiledStep(profile: profile, recording: typical)
  }

  /// The middle half of what is sorted, at least one.
  private static func middle<Element>(of sorted: [Element]) -> [Element] {
    Array(sorted.dropFirst(sorted.count / 4).dropLast(sorted.count / 4))
  }

  private static func mean<Element>(
    _ elements: [Element], _ value: (Element) -> Double
  ) -> Double {
    elements.reduce(0) { $0 + value($1) } / Double(elements.count)
  }

  /// What calls have in common that stand in one line.
  private struct Key: Hashable {
    let kernel, size: String
    let phase: StepPhase

    init(_ call: RecordedCall) {
      (kernel, size, phase) = (call.kernel, call.size, call.phase)
    }
  }

  /// - Parameter places: of the calls in each recording.
  private func operation(
    _ places: [Int], in typical: KernelRecording, of middle: [KernelRecording]
  ) -> StepProfile.Operation {
    func sum(_ recording: KernelRecording, _ value: (RecordedCall) -> Double) -> Double {
      places.reduce(0) { $0 + value(recording.calls[$1]) }
    }
    let first = typical.calls[places[0]]
    var operation = StepProfile.Operation()
    (operation.operation, operation.size) = (first.kernel, first.size)
    operation.kind = first.kind.recorded
    (operation.phase, operation.calls) = (first.phase.rawValue, places.count)
    operation.seconds = Self.mean(middle) { sum($0, \.seconds) }
    operation.flops = sum(typical, \.flops)
    operation.bytes = sum(typical, \.bytes)
    if first.threadSeconds != nil {
      operation.threadSeconds = Self.mean(middle) { sum($0) { $0.threadSeconds ?? 0 } }
    }
    return operation
  }
}

extension WorkKind {
  /// The word that results use.
  fileprivate var recorded: StepProfile.Kind {
    switch self {
    case .product: .product
    case .attention: .attention
    case .elementwise: .elementwise
    case .optimizer: .optimizer
    }
  }
}
