// `runexp score` of texts that are longer than their model was made for.

import Config
import Foundation
import Testing
import Workloads

@Suite("runexp score")
struct ScoreCommandTests {
  @Test func `a long text is read in windows, which the answer names`() throws {
    let program = try Program()
    try program.write(String(repeating: "to be or not ", count: 50), to: "text.txt")
    let words = ["score", "tiny-llama", "--text", "text.txt"]
    let whole = try program.run(words)
    #expect(whole.code == 0 && !whole.output.contains("windows"), "\(whole.errors)")
    #expect(
      whole.errors
        == "note: the model was made for 512 tokens at a time, and these are 650; --context 512 "
        + "reads them in windows\n", "\(whole.errors)")
    let apart = try program.run(words + ["--context", "100"])
    #expect(apart.code == 0 && apart.errors.isEmpty, "\(apart.errors)")
    #expect(apart.output.contains("over 649 of 650 tokens, in windows of 100 tokens; weights"))
    let json = try program.run(words + ["--context", "100", "--stride", "40", "--json"])
    let document = try JSON(reading: json.output)
    #expect(document["context"] == 100 && document["stride"] == 40)
    #expect(document["logprobs"]?.elements.count == 649)
    // One that holds the text is none.
    for context in ["650", "700"] {
      let one = try program.run(words + ["--context", context])
      #expect(one.output == whole.output)
      #expect(one.errors.hasSuffix("and a window has 650\n"), "\(one.errors)")
    }
    for (more, message) in [
      (["--context", "0"], "--context is 1 or more"),
      (["--stride", "3"], "--stride is a part of --context"),
      (["--context", "3", "--stride", "4"], "--stride is from 1 to the context, which is 3"),
    ] {
      let refused = try program.run(words + more)
      #expect(refused.code == 64 && refused.errors.contains(message), "\(refused.errors)")
    }
  }

  @Test func `learned positions end, and windows go on`() throws {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    try program.write(
      """
      # Does it score?
      name: scorer
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}, position: learned}
      workload: {type: train, dataset: {name: ./text.txt}, sequence: 32, batch: 4, steps: 3}
      """, to: "scorer.yaml")
    #expect(try program.run("scorer.yaml", "--quiet").code == 0)
    let words = ["score", "scorer", "--text", "text.txt"]
    let refused = try program.run(words)
    #expect(refused.code == 1 && refused.output.isEmpty)
    #expect(
      refused.errors.hasPrefix("error: learned positions end at ")
        && refused.errors.contains("; --context ")
        && refused.errors.hasSuffix(" reads a text in windows\n"), "\(refused.errors)")
    let read = try program.run(words + ["--context", "32"])
    #expect(read.code == 0, "\(read.errors)")
    #expect(read.output.contains("in windows of 32 tokens; weights"), "\(read.output)")
  }

  @Test func `a terminal shows how far it is, and then the answer alone`() throws {
    let program = try Program()
    try program.write(String(repeating: "to be or not ", count: 50), to: "text.txt")
    let terminal = try PseudoTerminal()
    let scored = try program.finish(
      ["score", "tiny-llama", "--text", "text.txt", "--context", "100"], progressOn: terminal)
    #expect(scored.code == 0 && scored.output.hasPrefix("loss "), "\(scored.output)")
    let shown = terminal.shown()
    #expect(shown.contains("text.txt") && shown.contains("649/649"), "\(shown)")
    #expect(shown.hasSuffix("\r\u{1B}[K"), "\(shown)")
  }
}
