// TrainerState: what a trainer has between two steps, as one safetensors file: tensors of its
// parameters, how many steps it has done, and notes of whoever keeps it.

import Models
import Records
import Tensors

/// A tensor that a trainer has for a parameter.
enum TrainerPart: String, CaseIterable {
  case parameter
  case firstMoment = "first_moment"
  case secondMoment = "second_moment"
}

/// A file with the state of a trainer.
///
/// One file, so that parameters and moments can never be of different steps.
struct TrainerState {
  /// Steps done, and the step of the optimizer, which a step without a finite gradient does not
  /// take.
  let steps: Int
  private let optimizerSteps: Int
  /// What else was noted, by name.
  let notes: [String: String]
  let path: String
  private let tensors: StoredTensors

  /// Writes the state of `trainer`, whole or not at all.
  ///
  /// - Parameter parts: the tensors that are kept of a parameter.
  static func save(
    _ trainer: Trainer, _ parts: (Parameter) -> [TrainerPart],
    notes: [(key: String, value: String)] = [], to path: String
  ) throws(ResultsError) {
    let file = SafeTensorsWriter(
      trainer.tensors(parts).map { .init($0.name, $0.tensor) },
      metadata: [
        ("steps", "\(trainer.steps)"), ("optimizer_steps", "\(trainer.optimizer.steps)"),
      ] + notes)
    try file.write(to: path)
  }

  /// Reads the state; nil where there is no file.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  init?(file path: String) throws(ResultsError) {
    guard AtomicFile.exists(path) else { return nil }
    let file = try SafeTensors(file: path)
    notes = Dictionary(
      file.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    guard let steps = notes["steps"].flatMap({ Int($0) }), steps >= 0,
      let optimizerSteps = notes["optimizer_steps"].flatMap({ Int($0) }), optimizerSteps >= 0
    else { throw .unreadable(path: path, problem: "it lacks its numbers of steps") }
    self.steps = steps
    self.optimizerSteps = optimizerSteps
    self.path = path
    tensors = file.tensors
  }

  /// Puts the state into `trainer`; all of it or nothing.
  ///
  /// - Parameters:
  ///   - parts: those that were saved.
  ///   - stepOperations: of a step, where they are known.
  /// - Throws: `ResultsError.unreadable` where it is of another model.
  func restore(
    _ trainer: Trainer, _ parts: (Parameter) -> [TrainerPart], stepOperations: Double? = nil
  ) throws(ResultsError) {
    var found: [(Tensor, StoredTensor)] = []
    for (name, tensor) in trainer.tensors(parts) {
      guard let source = tensors[name], source.shape == tensor.shape.dimensions else {
        throw .unreadable(path: path, problem: "it has no '\(name)' of shape \(tensor.shape)")
      }
      found.append((tensor, source))
    }
    do throws(WeightFileError) {
      try tensors.requireReadable()
      for (tensor, source) in found { try tensor.copy(from: source) }
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
    trainer.resume(after: steps, optimizerSteps: optimizerSteps, stepOperations: stepOperations)
  }
}

extension Trainer {
  /// The tensors of a state, with the names that files have them by.
  fileprivate func tensors(
    _ parts: (Parameter) -> [TrainerPart]
  ) -> [(name: String, tensor: Tensor)] {
    zip(model.parameters.all, optimizer.moments).flatMap { parameter, moments in
      parts(parameter).map { part in
        let tensor =
          switch part {
          case .parameter: parameter.tensor
          case .firstMoment: moments.first
          case .secondMoment: moments.second
          }
        return ("\(part.rawValue).\(parameter.name)", tensor)
      }
    }
  }
}
