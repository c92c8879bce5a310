// `runexp emit`: what it refuses before anything is written.

import Experiments
import Foundation
import Records
import Testing

@Suite("refusals of runexp emit", .serialized) struct EmitRefusalTests {
  private let program: Program
  private let needs = ["--time", "30m", "--mem", "300MiB", "--cpus", "2"]
  private let image = ["--image", "runexp:1", "--claim", "results", "--mount", "/results"]

  init() throws { program = try Program() }

  private func prepare() throws -> String {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let finished = try program.run("prepare", "tiny.yaml")
    try #require(finished.code == 0, "\(finished.errors)")
    return finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test func `a run that another build prepared is, for its tasks would be`() throws {
    let run = try prepare()
    let record = try program.read("\(run)/run.json")
    let match = try #require(record.firstMatch(of: #/"sha256": "([0-9a-f]{64})"/#))
    let other = record.replacing(String(match.1), with: String(repeating: "0", count: 64))
    try program.write(other, to: "\(run)/run.json")
    for words in [["slurm", run], ["kubernetes", run] + image] {
      let refused = try program.run(["emit"] + words + needs)
      #expect(refused.code == 5 && refused.output.isEmpty, "\(words): \(refused.errors)")
      #expect(
        refused.errors.hasPrefix("error: this run was prepared by another build of the program, "),
        "\(refused.errors)")
    }
    #expect(!program.exists("\(run)/slurm") && !program.exists("\(run)/kubernetes"))
    try program.write(record, to: "\(run)/run.json")
    #expect(try program.run(["emit", "slurm", run] + needs).code == 0)
  }

  @Test(arguments: [("a\nb", "slurm"), ("a\nb", "kubernetes"), ("a\\b", "slurm")])
  func `a path that cannot stand in a script is`(folder: String, scheduler: String) throws {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let prepared = try program.run("prepare", "tiny.yaml", "--results", folder)
    try #require(prepared.code == 0, "\(prepared.errors)")
    let refused = try program.run(
      ["emit", scheduler, "latest", "--results", folder] + needs
        + (scheduler == "kubernetes" ? image : []))
    #expect(refused.code == 1 && refused.output.isEmpty, "\(refused.errors)")
    #expect(refused.errors.contains("must have no line break or other control character, and for"))
    #expect(!program.exists("\(folder)/tiny/latest/\(scheduler)"))
  }

  @Test(arguments: [["pbs"], ["pbs", "x.yaml"], ["pbs", "x.yaml", "--json"]])
  func `a scheduler that it does not know is, and those that it knows are named`(
    words: [String]
  ) throws {
    let refused = try program.run(["emit"] + words)
    #expect(refused.code == 64)
    #expect(refused.errors == "error: no scheduler 'pbs': slurm or kubernetes\n")
  }

  @Test func `what is no image, and no place that pods mount, is refused in a sentence`() throws {
    let run = try prepare()
    func refused(_ words: [String], _ sentence: String) throws {
      let refused = try program.run(["emit", "kubernetes", run, "--claim", "c"] + needs + words)
      #expect(refused.code == 64 && refused.output.isEmpty, "\(words): \(refused.errors)")
      #expect(refused.errors.contains(sentence), "\(words): \(refused.errors)")
      #expect(!program.exists("\(run)/kubernetes"))
    }
    for name in ["", "a b", "a\nb"] {
      try refused(
        ["--image", name], "--image must be an image's name, such as registry/runexp, not")
    }
    for path in ["/", "//", "results", "/a/../b", "/a/./b", "/a:b"] {
      try refused(
        ["--image", "runexp:1", "--mount", path],
        "--mount must be a whole path without ':' and '..', such as /results, not '\(path)'")
    }
    for words in [["--image", "lab.org:5000/team/runexp@sha256:0a"], ["--image", "runexp"]] {
      let taken = try program.run(
        ["emit", "kubernetes", run, "--claim", "c", "--mount", "/a/b/"] + needs + words)
      #expect(taken.code == 0, "\(taken.errors)")
    }
  }

  @Test func `a run without such cells is told what its cells are, and how they would run`() throws
  {
    let run = try prepare()
    let emit = ["emit", "slurm", run] + needs
    let real = try RunFolder.open(program.file(run)).path
    func nothing(_ statuses: String) throws -> String {
      let finished = try program.run(emit + ["--cells", statuses])
      #expect(finished.code == 0 && finished.output.isEmpty, "\(finished.errors)")
      return finished.errors
    }
    #expect(
      try nothing("failed,failed")
        == "nothing to run: 0 of 2 cells of \(real) are ok, 2 not run; --cells pending runs them\n")
    try #require(program.run("resume", run, "-q").code == 0)
    #expect(try nothing("all") == "nothing to run: 2 of 2 cells of \(real) are ok\n")
    let plan = try RunFolder.open(program.file(run)).plan()
    func set(_ status: String, of index: Int) throws {
      let result = "\(run)/cells/\(plan[index].cell)/result.json"
      let row = try program.read(result).replacing(
        #/"status": "[a-z]+"/#, with: "\"status\": \"\(status)\"")
      try program.write(row, to: result)
    }
    try set("diverged", of: 1)
    let said =
      "nothing to run: 1 of 2 cells of \(real) is ok, 1 diverged; --cells diverged runs it "
    #expect(try nothing("pending") == said + "again\n")
    try set("killed", of: 0)
    #expect(
      try nothing("failed")
        == "nothing to run: 0 of 2 cells of \(real) are ok, 1 killed, 1 diverged; "
        + "--cells pending,diverged runs them again\n")
    let killed = try program.run(emit + ["--cells", "killed"])
    #expect(killed.code == 64)
    #expect(
      killed.errors.contains(
        "; not 'killed'; cells that were killed or did not run are 'pending'"), "\(killed.errors)")
  }

  @Test(arguments: ["failed", "timeout,oom"])
  func `cells that ended so are of a run, not of a file`(statuses: String) throws {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let words = ["emit", "slurm", "tiny.yaml"] + needs
    let refused = try program.run(words + ["--cells", statuses])
    #expect(refused.code == 64 && refused.output.isEmpty, "\(refused.errors)")
    #expect(
      refused.errors.hasPrefix(
        "error: --cells \(statuses) is of a run, and 'tiny.yaml' is an experiment file; name the "
          + "run, such as 'latest'"), "\(refused.errors)")
    #expect(!program.exists("results"))
    #expect(try program.run(words + ["--cells", "pending,\(statuses)"]).code == 0)
  }

  @Test func `all that cannot be predicted is asked for at once, before there is a run`() throws {
    let yaml = """
      name: flash
      device: cuda
      precision: bf16
      model: {layers: 1, width: 128, attention: {type: mha, heads: 2, kernel: flash3}}
      workload: {type: attention, sequence: 64}

      """
    try program.write(yaml, to: "flash.yaml")
    func refused(_ options: String...) throws -> String {
      let refused = try program.run(
        ["emit", "slurm", "flash.yaml"] + options, environment: ["CUDA_VISIBLE_DEVICES": ""])
      #expect(refused.code == 64 && refused.output.isEmpty, "\(refused.errors)")
      #expect(!program.exists("results"))
      return refused.errors
    }
    let asked = "must say how much a task is to have\n"
    #expect(
      try refused().hasSuffix(" cannot be predicted; --mem and --time \(asked)"),
      "both are missing")
    #expect(try refused("--mem", "1GiB").hasSuffix(" cannot be predicted; --time \(asked)"))
    #expect(try refused("--time", "5m").hasSuffix(" cannot be predicted; --mem \(asked)"))
  }
}
