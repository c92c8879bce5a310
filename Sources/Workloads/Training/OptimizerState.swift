// OptimizerState: what an optimizer keeps between steps, beside the checkpoint of the parameters that
// it has made, so that a later training can go on as if it had never stopped.

import Models
import Records
import Tensors

/// The moments of a training and how many steps it has done.
struct OptimizerState {
  /// The file within a checkpoint's folder.
  static let file = "optimizer.safetensors"

  private let state: TrainerState

  /// Steps done.
  var steps: Int { state.steps }

  /// Which tensors a parameter has in the file.
  ///
  /// Files hold the weights of Gemma's norms less 1, which rounds them: these are here as well.
  private static func parts(of parameter: Parameter) -> [TrainerPart] {
    (parameter.storedOffset == 0 ? [] : [.parameter]) + [.firstMoment, .secondMoment]
  }

  /// Writes the state of `trainer` into the folder of a checkpoint.
  static func save(_ trainer: Trainer, to folder: String) throws(ResultsError) {
    try TrainerState.save(trainer, parts, to: "\(folder)/\(file)")
  }

  /// Reads the state in the folder of a checkpoint; nil where there is none.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  init?(in folder: String) throws(ResultsError) {
    guard let state = try TrainerState(file: "\(folder)/\(Self.file)") else { return nil }
    self.state = state
  }

  /// Puts the state into `trainer`, whose parameters are those of the checkpoint; all of it or
  /// nothing.
  ///
  /// - Throws: `ResultsError.unreadable` where it is of another model.
  func restore(_ trainer: Trainer) throws(ResultsError) {
    try state.restore(trainer, Self.parts)
  }
}
