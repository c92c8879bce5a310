// How busy the machine is with other programs, which would disturb timings.

internal import Foundation
import Records

/// The load on the machine, seen while this program sleeps.
package struct HostLoad: Equatable, Sendable {
  /// Mean number of programs that ran or wanted to, over the last minute.
  package let oneMinute: Double?
  /// The share of all cores' time that others used, from 0 to 1.
  package let busy: Double?
  /// The share of time that the hypervisor gave to other machines, from 0 to 1.
  package let stolen: Double?

  /// Looks at the system's counters twice, a fifth of a second apart.
  static func measure() -> HostLoad {
    let before = counters
    usleep(200_000)
    return HostLoad(
      average: (try? AtomicFile.read("/proc/loadavg")) ?? "", before: before, after: counters)
  }

  /// - Parameters:
  ///   - average: the text of `/proc/loadavg`.
  ///   - before: the first line of `/proc/stat`, and `after` the same later.
  package init(average: String, before: String, after: String) {
    oneMinute = average.split(separator: " ").first.flatMap { Double($0) }
    let (old, new) = (Self.ticks(before), Self.ticks(after))
    let total = zip(new, old).map { max(0, $0 - $1) }
    let sum = total.reduce(0, +)
    guard total.count >= 8, sum > 0 else {
      busy = nil
      stolen = nil
      return
    }
    // user nice system idle iowait irq softirq steal
    stolen = total[7] / sum
    busy = 1 - (total[3] + total[4] + total[7]) / sum
  }

  /// Whether timings taken now would not be those of a quiet machine.
  package var disturbs: Bool { busy ?? 0 > 0.1 || stolen ?? 0 > 0.02 }

  private static var counters: String {
    let text = (try? AtomicFile.read("/proc/stat")) ?? ""
    return text.split(separator: "\n").first.map(String.init) ?? ""
  }

  // Guest time, the ninth and tenth number, is counted in user time already.
  private static func ticks(_ line: String) -> [Double] {
    line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
  }
}
