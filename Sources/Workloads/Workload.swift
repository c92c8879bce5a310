// Workload: what is done with a model. Like a component, it reads its options once and is listed in one place.

package import Config
package import Models
package import Records
package import Tensors

/// A kind of experiment.
package protocol Workload: Component {
  /// The metrics that answer its question, in the order of the overview's columns.
  ///
  /// Where there are none the summary takes the first that were measured.
  static var headline: [Metric] { get }
  /// The metrics whose growth along an axis of sizes is of interest.
  static var scaling: [Metric] { get }

  /// Whether its answer is a time, so that no other cell may run beside it.
  static var measuresTime: Bool { get }

  init(_ options: Section)
  /// The longest sequence that the model must be built for.
  var length: Int { get }
  /// Steps that the progress bar counts.
  var steps: Int { get }
  /// Tokens of one step.
  var tokensPerStep: Int { get }
  /// The text it reads; nil when it reads none.
  var dataset: DatasetDeclaration? { get }
  /// The folder of the checkpoint that it reads; nil when it reads none.
  var checkpoint: String? { get }
  /// The number of distinct tokens where no text decides it.
  var vocabulary: Int { get }
  /// Floating-point operations of the whole cell; nil where they depend on time or on nothing at all.
  func flops(of model: Transformer) -> Double?
  /// The most bytes of tensors at a time, on the CPU; nil where they are not predicted.
  func predictedPeakBytes(of model: Transformer, _ precision: ElementType, threads: Int) -> Double?
  /// The bytes of keys and values of its sequences; nil where it has none.
  func predictedCacheBytes(of model: Transformer) -> Double?
  /// Reports options that do not go together with the model, which was read from a section.
  func check(_ model: Transformer, from section: Section, _ options: Section)
  /// What a user should know of a model, which is read from a section, before it is measured; nil where all is said.
  func warning(of model: Section) -> String?
  /// Reports what does not go together with the text it reads.
  ///
  /// - Parameter vocabulary: the characters of that text.
  func check(_ vocabulary: CharacterVocabulary) throws(Faults)
  /// Carries out the cell and fills in its row.
  func run(_ cell: CellJob) throws
}

extension Workload {
  package static var scaling: [Metric] { [] }
  package static var measuresTime: Bool { false }
  package var steps: Int { 1 }
  package var dataset: DatasetDeclaration? { nil }
  package var checkpoint: String? { nil }
  package var vocabulary: Int { CharacterVocabulary.usual }
  package func flops(of model: Transformer) -> Double? { nil }
  package func check(_ model: Transformer, from section: Section, _ options: Section) {}
  package func warning(of model: Section) -> String? { nil }
  package func check(_ vocabulary: CharacterVocabulary) throws(Faults) {}
}

/// The workloads: one line each.
package enum WorkloadRegistry {
  package static let all: [any Workload.Type] = [
    Train.self,
    AttentionBenchmark.self,
    Generate.self,
    PositionProperties.self,
    Extrapolate.self,
    Inspect.self,
  ]
}
