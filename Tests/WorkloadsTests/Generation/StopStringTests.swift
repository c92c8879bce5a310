// Stop strings: a text ends before the first of them, however tokens cut it, and nothing of what may
// become one is given before it is certain.

import Testing
import Workloads

@Suite("stop strings") struct StopStringTests {
  /// The pieces that are given for those that come, and the string that ended them.
  private func given(_ pieces: [String], _ stops: String...) -> (pieces: [String], found: String?) {
    var filter = StopStrings(stops)
    let given = pieces.map { filter.append($0) }
    return (given + [filter.finish()], filter.found)
  }

  @Test func `a text without one comes as it is`() {
    let (pieces, found) = given(["To be", ", or", " not"])
    #expect(pieces == ["To be", ", or", " not", ""] && found == nil)
  }

  @Test func `one that tokens cut ends the text before it`() {
    let (pieces, found) = given(["a\n", "\n", "b"], "\n\n")
    #expect(pieces == ["a", "", "", ""] && found == "\n\n")
    let within = given(["abSTOPcd", "e"], "STOP")
    #expect(within.pieces == ["ab", "", ""] && within.found == "STOP")
  }

  @Test func `one is looked for in what may come, which then has not come`() {
    var filter = StopStrings(["ab"])
    #expect(filter.append("xa") == "x")
    #expect(filter.find(in: "b") && filter.found == nil && !filter.find(in: ""))
    #expect(filter.append("c") == "ac")
    #expect(!filter.find(in: "b"))
  }

  @Test func `what only begins like one is held back and then given`() {
    let (pieces, found) = given(["x#", "#y", "##"], "###")
    #expect(pieces == ["x", "##y", "", "##"] && found == nil)
  }

  @Test func `the first in the text counts, whichever it is`() {
    #expect(given(["one two"], "two", "one").found == "one")
    #expect(given(["aab"], "ab").pieces == ["a", ""])
    let (pieces, found) = given(["é", "è"], "è")
    #expect(pieces == ["é", "", ""] && found == "è")
  }
}
