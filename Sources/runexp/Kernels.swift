// runexp kernels: checks and times the kernels of a device, with the cases that the tests use.

import ArgumentParser
import Config
import Experiments
import Foundation
import OpCases
import Records
import Tensors

struct Kernels: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a device's kernels against the reference, or time them.",
    discussion: HelpPage(
      """
      --check compares every kernel with the reference, which accumulates in float64, and the \
      reference's gradients with finite differences. --bench gives the median time of each, with \
      its rate beside the measured peak. Writes no files.
      """,
      examples: [
        ("runexp kernels --check", "are the kernels right on this machine?"),
        ("runexp kernels --bench --only attention --threads 1", "how fast is attention?"),
        (
          "runexp kernels --bench --only linear --type bf16", "and the products of linear layers?"
        ),
        ("runexp kernels --bench --json", "times in seconds, rates in FLOP/s and bytes/s"),
      ],
      exits: [.ok, .failure("a kernel is off, or there is no such device")]
    ).text)

  @Flag(help: "Compare every kernel with the reference.") var check = false
  @Flag(help: "Time every kernel.") var bench = false
  @Option(
    help: ArgumentHelp("cpu, cuda or reference.", valueName: "device"),
    completion: .list(["cpu", "cuda", "reference"]))
  var device = "cpu"
  @Option(
    help: ArgumentHelp(
      "Only the operations with this in their name, or else in that of a kernel they run.",
      valueName: "text"))
  var only: String?
  @Option(
    help: ArgumentHelp("Only the cases of this element type: f32 or bf16.", valueName: "type"),
    completion: .list(["f32", "bf16"]))
  var type: String?
  @Option(help: ArgumentHelp("Seconds to spend on timing each case.", valueName: "seconds"))
  var seconds = 0.3
  @OptionGroup var compute: ComputeOptions
  @Option(
    help: ArgumentHelp(
      "The CPU's instruction set: generic, v2, v3, v4, v4-bf16 or neon, as far as the processor has "
        + "them; else its best.", valueName: "set"),
    completion: .list(Device.knownInstructionSets))
  var isa: String?
  @Flag(help: "Print one JSON object per line.") var json = false

  func validate() throws {
    if let isa {
      guard device == "cpu" else {
        throw ValidationError("--isa is for --device cpu, not for '\(device)'")
      }
      guard Device.instructionSets.contains(isa) else {
        let sets = Device.instructionSets.map { "'\($0)'" }.joined(separator: ", ")
        throw ValidationError("--isa must be one that this processor has, \(sets), not '\(isa)'")
      }
    }
    guard ["cpu", "cuda", "reference"].contains(device) else {
      throw ValidationError("--device must be 'cpu', 'cuda' or 'reference', not '\(device)'")
    }
    if let type, !["f32", "bf16"].contains(type) {
      throw ValidationError("--type must be 'f32' or 'bf16', not '\(type)'")
    }
    guard only != "" else { throw ValidationError("--only needs a part of a name, not ''") }
    guard (0...3600).contains(seconds) else {
      throw ValidationError("--seconds must be from 0 to 3600, not \(seconds)")
    }
  }

  func run() throws {
    // Not when validating, which comes before a misspelt option is told.
    guard check != bench else { throw misused("say --check or --bench", "kernels") }
    let cases = try chosen(from: check ? OpCase.checks : OpCase.benchmarks)
    let device = try failing { try open() }
    say(device.summary)
    let (able, lacking) = divided(cases, by: device)
    guard !able.isEmpty else {
      let obstacles = Dictionary(grouping: lacking, by: \.reason).map { reason, cases in
        Set(cases.map(\.kernels)).sorted().joined(separator: " and ") + ": \(reason)"
      }
      say("error: this device does not run \(obstacles.sorted().joined(separator: "; "))")
      throw ArgumentParser.ExitCode(Records.ExitCode.failure)
    }
    for (kernels, reason, cases) in lacking {
      let what = cases.count == 1 ? "\(cases[0])" : "\(cases.count) cases of \(kernels)"
      say("not on this device: \(what): \(reason)")
    }
    if check {
      let report = KernelCheckReport(able, of: device)
      print(json ? report.jsonLines : report.text(width: Terminal.width()), terminator: "")
      if !report.failures.isEmpty { throw ArgumentParser.ExitCode(Records.ExitCode.failure) }
    } else {
      let report = KernelBenchReport(able, on: device, seconds: seconds)
      print(json ? report.jsonLines : report.text(width: Terminal.width()), terminator: "")
    }
  }

  /// The cases that `--type` and `--only` name.
  private func chosen(from cases: [OpCase]) throws -> [OpCase] {
    let all = cases.filter { type == nil || $0.type.word == type }
    guard let only else { return all }
    let named = all.filter { $0.name.contains(only) }
    if !named.isEmpty { return named }
    let running = all.filter { $0.kernels.contains { $0.contains(only) } }
    if !running.isEmpty { return running }
    let operations = Set(all.map(\.name)).sorted()
    let known =
      operations + AttentionAlgorithm.allCases.map(\.rawValue)
      + Set(all.flatMap(\.kernels)).sorted()
    let advice =
      Suggestion.nearest(to: only, among: known).map { "did you mean '\($0)'?" }
      ?? "there are " + operations.map { "'\($0)'" }.joined(separator: ", ")
    say(
      "error: no operation or kernel that is \(check ? "checked" : "timed") has '\(only)' in its "
        + "name; \(advice)")
    throw ArgumentParser.ExitCode(64)
  }

  /// The cases that a device computes, and each kind of those that it does not.
  private func divided(
    _ cases: [OpCase], by device: Device
  ) -> (able: [OpCase], lacking: [(kernels: String, reason: String, cases: [OpCase])]) {
    var able: [OpCase] = []
    var lacking: [(kernels: String, reason: String, cases: [OpCase])] = []
    for one in cases {
      let kernels = one.kernels.joined(separator: ", ")
      guard let reason = one.obstacle(on: device) else {
        able.append(one)
        continue
      }
      if let place = lacking.firstIndex(where: { $0.kernels == kernels && $0.reason == reason }) {
        lacking[place].cases.append(one)
      } else {
        lacking.append((kernels, reason, [one]))
      }
    }
    return (able, lacking)
  }

  private func open() throws -> Device {
    let found = try compute.open(device == "cuda" ? .cuda : .cpu)
    if device == "reference" { return .reference() }
    return isa.flatMap { Device.cpu(threads: compute.threads, instructionSet: $0) } ?? found
  }
}
