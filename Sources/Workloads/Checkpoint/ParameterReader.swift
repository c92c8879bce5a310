// ParameterReader: a model's parameters out of the tensors of files, which may have them under other
// names, fused with others, transposed, or in another order of rows.

import Models
import Tensors

/// Tensors as the parameters of a model.
struct ParameterReader {
  let tensors: StoredTensors
  /// Where a parameter lies, by its name.
  var source: (String) -> TensorSource = { TensorSource($0) }
  /// Tensors that need not be read.
  var isIgnored: (String) -> Bool = { _ in false }
  /// Parameters that are not read, whatever the files have of them: the caller gives them values.
  var fresh: Set<String> = []
  /// Parameters of the stored model that these stand for.
  var replaced: Set<String> = []
  /// How learned positions become those of the model's grid; nil where it is that of the files.
  var resampling: GridResampling?

  /// Reads all parameters or, where they do not fit, none.
  ///
  /// - Throws: `WeightFileError` naming the first tensor that does not fit.
  func read(into model: Transformer) throws(WeightFileError) {
    for match in try matches(model) {
      if let resampling = match.resampling {
        try match.parameter.copy(from: match.stored, match.source, resampling)
      } else {
        try match.parameter.copy(from: match.stored, match.source)
      }
      match.stored.giveBack()
    }
  }

  /// A parameter and where it lies.
  struct Match {
    let parameter: Parameter
    let stored: StoredTensor
    let source: TensorSource
    let resampling: GridResampling?
  }

  /// Where each parameter lies; a model needs no memory to be asked.
  ///
  /// - Throws: `WeightFileError` naming the first tensor that does not fit, or cannot be read.
  func matches(_ model: Transformer) throws(WeightFileError) -> [Match] {
    var matches: [Match] = []
    var rowsRead: [String: Int] = [:]
    for parameter in model.parameters.all where !fresh.contains(parameter.name) {
      let source = source(parameter.name)
      guard let stored = tensors[source.name] else {
        throw WeightFileError("it has no '\(source.name)'")
      }
      try stored.requireReadable()
      let resampling = parameter.name == Learned.tableName ? resampling : nil
      let dimensions =
        [resampling?.from.tokens ?? parameter.shape[0]]
        + parameter.shape.dimensions.dropFirst()
      try check(stored, dimensions, source)
      rowsRead[source.name, default: 0] += dimensions[0]
      matches.append(
        Match(
          parameter: parameter, stored: source.shape == nil ? stored : stored.reshaped(dimensions),
          source: source, resampling: resampling))
    }
    let replaced = Set(replaced.map { source($0).name })
    // Tensors without elements, as of no registers, hold nothing that a model could lack.
    for tensor in tensors.all
    where rowsRead[tensor.name] == nil && !tensor.shape.contains(0) && !isIgnored(tensor.name)
      && !replaced.contains(tensor.name)
    {
      throw WeightFileError("it has '\(tensor.name)', which the model has not")
    }
    // Of tensors that hold several parameters, no row may be left.
    for match in matches where match.source.rows != nil {
      let shape = match.stored.shape
      let rows = match.source.isTransposed ? shape[shape.count - 1] : shape[0]
      guard rowsRead[match.stored.name] == rows else {
        throw WeightFileError(
          "'\(match.stored.name)' has the shape \(shape), of which the model has no use for all")
      }
    }
    return matches
  }

  /// - Parameter dimensions: of the parameter, as the file has it.
  private func check(
    _ stored: StoredTensor, _ dimensions: [Int], _ source: TensorSource
  ) throws(WeightFileError) {
    var expected = dimensions
    if let rows = source.rows {
      guard rows.reduce(0, { $0 + $1.count }) == expected[0] else {
        preconditionFailure("the rows of \(source.name)")
      }
      // Whatever else is fused with them.
      let first = source.isTransposed ? stored.shape.last ?? 0 : stored.shape.first ?? 0
      let isThere = rows.allSatisfy { $0.upperBound <= first }
      expected[0] = isThere ? first : rows.map(\.upperBound).max() ?? 0
    }
    if source.isTransposed { expected.reverse() }
    if let shape = source.shape { expected = shape }
    guard stored.shape == expected else {
      throw WeightFileError(
        "'\(stored.name)' has the shape \(stored.shape), not \(expected)")
    }
  }
}
