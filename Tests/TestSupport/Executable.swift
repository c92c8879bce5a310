// Executable: scripts that tests write and then run.

import Foundation

/// Why a file could not be made executable.
package struct NotExecutable: Error {
  package let path: String
}

/// Makes a file that was just written executable.
///
/// It is replaced by a copy that another process wrote: a process that is forked while this one has
/// the file open for writing keeps it open until it executes its program, and till then the file
/// cannot be run (ETXTBSY).
package func makeExecutable(_ path: String) throws {
  let copying = Process()
  copying.executableURL = URL(filePath: "/bin/sh")
  copying.arguments = [
    "-c", "cp \"$0\" \"$0.copy\" && chmod 755 \"$0.copy\" && mv \"$0.copy\" \"$0\"", path,
  ]
  try copying.run()
  copying.waitUntilExit()
  guard copying.terminationStatus == 0 else { throw NotExecutable(path: path) }
}
