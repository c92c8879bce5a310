// What memory is used for, and the ledger that counts it: bytes in use by kind, now and at the
// peak.

/// What a block of memory is for.
package enum MemoryKind: Int, CaseIterable, Sendable {
  case parameters, gradients, optimizer, activations, workspace, cache, data
}

/// Bytes by kind.
///
/// Exact up to 2^53 bytes, more than any machine has; a dry run may need more than 64 bits can
/// count, and is then told to 16 digits.
package struct MemoryUse: Equatable, Sendable {
  private var bytes = SIMD8<Double>(repeating: 0)

  package init() {}

  package subscript(kind: MemoryKind) -> Double {
    get { bytes[kind.rawValue] }
    set { bytes[kind.rawValue] = newValue }
  }

  package var total: Double { bytes.sum() }
}

/// The books of one device's memory.
///
/// Counts what tensors asked for, not what the device keeps for reuse.
package struct MemoryLedger: Sendable {
  /// Bytes in use now.
  package private(set) var current = MemoryUse()
  /// The most that each kind ever used; the kinds need not have peaked together.
  package private(set) var peakByKind = MemoryUse()
  /// The use by kind at the moment when the total was highest.
  package private(set) var atPeak = MemoryUse()
  /// How often memory was asked of the device itself, because no kept block fitted.
  package private(set) var allocations = 0

  mutating func take(_ bytes: Int, _ kind: MemoryKind) {
    current[kind] += Double(bytes)
    peakByKind[kind] = max(peakByKind[kind], current[kind])
    if current.total > atPeak.total { atPeak = current }
  }

  mutating func giveBack(_ bytes: Int, _ kind: MemoryKind) {
    current[kind] -= Double(bytes)
  }

  mutating func countAllocation() { allocations += 1 }

  /// The peaks of a device's memory.
  package struct Peaks: Equatable, Sendable {
    /// The most that each kind ever used.
    package let byKind: MemoryUse
    /// The use by kind at the moment when the total was highest.
    package let atHighest: MemoryUse

    package init(byKind: MemoryUse, atHighest: MemoryUse) {
      self.byKind = byKind
      self.atHighest = atHighest
    }
  }

  package var peaks: Peaks { Peaks(byKind: peakByKind, atHighest: atPeak) }

  /// Takes in the peaks of an earlier process that did the first part of the same work.
  mutating func absorb(_ earlier: Peaks) {
    for kind in MemoryKind.allCases {
      peakByKind[kind] = max(peakByKind[kind], earlier.byKind[kind])
    }
    if earlier.atHighest.total > atPeak.total { atPeak = earlier.atHighest }
  }

  /// Starts the peaks afresh from what is in use now.
  package mutating func resetPeaks() {
    peakByKind = current
    atPeak = current
  }
}
