// KubernetesHandOff: writes what Kubernetes needs of a run into a folder of the run: the list of
// cells, the job of their tasks, and the job that collects.

package import Config
package import Records

/// One hand-off, written.
package struct KubernetesHandOff: Sendable {
  package let tasks: Int
  package let tasksFile: String
  package let collectionFile: String
  private let needs: TaskNeeds

  /// - Parameters:
  ///   - cells: those that are to run, at least one.
  ///   - results: the folder of all results, of which pods see the volume.
  package init(
    _ cells: [CellList.Entry], of run: RunFolder, below results: String, _ needs: TaskNeeds,
    _ request: KubernetesRequest
  ) throws {
    let (folder, number) = try HandOffFolder.make("\(run.path)/kubernetes", takesBackslash: true)
    let list = "\(folder)/cells.txt"
    try AtomicFile.write(CellList(cells).text, to: list)
    self.needs = needs
    func seen(_ path: String) -> String {
      path.hasPrefix(results + "/") ? request.mount + path.dropFirst(results.count) : path
    }
    tasks = (cells.count + needs.pack - 1) / needs.pack
    let job = KubernetesJob(
      name: KubernetesJob.name(run, number: number), run: seen(run.path), needs, request)
    tasksFile = "\(folder)/cells.yaml"
    collectionFile = "\(folder)/collect.yaml"
    try AtomicFile.write(job.tasks(list: seen(list), count: tasks).yaml, to: tasksFile)
    try AtomicFile.write(job.collection.yaml, to: collectionFile)
  }

  /// The lines that start it.
  package var commands: [String] {
    [
      "kubectl create -f \(Wording.shellWord(tasksFile))",
      "kubectl create -f \(Wording.shellWord(collectionFile))",
    ]
  }

  package var json: JSON {
    [
      "schema_version": 1, "tasks": .integer(tasks), "job": .string(tasksFile),
      "collection": .string(collectionFile), "task": needs.json(stops: false),
    ]
  }
}
