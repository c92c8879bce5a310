// ExperimentFiles: which experiment file was meant by a path that is none.

import Config
import Experiments
import Foundation
import Records
import Workloads

enum ExperimentFiles {
  private static let endings = [".yaml", ".yml"]
  /// Of the files in a folder, as many as fit a line.
  private static let limit = 8

  /// The file that a path or a bare name perhaps means; nil where nobody can tell.
  static func meant(by path: String) -> String? {
    let path = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    let stem = endings.first { path.hasSuffix($0) }.map { String(path.dropLast($0.count)) } ?? path
    let places = [stem] + folders.map { "\($0)/\(name(of: path))" }
    let written = places.flatMap { place in endings.map { place + $0 } }
    if let file = written.first(where: AtomicFile.exists) { return file }
    let folder = path.contains("/") ? AtomicFile.folder(of: path) : "."
    let known = [folder, "experiments"].unique.flatMap { folder in
      files(in: folder).map { folder == "." ? $0 : "\(folder)/\($0)" }
    }
    // What alone begins so is meant by its beginning.
    let begun = known.filter { name(of: $0).hasPrefix(name(of: path)) }
    if begun.count == 1 { return begun[0] }
    return Suggestion.nearest(to: path, among: known)
      ?? known.first {
        name(of: $0) == Suggestion.nearest(to: name(of: path), among: known.map(name))
      }
  }

  /// Where a checkout's experiments may be: here, in a folder above, or above the program that it
  /// has built.
  private static var folders: [String] {
    let above = (0...3).map { String(repeating: "../", count: $0) + "experiments" }
    let program = AtomicFile.folder(of: CommandLine.executablePath)
    let aboveProgram = sequence(first: program) { folder in
      folder == "/" || folder == "." ? nil : AtomicFile.folder(of: folder)
    }
    return above + aboveProgram.prefix(5).map { "\($0)/experiments" }
  }

  /// The tokenizers that the cells of an experiment file read by, `char` where none is named; nil
  /// where there is no such file.
  ///
  /// - Throws: `Faults` of the file.
  static func tokenizers(of path: String) throws(Faults) -> [String]? {
    guard endings.contains(where: { path.hasSuffix($0) }), AtomicFile.exists(path) else {
      return nil
    }
    let experiment = try PlannedExperiment.load(file: path, reader: .standard)
    return experiment.cells.compactMap { cell in
      guard let dataset = cell.workload?.dataset, dataset.tokens != .ids else { return nil }
      let named = [dataset.tokenizer.path, dataset.tokenizer.fallback].compactMap(\.self)
      return named.first { TokenizerSource.words.contains($0) || AtomicFile.exists($0) }
        ?? named.first ?? cell.model?.base?.tokenizer ?? TokenizerSource.char
    }.unique
  }

  /// What to say of a path at which there is a model; nil where there is none.
  static func model(_ path: String) -> Fault.Statement? {
    let isWeights = path.hasSuffix(".safetensors") && AtomicFile.exists(path)
    // A checkpoint's file is named where its folder is meant.
    let model = isWeights ? AtomicFile.folder(of: path) : path
    guard isWeights || Checkpoint.isIn(path) else { return nil }
    let word = Wording.shellWord(model)
    return Fault.Statement(
      isWeights ? "is the weights of a model, not an experiment" : "is a model, not an experiment",
      help: [
        "'runexp import \(word)' shows what it is; 'runexp generate \(word)', 'score' and 'export' take "
          + "it; an experiment begins from it with model: {from: \(model)}"
      ])
  }

  /// What to say of a path at which there is no experiment file.
  static func help(_ path: String, _ problem: Fault.FileProblem) -> [String] {
    switch problem {
    case .missing:
      return Suggestion.question([meant(by: path)].compactMap(\.self)).map { [$0] } ?? []
    case .directory where AtomicFile.exists("\(path)/plan.jsonl"):
      let run = Wording.shellWord(path)
      return ["it is a run: 'runexp show \(run)' shows it, 'runexp resume \(run)' goes on with it"]
    case .directory:
      let files = files(in: path)
      let more = files.count > limit ? " and \(files.count - limit) more" : ""
      return files.isEmpty
        ? [] : ["experiment files in it: \(files.prefix(limit).joined(separator: ", "))\(more)"]
    default: return []
    }
  }

  private static func files(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { name in endings.contains { name.hasSuffix($0) } }.sorted()
  }

  private static func name(of path: String) -> String {
    let last = path.split(separator: "/").last.map(String.init) ?? path
    return endings.first { last.hasSuffix($0) }.map { String(last.dropLast($0.count)) } ?? last
  }
}
