// profile.json: where the time of a cell's steps goes, operation by operation.

import Config

/// Where the time of one kind of step goes.
package struct StepProfile: Equatable, Sendable, Record {
  /// What kernels are told apart by.
  package enum Kind: String, CaseIterable, Sendable, JSONRepresentable {
    case product, attention, elementwise, optimizer
  }

  /// The calls of one kernel with the same sizes in the same phase.
  package struct Operation: Equatable, Sendable, Record {
    /// The kernel, such as `gemm` or `flash2_forward`.
    package var operation = ""
    /// Its sizes in words, such as `4096 x 768 x 256 NT`.
    package var size = ""
    package var kind = Kind.elementwise
    /// `forward`, `backward` or `optimizer`.
    package var phase = ""
    /// Calls of one step; all below is of these together.
    package var calls = 0
    package var seconds = 0.0
    /// Floating-point operations; 0 where memory sets the pace.
    package var flops = 0.0
    /// Bytes that must be read and written at least once, of each call by itself.
    package var bytes = 0.0
    /// Seconds that threads worked, all together; nil where the host's do not compute.
    package var threadSeconds: Double?

    package init() {}

    package static var fields: [Field<Self>] {
      [
        Field("operation", \.operation, isRequired: true), Field("size", \.size),
        Field("kind", \.kind), Field("phase", \.phase), Field("calls", \.calls),
        Field("seconds", \.seconds), Field("flops", \.flops), Field("bytes", \.bytes),
        Field("thread_seconds", \.threadSeconds),
      ]
    }
  }

  /// Such as `training step`.
  package var step = ""
  /// What the device says of itself.
  package var device = ""
  package var precision = ""
  /// Threads of the host that compute.
  package var threads = 1
  /// How many steps were recorded; each figure is a mean over the middle half of them by length.
  package var steps = 0
  /// Of a step that is recorded, from its beginning to its end.
  package var seconds = 0.0
  /// Of one that is not, in turn with these: the difference is what recording costs.
  package var unrecordedSeconds = 0.0
  /// Of a step in which no kernel runs: the device waits for the host.
  package var hostSeconds = 0.0
  /// The device's, measured, in FLOP/s and in bytes/s.
  package var peak = 0.0
  package var bandwidth = 0.0
  /// The longest first.
  package var operations: [Operation] = []

  package init() {}

  package static var fields: [Field<Self>] {
    [
      Field("step", \.step, isRequired: true), Field("device", \.device),
      Field("precision", \.precision), Field("threads", \.threads), Field("steps", \.steps),
      Field("seconds", \.seconds), Field("unrecorded_seconds", \.unrecordedSeconds),
      Field("host_seconds", \.hostSeconds), Field("peak_flops_per_s", \.peak),
      Field("bandwidth_bytes_per_s", \.bandwidth), Field("operations", \.operations),
    ]
  }
}

/// What `profile.json` holds: a profile for each kind of step that a cell has.
package struct CellProfile: Equatable, Sendable, Record {
  package var schemaVersion = 1
  /// The cell's label.
  package var cell = ""
  package var profiles: [StepProfile] = []

  package init() {}

  package static var fields: [Field<Self>] {
    [
      Field("schema_version", \.schemaVersion), Field("cell", \.cell),
      Field("profiles", \.profiles, isRequired: true),
    ]
  }
}

extension StoredCell {
  /// Its profile; nil where it was not profiled.
  package var profile: CellProfile? { try? CellProfile(file: "\(folder)/profile.json") }
}
