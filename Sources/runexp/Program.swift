// Program: which program this is, for `--version` and for the record of each run.

import Experiments
import Foundation
import Records

enum Program {
  static let number = "0.2.0"

  /// The version, and the commit when the program stands in a checkout of its sources.
  ///
  /// Asks git, so only a run does.
  static var version: ProgramVersion {
    ProgramVersion(version: number, commit: commit(), sha256: hash())
  }

  /// What tells this build from others: version and hash.
  static var build: ProgramVersion { ProgramVersion(version: number, commit: nil, sha256: hash()) }

  private static func hash() -> String? {
    try? SHA256.hex(file: CommandLine.executablePath)
  }

  private static func commit() -> String? {
    let folder = URL(filePath: CommandLine.executablePath).deletingLastPathComponent()
    guard folder.path.contains("/.build/") else { return nil }
    let git = Process()
    git.executableURL = URL(filePath: "/usr/bin/env")
    git.arguments = ["git", "-C", folder.path, "describe", "--always", "--dirty", "--exclude=*"]
    let pipe = Pipe()
    git.standardOutput = pipe
    git.standardError = FileHandle.nullDevice
    guard (try? git.run()) != nil else { return nil }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    git.waitUntilExit()
    let text = String(decoding: output, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    return git.terminationStatus == 0 && !text.isEmpty ? text : nil
  }
}
