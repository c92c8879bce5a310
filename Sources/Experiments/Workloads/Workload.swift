// Workload: what is done with a model. Like a component, it reads its options once and is listed in one place.

package import Config
package import Models

/// A kind of experiment.
package protocol Workload: Component {
  /// The metrics that answer most questions: the columns of the summary's overview.
  ///
  /// Where there are none the summary takes the first that were measured.
  static var headline: [Metric] { get }
  /// The metrics whose growth along a numeric axis, such as the sequence length, is of interest.
  static var scaling: [Metric] { get }
  init(_ options: Section)
  /// The longest sequence that the model must be built for.
  var length: Int { get }
  /// Steps that the progress bar counts.
  var steps: Int { get }
  /// Tokens of one step.
  var tokensPerStep: Int { get }
  /// The text it reads; nil when it reads none.
  var dataset: DatasetDeclaration? { get }
  /// Carries out the cell and fills in its row.
  func run(_ cell: CellJob) throws
}

extension Workload {
  package static var headline: [Metric] { [] }
  package static var scaling: [Metric] { [.workspaceBytes, .peakBytes, .stepSeconds] }
}

/// The workloads: one line each.
package enum Workloads {
  package static let all: [any Workload.Type] = [
    Train.self
  ]
}
