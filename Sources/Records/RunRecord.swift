// run.json: who ran what, with which program, on which machine and data, and how it ended.
// It is written at the start, so that a run that is killed has one, and again at the end.

internal import Foundation

/// The program's version and the commit it was built from.
package struct ProgramVersion: Equatable, Sendable {
  package let version: String
  /// The commit; nil where the build did not know it.
  package let commit: String?
  /// The hash of the program's file; nil where it cannot be read.
  package let sha256: String?

  package init(version: String, commit: String?, sha256: String? = nil) {
    self.version = version
    self.commit = commit
    self.sha256 = sha256
  }
}

/// The record of a run.
package struct RunRecord: Sendable {
  /// A GPU that a run used.
  package struct GPU: Equatable, Sendable {
    package let name: String
    package let driver: String?

    package init(name: String, driver: String?) {
      self.name = name
      self.driver = driver
    }
  }

  /// A data set that a run read.
  package struct Dataset: Equatable, Sendable {
    package let name: String
    package let sha256: String
    package let bytes: Int
    /// What was asked for, where it was not to be had; nil where the data set is what was asked.
    package let insteadOf: String?

    package init(name: String, sha256: String, bytes: Int, insteadOf: String? = nil) {
      self.name = name
      self.sha256 = sha256
      self.bytes = bytes
      self.insteadOf = insteadOf
    }
  }

  package var run: String
  package var experiment: String
  /// The command line that the run was begun with.
  package var arguments: [String]
  /// The command lines that it was gone on with, in their order.
  package var resumes: [[String]] = []
  package var program: ProgramVersion
  package var host: HostRecord
  package var gpu: GPU?
  package var datasets: [Dataset] = []
  /// What the summary needs to know of the experiment.
  package var summary: JSON = .null
  /// How it was to run.
  package var options: JSON = .null
  /// Earlier starts of the same run, each with its start, end and exit; null where it was killed.
  package var earlier: [JSON] = []
  /// Seconds since 1970, UTC.
  package var start: Double
  /// Seconds since 1970, UTC; nil while the run goes on.
  package var end: Double?
  /// The exit code; nil while the run goes on.
  package var exit: Int?

  package init(
    folder: RunFolder, arguments: [String], program: ProgramVersion, host: HostRecord, start: Double
  ) {
    run = folder.id.description
    experiment = folder.experiment
    self.arguments = arguments
    self.program = program
    self.host = host
    self.start = start
  }

  /// Takes over the history of a run that goes on: its first command line stays, start and end are this one's, and
  /// those before it are listed.
  package mutating func goOn(from old: JSON) {
    func words(_ value: JSON?) -> [String] { (value?.elements ?? []).compactMap(\.text) }
    let starts = (old["earlier"]?.elements ?? []).map { words($0["arguments"]) }
    // Version 0.1.0 wrote the newest command line as that of the run.
    let before =
      old["resumes"].map { [words(old["arguments"])] + $0.elements.map(words) }
      ?? starts + [words(old["arguments"])]
    resumes = Array(before.dropFirst()) + [arguments]
    arguments = before.first ?? []
    earlier =
      (old["earlier"]?.elements ?? []) + [
        [
          "start": old["start"] ?? .null, "end": old["end"] ?? .null, "exit": old["exit"] ?? .null,
          "arguments": .array((before.last ?? []).map { .string($0) }),
          "program": old["program"] ?? .null,
        ]
      ]
  }

  /// The record as run.json holds it.
  package var json: JSON {
    [
      "schema_version": 1, "run": .string(run), "experiment": .string(experiment),
      "arguments": .array(arguments.map { .string($0) }),
      "resumes": .array(resumes.map { .array($0.map { .string($0) }) }),
      "program": [
        "name": "runexp", "version": .string(program.version), "commit": .string(program.commit),
        "sha256": .string(program.sha256),
      ],
      "host": host.json,
      "gpu": gpu.map { ["name": .string($0.name), "driver": .string($0.driver)] } ?? .null,
      "datasets": .array(
        datasets.map {
          [
            "name": .string($0.name), "sha256": .string($0.sha256), "bytes": .integer($0.bytes),
            "instead_of": .string($0.insteadOf),
          ]
        }),
      "options": options, "summary": summary, "earlier": .array(earlier),
      "start": .string(Self.time(start)), "end": .string(end.map(Self.time)),
      "exit": .integer(exit),
    ]
  }

  /// A time in UTC after RFC 3339, to the second: `2026-11-22T22:48:37Z`.
  package static func time(_ secondsSince1970: Double) -> String {
    var seconds = time_t(secondsSince1970)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
