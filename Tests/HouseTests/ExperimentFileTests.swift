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
}
