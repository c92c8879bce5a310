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
    let parts = Self.parts(argument)
    if parts.allSatisfy(\.isEmpty) { throw ValidationError("it holds no token id") }
    let wrong = parts.first { Int32($0).map { $0 < 0 } ?? true }
    guard let wrong else {
      source = .list(parts.compactMap { Int32($0) })
      return
    }
    if argument == "-" || AtomicFile.exists(argument) {
      source = .file(argument)
      return
    }
    // A list with a slip, and no file: it has a number, or nothing that only a name has.
    let isList =
      parts.count > 1 && parts.contains { Int($0) != nil }
      || argument.allSatisfy { $0.isNumber || "-+.,[]".contains($0) || $0.isWhitespace }
    guard isList else { throw ValidationError("there is no such file") }
    throw ValidationError(
      wrong.isEmpty
        ? "an id is missing beside a comma" : "\(Wording.quote(String(wrong))) is no token id")
  }

  /// Numbers with commas or white space between them, in brackets or without; an empty one where a
  /// comma has none on one side.
  private static func parts(_ argument: String) -> [Substring] {
    var text = Substring(argument)
    func trim() {
      while text.first?.isWhitespace ?? false { text.removeFirst() }
      while text.last?.isWhitespace ?? false { text.removeLast() }
    }
    trim()
    if text.first == "[", text.last == "]" {
      text = text.dropFirst().dropLast()
      trim()
    }
    return text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part in
      let numbers = part.split(whereSeparator: \.isWhitespace)
      return numbers.isEmpty ? [""] : numbers
    }
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
