// A text in memory, with what a result must record about it.
// Not yet tokens: TextCorpus makes those.

import Records

/// A text that is ready to use: checked UTF-8, where it came from, and what the user must be told.
package struct LoadedText: Sendable, Equatable {
  /// Where the bytes came from.
  package enum Source: Sendable, Equatable {
    /// A file on this machine.
    case file(path: String)
    /// Downloaded in this run; `path` is where it was kept, nil when it could not be kept.
    case downloaded(address: String, path: String?)
    /// Made by the program.
    case builtIn

    /// The word in a result: `file`, `downloaded` or `built-in`.
    package var word: String {
      switch self {
      case .file: "file"
      case .downloaded: "downloaded"
      case .builtIn: "built-in"
      }
    }
  }

  /// The text that is used: the word that names it in an experiment file, or its file's name.
  package var name: String
  /// The text that was asked for; differs from `name` when the fallback is used.
  package var requested: String
  /// The text as checked UTF-8.
  package var bytes: [UInt8]
  /// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
  package var sha256: String
  package var source: Source
  /// One sentence on why the fallback is used, to be shown loudly and recorded; nil when it is not.
  package var note: String?
  /// What else the user should know, in order: damaged files that were passed over, and the like.
  package var warnings: [String]

  /// The text `name` that was asked for and is there.
  ///
  /// - Parameter sha256: of the bytes, where it is known; else it is computed.
  package init(
    name: String, bytes: [UInt8], sha256: String? = nil, source: Source, warnings: [String] = []
  ) {
    self.name = name
    requested = name
    self.bytes = bytes
    self.sha256 = sha256 ?? SHA256.hex(bytes)
    self.source = source
    self.warnings = warnings
  }

  /// Whether this is not the text that was asked for.
  package var isFallback: Bool { note != nil }

  /// A file that holds these bytes and can be read again, by another process too.
  package var path: String? {
    switch source {
    case .file(let path): path
    case .downloaded(_, let path): path
    case .builtIn: nil
    }
  }

  /// The text as a string.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
}
