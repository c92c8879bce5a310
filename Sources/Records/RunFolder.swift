// One run on disk: results/<experiment>/<run>/ with its files and one folder per cell.
// It knows where things lie and how they are written; what is in them others know.

package import Config
internal import Foundation

/// The folder of one run.
package struct RunFolder: Sendable, Equatable {
  /// The path of the folder, as given by the user plus experiment and run.
  package let path: String
  package let experiment: String
  package let id: RunID

  /// Makes a new run folder, with `cells/`, and points `latest` beside it to it.
  ///
  /// - Throws: `ResultsError` naming the folder that could not be made.
  package static func create(
    in results: String, experiment: String,
    now: Int = Int(Date().timeIntervalSince1970)
  ) throws(ResultsError) -> RunFolder {
    try draft(in: results, experiment: experiment, now: now).publish()
  }

  /// Makes a new run folder under a hidden name, which `publish` makes its own when all is in it.
  ///
  /// - Throws: `ResultsError` naming the folder that could not be made.
  package static func draft(
    in results: String, experiment: String,
    now: Int = Int(Date().timeIntervalSince1970)
  ) throws(ResultsError) -> RunFolder {
    try checkName(experiment)
    let parent = "\(results)/\(experiment)"
    try makeFolders(parent)
    sweepDrafts(in: parent)
    // Names sort by age, those of all experiments, also where the clock was set back or two runs
    // begin in one second.
    let newest = newestID(in: results)
    let time = max(now, newest.map { $0.secondsSince1970 + 1 } ?? now)
    var random = SystemRandomNumberGenerator()
    var id = RunID(secondsSince1970: time, using: &random)
    try Failpoint.folder.pass("\(parent)/\(id)")
    // Two runs of one second share letters once in 456976: then take others.
    while true {
      let path = "\(parent)/\(id)"
      if !AtomicFile.exists(path) {
        if mkdir("\(parent)/.\(id)", 0o755) == 0 { break }
        if errno != EEXIST { throw ResultsError.last("make", path) }
      }
      id = RunID(secondsSince1970: time, using: &random)
    }
    let folder = RunFolder(path: "\(parent)/.\(id)", experiment: experiment, id: id)
    try makeFolders("\(folder.path)/cells")
    return folder
  }

  /// Gives a draft the name of its run, in one step, and points `latest` beside it to it.
  ///
  /// - Returns: the folder under its name.
  package func publish() throws(ResultsError) -> RunFolder {
    let parent = AtomicFile.folder(of: path)
    let folder = RunFolder(path: "\(parent)/\(id)", experiment: experiment, id: id)
    try Failpoint.rename.pass(folder.path)
    guard rename(path, folder.path) == 0 else { throw ResultsError.last("make", folder.path) }
    try AtomicFile.syncFolder(of: folder.path)
    try AtomicFile.link("\(parent)/latest", to: id.description)
    return folder
  }

  /// Removes the drafts of programs that were killed long ago.
  private static func sweepDrafts(in parent: String) {
    let age = 86400
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    where name.hasPrefix(".") && RunID(String(name.dropFirst())) != nil {
      var status = stat()
      guard stat("\(parent)/\(name)", &status) == 0,
        status.st_mtim.tv_sec < Int(Date().timeIntervalSince1970) - age
      else { continue }
      try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
    }
  }

  /// The run at a path, which may go through `latest`.
  ///
  /// - Throws: `ResultsError` if there is no such folder or it is not one of a run.
  package static func open(_ path: String) throws(ResultsError) -> RunFolder {
    guard let resolved = realpath(path, nil) else { throw ResultsError.last("open", path) }
    defer { free(resolved) }
    let parts = String(cString: resolved).split(separator: "/").map(String.init)
    guard parts.count >= 2, let id = RunID(parts[parts.count - 1]) else {
      throw .unreadable(path: path, problem: "not the folder of a run (r-<time>-<letters>)")
    }
    return RunFolder(
      path: "/" + parts.joined(separator: "/"), experiment: parts[parts.count - 2], id: id)
  }

  /// All runs of an experiment, oldest first; empty where there are none.
  package static func all(in results: String, experiment: String) -> [RunFolder] {
    let parent = "\(results)/\(experiment)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    return names.compactMap { RunID($0) }.sorted().map {
      RunFolder(path: "\(parent)/\($0)", experiment: experiment, id: $0)
    }
  }

  private static func newestID(in results: String) -> RunID? {
    let experiments = (try? FileManager.default.contentsOfDirectory(atPath: results)) ?? []
    return experiments.compactMap { all(in: results, experiment: $0).last?.id }.max()
  }

  /// The path of a file of this run: `experiment.yaml`, `run.json`, `summary.md`.
  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Whether its cells were handed to a scheduler.
  package var isHandedOff: Bool {
    ["slurm", "kubernetes"].contains { AtomicFile.exists(file($0)) }
  }

  /// The path of a cell's folder; `makeCell` makes it.
  package func cell(_ id: String) -> String { "\(path)/cells/\(id)" }

  /// Writes a file of this run, whole or not at all.
  package func write(_ text: String, to name: String) throws(ResultsError) {
    try AtomicFile.write(text, to: file(name))
  }

  /// Writes a JSON file of this run, whole or not at all.
  package func write(_ value: JSON, to name: String) throws(ResultsError) {
    try AtomicFile.write(value, to: file(name))
  }

  /// Writes a JSONL file of this run, whole or not at all: `plan.jsonl`, before any cell starts.
  ///
  /// - Parameter lines: made one by one, so that those of a large run are never in memory together.
  package func write(
    lines: some Sequence<JSON>, to name: String
  ) throws(ResultsError) {
    try AtomicFile.write(texts: lines.lazy.map { $0.line + "\n" }, to: file(name))
  }

  /// Makes the folder of a cell, or finds it there.
  ///
  /// - Returns: the folder's path.
  @discardableResult
  package func makeCell(_ id: String) throws(ResultsError) -> String {
    try Self.checkName(id)
    try Self.makeFolders(cell(id))
    return cell(id)
  }

  /// Makes the folder of a cell in a draft, which has none of it yet.
  ///
  /// - Returns: the folder's path.
  package func makeNewCell(_ id: String) throws(ResultsError) -> String {
    try Self.checkName(id)
    let path = cell(id)
    try Failpoint.folder.pass(path)
    guard mkdir(path, 0o755) == 0 else { throw ResultsError.last("make", path) }
    return path
  }

  /// Writes the final row of a cell, and drops what only an unfinished cell needs.
  package func writeResult(_ row: CellRow) throws(ResultsError) {
    try AtomicFile.write(row.json, to: "\(cell(row.cell))/result.json")
    try dropUnneededState(of: row)
  }

  /// Takes back what an earlier attempt left as the cell's result, if anything.
  package func removeResult(of id: String) throws(ResultsError) {
    try remove("\(cell(id))/result.json")
  }

  /// What tells the result that a cell has now from one that it has later; nil where it has none.
  package func resultHash(of id: String) -> String? {
    (try? SHA256.hex(file: "\(cell(id))/result.json")).map { String($0.prefix(16)) }
  }

  /// Removes the state that an interrupted training would go on from, where a cell has ended for
  /// good.
  package func dropUnneededState(of row: CellRow) throws(ResultsError) {
    if row.status == .ok || row.status == .diverged { try dropTrainingState(of: row.cell) }
  }

  /// Whether there is state that an interrupted training would go on from.
  package func hasTrainingState(_ id: String) -> Bool {
    AtomicFile.exists("\(cell(id))/\(Self.trainingState)")
  }

  /// Does something in the folder of a cell, unless another process runs the cell: then the folder
  /// is that one's.
  package func whileIdle(_ line: PlanLine, _ body: () throws -> Void) throws {
    do {
      let claim = try CellClaim(line, of: self)
      defer { claim.release() }
      try claim.guarding(body)
    } catch RunError.cellLocked, RunError.claimLost {
      return
    }
  }

  /// Removes the claim that a process left which was killed once its cell was done.
  package func dropDeadClaim(_ line: PlanLine) throws {
    if AtomicFile.exists("\(cell(line.cell))/\(CellClaim.file)") { try whileIdle(line) {} }
  }

  /// Whether there is anything that a cell which has not ended would go on from.
  package func hasBegun(_ id: String) -> Bool {
    hasTrainingState(id) || AtomicFile.exists("\(cell(id))/\(TimingRound.file)")
  }

  /// Removes the rounds of an interrupted measurement.
  package func dropRounds(of id: String) throws(ResultsError) {
    try remove("\(cell(id))/\(TimingRound.file)")
  }

  /// Removes the state that an interrupted training would go on from.
  package func dropTrainingState(of id: String) throws(ResultsError) {
    try remove("\(cell(id))/\(Self.trainingState)")
  }

  private func remove(_ path: String) throws(ResultsError) {
    guard AtomicFile.exists(path) else { return }
    try Failpoint.remove.pass(path)
    try CellClaim.confirm(path)
    guard unlink(path) == 0 || errno == ENOENT else { throw ResultsError.last("remove", path) }
  }

  /// In a cell's folder: what an interrupted training goes on from.
  package static let trainingState = "state.safetensors"

  /// Removes the half-written files of programs that were killed; only who holds the run's lock
  /// may.
  package func sweep() {
    let paths = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    let temporary = paths.filter { $0.hasSuffix(".tmp") }.map { AtomicFile.folder(of: file($0)) }
    for folder in Set(temporary) { AtomicFile.sweep(folder) }
  }

  /// Checks what is to be the name of one folder, wherever it was read: nothing that leads
  /// elsewhere.
  ///
  /// - Throws: `ResultsError.badName`.
  package static func checkName(_ name: String) throws(ResultsError) {
    // Most names have none but these.
    let isPlain = name.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D
    }
    if isPlain, name.utf8.first.map({ $0 != 0x2D }) == true, name.utf8.count <= 200 { return }
    let isWord = name.unicodeScalars.allSatisfy { scalar in
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || "._-+".contains(Character(scalar))
    }
    guard let first = name.first, isWord, first.isLetter || first.isNumber, name.utf8.count <= 200
    else { throw .badName(name) }
  }

  /// Makes a folder and those above it.
  package static func makeFolders(_ path: String) throws(ResultsError) {
    if AtomicFile.isFolder(path) { return }
    if AtomicFile.isFolder(AtomicFile.folder(of: path)) {
      try Failpoint.folder.pass(path)
      if mkdir(path, 0o755) == 0 { return }
    }
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += (made.isEmpty || made == "/" ? "" : "/") + part
      // EACCES or EROFS on a parent that exists already is no fault of ours.
      if AtomicFile.isFolder(made) { continue }
      try Failpoint.folder.pass(made)
      if mkdir(made, 0o755) == 0 { continue }
      // Another process may have made it; to look sets `errno` anew.
      let error = ResultsError.last("make", made)
      if !AtomicFile.isFolder(made) { throw error }
    }
  }
}
