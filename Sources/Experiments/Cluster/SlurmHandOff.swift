// SlurmHandOff: writes what Slurm needs of a run into a folder of the run: for each array its list
// of cells and its script, and one script that collects.

package import Config
internal import Foundation
package import Records

/// One hand-off, written and perhaps submitted.
package struct SlurmHandOff: Sendable {
  /// An array of tasks.
  package struct JobArray: Equatable, Sendable, Record {
    package var script = ""
    package var list = ""
    package var cells = 0
    package var tasks = 0
    /// Nil where it was not submitted.
    package var job: Int?

    package init() {}

    package static var fields: [Field<Self>] {
      [
        Field("script", \.script), Field("list", \.list), Field("cells", \.cells),
        Field("tasks", \.tasks), Field("job", \.job),
      ]
    }
  }

  /// Where it was written, below `slurm` in the run's folder.
  package let folder: String
  package private(set) var arrays: [JobArray] = []
  package let collection: String
  private let needs: TaskNeeds
  package private(set) var collectionJob: Int?

  /// Writes it; nothing is submitted.
  ///
  /// - Parameters:
  ///   - cells: those that are to run, at least one.
  ///   - largest: most tasks of one array.
  package init(
    _ cells: [CellList.Entry], of run: RunFolder, program: String, _ needs: TaskNeeds,
    _ request: SlurmRequest, largest: Int
  ) throws {
    let (folder, _) = try HandOffFolder.make("\(run.path)/slurm", takesBackslash: false)
    let script = SlurmScript(run, program: program, folder: folder, needs, request)
    var rest = cells[...]
    while !rest.isEmpty {
      let chunk = rest.prefix(largest * needs.pack)
      rest = rest.dropFirst(chunk.count)
      var array = JobArray()
      let number = arrays.count + 1
      array.script = "\(folder)/array-\(number).sh"
      array.list = "\(folder)/cells-\(number).txt"
      array.cells = chunk.count
      array.tasks = (chunk.count + needs.pack - 1) / needs.pack
      try AtomicFile.write(CellList(Array(chunk)).text, to: array.list)
      try AtomicFile.write(
        script.array(list: array.list, cells: array.cells, tasks: array.tasks), to: array.script)
      arrays.append(array)
    }
    self.folder = folder
    self.needs = needs
    collection = "\(folder)/collect.sh"
    try AtomicFile.write(script.collection, to: collection)
    try record()
  }

  /// What earlier hand-offs of a run have submitted of the same cells, a clause each.
  ///
  /// - Parameter cells: of them those that run again are no news, for they have ended.
  package static func submitted(_ cells: [CellList.Entry], of run: RunFolder) -> [String] {
    let wanted = Set(cells.lazy.filter { $0.replaced == nil }.map(\.index))
    let names = (try? FileManager.default.contentsOfDirectory(atPath: run.file("slurm"))) ?? []
    return names.compactMap { Int($0) }.sorted().compactMap { number -> String? in
      let path = run.file("slurm/\(number)/submission.json")
      let record = try? JSON(reading: AtomicFile.read(path))
      var (count, jobs) = (0, [] as [String])
      for array in record?["arrays"]?.elements ?? [] {
        guard let job = array["job"]?.whole, let list = array["list"]?.text,
          let shared = try? CellList(file: list).entries.count(where: { wanted.contains($0.index) }
          ),
          shared > 0
        else { continue }
        count += shared
        jobs.append("\(job)")
      }
      if count == 0 { return nil }
      return "slurm/\(number) has \(count) of these cells too "
        + "(\(jobs.count == 1 ? "job" : "jobs") \(jobs.joined(separator: " "))); whichever task "
        + "comes first runs each"
    }
  }

  /// Hands the scripts to Slurm, and notes the jobs as they come.
  ///
  /// - Throws: `Slurm.Problem` where it does not take one; `ResultsError`.
  package mutating func submit() throws {
    do {
      for place in arrays.indices {
        arrays[place].job = try Slurm.submit(arrays[place].script)
        try record()
      }
      collectionJob = try Slurm.submit(collection, after: arrays.compactMap(\.job))
    } catch let problem as Slurm.Problem {
      throw problem.after(arrays.compactMap(\.job))
    }
    try record()
  }

  /// The lines that submit it.
  package var commands: [String] {
    let names = arrays.count == 1 ? ["job"] : arrays.indices.map { "job\($0 + 1)" }
    return zip(names, arrays).map { name, array in
      "\(name)=$(sbatch --parsable \(Wording.shellWord(array.script)))"
    } + [
      "sbatch --dependency=afterany:" + names.map { "\"${\($0)%%;*}\"" }.joined(separator: ":")
        + " \(Wording.shellWord(collection))"
    ]
  }

  package var json: JSON {
    [
      "schema_version": 1, "folder": .string(folder), "arrays": arrays.json,
      "collection": .string(collection), "collection_job": .integer(collectionJob),
      "task": needs.json(stops: true),
    ]
  }

  private func record() throws {
    try AtomicFile.write(json, to: "\(folder)/submission.json")
  }
}
