// OutputPlace: where a command writes a model to. What is there already may be somebody's work, so
// nothing is written over it or beside it.

import Foundation
import Records

/// A path that a person gave for something new.
struct OutputPlace {
  private let path: String

  init(_ path: String) {
    let end = path.lastIndex { $0 != "/" }
    self.path = end.map { String(path[...$0]) } ?? path
  }

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

  /// Has `body` fill a folder of its own, which becomes this one: where it fails, nothing is left,
  /// and where the program is ended, nothing that keeps the next try from it.
  ///
  /// - Throws: where there is a file, or a folder with something in it; what `body` throws.
  func fillFolder(_ body: (String) throws -> Void) throws {
    // One that is there stays: somebody may stand in it, or nothing beside it can be written.
    let isThere = AtomicFile.exists(path)
    let fresh = isThere ? UnfinishedFolder(in: path) : UnfinishedFolder(beside: path)
    fresh.sweep()
    try requireFreeFolder()
    let made = sequence(first: path) { AtomicFile.folder(of: $0) }
      .prefix { !AtomicFile.exists($0) }
    do {
      try fresh.fill(body)
      if isThere {
        try requireFreeFolder(besides: fresh.name)
        try fresh.moveUp(to: path)
      } else if rename(fresh.path, path) != 0 {
        throw ResultsError.system(doing: "write", path: path, code: errno)
      }
    } catch {
      fresh.remove()
      // Those that were made for it too, the innermost first.
      for folder in made { rmdir(folder) }
      throw fresh.naming(path, error)
    }
  }

  /// - Parameter own: what may be in it.
  private func requireFreeFolder(besides own: String? = nil) throws {
    guard AtomicFile.exists(path) else { return }
    guard AtomicFile.isFolder(path) else {
      throw PlaceInUse(path: path, problem: "is a file, not a folder")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    guard names.allSatisfy({ $0 == own }) else {
      throw PlaceInUse(path: path, problem: "is not empty")
    }
  }
}

/// A hidden folder that is being filled.
private struct UnfinishedFolder {
  private let holder, stem: String
  let name: String
  private static let ending = ".runexp.tmp"

  var path: String { "\(holder)/\(name)" }

  /// - Parameter path: the folder that it will become.
  init(beside path: String) {
    let name = path.split(separator: "/").last ?? ""
    // A name has 255 bytes at most.
    self.init(AtomicFile.folder(of: path), ".\(name.utf8.count <= 200 ? name : name.prefix(40)).")
  }

  /// - Parameter path: the folder that its contents are for.
  init(in path: String) { self.init(path, ".export.") }

  private init(_ holder: String, _ stem: String) {
    (self.holder, self.stem) = (holder, stem)
    name = "\(stem)\(String(UInt64.random(in: 0 ... .max), radix: 36))\(Self.ending)"
  }

  func fill(_ body: (String) throws -> Void) throws {
    try RunFolder.makeFolders(path)
    let file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // The lock goes with the program, and says until then that it is at work.
    _ = flock(file, LOCK_EX | LOCK_NB)
    defer { close(file) }
    try body(path)
  }

  /// Moves what is in it, the configuration last, without which there is no model.
  func moveUp(to folder: String) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    for name in names.filter({ $0 != "config.json" }) + names.filter({ $0 == "config.json" }) {
      guard rename("\(path)/\(name)", "\(folder)/\(name)") == 0 else {
        throw ResultsError.system(doing: "write", path: "\(folder)/\(name)", code: errno)
      }
    }
    rmdir(path)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Removes those for the same folder that no program fills any more.
  func sweep() {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: holder)) ?? []
    where name.hasPrefix(stem) && name.hasSuffix(Self.ending) {
      let place = "\(holder)/\(name)"
      let file = open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { try? files.removeItem(atPath: place) }
      close(file)
    }
  }

  /// An error of writing in it, with the path that a person has given.
  func naming(_ folder: String, _ error: any Error) -> any Error {
    guard case ResultsError.system(let doing, let place, let code) = error, place.hasPrefix(path)
    else { return error }
    return ResultsError.system(
      doing: doing, path: folder + place.dropFirst(path.count), code: code)
  }
}

private struct PlaceInUse: Error, CustomStringConvertible {
  let path, problem: String

  var description: String { "'\(path)' \(problem)" }
}
