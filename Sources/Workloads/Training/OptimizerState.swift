// OptimizerState: what an optimizer keeps between steps, beside the checkpoint of the parameters that
// it has made, so that a later training can go on as if it had never stopped.

import Models
import Records
import Tensors

/// The moments of a training and how many steps it has done, as one safetensors file.
struct OptimizerState {
  /// The file within a checkpoint's folder.
  static let file = "optimizer.safetensors"

  /// Steps done, and the step of the optimizer, which a step without a finite gradient does not
  /// take.
  let steps: Int
  private let optimizerSteps: Int
  private let tensors: StoredTensors
  private let path: String

  /// Which tensors a parameter has in the file.
  ///
  /// Files hold the weights of Gemma's norms less 1, which rounds them: these are here as well.
  private static func parts(of parameter: Parameter) -> [TrainerPart] {
    (parameter.storedOffset == 0 ? [] : [.parameter]) + [.firstMoment, .secondMoment]
  }

  /// Writes the state of `trainer` into the folder of a checkpoint.
  static func save(_ trainer: Trainer, to folder: String) throws(ResultsError) {
    let file = SafeTensorsWriter(
      trainer.tensors(parts).map { .init($0.name, $0.tensor) },
      metadata: [
        ("steps", "\(trainer.steps)"), ("optimizer_steps", "\(trainer.optimizer.steps)"),
      ])
    try file.write(to: "\(folder)/\(Self.file)")
  }

  /// Reads the state in the folder of a checkpoint; nil where there is none.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  init?(in folder: String) throws(ResultsError) {
    path = "\(folder)/\(Self.file)"
    guard AtomicFile.exists(path) else { return nil }
    let file = try SafeTensors(file: path)
    tensors = file.tensors
    func number(_ key: String) -> Int? {
      file.metadata.first { $0.key == key }.flatMap { Int($0.value) }
    }
    guard let steps = number("steps"), let optimizerSteps = number("optimizer_steps"), steps >= 0,
      optimizerSteps >= 0
    else { throw .unreadable(path: path, problem: "it lacks its numbers of steps") }
    self.steps = steps
    self.optimizerSteps = optimizerSteps
  }

  /// Puts the state into `trainer`, whose parameters are those of the checkpoint; all of it or
  /// nothing.
  ///
  /// - Throws: `ResultsError.unreadable` where it is of another model.
  func restore(_ trainer: Trainer) throws(ResultsError) {
    try trainer.restore(Self.parts, from: tensors, at: path)
    trainer.resume(after: steps, optimizerSteps: optimizerSteps, stepOperations: nil)
  }
}

// What a trainer keeps of each parameter, by name.

/// A tensor that a trainer has for a parameter.
enum TrainerPart: String, CaseIterable {
  case parameter
  case firstMoment = "first_moment"
  case secondMoment = "second_moment"
}

extension Trainer {
  /// The tensors of a state, with the names that files have them by.
  ///
  /// - Parameter parts: those of a parameter.
  func tensors(
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

  /// Overwrites them with those of a file; all or none.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file, where one is missing or has another shape.
  func restore(
    _ parts: (Parameter) -> [TrainerPart], from stored: StoredTensors, at path: String
  ) throws(ResultsError) {
    var found: [(Tensor, StoredTensor)] = []
    for (name, tensor) in tensors(parts) {
      guard let source = stored[name], source.shape == tensor.shape.dimensions else {
        throw .unreadable(path: path, problem: "it has no '\(name)' of shape \(tensor.shape)")
      }
      found.append((tensor, source))
    }
    do throws(WeightFileError) {
      try stored.requireReadable()
      for (tensor, source) in found { try tensor.copy(from: source) }
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }
}
