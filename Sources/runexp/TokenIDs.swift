// Token ids on a command line.

import ArgumentParser

/// A list of token ids: `1,2,3`.
struct TokenIDs: ExpressibleByArgument {
  let ids: [Int32]

  init?(argument: String) {
    let parts = argument.split(whereSeparator: { $0 == "," || $0.isWhitespace })
    let ids = parts.compactMap { Int32($0) }
    guard ids.count == parts.count, !ids.isEmpty, ids.allSatisfy({ $0 >= 0 }) else { return nil }
    self.ids = ids
  }

  /// - Throws: naming an id that a model with so many has not.
  func require(below vocabulary: Int) throws {
    if let id = ids.first(where: { $0 >= vocabulary }) {
      throw UnknownID(id: id, vocabulary: vocabulary)
    }
  }
}

/// A model has no such token.
private struct UnknownID: Error, CustomStringConvertible {
  let id: Int32
  let vocabulary: Int

  var description: String {
    "there is no token \(id): the model has \(vocabulary), from 0 to \(vocabulary - 1)"
  }
}
