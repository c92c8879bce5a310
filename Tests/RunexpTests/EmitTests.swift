// `runexp emit`: what it writes for a scheduler, and that a shell runs it as Slurm would.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("runexp emit", .serialized)
struct EmitTests {
  private let program: Program

  init() throws { program = try Program() }

  private func prepare(seeds: String = "1", steps: Int = 4) throws -> String {
    try program.write(TinyExperiment.onText(program, seeds: seeds, steps: steps), to: "tiny.yaml")
    let finished = try program.run("prepare", "tiny.yaml")
    try #require(finished.code == 0, "\(finished.errors)")
    return finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private let needs = ["--time", "30m", "--mem", "300MiB", "--cpus", "2", "--pack", "1"]

  private func emit(_ run: String, _ options: String...) throws -> JSON {
    let finished = try program.run(["emit", "slurm", run, "--json"] + needs + options)
    try #require(finished.code == 0, "\(finished.errors)")
    return try JSON(reading: finished.output)
  }

  private func row(_ run: String, _ index: Int) throws -> CellRow? {
    let folder = try RunFolder.open(program.file(run))
    return folder.result(of: try folder.plan()[index].row(experiment: "tiny"))
  }

  /// Puts a program that stands in for one of Slurm's into a folder of the path.
  private func fake(_ name: String, _ script: String) throws -> [String: String] {
    let folder = program.file("slurm-bin")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try program.write("#!/bin/bash\n\(script)\n", to: "slurm-bin/\(name)")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: program.file("slurm-bin/\(name)"))
    return ["PATH": "\(folder):/usr/bin:/bin"]
  }

  @Test("a run of a file is prepared, and the lines that submit it are printed")
  func file() throws {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let finished = try program.run(
      [
        "emit", "slurm", "tiny.yaml", "--partition", "long", "--constraint", "zen4", "--set",
        "seeds=3",
      ]
        + needs)
    #expect(finished.code == 0, "\(finished.errors)")
    let run = program.file("results/tiny/latest")
    let shown = try program.run("show", "latest").output
    #expect(shown.contains("to go on with it: runexp resume "), "\(shown)")
    #expect(shown.contains(", or hand it off again\n"), "\(shown)")
    let real = try RunFolder.open(run).path
    #expect(
      finished.output == """
        job=$(sbatch --parsable \(real)/slurm/1/array-1.sh)
        sbatch --dependency=afterany:"${job%%;*}" \(real)/slurm/1/collect.sh

        """)
    #expect(finished.errors.contains("2 cells in 2 tasks of 1 array; each task has 2 CPUs, "))
    let script = try program.read("results/tiny/latest/slurm/1/array-1.sh")
    for line in [
      "--job-name=tiny", "--array=0-1", "--cpus-per-task=2", "--mem=300M", "--time=30",
      "--partition=long", "--constraint=zen4", "--requeue", "--open-mode=append",
      "--signal=B:USR1@180", "--output=\"\(real)/slurm/1/%A_%a.log\"",
    ] {
      #expect(script.contains("\n#SBATCH \(line)\n"), "\(line)")
    }
    #expect(!script.contains("--exclusive") && !script.contains("--gpus"))
    let list = try CellList(file: "\(real)/slurm/1/cells-1.txt")
    let plan = try RunFolder.open(run).plan()
    #expect(Set(list.entries.map(\.index)) == [0, 1] && plan.allSatisfy { $0.seed == 3 })
    // The same is read of its plan when it is handed off again.
    let again = try program.run(["emit", "slurm", "latest"] + needs)
    #expect(again.code == 0, "\(again.errors)")
    #expect(try CellList(file: "\(real)/slurm/2/cells-1.txt") == list)
  }

  @Test("a new run's files say of each cell what it says alone, and tasks find its line")
  func files() throws {
    try program.write(
      """
      name: many
      device: cpu
      seeds: [1, 2]
      model: {width: 32, attention: {type: gqa, heads: 4}}
      variants:
        plain: {}
        other: {model: {norm: layernorm}}
      workload: {type: inspect, vocabulary: 7}
      matrix:
        model.layers: [1, 2]
        workload.sequence: [16, 32, 48]
        exclude: [{variant: other, workload.sequence: 32}]
        include: [{variant: other, model.layers: 3, workload.sequence: 64}]

      """, to: "many.yaml")
    let finished = try program.run(["emit", "slurm", "many.yaml"] + needs)
    try #require(finished.code == 0, "\(finished.errors)")
    let run = try RunFolder.open(program.file("results/many/latest"))
    let experiment = try PlannedExperiment.load(
      file: program.file("many.yaml"), reader: .standard)
    var (plan, offsets) = ([] as [PlanLine], [] as [Int])
    try run.forEachPlanLine { line, offset in
      plan.append(line)
      offsets.append(offset)
    }
    #expect(plan.map(\.label) == experiment.cells.map(\.label))
    for (line, cell) in zip(plan, experiment.cells) {
      #expect(line.configuration.line == cell.resolved.line)
      #expect(line.derived == cell.derived.map(\.path))
      if cell.exclusion == nil {
        #expect(try AtomicFile.read("\(run.cell(line.cell))/resolved.yaml") == cell.resolvedYAML)
      }
    }
    let entries = try CellList(file: run.file("slurm/1/cells-1.txt")).entries
    let ordered = plan.indices.filter { plan[$0].order != nil }
      .sorted { plan[$0].order ?? 0 < plan[$1].order ?? 0 }
    #expect(plan.count == 26 && ordered.count == 22)
    #expect(entries.map(\.index) == ordered)
    #expect(entries.map(\.offset) == ordered.map { offsets[$0] })
  }

  @Test("memory follows from the prediction, and what cannot be predicted is asked for")
  func predicted() throws {
    let run = try prepare()
    let plan = try program.run("plan", "tiny.yaml", "--json", "--threads", "1").output
    let peaks = try plan.split(separator: "\n").map { line in
      try #require(try JSON(reading: String(line))["peak_bytes"]?.number)
    }
    let bytes = Int(1.5 * (peaks.max() ?? 0)) + 256 << 20
    let emitted = try program.run("emit", "slurm", run, "--time", "5m")
    #expect(emitted.code == 0, "\(emitted.errors)")
    let script = try program.read("\(run)/slurm/1/array-1.sh")
    #expect(script.contains("\n#SBATCH --mem=\((bytes + 1 << 20 - 1) >> 20)M\n"), "\(script)")
    #expect(script.contains("\n#SBATCH --signal=B:USR1@100\n"))
    // Of so short a time Slurm's warning would come at once.
    for (minutes, isWarned) in [("2m", false), ("3m", true)] {
      let short = try emit(run, "--time", minutes)["arrays"]?.elements.first?["script"]?.text
      let text = try AtomicFile.read(try #require(short))
      #expect(text.contains("\n#SBATCH --signal=") == isWarned, "\(text)")
    }
    let yaml = """
      name: angles
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload: {type: position}

      """
    try program.write(yaml, to: "angles.yaml")
    let asked = try program.run("emit", "slurm", "angles.yaml", "--mem", "1GiB")
    #expect(asked.code == 64, "\(asked.errors)")
    #expect(asked.errors.contains("cannot be predicted; --time must say how much"))
  }

  @Test("cells that measure time have their nodes to themselves")
  func exclusive() throws {
    let yaml = """
      name: tiny
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload: {type: attention, sequence: 64}

      """
    try program.write(yaml, to: "attention.yaml")
    let words = ["emit", "slurm", "attention.yaml"] + needs
    func script() throws -> String { try program.read("results/tiny/latest/slurm/1/array-1.sh") }
    let finished = try program.run(words)
    #expect(finished.code == 0 && finished.errors.contains("--constraint would keep them"))
    #expect(finished.errors.hasSuffix("each task has 2 CPUs, 300 MiB, 30 min, a node to itself\n"))
    #expect(try script().contains("\n#SBATCH --exclusive\n"))
    #expect(try !script().contains("--constraint"))
    let asking = try fake("sinfo", "echo 'long*|zen4,avx512'")
    #expect(try program.run(words, environment: asking).errors.contains("that have zen4&avx512,"))
    #expect(try script().contains("\n#SBATCH --constraint=zen4&avx512\n"))
    // What a person says stands as it is; of several kinds of nodes times do not compare.
    for (constraint, isWarned) in [("zen4&ib", false), ("zen4|zen3", true), ("[a|b]&ib", true)] {
      let said = try program.run(words + ["--constraint", constraint], environment: asking)
      #expect(said.errors.contains("nodes of more than one kind") == isWarned, "\(said.errors)")
      #expect(try script().contains("\n#SBATCH --constraint=\(constraint)\n"))
    }
    // A training's losses do not suffer.
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let train = ["emit", "slurm", "tiny.yaml", "--constraint", "zen4|zen3"] + needs
    #expect(try !program.run(train).errors.contains("nodes of more than one kind"))
  }

  @Test("arrays stay below their largest size, tasks take packs, and what is done is not listed")
  func lists() throws {
    let run = try prepare(seeds: "1..3", steps: 1)
    func counts(_ value: JSON) -> [Int] {
      (value["arrays"]?.elements ?? []).compactMap { $0["tasks"]?.whole }
    }
    #expect(try counts(emit(run, "--max-array", "4")) == [4, 2])
    #expect(try counts(emit(run, "--max-array", "2", "--pack", "2")) == [2, 1])
    #expect(try program.run("cell", run, "--index", "0", "-q").code == 0)
    let result = "\(run)/cells/\(try RunFolder.open(program.file(run)).plan()[1].cell)/result.json"
    #expect(try program.run("cell", run, "--index", "1", "-q").code == 0)
    try program.write(
      program.read(result).replacing("\"status\": \"ok\"", with: "\"status\": \"failed\""),
      to: result)
    #expect(try counts(emit(run)) == [4])
    #expect(program.exists(result))
    #expect(try counts(emit(run, "--cells", "timeout,oom")) == [])
    #expect(try counts(emit(run, "--cells", "failed")) == [1])
    let list = "\(run)/slurm/4/cells-1.txt"
    #expect(try CellList(file: program.file(list)).entries.map(\.index) == [1])
    // Its row stays until a task begins the cell; a task that is started again finds it done.
    #expect(try row(run, 1)?.status == .failed)
    let task = ["cell", run, "-q", "--list", list, "--index", "0"]
    #expect(try program.run(task).code == 0)
    #expect(try row(run, 1)?.status == .ok)
    let rerun = try program.read(result)
    #expect(try program.run(task).code == 0)
    #expect(try program.read(result) == rerun)
    #expect(try program.run("resume", run, "-q").code == 0)
    let nothing = try program.run(
      ["emit", "slurm", run, "--submit"] + needs, environment: fake("sbatch", "exit 1"))
    #expect(nothing.code == 0 && nothing.output.isEmpty)
    #expect(nothing.errors.contains("nothing to run: "))
    #expect(!program.exists("\(run)/slurm/5"))
  }

  @Test("it is submitted once, the collection after all arrays, and a refusal is told")
  func submitted() throws {
    let run = try prepare(seeds: "1..2")
    let path = try fake(
      "sbatch",
      "echo \"$@\" >> \(program.file("asked")); echo \"$(wc -l < \(program.file("asked")));c1\"")
    let words = ["emit", "slurm", run, "--submit", "--max-array", "3"] + needs
    let finished = try program.run(words, environment: path)
    #expect(finished.code == 0 && !finished.errors.contains("note: "), "\(finished.errors)")
    let real = try RunFolder.open(program.file(run)).path
    #expect(
      try program.read("asked") == """
        --parsable \(real)/slurm/1/array-1.sh
        --parsable \(real)/slurm/1/array-2.sh
        --parsable --dependency=afterany:1:2 \(real)/slurm/1/collect.sh

        """)
    #expect(finished.output.contains("array 2: 1 task\ncollect 3: "))
    let record = try JSON(reading: program.read("\(run)/slurm/1/submission.json"))
    #expect(record["collection_job"]?.whole == 3)
    let refusing = try fake("sbatch", "echo 'sbatch: error: no such partition' >&2; exit 1")
    let refused = try program.run(words, environment: refusing)
    #expect(refused.code == 1 && refused.errors.contains("no such partition"), "\(refused.errors)")
    #expect(
      refused.errors.hasPrefix(
        "note: slurm/1 has 4 of these cells too (jobs 1 2); whichever task comes first runs each\n"),
      "\(refused.errors)")
  }

  @Test("without an sbatch nothing is written that was to be submitted")
  func noSbatch() throws {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let words = ["emit", "slurm", "tiny.yaml", "--submit"] + needs
    let missing = try program.run(words, environment: ["PATH": program.folder])
    #expect(missing.code == 1 && missing.output.isEmpty)
    #expect(
      missing.errors
        == "error: --submit needs sbatch, and there is no sbatch on this machine: nothing was "
        + "written\n")
    #expect(!program.exists("results"))
  }

  @Test("more tasks than Slurm keeps are warned of, and not submitted")
  func tooMany() throws {
    let run = try prepare(seeds: "1..3")
    _ = try fake("sbatch", "echo 7")
    let path = try fake("scontrol", "echo 'MaxArraySize = 4'; echo 'MaxJobCount = 6'")
    let words = ["emit", "slurm", run] + needs
    let warned = try program.run(words, environment: path)
    #expect(warned.code == 0 && warned.errors.contains("warning: these are 6 tasks"))
    #expect(warned.output.contains("/array-2.sh"))
    let refused = try program.run(words + ["--submit"], environment: path)
    #expect(refused.code == 1 && refused.output.isEmpty)
    #expect(refused.errors.contains("--pack 2 makes 3 of them"), "\(refused.errors)")
    #expect(!program.exists("\(run)/slurm/2"))
    let packed = ["emit", "slurm", run, "--submit"] + needs.dropLast() + ["2"]
    #expect(try program.run(packed, environment: path).code == 0)
    // One that Slurm took before it took no more.
    let counted = program.file("counted")
    let full = try fake("sbatch", "[ -e \(counted) ] && exit 1; touch \(counted); echo 7")
    let half = try program.run(packed + ["--max-array", "2"], environment: full)
    #expect(half.code == 1 && half.errors.contains("'scancel 7' stops"), "\(half.errors)")
  }

  @Test(
    "the script runs a task, passes a warning on, and queues the task again unless it is cancelled",
    arguments: [("RUNNING", true), ("COMPLETING", false), (nil, false)] as [(String?, Bool)])
  func script(state: String?, isRequeued: Bool) throws {
    let folder = "odd name's 5%"
    try FileManager.default.createDirectory(
      atPath: program.file(folder), withIntermediateDirectories: true)
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let prepared = try program.run("prepare", "tiny.yaml", "--results", folder)
    let run = prepared.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let script = try #require(try emit(run)["arrays"]?.elements.first?["script"]?.text)
    #expect(try String(contentsOfFile: script, encoding: .utf8).contains("odd name's 5%%/"))
    let asked = program.file("asked")
    // A node may lack it.
    let scontrol = try state.map {
      try fake("scontrol", "echo \"$@\" >> \(asked); echo 'JobId=7 JobState=\($0) Reason=None'")
    }
    let environment = (scontrol ?? ["PATH": "/usr/bin:/bin"]).merging([
      "SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_JOB_ID": "7",
      "RUNEXP_FAILPOINTS": "append:steps.jsonl=pause@2", "HOME": program.folder,
      "RUNEXP_MEASURING_SECONDS": "0",
    ]) { $1 }
    let task = try Running(
      program: "/bin/bash", [script], in: program.folder, environment: environment,
      hearsSignals: true)
    // The script starts the task, and that its worker.
    func worker() -> Int32? {
      let workers = task.children().flatMap { Running.children(of: $0) }
      return workers.first(where: Running.isPaused)
    }
    try #require(task.wait { worker() != nil })
    let paused = try #require(worker())
    // So early it does not say that the task's time is over.
    task.signal(SIGUSR1)
    try #require(wait { Running.isPending(SIGTERM, for: paused) })
    #expect(!Running.isPending(SIGUSR1, for: paused))
    kill(paused, SIGCONT)
    let finished = try task.finish()
    #expect(finished.code == 75, "\(finished.errors)")
    let told = "no scontrol here: not queued again; 'runexp emit slurm "
    #expect(finished.errors.contains(told) == (state == nil), "\(finished.errors)")
    let requests: [Substring] = try state == nil ? [] : program.read("asked").split(separator: "\n")
    var expected: [Substring] = state == nil ? [] : ["show job -o 7_0"]
    if isRequeued { expected.append("requeue 7_0") }
    #expect(requests == expected)
    let calm = environment.filter { $0.key != "RUNEXP_FAILPOINTS" }
    let again = try Running(
      program: "/bin/bash", [script], in: program.folder, environment: calm)
    #expect(try again.finish().code == 0)
    let lost = try Running(
      program: "/bin/bash", [script], in: program.folder,
      environment: calm.filter { $0.key != "SLURM_ARRAY_TASK_ID" }
    ).finish()
    #expect(lost.code != 0 && lost.errors.contains("SLURM_ARRAY_TASK_ID: is set by Slurm"))
    let collect = (script as NSString).deletingLastPathComponent + "/collect.sh"
    let collected = try Running(
      program: "/bin/bash", [collect], in: program.folder, environment: calm)
    #expect(try collected.finish().code == 0)
    #expect(try program.read("\(folder)/tiny/latest/cells.csv").contains(",ok,"))
    #expect(try program.read("\(folder)/tiny/latest/report.html").contains("1 of 2 cells ok"))
  }

  @Test("an Indexed Job has an index a task, and the collection a Job of its own")
  func kubernetes() throws {
    let run = try prepare(seeds: "1..3")
    let options = ["--image", "runexp:1", "--claim", "results", "--mount", "/results"]
    let words =
      ["emit", "kubernetes", run] + options + needs + ["--queue", "team", "--pack", "2"]
    let finished = try program.run(words)
    #expect(finished.code == 0, "\(finished.errors)")
    let folder = "\(run)/kubernetes/1"
    let text = try program.read("\(folder)/cells.yaml")
    let id = try RunFolder.open(program.file(run)).id
    for line in [
      "  name: runexp-\(id)-1", "    kueue.x-k8s.io/queue-name: team", "  completionMode: Indexed",
      "  completions: 3", "  backoffLimitPerIndex: 6", "  maxFailedIndexes: 3",
      // A pod that must make room has not failed; what is wrong in itself is not tried again, nor
      // what was killed for its memory.
      #"      - {action: Ignore, onPodConditions: [{type: DisruptionTarget, status: "True"}]}"#,
      """
            - action: FailIndex
              onExitCodes:
                containerName: runexp
                operator: In
                values: [3, 5, 78, 137]
      """,
      "      terminationGracePeriodSeconds: 180",
    ] {
      #expect(text.contains("\n\(line)\n"), "\(line): \(text)")
    }
    #expect(text.contains("/results/tiny/\(id)/kubernetes/1/cells.txt"))
    let collection = try program.read("\(folder)/collect.yaml")
    #expect(collection.contains("/results/tiny/\(id)"))
    // It may be created again, where a name that is taken would be refused.
    #expect(collection.contains("\n  generateName: runexp-\(id)-1-collect-\n"), "\(collection)")
    #expect(!collection.contains("\n  name: "), "\(collection)")
    #expect(finished.output.split(separator: "\n").count == 2)
    // A namespace is one label of a DNS name, a claim may be several.
    let dots = "several such names with dots between them"
    for (named, code, saysDots) in [
      (["--claim", "results", "--namespace", "team.lab"], Int32(64), false),
      (["--claim", "team.lab"], 0, false), (["--claim", "lab."], 64, true),
      (["--claim", "results", "--queue", "Team"], 64, true),
    ] {
      let finished = try program.run(
        ["emit", "kubernetes", run, "--image", "runexp:1", "--mount", "/results"] + needs + named)
      #expect(finished.code == code, "\(named): \(finished.errors)")
      #expect(finished.errors.contains(dots) == saysDots, "\(named): \(finished.errors)")
    }
  }

  @Test(
    "Kueue may admit fewer pods than there are tasks, where there is more than one at a time",
    arguments: [([], true), (["--max-parallel", "2"], true), (["--max-parallel", "1"], false)]
      as [([String], Bool)])
  func kueue(width: [String], isSeveral: Bool) throws {
    let run = try prepare(seeds: "1..3")
    let words = ["emit", "kubernetes", run, "--image", "runexp:1", "--claim", "results"] + width
    for (number, queue) in [[], ["--queue", "team"]].enumerated() {
      let finished = try program.run(words + needs + queue)
      try #require(finished.code == 0, "\(finished.errors)")
      let folder = "\(run)/kubernetes/\(number + 1)"
      let tasks = try program.read("\(folder)/cells.yaml")
      let isPartial = tasks.contains(
        "\n  annotations:\n    kueue.x-k8s.io/job-min-parallelism: \"1\"\nspec:")
      #expect(isPartial == (isSeveral && !queue.isEmpty), "\(tasks)")
      #expect(try !program.read("\(folder)/collect.yaml").contains("min-parallelism"))
    }
  }

  @Test("a pack that takes longer than the time of its task is warned of, and written")
  func overfullPack() throws {
    try program.write(TinyExperiment.onText(program, seeds: "1..4"), to: "tiny.yaml")
    let prepared = try program.run("prepare", "tiny.yaml", "--time", "60s")
    let run = prepared.output.trimmingCharacters(in: .whitespacesAndNewlines)
    for (pack, isWarned) in [("8", true), ("5", false)] {
      let finished = try program.run(
        "emit", "slurm", run, "--time", "5m", "--mem", "300MiB", "--pack", pack)
      #expect(finished.code == 0, "\(finished.errors)")
      #expect(finished.errors.contains("that --time gives it: at most 5 fit") == isWarned)
    }
    #expect(program.exists("\(run)/slurm/2"))
  }

  @Test("what is wrong is said in a sentence")
  func wrong() throws {
    let run = try prepare()
    for (words, code, part) in [
      (["--cells", "broken"], Int32(64), "--cells is a list of pending, all, failed, "),
      (["--time", "soon"], 64, "--time must be a time such as"),
      (["--mem", "4"], 64, "--mem needs a unit"),
      (["--pack", "0"], 64, "--pack must be from 1"),
      (["--partition", "a b"], 64, "--partition must be one plain word"),
      (["--set", "seeds=3"], 64, "--set and --vary are of an experiment file"),
      (["--threads", "2"], 64, "--offline are of an experiment file"),
      (["--offline"], 64, "--offline are of an experiment file"),
      (["--results", "nowhere"], 0, "2 cells"),
    ] {
      let finished = try program.run(["emit", "slurm", run, "--time", "5m"] + words)
      #expect(finished.code == code, "\(words): \(finished.errors)")
      #expect(finished.errors.contains(part), "\(words): \(finished.errors)")
    }
    #expect(try program.run("emit", "slurm", "nosuch").code == 1)
    #expect(try program.run("emit", "slurm", "nosuch.yaml", "--time", "5m").code == 78)
  }
}
