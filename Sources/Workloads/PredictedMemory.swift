// PredictedMemory: what a dry run says of memory, as the predictions that stand beside what is measured.

import Records
import Tensors

/// Peak bytes by kind that a dry run counted.
struct PredictedMemory {
  let ledger: MemoryLedger

  init(_ ledger: MemoryLedger) { self.ledger = ledger }

  /// The bytes in use at the moment of the highest total.
  var peakBytes: Double { ledger.atPeak.total }

  func report(to metrics: inout MetricValues) {
    var predicted = MetricValues()
    ledger.report(to: &predicted)
    for metric in predicted.metrics { metrics[.prediction(of: metric)] = predicted[metric] }
  }
}
