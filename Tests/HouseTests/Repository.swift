// The repository as these tests see it: its files and their text.

import Foundation
import Testing

/// The checkout that these tests were built from.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The full path of a file whose path is relative to the root.
  static func path(_ path: String) -> String { root.appending(path: path).path }

  /// The text of a file, its path relative to the root.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: Self.path(path))
  }

  /// The files below a folder whose names end in one of `endings`, sorted, relative to the root.
  static func files(in folder: String, _ endings: String...) throws -> [String] {
    let start = path(folder)
    let found = try #require(FileManager.default.enumerator(atPath: start))
    return found.compactMap { $0 as? String }
      .filter { path in
        endings.contains { path.hasSuffix(".\($0)") } && !path.contains("__pycache__")
      }
      .map { "\(folder)/\($0)" }.sorted()
  }

  /// The hand-written sources of the program, of the CUDA plugin, and of tests.
  static func sources() throws -> [String] {
    try files(in: "Sources", "swift", "c", "h", "inc")
      + files(in: "cuda", "cu", "cuh", "c", "cpp", "h")
      + files(in: "Tests", "swift", "c", "h")
  }

  /// The pages of documentation.
  static func pages() throws -> [String] {
    try ["README.md", "CONTRIBUTING.md"] + files(in: "docs", "md") + files(in: "Tests", "md")
  }
}

extension String {
  var lines: [Substring] { split(separator: "\n", omittingEmptySubsequences: false) }

  /// The parts between each pair of `opening` and `closing`.
  func parts(from opening: String, to closing: String) -> [String] {
    components(separatedBy: opening).dropFirst().compactMap { rest in
      rest.range(of: closing).map { String(rest[..<$0.lowerBound]) }
    }
  }
}
