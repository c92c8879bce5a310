// PlanListing: the cells of an experiment with their predicted parameters, work and cache, for `runexp plan`.

import Config
import Models

/// The cells of an experiment as a table.
package struct PlanListing {
  private struct Line {
    let cell: PlannedCell
    let cost: Cost?
    let steps: Int
    let tokens: Int
    let flops: Double?
  }

  private let entries: [Line]
  /// What the figures rest on.
  package let notes: [String]

  package init(
    _ experiment: PlannedExperiment, _ options: RunOptions, environment: [String: String]
  ) {
    let loader = DatasetLoader(options, environment: environment)
    var vocabularies: [(DatasetDeclaration, Int)] = []
    var notes: [String] = []
    entries = experiment.cells.map { cell in
      guard let workload = cell.workload, let model = cell.model else {
        return Line(cell: cell, cost: nil, steps: 0, tokens: 0, flops: nil)
      }
      var vocabulary = workload.vocabulary
      if let declaration = workload.dataset {
        if let known = vocabularies.first(where: { $0.0 == declaration }) {
          vocabulary = known.1
        } else {
          do throws(DataError) {
            let text = try loader.load(declaration)
            vocabulary = CharacterVocabulary(utf8: text.bytes).count
            if let note = text.note { notes.append("note: \(note)") }
          } catch {
            notes.append("note: sizes assume \(vocabulary) distinct characters: \(error.summary)")
          }
          vocabularies.append((declaration, vocabulary))
        }
      }
      let built = Transformer(model, vocabulary: vocabulary, length: workload.length)
      return Line(
        cell: cell, cost: built.cost(tokens: workload.length), steps: workload.steps,
        tokens: workload.tokensPerStep, flops: workload.flops(of: built))
    }
    self.notes = notes
  }

  /// The table for people.
  package var table: Table {
    Table(
      header: [
        "cell", "parameters", "FLOPs a token", "steps", "tokens", "total FLOPs", "KV bytes a token",
        "",
      ],
      rows: entries.map { entry in
        guard let cost = entry.cost else {
          return [entry.cell.label, "", "", "", "", "", "", entry.cell.exclusion ?? ""]
        }
        let tokens = Double(entry.steps * entry.tokens)
        return [
          entry.cell.label, Metric.parameters.text(Double(cost.parameters)),
          Metric.flopsPerToken.text(cost.trainingFLOPsPerToken), "\(entry.steps)",
          Metric.tokens.text(tokens),
          entry.flops.map(Metric.flopsPerToken.text) ?? "-",
          "\(cost.cacheBytesPerToken)", "",
        ]
      })
  }

  /// One object a cell.
  package var lines: [JSON] {
    entries.map { entry in
      [
        "cell": .string(entry.cell.label), "variant": .string(entry.cell.variant),
        "seed": .integer(entry.cell.seed), "excluded": .string(entry.cell.exclusion),
        "parameters": .integer(entry.cost?.parameters),
        "flops_per_token": .real(entry.cost?.trainingFLOPsPerToken),
        "steps": .integer(entry.steps), "tokens": .integer(entry.steps * entry.tokens),
        "flops": .real(entry.flops),
        "kv_cache_bytes_per_token": .integer(entry.cost?.cacheBytesPerToken),
      ]
    }
  }
}
