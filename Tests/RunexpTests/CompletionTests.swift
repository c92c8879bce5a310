// The completion scripts: valid in their shells, and what TAB really offers.

import Foundation
import Testing

@Suite("runexp completion", .serialized)
struct CompletionTests {
  /// Where a shell is; not every machine has zsh and fish.
  private static func path(of shell: String) -> String? {
    ["/bin", "/usr/bin"].map { "\($0)/\(shell)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  @Test(
    "the script is valid in its shell",
    arguments: ["bash", "zsh", "fish"].filter { path(of: $0) != nil })
  func valid(shell: String) throws {
    let program = try Program()
    let script = try program.run("completion", shell)
    #expect(script.code == 0)
    #expect(script.output.contains("runexp"))
    try program.write(script.output, to: "script")
    let path = try #require(Self.path(of: shell))
    let checked = try program.shell("'\(path)' -n script")
    #expect(checked.code == 0 && checked.errors.isEmpty, "\(checked.errors)")
  }

  @Test("an unknown shell is an error of usage")
  func unknownShell() throws {
    let finished = try Program().run("completion", "tcsh")
    #expect(finished.code == 64)
    #expect(finished.errors.contains("'tcsh' is invalid"))
  }

  /// What bash offers for the last of `words`; it takes words with a `=` for three, as here.
  private func offered(_ program: Program, _ words: String...) throws -> [String] {
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let finished = try program.shell(
      """
      source <(runexp completion bash)
      COMP_WORDS=(runexp \(quoted)); COMP_CWORD=\(words.count)
      COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
      _runexp_whole_words runexp "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" 2> /dev/null
      printf '%s\\n' "${COMPREPLY[@]}"
      """)
    #expect(finished.code == 0, "\(finished.errors)")
    return finished.output.split(separator: "\n").map(String.init)
  }

  @Test("bash offers subcommands, options, components and paths")
  func words() throws {
    let program = try Program()
    #expect(try offered(program, "sh") == ["show"])
    #expect(try offered(program, "do") == ["doctor"])
    #expect(try offered(program, "components", "swig") == ["swiglu"])
    #expect(try offered(program, "completion", "f") == ["fish"])
    #expect(try offered(program, "show", "--js") == ["--json"])
    #expect(
      try offered(program, "run", "--set", "model.attention.kv_") == ["model.attention.kv_heads="])
    #expect(try offered(program, "run", "--set", "model.norm", "=", "lay") == ["layernorm"])
    #expect(try offered(program, "run", "--vary", "prec").first == "precision=")
  }

  @Test("bash offers runs, experiments and cells")
  func runs() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, seeds: "[1, 2]", steps: 2), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q", "--results", "out").code == 0)
    #expect(try offered(program, "show", "").isEmpty)
    let offered = try offered(program, "show", "--results", "out", "")
    #expect(offered.prefix(2) == ["latest", "tiny"])
    #expect(offered.count == 3 && offered[2].hasPrefix("tiny/r-"))
    #expect(try self.offered(program, "list", "--results", "out", "t") == ["tiny"])
    try FileManager.default.moveItem(atPath: program.file("out"), toPath: program.file("results"))
    let cells = try self.offered(program, "show", "tiny", "cl")
    #expect(cells == ["classic/seed=1", "classic/seed=2"])
    #expect(try self.offered(program, "show", "tiny", "classic/seed", "=", "") == ["1", "2"])
  }
}
