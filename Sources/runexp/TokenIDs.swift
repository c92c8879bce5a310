// Token ids on a command line: a list, or a file of them.

import ArgumentParser
import Config
import Records
import Workloads

/// `1,2,3`, or a file with such numbers, `-` for standard input.
struct TokenIDs {
  static let help = ArgumentHelp(
    """
    Token ids, joined by commas; or a file of them, with commas or white space between; - for \
    standard input.
    """, valueName: "ids")

  private enum Source {
    case list([Int32])
    case file(String)
  }

  private let source: Source

  /// - Throws: where it is neither, what is wrong with it.
  init(_ argument: String) throws(ValidationError) {
    let parts = argument.split(whereSeparator: { ",[]".contains($0) || $0.isWhitespace })
    if parts.isEmpty { throw ValidationError("it holds no token id") }
    let wrong = parts.first { Int32($0).map { $0 < 0 } ?? true }
    guard let wrong else {
      source = .list(parts.compactMap { Int32($0) })
      return
    }
    guard argument == "-" || AtomicFile.exists(argument) else {
      throw ValidationError(
        parts.contains { Int($0) != nil }
          ? "\(Wording.quote(String(wrong))) is no token id" : "there is no such file")
    }
    source = .file(argument)
  }

  /// - Parameter orNone: whether a file may hold none, as it does of an empty text.
  /// - Throws: where the file cannot be read, or naming an id that a model with so many has not.
  func read(below vocabulary: Int, orNone: Bool = false) throws -> [Int32] {
    let ids =
      switch source {
      case .list(let ids): ids
      case .file(let path):
        try TextVocabulary.ids(
          of: try InputFile.read(path), in: path == "-" ? "standard input" : path,
          orNone: orNone)
      }
    if let id = ids.first(where: { $0 >= vocabulary }) {
      throw UnknownID(id: id, vocabulary: vocabulary)
    }
    return ids
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
