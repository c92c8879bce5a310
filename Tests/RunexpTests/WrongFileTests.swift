// Experiment files that must be refused: each with a clear error at its place, code 78, and nothing
// written.

import Config
import Experiments
import Foundation
import Testing

@Suite("wrong experiment files")
struct WrongFileTests {
  /// What is said about a file; nil when it is accepted.
  private func faults(_ yaml: String, sets: [String] = [], vary: [String] = []) -> String? {
    do throws(Faults) {
      _ = try PlannedExperiment.load(
        text: yaml, name: "x.yaml", sets: sets, vary: vary, reader: .standard)
      return nil
    } catch {
      return error.text
    }
  }

  @Test("there are at least 65 of them, each another one")
  func count() {
    #expect(WrongFile.all.count >= 65)
    #expect(Set(WrongFile.all.map(\.yaml)).count == WrongFile.all.count)
    #expect(Set(WrongFile.all.map(\.testDescription)).count == WrongFile.all.count)
  }

  @Test("each is refused with its place and what is wrong", arguments: WrongFile.all)
  func message(file: WrongFile) throws {
    let text = try #require(faults(file.yaml), "the file was accepted")
    for expected in file.expected { #expect(text.contains(expected), "\(text)") }
    #expect(text.hasPrefix("x.yaml:"))
    let first = try #require(text.split(separator: "\n").first)
    #expect(!first.hasSuffix("."), "an error has no full stop")
    #expect(text.count < 12_000)
  }

  @Test(
    "an error names only what is wrong: a file with one fault has one error",
    arguments: WrongFile.all)
  func single(file: WrongFile) throws {
    let text = try #require(faults(file.yaml))
    let errors = text.split(separator: "\n").filter { $0.contains(": error: ") }
    #expect(errors.count == 1 || file.testDescription == "exploding aliases", "\(text)")
  }

  @Test(
    "a command line that does not fit the file points into the argument",
    arguments: [
      ("model.layers", "--set model.layers: error: 'model.layers' is not of the form path=value"),
      ("model.yaml", "--set model.yaml: error: 'model.yaml' is not of the form path=value"),
      ("model..layers=1", "error: 'model..layers' is not a dotted path such as model.layers"),
      ("=1", "is not a dotted path"),
      ("model.layer=1", "--set model.layer=1: error: unknown key 'layer' in model"),
      ("model.layers=0", "--set model.layers=0: error: model.layers must be from 1 to 1024, not 0"),
      ("model.layers.deep=1", "model.layers must be a whole number from 1 to 1024, not a mapping"),
      ("colour=red", "--set colour=red: error: unknown key 'colour'"),
      ("model.norm=[a", "error: not valid YAML: expected ',' or the ']' that closes the list"),
      ("model.norm=rmsnrm", "did you mean 'rmsnorm'?"),
      ("seeds=[1, 1]", "1 appears twice in seeds"),
    ])
  func settings(setting: String, expected: String) throws {
    let text = try #require(faults("name: x\n", sets: [setting]), "it was accepted")
    #expect(text.contains(expected), "\(text)")
    #expect(text.hasPrefix("--set "))
  }

  @Test("an axis of the command line is checked as one of the file")
  func axes() {
    #expect(
      faults("name: x\n", vary: ["model.layer=1,2"])?
        .contains("axis path 'model.layer' is not an option") == true)
    #expect(faults("name: x\n", vary: ["model.layers="])?.contains("has no values") == true)
    #expect(
      faults("name: x\n", vary: ["model.layers=1,0"])?
        .contains("model.layers must be from 1 to 1024, not 0") == true)
  }

  @Test("all faults of a file are reported at once, in the order of the file")
  func together() {
    let text = faults(
      """
      nmae: x
      model: {layers: 0, norm: rmsnrm, attention: {heads: 8, kv_heads: 3}}
      variants: {a: {}, b: {model: {ffn: swigul}}}
      workload: {steps: 5, schedule: {warmup: 9}}
      matrix: {exclude: [{variant: c}]}
      """)
    let places = (text ?? "").split(separator: "\n").filter { $0.contains(": error: ") }
      .map { $0.prefix(while: { $0 != " " }) }
    #expect(
      places == [
        "x.yaml:1:1:", "x.yaml:2:17:", "x.yaml:2:26:", "x.yaml:2:66:", "x.yaml:3:36:",
        "x.yaml:4:41:", "x.yaml:5:30:",
      ])
  }
}
