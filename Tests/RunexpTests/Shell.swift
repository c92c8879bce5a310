// A shell's view of the program: redirections, pipes and completion need a real one.

import Foundation
import Testing

extension Program {
  /// Runs a script in which `runexp` is the program.
  ///
  /// - Parameter shell: the shell's path.
  func shell(_ script: String, with shell: String = "/bin/bash") throws -> Finished {
    let program = URL(filePath: try Self.path()).deletingLastPathComponent().path
    return try Running(
      program: shell, ["-c", script], in: folder,
      environment: Self.environment(of: folder).merging(["PATH": "\(program):/usr/bin:/bin"]) { $1 }
    ).finish()
  }
}
