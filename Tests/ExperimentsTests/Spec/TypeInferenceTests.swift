// Names and texts that pandas or DuckDB take for more than texts are refused; those that people use
// are not.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite struct TypeInferenceTests {
  /// What the readers themselves lost, recorded by Tests/readers/infer.py.
  private static func lost() throws -> [String] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(
      contentsOf: folder.appending(path: "Fixtures/inferred.txt"), encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      try #require(JSON(reading: String(line)).text)
    }
  }

  @Test func `no text is allowed that pandas or DuckDB give back as another`() throws {
    let lost = try Self.lost()
    #expect(lost.count > 2000)
    let missed = lost.filter { TypeInference.of($0) == nil }
    #expect(missed == [])
  }

  @Test(arguments: [
    "modern", "none", "base", "7b", "1.5B", "4x", "64k", "2x-wide", "3-layers", "on", "off", "nano",
    "infra", "nap", "truest", "north", "e5", "x10", "v007", "lr-1e-3", "rope-10000", "8x8",
    "0-shot",
    "ROMEO:", "To be, or not to be", "1 + 1 =", "2nd", "2024/ab/1234", "./runs/1", "12e", "hélas",
  ])
  func `names and texts that are plainly words are allowed`(text: String) {
    #expect(TypeInference.of(text) == nil)
  }

  @Test func `variants with such names are refused, each with its reason`() throws {
    let names = [
      "true", "no", "NA", "nan", "None", "null", "1e3", "1000", "007", "7", "2024-01-02", "inf",
      "N",
      "0x10", "1.0", "1", "12e4567",
    ]
    let variants = names.map { "\"\($0)\": {}" }.joined(separator: ", ")
    let faults = specMessages("variants: {\(variants), modern: {}}\n")
    #expect(faults.count == names.count)
    for name in names {
      let isNamed = faults.contains {
        $0.contains(": programs that read cells.csv take variant '\(name)' for a")
      }
      #expect(isNamed, "\(name)")
    }
    #expect(
      specFaults("variants:\n  \"007\": {}\n") == """
        x.yaml:2:3: error: programs that read cells.csv take variant '007' for a number: \
        write a plain word, such as 'variant-007'
          "007": {}
          ^

        """)
  }

  @Test func `so are names of experiments; one that the file gives gets a word before it`() throws {
    #expect(
      specMessages("name: NA\n") == [
        "x.yaml:1:7: error: programs that read cells.csv take name 'NA' for a missing value: "
          + "write a plain word, such as 'experiment-NA'"
      ])
    #expect(
      try loadSpec("seeds: 1\n", name: "runs/2024-01-02.yaml").name == "experiment-2024-01-02")
    #expect(try loadSpec("seeds: 1\n", name: "runs/7b.yaml").name == "7b")
  }

  @Test func `so are texts of axes, which are columns`() throws {
    #expect(
      specMessages("matrix: {workload.data.name: [plays, 007x, '007', n/a]}\n") == [
        "x.yaml:1:44: error: programs that read cells.csv take the text '007' for a number: "
          + "write a text that looks like none",
        "x.yaml:1:51: error: programs that read cells.csv take the text 'n/a' for a missing value: "
          + "write a text that looks like none",
      ])
    #expect(
      specMessages(
        "matrix: {workload.data.name: [plays, texts], include: [{workload.data.name: 'yes'}]}\n"
      ).count == 1)
    // Numbers are numbers, and a set text is no column.
    #expect(try loadSpec("matrix: {workload.sequence: [7, 8]}\n").cells.count == 2)
    #expect(try loadSpec("workload: {data: {name: '7'}}\n").cells.count == 1)
  }
}
