// The folder of a run: its name, its parts, the link to the newest, what is refused.

import Config
import Foundation
import Records
import TestSupport
import Testing

@Suite struct RunFolderTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private static func id(_ seconds: Int) -> RunID {
    var random = FixedRandom()
    return RunID(secondsSince1970: seconds, using: &random)
  }

  @Test func `a run is named by its UTC time and four letters`() throws {
    let id = Self.id(1_795_387_717)
    let name = id.description
    #expect(name.hasPrefix("r-20261122-224837-"))
    #expect(name.count == 22)
    #expect(name.suffix(4).allSatisfy { ("a"..."z").contains($0) })
    #expect(Double(name) == nil)
    #expect(RunID(name) == id)
    #expect(Self.id(1_795_387_717) < Self.id(1_795_387_718))
  }

  @Test(arguments: ["latest", "r-2026-224837-abcd", "r-20261122-224837-ab1d", "20261122", ""])
  func `other names are not those of runs`(name: String) {
    #expect(RunID(name) == nil)
  }

  @Test func `a new run has its folders and latest points to it`() throws {
    let results = folder.file("deep/results")
    let first = try RunFolder.create(in: results, experiment: "modern", now: 100)
    let second = try RunFolder.create(in: results, experiment: "modern", now: 200)
    #expect(
      try folder.names(in: "deep/results/modern") == [
        "latest", first.id.description, second.id.description,
      ])
    #expect(try folder.names(in: "deep/results/modern/latest") == ["cells"])
    let latest = try RunFolder.open("\(results)/modern/latest")
    #expect(latest.id == second.id)
    #expect(latest.experiment == "modern")
    #expect(RunFolder.all(in: results, experiment: "modern").map(\.id) == [first.id, second.id])
    #expect(RunFolder.all(in: results, experiment: "other") == [])
  }

  @Test func `a name that is taken gets other letters`() throws {
    let other = try RunFolder.create(in: folder.path, experiment: "z", now: 100)
    let first = try RunFolder.create(in: folder.path, experiment: "a", now: 100)
    #expect(other.id < first.id)
    let second = try RunFolder.create(in: folder.path, experiment: "a", now: 100)
    #expect(first.id != second.id)
  }

  @Test func `files, line files and cells lie where the design says`() throws {
    let run = try RunFolder.create(in: folder.path, experiment: "a", now: 100)
    try run.write("name: a\n", to: "experiment.yaml")
    try run.write(["exit": 0], to: "run.json")
    try run.write(lines: [["cell": "c-1"], ["cell": "c-2"]], to: "plan.jsonl")
    let cell = try run.makeCell("c-1")
    try run.makeCell("c-1")
    #expect(cell == "\(run.path)/cells/c-1")
    #expect(try run.makeNewCell("c-2") == "\(run.path)/cells/c-2")
    #expect(AtomicFile.isFolder("\(run.path)/cells/c-2"))
    #expect(throws: ResultsError.self) { try run.makeNewCell("c-1") }
    #expect(
      try AtomicFile.read(run.file("plan.jsonl")) == "{\"cell\":\"c-1\"}\n{\"cell\":\"c-2\"}\n")
    #expect(
      try folder.names(in: "a/\(run.id)") == [
        "cells", "experiment.yaml", "plan.jsonl", "run.json",
      ])
  }

  @Test(arguments: ["", "..", "../up", "a/b", ".hidden", "-x", "a b", "a\u{0}b"])
  func `names that would leave the results folder are refused`(name: String) throws {
    #expect(throws: ResultsError.badName(name)) {
      try RunFolder.create(in: folder.path, experiment: name)
    }
    #expect(try folder.names() == [])
  }

  @Test(arguments: [
    ("[]", "it is no JSON object"), (#"{"cell": "c"}"#, "it lacks 'label'"),
    (#"{"cell": "c", "label": "c", "variant": "a", "seed": "x"}"#, "'seed' cannot be \"x\""),
    (
      #"{"index": 1, "cell": "c", "label": "c", "variant": "a", "seed": 1, "status": "not_run"}"#,
      "its index is 1, not 0"
    ),
    ("{", "not JSON: expected a key at byte 1"),
  ])
  func `what is wrong with a line of a plan is said`(line: String, problem: String) throws {
    let run = try RunFolder.create(in: folder.path, experiment: "a", now: 100)
    try AtomicFile.write(line + "\n", to: run.file("plan.jsonl"))
    let error = #expect(throws: ResultsError.self) { try run.planLine(0) }
    #expect(error?.description.hasSuffix(": line 1 is no planned cell: \(problem)") == true)
  }

  @Test(arguments: ["../../x", "/etc", ".", "..", "", "a/b", "c\u{0}d", "c d"])
  func `ids that were read from a plan are checked before they become paths`(name: String) throws {
    let run = try RunFolder.create(in: folder.path, experiment: "a", now: 100)
    let line: JSON = [
      "index": 0, "cell": .string("c" + name), "label": "c", "variant": "", "seed": 1,
      "status": "not_run",
    ]
    if name.contains(where: { "/\u{0} ".contains($0) }) {
      try run.write(lines: [line], to: "plan.jsonl")
      let error = #expect(throws: ResultsError.self) { try StoredRun(run) }
      #expect(error?.description.contains("line 1 is no planned cell: 'cell' is \"c") == true)
    }
    #expect(throws: ResultsError.badName(name)) { try RunFolder.checkName(name) }
    #expect(throws: ResultsError.badName(name)) { try run.makeCell(name) }
    #expect(throws: ResultsError.badName(name)) { try run.makeNewCell(name) }
  }

  @Test func `a refused name is explained`() {
    #expect(
      ResultsError.badName("a/b").description == """
        'a/b' cannot name a results folder: use letters, digits, '.', '_', '+' and '-', and begin \
        with a letter or digit
        """)
  }

  @Test func `a file in the way of the results folder is named`() throws {
    try folder.write("x", to: "results")
    let results = folder.file("results")
    let error = #expect(throws: ResultsError.self) {
      try RunFolder.create(in: results, experiment: "a")
    }
    #expect(error?.description == "could not make '\(results)': file exists")
  }

  @Test func `a link to nowhere in the way of the results folder is named for what it is`() throws {
    let results = folder.file("results")
    try FileManager.default.createSymbolicLink(
      atPath: results, withDestinationPath: folder.file("nowhere"))
    let error = #expect(throws: ResultsError.self) {
      try RunFolder.create(in: results, experiment: "a")
    }
    #expect(error?.description == "could not make '\(results)': file exists")
  }

  @Test func `a run that cannot be made is named without its draft's name, and says why`() throws {
    // Nobody may make a folder there.
    let error = #expect(throws: ResultsError.self) {
      try RunFolder.create(in: "/sys", experiment: "kernel")
    }
    let text = try #require(error?.description)
    #expect(text.hasPrefix("could not make '/sys/kernel/r-"), "\(text)")
    #expect(!text.hasSuffix("no such file or directory"), "\(text)")
  }

  @Test func `results that cannot be written to are named`() throws {
    let error = #expect(throws: ResultsError.self) {
      try RunFolder.create(in: "/proc", experiment: "a")
    }
    // The system's reason depends on who asks.
    #expect(error?.description.hasPrefix("could not make '/proc/a': ") == true)
  }

  @Test func `a folder that is not a run's is refused`() throws {
    let error = #expect(throws: ResultsError.self) { try RunFolder.open(folder.path) }
    #expect(
      error?.description == """
        could not read '\(folder.path)': not the folder of a run (r-<time>-<letters>)
        """)
  }
}
