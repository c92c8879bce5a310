// Runs that go on, and runs that are compared, after values were written in another way.

import Config
import Records
import Testing

@Suite("values written otherwise", .serialized)
struct SameValueTests {
  private static func yaml(_ matrix: String, _ options: String = "") -> String {
    """
    # Is it the same?
    name: same
    device: cpu
    model: {layers: 1, width: 16, attention: {type: mha, heads: 2}\(options)}
    workload: {type: inspect, sequence: 16}
    matrix:
    \(matrix)

    """
  }

  private static let first = yaml(
    "  model.position: [none, rope]\n  model.attention.window: [none, 8]\n  model.logit_softcap: [0]",
    ", dropout: 0")
  private static let second = yaml(
    "  model.position: [{type: rope}, {type: none}]\n  model.attention.window: [[none, none], [8]]\n"
      + "  model.logit_softcap: [-0.0]", ", dropout: -0.0")

  @Test("--into runs no cell again, and diff finds no difference")
  func sameCells() throws {
    let program = try Program()
    try program.write(Self.first, to: "same.yaml")
    #expect(try program.run("run", "same.yaml", "-q").code == 0)
    let ids = try cells(program)
    #expect(ids.count == 4)
    let rows = try lines(program)
    try program.write(Self.second, to: "same.yaml")
    let into = try program.run("run", "same.yaml", "-q", "--into", "same")
    #expect(into.code == 0, "\(into.errors)")
    #expect(try cells(program) == Array(ids[2...] + ids[..<2]))
    #expect(try lines(program) == rows, "a finished row changed")
    #expect(try program.run("resume", "same", "-q").code == 0)

    try program.write(Self.second.replacing("name: same", with: "name: other"), to: "other.yaml")
    #expect(try program.run("run", "other.yaml", "-q").code == 0)
    let diff = try program.run("diff", "same", "other", "--json")
    #expect(diff.code == 0, "\(diff.errors)")
    let json = try JSON(reading: diff.output)
    #expect(json["keys"]?.elements.isEmpty ?? true, "\(diff.output)")
    #expect(json["cells_compared"]?.whole == 4, "\(diff.output)")
  }

  private func lines(_ program: Program) throws -> [Substring] {
    try program.read("results/same/latest/cells.csv").split(separator: "\n").sorted()
  }

  /// The ids in the order of the table.
  private func cells(_ program: Program) throws -> [String] {
    try program.read("results/same/latest/cells.csv").split(separator: "\n").dropFirst()
      .map { String($0.prefix { $0 != "," }) }
  }
}
