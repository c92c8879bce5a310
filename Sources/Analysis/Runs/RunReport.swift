// One run for people: what ran, when and where, how far it got, and a line per cell.

package import Config
internal import Foundation
package import Records
import Statistics

/// What `runexp show RUN` prints.
package struct RunReport: Sendable {
  private let entry: RunEntry
  private let run: StoredRun
  private let now: Double
  /// So many cells are shown to people.
  private static let mostCells = 1000

  /// - Parameter now: seconds since 1970.
  package init(_ run: StoredRun, now: Double) {
    entry = RunEntry(run)
    self.run = run
    self.now = now
  }

  /// - Parameter width: columns that its table may take.
  package func text(width: Int = .max) -> String {
    let state = entry.state ?? .unfinished
    let code = state == .running ? nil : run.record?.exit
    let exit = code.map { ", exit code \($0)" } ?? ""
    var text = "\(run.folder.experiment) \(run.folder.id): \(state.rawValue)\(exit)\n\n"
    if let standIn = StandIns(run.rows).answer {
      text += Page([.list([standIn])]).text(width: width) + "\n"
    }
    text += Facts.text(facts) + "\n\(Coverage(run.rows).text)\n"
    if !run.cells.isEmpty { text += "\n" + table(isRunning: state == .running).text(width: width) }
    let left = run.cells.count - Self.mostCells
    if left > 0 { text += "\n\(left) more cells: cells.csv, or show \(run.folder.id) CELL\n" }
    if state == .unfinished {
      let path = Wording.shellWord(run.folder.path)
      if run.isComplete, run.record != nil {
        text += "\nall cells are done; runexp collect \(path) makes its tables\n"
      } else {
        text += "\nto go on with it: runexp resume \(path)"
        text += run.folder.isHandedOff ? ", or hand it off again\n" : "\n"
      }
    }
    return text
  }

  package var json: JSON {
    [
      "schema_version": 1, "run": entry.json(now: now), "record": run.record.json,
      "cells": .array(
        run.cells.map { cell in
          .object(
            [
              JSON.Member("label", .string(cell.label)),
              JSON.Member("folder", .string(cell.folder)),
            ]
              + cell.row.json.members)
        }),
    ]
  }

  private var facts: [(String, String)] {
    let record = run.record
    func text(_ value: JSON?) -> String? {
      value?.text ?? value?.number.map { _ in value?.line ?? "" }
    }
    var facts: [(String, String)] = [
      ("folder", run.folder.path), ("size", Metric.peakBytes.text(Double(run.folder.bytes))),
    ]
    let took = entry.seconds(now: now).map {
      entry.state == .running
        ? ", \(Timestamp.duration($0)) ago" : ", took \(Timestamp.duration($0))"
    }
    facts.append(("started", Timestamp.short(entry.start) + " UTC" + (took ?? "")))
    let earlier = record?.earlier ?? []
    if let first = earlier.first?.start?.description {
      facts.append(("resumed", "\(earlier.count) x, first started \(Timestamp.short(first)) UTC"))
    }
    let words = record?.arguments ?? []
    if !words.isEmpty { facts.append(("command", Self.command(words))) }
    if let last = record?.resumes?.last { facts.append(("last resumed by", Self.command(last))) }
    if !entry.program.isEmpty { facts.append(("program", "runexp \(entry.program)")) }
    if let host = record?.host { facts.append(("host", Self.host(host))) }
    for use in run.devices where use.isGPU || use.fallback != nil {
      facts.append(("device", use.text))
    }
    for data in record?.datasets ?? [] {
      facts.append(("data", Self.dataset(data)))
      guard let text = data.validation else { continue }
      let size = Metric.peakBytes.text(Double(text.bytes))
      facts.append(
        ("validation", "\(text.path ?? text.name), \(size), \(Self.hash(text.sha256))"))
    }
    for tokenizer in record?.tokenizers ?? [] {
      facts.append(("tokenizer", "\(tokenizer.path), \(Self.hash(tokenizer.sha256))"))
    }
    let options = (record?.options.json.members ?? []).compactMap { member in
      text(member.value).map { "\(member.key) \($0)" }
    }
    if !options.isEmpty { facts.append(("options", options.joined(separator: ", "))) }
    return facts
  }

  private static func command(_ words: [String]) -> String {
    (["runexp"] + words.dropFirst().map(Wording.shellWord)).joined(separator: " ")
  }

  private static func host(_ host: HostRecord) -> String {
    let cores = "\(host.logicalCores) \(host.logicalCores == 1 ? "core" : "cores")"
    let memory = host.memoryBytes.map { Metric.peakBytes.text(Double($0)) }
    let limits = [host.cpuLimitedBy, host.memoryLimitedBy].compactMap(\.self)
      .map { "limited by \($0)" }
    return ([host.cpu, host.isa, cores, memory, host.system].compactMap(\.self) + limits)
      .joined(separator: ", ")
  }

  private static func dataset(_ data: RunRecord.Dataset) -> String {
    let instead = data.insteadOf.map { ", instead of \($0)" } ?? ""
    let images = data.images.map { ", \(Wording.count($0, "image"))" } ?? ""
    return (data.path ?? data.name) + images + ", " + Metric.peakBytes.text(Double(data.bytes))
      + ", " + hash(data.sha256) + instead
  }

  private static func hash(_ sha256: String) -> String { "sha256 \(sha256.prefix(12))" }

  /// A line per cell: label, status, the headline metrics, and why it is not ok.
  private func table(isRunning: Bool) -> Table {
    // More columns than these fit no terminal; the JSON has every metric.
    let measured = run.cells.lazy.map(\.row).measured
    let told = entry.headline.filter(measured.contains)
    let headline = (told.isEmpty ? measured : told).prefix(6)
    let rows = run.cells.prefix(Self.mostCells).map { cell -> [String] in
      let row = cell.row
      let isNow = isRunning && row.status == .notRun && cell.hasBegun
      let status = isNow ? "running" : row.status.rawValue.replacing("_", with: " ")
      let values = headline.map { metric in row.metrics[metric].map(metric.text) ?? "" }
      let reason = (row.reason ?? "").split(separator: "\n").first.map(String.init) ?? ""
      return [cell.label, status] + values + [Wording.harmless(reason)]
    }
    let hasReasons = rows.contains { !($0.last ?? "").isEmpty }
    let header = ["cell", "status"] + headline.map(\.name) + ["reason"]
    return Table(
      header: hasReasons ? header : header.dropLast(),
      rows: hasReasons ? rows : rows.map { $0.dropLast() }, left: [0, 1, header.count - 1])
  }
}

extension StoredCell {
  /// Whether a worker has written into its folder.
  var hasBegun: Bool { AtomicFile.exists("\(folder)/log.txt") }
}

/// Names and values, aligned.
enum Facts {
  static func text(_ facts: [(String, String)]) -> String {
    let width = facts.map { DisplayWidth.of($0.0) }.max() ?? 0
    return facts.map { name, value in
      "  " + name + String(repeating: " ", count: width - DisplayWidth.of(name) + 2) + value + "\n"
    }.joined()
  }
}
