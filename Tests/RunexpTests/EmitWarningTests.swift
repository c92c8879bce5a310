// `runexp emit`: what it warns of, and what it says that each task has.

import Config
import Foundation
import Testing

@Suite("warnings of runexp emit", .serialized) struct EmitWarningTests {
  private let program: Program
  private let image = ["--image", "runexp:1", "--claim", "results", "--mount", "/results"]

  init() throws { program = try Program() }

  private func emit(_ words: [String]) throws -> Finished {
    let finished = try program.run(["emit"] + words)
    try #require(finished.code == 0, "\(finished.errors)")
    return finished
  }

  /// Two variants whose answers are times, at several lengths.
  private func writeTimed() throws {
    try program.write(
      """
      name: timed
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      variants:
        full: {}
        window: {model: {attention: {window: 16}}}
      workload: {type: attention}
      matrix: {workload.sequence: [64, 128, 256]}

      """, to: "timed.yaml")
  }

  @Test func `pods have no node to themselves and no time, and that times suffer is said`() throws {
    try writeTimed()
    let needs = ["--time", "30m", "--mem", "300MiB", "--cpus", "2"]
    let timed = try emit(["kubernetes", "timed.yaml"] + image + needs)
    #expect(timed.errors.contains("each task has 2 CPUs, 300 MiB\n"), "\(timed.errors)")
    let warning = "these cells measure time, and pods share their nodes: such times do not compare"
    #expect(timed.errors.contains("warning: \(warning)\n"), "\(timed.errors)")
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let train = try emit(["kubernetes", "tiny.yaml"] + image + needs)
    #expect(!train.errors.contains(warning), "\(train.errors)")
  }

  @Test func `a time that nobody can predict is not asked for where it is no limit`() throws {
    try program.write(
      """
      name: flash
      device: cuda
      precision: bf16
      model: {layers: 1, width: 128, attention: {type: mha, heads: 2, kernel: flash3}}
      workload: {type: attention, sequence: 64}

      """, to: "flash.yaml")
    let pods = try emit(["kubernetes", "flash.yaml", "--mem", "1GiB", "--cpus", "2"] + image)
    #expect(pods.errors.contains("each task has 2 CPUs, 1.00 GiB, 1 GPU\n"), "\(pods.errors)")
  }

  @Test func `less memory or processors than the run needs are warned of, and written`() throws {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let run = ["slurm", "tiny.yaml", "--threads", "4", "--time", "30m"]
    let short = try emit(run + ["--mem", "1KiB", "--cpus", "1"])
    let memory =
      #/warning: --mem 1.00 KiB is less than the [0-9.]+ [KM]iB that (modern|classic) is /#
    #expect(short.errors.contains(memory), "\(short.errors)")
    #expect(
      short.errors.contains("warning: --cpus 1 is less than the run's 4 threads\n"),
      "\(short.errors)")
    // What is said is what the script asks for.
    #expect(short.errors.contains("each task has 1 CPU, 1.00 MiB, 30 min\n"), "\(short.errors)")
    let script = try program.read("results/tiny/latest/slurm/1/array-1.sh")
    #expect(script.contains("\n#SBATCH --mem=1M\n"))
    let enough = try emit(run + ["--mem", "1GiB", "--cpus", "4"])
    #expect(!enough.errors.contains("--mem") && !enough.errors.contains("--cpus"))
  }

  @Test func `programs are told what each task has`() throws {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let needs = ["--time", "90s", "--mem", "300MiB", "--cpus", "2", "--pack", "2", "--json"]
    let slurm = try JSON(reading: emit(["slurm", "tiny.yaml"] + needs).output)
    let task: JSON = [
      "cells": 2, "cpus": 2, "memory_bytes": .integer(300 << 20), "gpus": 0, "minutes": 2,
    ]
    #expect(slurm["task"] == task)
    let pods = try JSON(reading: emit(["kubernetes", "latest"] + image + needs).output)
    #expect(pods["task"]?["memory_bytes"]?.whole == 300 << 20)
    #expect(pods["task"]?["minutes"] == .null, "no pod is stopped by its time")
  }

  @Test func `compared cells whose times cannot be measured in turn are warned of`() throws {
    try writeTimed()
    let words = ["slurm", "timed.yaml", "--time", "30m", "--mem", "1GiB", "--cpus", "1", "--pack"]
    let text = "cells that are compared lie in different tasks, where they cannot take turns"
    for (pack, isWarned) in [("1", true), ("2", false), ("3", true), ("6", false)] {
      let said = try emit(words + [pack]).errors
      #expect(said.contains("warning: \(text)") == isWarned, "\(pack): \(said)")
    }
    #expect(try emit(words + ["3"]).errors.contains("; --pack 4 keeps them together\n"))
  }
}
