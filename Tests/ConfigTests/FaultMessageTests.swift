// The complete text of the commonest faults, as a user sees them.

import Config
import Testing

@Suite struct FaultMessageTests {
  @Test func aMisspeltKeyIsSuggested() {
    #expect(
      faultText("attention:\n  type: gqa\n  kv_head: 4\n") == """
        x.yaml:3:3: error: unknown key 'kv_head' in attention
          kv_head: 4
          ^
        did you mean 'kv_heads'?

        """)
  }

  @Test func aKeyUnlikeAnyIsAnsweredWithAllKeys() {
    #expect(
      faultText("norm: {type: none, colour: red}\n") == """
        x.yaml:1:20: error: unknown key 'colour' in norm
        norm: {type: none, colour: red}
                           ^
        known keys: type

        """)
    #expect(
      faultText("attention: {colour: red}\n") == """
        x.yaml:1:13: error: unknown key 'colour' in attention
        attention: {colour: red}
                    ^
        known keys:
          type
          heads
          kv_heads
          window
          kernel
          bias

        """)
  }

  @Test func aMisspeltWordIsSuggested() {
    #expect(
      faultText("norm: rmsnrm\n") == """
        x.yaml:1:7: error: unknown word 'rmsnrm' for norm
        norm: rmsnrm
              ^
        did you mean 'rmsnorm'?

        """)
  }

  @Test func anUnknownWordIsAnsweredWithTheWordsAndWhatTheyMean() {
    #expect(
      faultText("attention: {kernel: sparse}\n") == """
        x.yaml:1:21: error: unknown word 'sparse' for attention.kernel
        attention: {kernel: sparse}
                            ^
        known words:
          naive      the naive kernel
          flash1     the flash1 kernel
          flash2     the flash2 kernel
          flash3     the flash3 kernel
          auto       the auto kernel
          reference  the reference kernel

        """)
    #expect(
      faultText("norm: {type: batch}\n") == """
        x.yaml:1:14: error: unknown word 'batch' for norm.type
        norm: {type: batch}
                     ^
        known words: rmsnorm, layernorm, none

        """)
  }

  @Test func aWrongTypeNamesWhatWasFound() {
    #expect(
      faultText("layers: six\n") == """
        x.yaml:1:9: error: layers must be a whole number from 1 to 1024, not the text 'six'
        layers: six
                ^

        """)
  }

  @Test func aValueOutOfRangeNamesTheRange() {
    #expect(
      faultText("layers: 0\ndropout: 1\nnorm: {type: rmsnorm, epsilon: 0}\n") == """
        x.yaml:1:9: error: layers must be from 1 to 1024, not 0
        layers: 0
                ^
        x.yaml:2:10: error: dropout must be at least 0 and below 1, not 1
        dropout: 1
                 ^
        x.yaml:3:32: error: norm.epsilon must be above 0, not 0
        norm: {type: rmsnorm, epsilon: 0}
                                       ^

        """)
  }

  @Test func aDuplicateKeyPointsAtTheFirst() {
    #expect(
      faultText("layers: 1\nwidth: 2\nlayers: 3\n") == """
        x.yaml:3:1: error: duplicate key 'layers'
        layers: 3
        ^
        x.yaml:1:1: note: 'layers' is first set here

        """)
  }

  @Test func brokenYAMLIsExplained() {
    #expect(
      faultText("layers: 1\n  width: 2\n") == """
        x.yaml:2:8: error: not valid YAML: a ':' cannot stand here; is the line indented too far, \
        or a quote missing?
          width: 2
               ^

        """)
    #expect(
      faultText("attention: {heads: 4\nlayers: 1\n") == """
        x.yaml:2:7: error: not valid YAML: expected ',' or the '}' that closes the mapping
        layers: 1
              ^
        x.yaml:1:12: note: while parsing a flow mapping

        """)
  }

  @Test func aTabInTheIndentationIsNamed() {
    #expect(
      faultText("norm:\n\ttype: none\n") == """
        x.yaml:2:1: error: a tab cannot stand here: YAML is indented with spaces
         type: none
        ^

        """)
  }

  @Test func aRuleBetweenKeysNamesBothLines() {
    #expect(
      faultText("attention:\n  heads: 8\n  kv_heads: 3\n") == """
        x.yaml:3:13: error: heads (8) must be a multiple of kv_heads (3)
          kv_heads: 3
                    ^
        x.yaml:2:3: note: attention.heads is set here

        """)
    #expect(
      faultText("attention: {kv_heads: 3}\n") == """
        x.yaml:1:23: error: heads (8) must be a multiple of kv_heads (3)
        attention: {kv_heads: 3}
                              ^
        note: attention.heads is 8 by default

        """)
  }

  @Test func columnsCountCharactersAndTheCaretFollowsWideOnes() {
    #expect(
      faultText("{\"größe\": 1, layers: x}\n").contains("x.yaml:1:22: error: layers must be"))
    #expect(
      faultText("\"日本\": 1\n") == """
        x.yaml:1:1: error: unknown key '日本'
        "日本": 1
        ^
        known keys: layers, width, dropout, norm, attention

        """)
    #expect(faultText("{\"日本\": 1, layers: x}\n").contains("\n                    ^\n"))
  }

  @Test func allFaultsOfAFileAreReportedInOrder() {
    let text = faultText("widht: 1\nlayers: 1.5\nattention: {heads: no, kv_heads: '2'}\n")
    #expect(
      text == """
        x.yaml:1:1: error: unknown key 'widht'
        widht: 1
        ^
        did you mean 'width'?
        x.yaml:2:9: error: layers must be a whole number from 1 to 1024, not the number 1.5: \
        it has a fraction
        layers: 1.5
                ^
        x.yaml:3:20: error: attention.heads must be a whole number from 1 to 1024, not the text 'no'
        attention: {heads: no, kv_heads: '2'}
                           ^
        x.yaml:3:34: error: attention.kv_heads must be a whole number from 1 to 1024, \
        not the quoted text '2': write 2 without quotes
        attention: {heads: no, kv_heads: '2'}
                                         ^

        """)
  }

  @Test(arguments: [
    ("010", "the number 010: write 10, without the leading zero"),
    ("1:30", "the number 1:30: write 90, or quote a text"),
    ("0x10", "the number 0x10: write 16"),
    ("1_000", "the number 1_000: write 1000"),
    ("8.0", "the number 8.0: write 8"),
    ("1e2", "the number 1e2: write 100"),
    (".inf", "the number .inf: it must be finite"),
    ("99999999999999999999", "the number 99999999999999999999: it is too large to represent"),
    ("'8'", "the quoted text '8': write 8 without quotes"),
    ("[8]", "a list"), ("{a: 8}", "a mapping"), ("true", "the boolean true"),
  ])
  func numbersThatReadersDisagreeOnAreExplained(written: String, found: String) {
    let message = "x.yaml:1:9: error: layers must be a whole number from 1 to 1024, not "
    let line = "layers: \(written)\n"
    #expect(faultText(line) == message + found + "\n\(line)        ^\n")
  }

  @Test func wordsForBooleansOtherThanTrueAndFalseAreExplained() {
    #expect(
      faultText("attention: {bias: yes}\n") == """
        x.yaml:1:19: error: attention.bias must be true or false, not the text 'yes': write true
        attention: {bias: yes}
                          ^

        """)
  }

  @Test func aKeyWithoutAValueIsNamed() {
    #expect(
      faultText("layers:\n") == """
        x.yaml:1:1: error: layers has no value: write a whole number from 1 to 1024, \
        or remove the line
        layers:
        ^

        """)
  }

  @Test func aLongLineIsClippedAroundTheCaret() throws {
    let filler = String(repeating: "a", count: 500)
    let lines = faultText("{\"\(filler)\": 1, layers: x, \"\(filler) \": 2}\n")
      .split(separator: "\n", omittingEmptySubsequences: false)
    let header = try #require(lines.firstIndex { $0.contains("layers must be") })
    let (source, caret) = (lines[header + 1], lines[header + 2])
    #expect(source.hasPrefix("...") && source.hasSuffix("..."))
    #expect(source.count <= 106)
    #expect(source.dropFirst(caret.count - 1).hasPrefix("x, "))
  }

  @Test func controlCharactersInMessagesAreHarmless() {
    let text = faultText("\"a\\e[31m\": 1\nnorm: \"\\u202Ex\"\n")
    #expect(text.contains("unknown key 'a?[31m'"))
    #expect(text.contains("unknown word '?x' for norm"))
    #expect(!text.unicodeScalars.contains("\u{1B}"))
  }

  @Test func beyondAHundredFaultsTheRestIsCounted() {
    let keys = (0..<150).map { "key\($0): 1\n" }.joined()
    let text = faultText(keys)
    #expect(text.components("error:") == 100)
    #expect(text.hasSuffix("\nand 50 more errors\n"))
  }
}
