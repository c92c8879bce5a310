// OutputPlace: where a command writes a model to. What is there already may be somebody's work, so
// nothing is written over it or beside it.

import Foundation
import Records

/// A path that a person gave for something new.
struct OutputPlace {
  private let path: String

  init(_ path: String) { self.path = path }

  /// - Throws: where there is a file or a folder; a device or a pipe can be written to.
  func requireFree() throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFREG: throw PlaceInUse(path: path, problem: "is there already; name another file")
    case S_IFDIR: throw PlaceInUse(path: path, problem: "is a folder, not a file")
    default: break
    }
  }

  /// Has `body` fill the folder; where it fails, what it wrote is removed, so that it can be tried
  /// again.
  ///
  /// - Throws: where there is a file, or a folder with something in it; what `body` throws.
  func fillFolder(_ body: (String) throws -> Void) throws {
    try requireFreeFolder()
    let made = sequence(first: path) { AtomicFile.folder(of: $0) }
      .prefix { !AtomicFile.exists($0) }
    do {
      try body(path)
    } catch {
      let files = FileManager.default
      for name in (try? files.contentsOfDirectory(atPath: path)) ?? [] {
        try? files.removeItem(atPath: "\(path)/\(name)")
      }
      // Those above it too that were made for it, the innermost first.
      for folder in made { rmdir(folder) }
      throw error
    }
  }

  private func requireFreeFolder() throws {
    guard AtomicFile.exists(path) else { return }
    guard AtomicFile.isFolder(path) else {
      throw PlaceInUse(path: path, problem: "is a file, not a folder")
    }
    guard try FileManager.default.contentsOfDirectory(atPath: path).isEmpty else {
      throw PlaceInUse(path: path, problem: "is not empty")
    }
  }
}

private struct PlaceInUse: Error, CustomStringConvertible {
  let path, problem: String

  var description: String { "'\(path)' \(problem)" }
}
