// What `runexp kernels --check` prints: a line an operation and type, and one for each case that is
// off.

import Config
import Experiments
import Foundation
import OpCases
import Records
import Statistics
import Tensors

/// The results of checking a device.
struct KernelCheckReport {
  private struct Outcome {
    let one: OpCase
    let parity: Parity
    let gradient: GradientCheck?

    var passes: Bool { parity.passes && gradient?.passes ?? true }
  }

  private let outcomes: [Outcome]

  init(_ cases: [OpCase], of device: Device) {
    let reference = Device.reference()
    outcomes = cases.map {
      Outcome(
        one: $0, parity: $0.parity(of: device, with: reference),
        gradient: $0.gradientCheck(on: reference))
    }
  }

  /// The cases that are off, a sentence each.
  var failures: [String] {
    outcomes.flatMap { outcome -> [String] in
      let parity = outcome.parity
      var sentences: [String] = []
      if !parity.passes {
        sentences.append(
          "\(outcome.one): '\(parity.output)' is \(short(parity.error)) from the reference, "
            + "at most \(short(parity.tolerance)) is allowed")
      }
      if let gradient = outcome.gradient, !gradient.passes {
        sentences.append(
          "\(outcome.one): the gradient of '\(gradient.input)' is \(short(gradient.error)) from "
            + "the finite differences, at most \(short(GradientCheck.tolerance)) is allowed")
      }
      return sentences
    }
  }

  func text(width: Int) -> String {
    let groups = Dictionary(grouping: outcomes) { [$0.one.name, $0.one.type.word] }
    let rows = groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
      (key, group) -> [String] in
      let worst = group.map(\.parity).max { $0.error / $0.tolerance < $1.error / $1.tolerance }
      let gradients = group.compactMap { $0.gradient?.error }
      return key + [
        "\(group.count)", worst.map { short($0.error) } ?? "",
        worst.map { short($0.tolerance) } ?? "",
        gradients.max().map(short) ?? "", group.allSatisfy(\.passes) ? "ok" : "FAILED",
      ]
    }
    let table = Table(
      header: ["operation", "type", "cases", "error", "allowed", "gradient error", ""], rows: rows,
      left: [0, 1, 6])
    let closing =
      failures.isEmpty ? "\(outcomes.count) cases, all ok" : failures.joined(separator: "\n")
    return table.text(width: width) + "\n" + closing + "\n"
  }

  var jsonLines: String {
    outcomes.map { outcome in
      JSON.object([
        JSON.Member("operation", .string(outcome.one.name)),
        JSON.Member("detail", .string(outcome.one.detail)),
        JSON.Member("shapes", .string(outcome.one.shapes)),
        JSON.Member("type", .string(outcome.one.type.word)),
        JSON.Member("error", .real(outcome.parity.error)),
        JSON.Member("allowed_error", .real(outcome.parity.tolerance)),
        JSON.Member("output", .string(outcome.parity.output)),
        JSON.Member("gradient_error", .real(outcome.gradient?.error)),
        JSON.Member("ok", .bool(outcome.passes)),
      ]).line + "\n"
    }.joined()
  }

  private func short(_ error: Double) -> String {
    error == 0 ? "0" : String(format: "%.1e", error)
  }
}
