// How busy a machine is with other programs, which disturbs timings.

/// The load on a machine from other programs and, under a hypervisor, from other machines.
package struct HostLoad: Equatable, Sendable, Record {
  /// Mean number of programs that ran or wanted to, over the last minute.
  package var oneMinute: Double?
  /// The share of all processors' time that others used, from 0 to 1.
  package var busy: Double?
  /// The share of time that the hypervisor gave to other machines, from 0 to 1.
  package var stolen: Double?

  package init() {}

  package init(oneMinute: Double?, busy: Double?, stolen: Double?) {
    self.oneMinute = oneMinute
    self.busy = busy
    self.stolen = stolen
  }

  package static var fields: [Field<Self>] {
    [Field("load_average", \.oneMinute), Field("busy", \.busy), Field("stolen", \.stolen)]
  }

  /// Whether times taken now are not those of a quiet machine.
  package var disturbs: Bool { busy ?? 0 > 0.1 || stolen ?? 0 > Self.stolenLimit }
  private static let stolenLimit = 0.02

  /// `other programs 50.0 % of all cores, other machines 5.0 %, load average 4.1 on 2 cores`.
  package func text(cores: Int) -> String {
    func percent(_ share: Double?) -> String {
      share.map { Metric.peakPercent.text($0 * 100) } ?? "?"
    }
    return "other programs \(percent(busy)) of all cores"
      + (stolen ?? 0 > Self.stolenLimit ? ", other machines \(percent(stolen))" : "")
      + (oneMinute.map { ", load average \($0) on \(cores) cores" } ?? "")
  }

  /// What to say before times are measured; nil on a quiet machine.
  package func warning(cores: Int) -> String? {
    disturbs
      ? "the machine is busy, and times measured now are disturbed: \(text(cores: cores))" : nil
  }

  /// What to say of times that were measured; nil where the machine was quiet.
  package func note(cores: Int) -> String? {
    disturbs
      ? "the machine was busy when the run began, and its times are disturbed: "
        + text(cores: cores) : nil
  }
}
