// Each way in which plugin or GPU can be missing, through the program: what is said, and what runs
// all the same.

import Config
import Foundation
import Testing

@Suite("a GPU that is missing")
struct MissingGPUTests {
  private let program: Program
  private let plugin: String

  init() throws {
    program = try Program()
    plugin = try LateDevice.plugin()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
  }

  /// The rows of the newest run.
  private func rows() throws -> [JSON] {
    try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }
  }

  private func record() throws -> JSON {
    try JSON(reading: program.read("results/tiny/latest/run.json"))
  }

  @Test("without a plugin `cuda` is unavailable and `auto` is the CPU, and the run records why")
  func noPlugin() throws {
    // A copy, for there may be a plugin beside the program. Made by a process of its own: what is
    // begun meanwhile would hold it open for writing, and it could not be run.
    let copy = program.file("runexp")
    let copied = try Running(
      program: "/bin/cp", [Program.path(), copy], in: program.folder, environment: [:]
    ).finish()
    #expect(copied.code == 0, "\(copied.errors)")
    func run(_ words: String...) throws -> Finished {
      try Running(
        program: copy, words, in: program.folder,
        environment: Program.environment(of: program.folder)
      ).finish()
    }
    func isReason(_ text: String?) -> Bool {
      text?.hasPrefix("there is no CUDA plugin: looked for /") == true
        && text?.hasSuffix("/librunexp_cuda.so; 'make cuda' builds it, --plugin names another")
          == true
    }
    let cuda = try run("run", "tiny.yaml", "-q", "--set", "device=cuda")
    #expect(cuda.code == 3, "\(cuda.errors)")
    for row in try rows() {
      #expect(row["status"] == "unavailable" && isReason(row["reason"]?.text), "\(row.line)")
    }
    let auto = try run("run", "tiny.yaml", "-q", "--set", "device=auto")
    #expect(auto.code == 0, "\(auto.errors)")
    let device = try #require(try record()["devices"]?.elements.first)
    #expect(device["requested"] == "auto" && device["name"] == "cpu")
    #expect(isReason(device["reason"]?.text), "\(device.line)")
    // Nobody has meant a GPU: no word of it in each summary.
    #expect(try !program.read("results/tiny/latest/summary.md").contains("plugin"))
    let show = try run("show", "latest")
    #expect(
      show.output.contains("the CPU, for 'device: auto' found no GPU: there is no CUDA plugin"))
    let second = try run("run", "tiny.yaml", "-q", "--set", "device=auto", "--gpu", "1")
    #expect(second.code == 3, "\(second.errors)")
    for row in try rows() {
      #expect(row["reason"]?.text?.hasPrefix("--gpu 1: there is no CUDA plugin: ") == true)
    }
    let doctor = try run("doctor", "--gpu", "1")
    #expect(doctor.code == 1 && doctor.output.contains("problem  GPU"), "\(doctor.output)")
    #expect(doctor.output.contains("--gpu 1 cannot be had without a plugin"))
  }

  @Test("a plugin that is named must load, where a GPU may be used")
  func unreadable() throws {
    try program.write("", to: "empty.so")
    try program.write(String(repeating: "no library ", count: 1000), to: "text.so")
    try FileManager.default.createDirectory(
      atPath: program.file("folder.so"), withIntermediateDirectories: true)
    for (file, cause) in [
      ("empty.so", "file too short"), ("text.so", "invalid ELF header"),
      ("folder.so", "Is a directory"),
    ] {
      for device in ["auto", "cuda"] {
        let words = ["run", "tiny.yaml", "-q", "--set", "device=\(device)"]
        for finished in [
          try program.run(words + ["--plugin", file]),
          try program.run(words, environment: ["RUNEXP_CUDA_PLUGIN": program.file(file)]),
        ] {
          #expect(finished.code == 1)
          let lines = finished.errors.split(separator: "\n")
          #expect(lines.count == 1 && finished.errors.contains(" names, does not load: "))
          #expect(finished.errors.contains(cause), "\(finished.errors)")
        }
      }
      let doctor = try program.run("doctor", "--plugin", file)
      #expect(doctor.code == 1 && doctor.output.contains("problem  plugin"), "\(doctor.output)")
      let prepare = try program.run(
        "prepare", "tiny.yaml", "--set", "device=cuda", "--plugin", file)
      #expect(prepare.code == 1 && prepare.output.isEmpty)
    }
    #expect(!program.exists("results"))
  }

  // The sentences are the plugin's own, and tried with it: cuda/verify, cuda/test/sentences.
  @Test(
    "no driver, an old one, no GPU or an old one: the plugin's sentence is told wherever one looks",
    arguments: [
      "there is no NVIDIA driver; install one of the 580 series or newer (CUDA 13.0)",
      "the NVIDIA driver is too old: it is for CUDA 12.4, and CUDA 13.0 is needed",
      "the NVIDIA driver finds no GPU",
      "NVIDIA T4 is too old: its compute capability is 7.5, and 8.0 (Ampere) or newer is needed",
    ])
  func absent(sentence: String) throws {
    let environment = ["RUNEXP_CUDA_PLUGIN": plugin, "RUNEXP_DELAYED_ABSENCE": sentence]
    let reason = "the device 'delayed' cannot be used: \(sentence)"
    let auto = try program.run(
      ["run", "tiny.yaml", "-q", "--set", "device=auto"], environment: environment)
    #expect(auto.code == 0, "\(auto.errors)")
    let told = "ran on the CPU, for 'device: auto' found no GPU: \(reason)"
    #expect(try program.read("results/tiny/latest/summary.md").contains(told))
    #expect(
      try record()["devices"]?.elements.map { $0["reason"]?.text } == [reason], "once for all cells"
    )
    let named = try program.run("summary", "latest")
    #expect(
      named.output.replacing("\n", with: " ").replacing("  ", with: " ").contains("found no GPU"),
      "\(named.output)")
    let cuda = try program.run(
      ["run", "tiny.yaml", "-q", "--set", "device=cuda"], environment: environment)
    #expect(cuda.code == 3)
    for row in try rows() {
      #expect(row["status"] == "unavailable" && row["reason"]?.text == reason)
    }
    let doctor = try program.run(["doctor"], environment: environment)
    #expect(doctor.code == 0 && doctor.output.contains("note     GPU "), "\(doctor.output)")
    #expect(doctor.output.contains(reason) && doctor.output.contains("ok       plugin"))
    // Who names it by an option wants to know whether it works.
    let asked = try program.run(
      ["doctor", "--plugin", plugin], environment: ["RUNEXP_DELAYED_ABSENCE": sentence])
    #expect(asked.code == 1 && asked.output.contains("problem  GPU "), "\(asked.output)")
  }

  @Test("flash3 on a GPU of another generation: `auto` takes flash2, by name it is unavailable")
  func flash3() throws {
    try program.write(
      """
      # Which kernel runs?
      name: tiny
      device: cuda
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      variants:
        auto: {}
        named: {model: {attention: {kernel: flash3}}}
      workload: {type: attention, sequence: 64, seconds: 0, rounds: 1}
      """, to: "flash3.yaml")
    let run = try program.run(
      ["run", "flash3.yaml", "-q", "--plugin", plugin],
      environment: ["RUNEXP_DELAYED_FLASH3": "a GPU that is no Hopper"])
    #expect(run.code == 3, "\(run.errors)")
    let rows = try rows()
    #expect(rows[0]["status"] == "ok" && rows[0]["ran.kernel"] == "flash2")
    #expect(
      rows[0]["ran.kernel_reason"]?.text?.hasSuffix("with a GPU that is no Hopper") == true,
      "\(rows[0].line)")
    #expect(rows[1]["status"] == "unavailable")
    #expect(rows[1]["reason"] == "flash3 cannot do attention with a GPU that is no Hopper")
  }

  @Test("a plugin that an option names and nothing uses is told in a line, one of a variable not")
  func unused() throws {
    let warning = "--plugin names a plugin, and everything runs on the CPU"
    let option = ["--plugin", plugin]
    let run = ["run", "tiny.yaml", "-q"]
    #expect(try program.run(run).code == 0)
    let commands = [
      ["generate", "tiny:modern", "-n", "2", "--device", "cpu"], run, ["plan", "tiny.yaml"],
      ["prepare", "tiny.yaml"], ["kernels", "--check", "--only", "scale"],
      ["kernels", "--check", "--only", "scale", "--device", "reference"],
    ]
    for words in commands {
      let told = try program.run(words + option)
      #expect(told.code == 0, "\(told.errors)")
      let lines = told.errors.split(separator: "\n").filter { $0.contains(warning) }
      let kind = words[0] == "plan" ? "note: " : "warning: "
      #expect(lines == [Substring(kind + warning)], "\(words): \(told.errors)")
      let silent = try program.run(words, environment: ["RUNEXP_CUDA_PLUGIN": plugin])
      #expect(silent.code == 0 && !silent.errors.contains("plugin"), "\(silent.errors)")
    }
    let used = try program.run(run + option + ["--set", "device=auto"])
    #expect(used.code == 0 && !used.errors.contains(warning), "\(used.errors)")
  }
}
