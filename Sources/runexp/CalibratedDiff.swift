// How two runs are held against each other on this host: with the noise that it was calibrated to,
// where both ran on it.

import Analysis
import Experiments
import Foundation
import Records

extension RunDiff.Options {
  /// The options that the host's calibration gives; the usual ones where there is none of the host
  /// of both runs.
  static func calibrated(_ base: DiffSide, _ new: DiffSide) -> Self {
    var options = Self()
    guard let calibration = Calibration.load(environment: ProcessInfo.processInfo.environment),
      [base, new].allSatisfy({ calibration.isOf($0.run.record?.host) })
    else { return options }
    options.floor = { calibration.floor($0, of: $1) }
    options.calibration =
      "a time must move by more than this host's noise between equal runs, calibrated "
      + calibration.age(now: Date().timeIntervalSince1970)
    return options
  }
}
