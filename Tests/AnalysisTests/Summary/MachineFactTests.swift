// Cells of one matrix that ran on unlike machines: the summary calls it confounded.

import Analysis
import Config
import Records
import Statistics
import Testing

@Suite("cells on unlike machines")
struct MachineFactTests {
  private let cases: DiffCases

  init() throws { cases = try DiffCases() }

  /// The summary of two variants, each run on a processor; nil where the row does not say on which.
  private func summary(_ cpus: [String?], preparedOn cpu: String) throws -> String {
    let cells = zip(["a", "b"], cpus).map { variant, cpu in
      var cell = DiffCases.Cell(variant: variant, metrics: [(.valLoss, 1)])
      if let cpu { cell.facts = ["cpu": .string(cpu), "node": .string("node-\(variant)")] }
      return cell
    }
    let run = try cases.side(cells, cpu: cpu).run
    return run.summary(of: run.rows).document.text
  }

  @Test("a matrix over two kinds of processor is confounded, one over nodes of one kind is not")
  func confounded() throws {
    let mixed = try summary(["Zen", "Xeon"], preparedOn: "Zen")
    #expect(mixed.contains("cells ran on different processors (Zen; Xeon)"), "\(mixed)")
    #expect(mixed.contains("confounded") && !mixed.contains("node-a"))
    let alike = try summary(["Zen", "Zen"], preparedOn: "Old")
    #expect(!alike.contains("processors") && !alike.contains("node-a"), "\(alike)")
    // The machine that the run was prepared on ran one of them, which says nothing.
    #expect(try !summary(["Zen", nil], preparedOn: "Zen").contains("processors"))
    #expect(try summary(["Zen", nil], preparedOn: "Old").contains("processors (Zen; Old)"))
  }

  @Test("points of a matrix that ran on unlike machines are compared, and so confounded")
  func points() {
    func text(_ cpus: [String]) -> String {
      let rows = zip([64, 128], cpus).map { size, cpu in
        var row = SummaryCases.small(
          "", seed: 1, loss: 2, axes: [CellRow.Entry("workload.sequence", .integer(size))])
        row.setFact("cpu", .string(cpu))
        return row
      }
      return Summary(experiment: "e", rows: rows, isTraining: true).document.text
    }
    let mixed = text(["Zen", "Xeon"])
    #expect(mixed.contains("cells ran on different processors (Zen; Xeon)"), "\(mixed)")
    #expect(!text(["Zen", "Zen"]).contains("processors"))
  }
}
