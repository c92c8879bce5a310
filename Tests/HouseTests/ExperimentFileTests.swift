// The experiments that come with the program: each asks one question, and is valid.

import Config
import Experiments
import Testing

@Suite struct ExperimentFileTests {
  private static var files: [String] {
    get throws { try Repository.files(in: "experiments", "yaml", "yml") }
  }

  @Test func `every experiment is valid in all its cells`() throws {
    let files = try Self.files
    #expect(!files.isEmpty)
    for file in files {
      do throws(Faults) {
        let experiment = try PlannedExperiment.load(
          file: Repository.path(file), reader: .standard)
        #expect(!experiment.cells.isEmpty, "\(file)")
      } catch {
        Issue.record("\(error.text)")
      }
    }
  }

  @Test func `every experiment's resolved file has the same cells`() throws {
    for file in try Self.files {
      let experiment = try PlannedExperiment.load(file: Repository.path(file), reader: .standard)
      let again = try PlannedExperiment.load(
        text: experiment.resolvedYAML, name: "resolved.yaml", reader: .standard)
      #expect(again.name == experiment.name, "\(file)")
      #expect(again.cells.map(\.label) == experiment.cells.map(\.label), "\(file)")
      #expect(again.cells.map(\.canonical) == experiment.cells.map(\.canonical), "\(file)")
      #expect(
        again.cells.map { $0.exclusion == nil } == experiment.cells.map { $0.exclusion == nil },
        "\(file)")
      #expect(again.resolvedYAML == experiment.resolvedYAML, "\(file)")
    }
  }

  @Test func `every experiment opens with its question`() throws {
    for file in try Self.files {
      let first = try Repository.text(file).lines.first ?? ""
      #expect(first.hasPrefix("# ") && first.hasSuffix("?"), "\(file): \(first)")
    }
  }

  @Test func `every experiment is named like its file`() throws {
    for file in try Self.files {
      let experiment = try PlannedExperiment.load(
        file: Repository.path(file), reader: .standard)
      #expect(file.hasPrefix("experiments/") && file.hasSuffix("/\(experiment.name).yaml"))
    }
  }

  /// YAML 1.1, which PyYAML reads, takes `1e-05` for a text: a number with an exponent has a
  /// fraction and a sign.
  @Test func `every number that is shipped is a number to PyYAML too`() throws {
    var texts = try (Self.files + Repository.files(in: "results", "yaml")).map {
      ($0, try Repository.text($0))
    }
    for page in try Repository.pages() {
      texts += try Repository.text(page).parts(from: "```yaml\n", to: "```").map { (page, $0) }
    }
    #expect(texts.count > 30)
    let exponent = #/(?:^|[\s\[,])([-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+)(?=[\s\],}]|$)/#
    var count = 0
    for (path, text) in texts {
      for line in text.lines {
        for match in line.prefix(while: { $0 != "#" }).matches(of: exponent) {
          count += 1
          let isNumber = match.output.1.contains(#/\.[0-9_]*[eE][-+]/#)
          #expect(isNumber, "\(path): \(match.output.1)")
        }
      }
    }
    #expect(count > 5)
  }
}
