// ExperimentReader: how this program's experiment files are read. The spec knows no component; here it meets them.

package import Config
import Models
package import Workloads

/// An experiment of this program.
package typealias PlannedExperiment = Experiment<Section, any Workload>
/// A cell of this program's experiments.
package typealias PlannedCell = Cell<Section, any Workload>

extension DocumentReader where Model == Section, Workload == any Workloads.Workload {
  /// Reads the `model` and `workload` sections with the registered components.
  package static var standard: DocumentReader {
    DocumentReader(
      workloads: WorkloadRegistry.all.map { Choice($0.word, $0.summary) },
      readModel: { $0 },
      readWorkload: { word, options, model in
        let type = WorkloadRegistry.all.first { $0.word == word } ?? Train.self
        let workload = type.init(options)
        // Declares parameters and reads every option, which finds its faults; nothing gets memory.
        workload.check(Transformer(model, vocabulary: 1, length: workload.length), options)
        return workload
      })
  }
}
