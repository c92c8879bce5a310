// What counts as an experiment file's text: encodings, strictness, limits, and files that are none.

import Config
import Glibc
import TestSupport
import Testing

@Suite struct YAMLTests {
  /// The first line of what is said about bytes; nil when they are fine.
  private func complaint(_ bytes: [UInt8]) -> String? {
    do throws(Faults) {
      _ = try YAML.parse(bytes: bytes, name: "x.yaml")
      return nil
    } catch {
      return error.text.split(separator: "\n").first.map(String.init)
    }
  }

  private func complaint(_ text: String) -> String? { complaint(Array(text.utf8)) }

  @Test func marksPointAtKeysAndValues() throws {
    let root = try YAML.parse(text: "a: 1\nb:\n  - ü: x\n    c: [1, two]\n", name: "x").root
    let item = try #require(root["b"]?.items?.first)
    let last = try #require(item.entries?.last)
    #expect((last.keyMark.line, last.keyMark.column) == (4, 5))
    let two = try #require(last.value.items?.last)
    #expect((two.mark.line, two.mark.column) == (4, 12))
    let first = try #require(item["ü"])
    #expect((first.mark.line, first.mark.column) == (3, 8))
  }

  @Test func byteOrderMarksAndCarriageReturnsAreFine() throws {
    let root = try YAML.parse(
      bytes: [0xEF, 0xBB, 0xBF] + Array("a: 1\r\nb: 2\r\n".utf8), name: "x"
    ).root
    let second = try #require(root.entries?.last)
    #expect((second.key, second.keyMark.line, second.keyMark.column) == ("b", 2, 1))
    #expect(second.value.scalar?.text == "2")
  }

  @Test func separatorsThatEditorsDoNotCountAsLinesDoNotShiftPositions() {
    #expect(
      complaint("a: \"x\u{2028}y\"\na: 2\n") == "x.yaml:2:1: error: duplicate key 'a'")
  }

  @Test(arguments: [
    ("", "x.yaml: error: is empty: an experiment needs at least a model and a workload"),
    (
      "# only a comment\n",
      "x.yaml: error: is empty: an experiment needs at least a model and a workload"
    ),
    ("---\n...\n", "x.yaml: error: is empty: an experiment needs at least a model and a workload"),
    ("- 1\n", "x.yaml:1:1: error: an experiment file is a mapping (key: value), not a list"),
    (
      "word", "x.yaml:1:1: error: an experiment file is a mapping (key: value), not the text 'word'"
    ),
    (
      "a: 1\n---\nb: 2\n",
      "x.yaml:2:1: error: a second document begins here: one file holds one experiment"
    ),
    ("a: *b\n", "x.yaml:1:4: error: unknown alias 'b': no anchor has that name"),
    ("a: &a [*a]\n", "x.yaml:1:8: error: alias 'a' contains itself"),
    (
      "a: &a {b: 1}\nc:\n  <<: *a\n",
      "x.yaml:3:3: error: merge keys (<<) are not supported: repeat the keys, or use variants"
    ),
    ("a: !!str 1\n", "x.yaml:1:4: error: tags such as 'tag:yaml.org,2002:str' are not supported"),
    ("[1]: 2\n", "x.yaml:1:1: error: a key must be a word, not a list"),
    ("? \n: 2\n", "x.yaml:1:2: error: a key must be a word, not nothing"),
    ("a: 'x\n", "x.yaml:2:1: error: not valid YAML: the file ends inside a quoted text"),
    ("a: \u{1}\n", "x.yaml:1:4: error: control character U+0001: is this a text file?"),
    (
      "a: @b\n",
      "x.yaml:1:4: error: not valid YAML: this character cannot begin a value; put the text in quotes"
    ),
    (
      "a: 1\n- 2\n",
      "x.yaml:2:1: error: not valid YAML: expected a 'key: value' line at the indentation of its neighbours"
    ),
  ])
  func textsThatAreNotAnExperimentAreRejected(text: String, expected: String) {
    #expect(complaint(text) == expected)
  }

  @Test func bytesThatAreNotTextAreRejected() {
    #expect(
      complaint([0x61, 0x3A, 0x20, 0x0A, 0xFF, 0x61])
        == "x.yaml:2:1: error: not UTF-8 text: save the file as UTF-8")
    #expect(complaint([0xFF, 0xFE, 0x61, 0]) == "x.yaml: error: is UTF-16 text: save it as UTF-8")
    #expect(
      complaint([0x7F, 0x45, 0x4C, 0x46, 0, 0])
        == "x.yaml:1:1: error: control character U+007F: is this a text file?")
  }

  @Test func anchorsAndAliasesRepeatValues() throws {
    let root = try YAML.parse(text: "a: &x {b: 1}\nc: [*x, *x]\n", name: "x").root
    #expect(root["c"]?.items?.count == 2)
    #expect(root["c"]?.items?.last?["b"]?.scalar?.text == "1")
  }

  @Test(.timeLimit(.minutes(30))) func aliasesThatExplodeAreStopped() {
    let start = threadSeconds()
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...60 {
      let alias = "*a\(level - 1)"
      text += "a\(level): &a\(level) [\(alias), \(alias), \(alias), \(alias), \(alias)]\n"
    }
    #expect(
      complaint(text)?.hasSuffix("more than 20000 values, aliases counted as what they repeat")
        == true)
    #expect(threadSeconds() - start < 60)
  }

  @Test(.timeLimit(.minutes(30))) func tenMegabytesOfAliasesAreRefusedAtOnce() {
    let start = threadSeconds()
    let text = "a: &a [1, 2]\nb:\n" + String(repeating: "- *a\n", count: 2_000_000)
    #expect(complaint(text) == "x.yaml: error: is 9.5 MB, but an experiment file may have 4 MB")
    let shorter = "a: &a [1, 2]\nb:\n" + String(repeating: "- *a\n", count: 700_000)
    #expect(complaint(shorter)?.contains("more than 20000 values") == true)
    #expect(threadSeconds() - start < 60)
  }

  @Test(.timeLimit(.minutes(30)), arguments: ["[", "{", "- ", "? ", "{a: ", "[[x]: "])
  func deepNestingIsStopped(opening: String) {
    let start = threadSeconds()
    #expect(
      complaint("a:\n  " + String(repeating: opening, count: 100_000))?.contains(": error: ")
        == true)
    #expect(
      complaint("a:\n  " + String(repeating: opening, count: 100))?.contains(
        "nested deeper than 64 levels") == true)
    #expect(threadSeconds() - start < 60)
  }

  @Test func filesThatCannotBeReadAreNamed() throws {
    #expect(loadText("/nowhere/x.yaml") == "/nowhere/x.yaml: error: no such file\n")
    #expect(loadText("/tmp") == "/tmp: error: is a directory\n")
    #expect(loadText("/dev/null") == "/dev/null: error: is not a file\n")
    let path = "/tmp/runexp-config-tests-\(getpid()).yaml"
    let descriptor = open(path, O_CREAT | O_WRONLY, 0o200)
    try #require(descriptor >= 0)
    close(descriptor)
    defer { unlink(path) }
    let expected =
      getuid() == 0
      ? "is empty: an experiment needs at least a model and a workload"
      : "cannot be read: permission denied"
    #expect(loadText(path) == "\(path): error: \(expected)\n")
  }

  private func loadText(_ path: String) -> String? {
    do throws(Faults) {
      _ = try YAML.load(file: path)
      return nil
    } catch {
      return error.text
    }
  }
}
