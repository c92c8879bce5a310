// KubernetesJob: the manifests that Kubernetes runs: an Indexed Job with a pod for each task, and a
// Job that collects what they leave.

package import Config
package import Records

/// What a person says of the jobs that Kubernetes itself understands.
package struct KubernetesRequest: Sendable {
  /// The container's image.
  package var image: String
  /// The claim of the volume that holds the results.
  package var claim: String
  /// Where pods have it.
  package var mount: String
  package var namespace: String?
  /// Kueue's queue.
  package var queue: String?
  /// Most pods at once.
  package var parallel: Int?

  package init(image: String, claim: String, mount: String) {
    self.image = image
    self.claim = claim
    self.mount = mount
  }
}

/// The jobs of one hand-off to Kubernetes.
package struct KubernetesJob: Sendable {
  /// Seconds from the request to stop to the end by force: what a checkpoint may take.
  private static let grace = 180
  /// Times that a task is started again where it did not end by itself.
  private static let retries = 6
  /// That of a container which was killed (128 + SIGKILL) and has not met a disruption: it took more
  /// memory than its limit, and would again.
  private static let killed: Int32 = 137
  /// What a retry would not change: a cell that is not ok, other conditions, an invalid file, too
  /// little memory; in order, as the schema has it.
  private static let finalCodes = [
    ExitCode.someCellsFailed, ExitCode.notComparable, ExitCode.invalidFile, killed,
  ]

  private let name: String
  /// The run's folder, as pods see it.
  private let run: String
  private let needs: TaskNeeds
  private let request: KubernetesRequest

  /// - Parameters:
  ///   - name: of the first job, with which that of the second begins; letters, digits and dashes.
  ///   - run: the run's folder, as pods see it.
  package init(name: String, run: String, _ needs: TaskNeeds, _ request: KubernetesRequest) {
    self.name = name
    self.run = run
    self.needs = needs
    self.request = request
  }

  /// The name of the job of a run: its id is unique, and already as Kubernetes wants it.
  package static func name(_ run: RunFolder, number: Int) -> String {
    "runexp-\(run.id)-\(number)"
  }

  /// The job of all tasks.
  ///
  /// - Parameters:
  ///   - list: the file of the cells, as pods see it.
  package func tasks(list: String, count: Int) -> JSON {
    let command: [String] = [
      "runexp", "cell", run, "--list", list, "--pack", "\(needs.pack)", "--index", "auto",
      "--quiet",
    ]
    let exits: JSON = [
      "containerName": "runexp", "operator": "In",
      "values": .array(Self.finalCodes.map { .integer(Int($0)) }),
    ]
    let disruption: JSON = ["type": "DisruptionTarget", "status": "True"]
    let policy: JSON = [
      "rules": [
        // A pod that must make room has not failed.
        ["action": "Ignore", "onPodConditions": [disruption]],
        ["action": "FailIndex", "onExitCodes": exits],
      ]
    ]
    let parallelism = min(count, request.parallel ?? count)
    return job(
      JSON.Member("name", .string(name)), annotations: annotations(parallelism: parallelism),
      [
        JSON.Member("completionMode", "Indexed"), JSON.Member("completions", .integer(count)),
        JSON.Member("parallelism", .integer(parallelism)),
        JSON.Member("backoffLimitPerIndex", .integer(Self.retries)),
        // A cell that failed is a row; the others run all the same.
        JSON.Member("maxFailedIndexes", .integer(count)),
        JSON.Member("podFailurePolicy", policy),
        JSON.Member(
          "template", pod(command, cpus: needs.cpus, memory: needs.memory, gpus: needs.gpus)),
      ])
  }

  /// The job that makes the tables and the report; each time that it is created one with a name of
  /// its own.
  package var collection: JSON {
    job(
      JSON.Member("generateName", .string("\(name)-collect-")),
      [
        JSON.Member("backoffLimit", .integer(2)),
        JSON.Member(
          "template",
          pod(
            ["sh", "-c", "runexp collect \"$0\" --report || [ $? = 3 ]", run], cpus: 1,
            memory: needs.collectionMemory, gpus: 0)),
      ])
  }

  /// Kueue admits a job once its quota has room for all pods that may run at once, or with this for
  /// as many as it has room for; of a job with one pod at a time it refuses it.
  private func annotations(parallelism: Int) -> [JSON.Member] {
    request.queue != nil && parallelism > 1
      ? [JSON.Member("kueue.x-k8s.io/job-min-parallelism", .string("1"))] : []
  }

  /// - Parameter named: its name, or what the server is to make one of.
  private func job(
    _ named: JSON.Member, annotations: [JSON.Member] = [], _ spec: [JSON.Member]
  ) -> JSON {
    var labels = [JSON.Member("app.kubernetes.io/name", "runexp")]
    if let queue = request.queue {
      labels.append(JSON.Member("kueue.x-k8s.io/queue-name", .string(queue)))
    }
    var metadata = [named]
    if let namespace = request.namespace {
      metadata.append(JSON.Member("namespace", .string(namespace)))
    }
    metadata.append(JSON.Member("labels", .object(labels)))
    if !annotations.isEmpty {
      metadata.append(JSON.Member("annotations", .object(annotations)))
    }
    return [
      "apiVersion": "batch/v1", "kind": "Job", "metadata": .object(metadata), "spec": .object(spec),
    ]
  }

  private func pod(_ command: [String], cpus: Int, memory: Int, gpus: Int) -> JSON {
    var amounts = [
      JSON.Member("cpu", .string("\(cpus)")),
      JSON.Member("memory", .string("\(memory >> 20)Mi")),
    ]
    if gpus > 0 { amounts.append(JSON.Member("nvidia.com/gpu", .string("\(gpus)"))) }
    let node: JSON = ["fieldRef": ["fieldPath": "spec.nodeName"]]
    let container: JSON = [
      "name": "runexp", "image": .string(request.image),
      "command": .array(command.map { .string($0) }),
      "env": [["name": "NODE_NAME", "valueFrom": node]],
      // As many processors as are asked for, so that a neighbour disturbs no time.
      "resources": ["requests": .object(amounts), "limits": .object(amounts)],
      "volumeMounts": [["name": "results", "mountPath": .string(request.mount)]],
    ]
    let volume: JSON = [
      "name": "results", "persistentVolumeClaim": ["claimName": .string(request.claim)],
    ]
    return [
      "spec": [
        "restartPolicy": "Never", "terminationGracePeriodSeconds": .integer(Self.grace),
        "containers": [container], "volumes": [volume],
      ]
    ]
  }
}
