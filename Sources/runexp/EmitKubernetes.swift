// runexp emit kubernetes: an Indexed Job of a run's cells.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct EmitKubernetes: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kubernetes",
    abstract: "Write an Indexed Job for Kubernetes.",
    discussion: HelpPage(
      """
      Prepares a run of an experiment file, or takes one that is there, and writes into \
      RUN/kubernetes a list of the cells that are left, a Job with an index for each task, and a \
      Job that makes the tables. The folder of results must lie on a volume that all pods mount. \
      Prints the lines that create the Jobs. Call it with the program of the image, for cells of \
      another build are refused. docs/cluster.md explains all of it.
      """,
      examples: [
        (
          "runexp emit kubernetes modern.yaml --image registry/runexp --claim results",
          "the lines to type"
        )
      ],
      exits: [
        .ok, .failure("there is no such run, or its folder cannot be written"), .otherBuild,
        .invalidFile,
      ]
    ).text)

  @OptionGroup var emit: EmitOptions
  @Option(
    help: """
      What a task of short cells is taken to last, which decides --pack; no pod is stopped by it.
      """)
  var time: String?
  @Option(help: "The image that has the program; 'Containerfile' builds one.") var image: String
  @Option(help: "The PersistentVolumeClaim of the volume that holds the results.")
  var claim: String
  @Option(help: "Where pods mount it (default: where the results are here).") var mount: String?
  @Option(help: "The namespace of the Jobs.") var namespace: String?
  @Option(help: "The queue, where Kueue is there.") var queue: String?
  @Option(help: "Most tasks that run at once.") var maxParallel: Int?

  func validate() throws {
    _ = try emit.request(time: time)
    if let maxParallel, !(1...1_000_000).contains(maxParallel) {
      throw ValidationError("--max-parallel must be from 1 to 1000000, not \(maxParallel)")
    }
    if image.wholeMatch(of: #/[A-Za-z0-9][-A-Za-z0-9._:/@]*/#) == nil {
      throw ValidationError(
        "--image must be an image's name, such as registry/runexp, not \(Wording.quote(image))")
    }
    if let mount, !Self.canMount(mount) {
      throw ValidationError(
        "--mount must be a whole path without ':' and '..', such as /results, not "
          + Wording.quote(mount))
    }
    let word = #/[a-z0-9]([-a-z0-9]*[a-z0-9])?/#
    for (option, text) in [("claim", claim), ("namespace", namespace), ("queue", queue)] {
      guard let text else { continue }
      // A namespace is one label of a DNS name, the others may be several.
      let mayHaveDots = option != "namespace"
      let parts = text.split(
        separator: ".", maxSplits: mayHaveDots ? .max : 0, omittingEmptySubsequences: false)
      if !parts.allSatisfy({ $0.wholeMatch(of: word) != nil && $0.count <= 63 }) {
        throw ValidationError(
          "--\(option) must be at most 63 small letters, digits and dashes, no dash at either end"
            + (mayHaveDots ? ", or several such names with dots between them" : "")
            + ", not '\(text)'")
      }
    }
  }

  /// Whether Kubernetes takes a path as a `mountPath` that hides nothing of the image by accident.
  private static func canMount(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    return path.hasPrefix("/") && !parts.isEmpty && !path.contains(":")
      && !parts.contains { $0 == "." || $0 == ".." }
  }

  func run() throws {
    guard let handOff = try emit.chosen(time: time, stops: false) else { return }
    let run = handOff.run
    // RESULTS/EXPERIMENT/RUN.
    let results = AtomicFile.folder(of: AtomicFile.folder(of: run.path))
    var place = mount ?? results
    while place.count > 1, place.hasSuffix("/") { place.removeLast() }
    guard Self.canMount(place) else {
      throw misused(
        "pods cannot mount the results where they are here, in '\(place)'; --mount must name "
          + "another path", "emit kubernetes")
    }
    var request = KubernetesRequest(image: image, claim: claim, mount: place)
    (request.namespace, request.queue, request.parallel) = (namespace, queue, maxParallel)
    let record = try? RunRecord(file: run.file("run.json"))
    for path in record?.filesOutside(results, mountedAt: request.mount) ?? [] {
      say(
        "warning: cells read \(Wording.shellWord(path)), which pods have only where the image has it, "
          + "or the volume at \(Wording.shellWord(request.mount)) under this very path")
    }
    if handOff.needs.measuresTime {
      say(
        "warning: these cells measure time, and pods share their nodes: such times do not compare")
    }
    let written = try failing {
      try KubernetesHandOff(handOff.cells, of: run, below: results, handOff.needs, request)
    }
    handOff.tell(tasks: written.tasks, amounts: handOff.needs.amounts)
    if emit.json {
      print(written.json.document, terminator: "")
    } else {
      print(written.commands.joined(separator: "\n"))
      say("the second one when the first has ended, or at any time before, as often as you like")
    }
  }
}
