// Files as bytes: a guarded read, and a write that leaves the old file or the whole new one.
// Knows nothing of data sets; errors are the system's words.

import Glibc
package import Records

/// Reading and writing one file.
package enum TextFile {
  package typealias Failure = RegularFile.Failure

  /// All bytes of a regular file: no folder, pipe or device, which might have no end.
  package static func read(_ path: String) throws(Failure) -> [UInt8] {
    try RegularFile.read(path)
  }

  /// Writes a file under a temporary name beside `path`, syncs it, and renames it.
  ///
  /// Missing folders are made; on failure nothing half-written is left.
  static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    try makeFolder(folder)
    var random = SystemRandomNumberGenerator()
    let temporary = "\(folder)/.partial-\(getpid())-\(String(random.next(), radix: 36))"
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw .last() }
    do throws(Failure) {
      try write(bytes, to: file)
      guard close(file) == 0, rename(temporary, path) == 0 else { throw .last() }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static func write(_ bytes: [UInt8], to file: Int32) throws(Failure) {
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes {
        Glibc.write(file, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        let failure = Failure.last()
        close(file)
        throw failure
      }
      written += count
    }
    guard fsync(file) == 0 else {
      let failure = Failure.last()
      close(file)
      throw failure
    }
  }

  private static func makeFolder(_ path: String) throws(Failure) {
    guard !path.isEmpty, mkdir(path, 0o755) != 0, errno != EEXIST else { return }
    let failure = Failure.last()
    guard failure.isAbsent, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw failure
    }
    try makeFolder(String(path[..<slash]))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .last() }
  }
}

// A text in memory, with what a result must record about it.
// Not yet tokens: TextCorpus makes those.

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

    /// The file, or the folder, that holds them and can be read again, by another process too.
    package var path: String? {
      switch self {
      case .file(let path): path
      case .downloaded(_, let path): path
      case .builtIn: nil
      }
    }

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
  package let bytes: [UInt8]
  /// The text to validate on, of a file of its own; nil where it is the last part of this one.
  package private(set) var validation: ValidationText?
  /// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
  package let bytesSHA256: String
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
    bytesSHA256 = sha256 ?? SHA256.hex(bytes)
    self.source = source
    self.warnings = warnings
  }

  /// The same text with another one to validate on.
  func validated(on text: LoadedText) -> LoadedText {
    var both = self
    both.validation = ValidationText(
      name: text.name, bytes: text.bytes, sha256: text.bytesSHA256, path: text.path)
    both.warnings += text.warnings
    return both
  }

  /// What tells it from any other: the hash of its bytes; of two texts, that of both hashes.
  package var sha256: String { record.identity }

  /// What a run's record has of it.
  package var record: RunRecord.Dataset {
    RunRecord.Dataset(
      name: name, sha256: bytesSHA256, bytes: bytes.count, insteadOf: isFallback ? requested : nil,
      path: path, validation: validation?.record)
  }

  /// Whether this is not the text that was asked for.
  package var isFallback: Bool { note != nil }

  /// A file that holds these bytes and can be read again, by another process too.
  package var path: String? { source.path }

  /// Where it lies, for errors; its name where it is no file.
  var place: String { path ?? name }

  /// The same of what is validated on.
  var validationPlace: String { validation?.place ?? place }

  /// The text as a string.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A text to validate on, of a file of its own.
package struct ValidationText: Sendable, Equatable {
  package let name: String
  package let bytes: [UInt8]
  package let sha256: String
  /// The file that holds it; nil for one that the program makes.
  package let path: String?

  var place: String { path ?? name }

  var record: RunRecord.Validation {
    RunRecord.Validation(name: name, sha256: sha256, bytes: bytes.count, path: path)
  }
}
