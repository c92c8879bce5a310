// Characters that look like plain ones are named, wherever they break a key, a value or a number.

import Config
import Testing

@Suite struct ConfusableTests {
  @Test func `a no-break space is shown where it stands`() {
    #expect(
      faultText("layers:\u{A0}4\nwidth: 8\n") == """
        x.yaml:1:8: error: a no-break space (U+00A0) cannot stand here: write a space
        layers:\u{A0}4
               ^

        """)
  }

  @Test(arguments: [
    // In a value.
    ("layers: \u{A0}4", "1:9: error: a no-break space (U+00A0)"),
    ("layers: 4\u{A0}", "1:10: error: a no-break space (U+00A0)"),
    ("layers: 4\u{A0}# all", "1:10: error: a no-break space (U+00A0)"),
    ("layers: \u{2212}4", "1:9: error: a minus sign (U+2212) cannot stand here: write -"),
    ("dropout: 1e\u{2212}3", "1:12: error: a minus sign (U+2212)"),
    ("dropout: 1e\u{2013}3", "1:12: error: an en dash (U+2013)"),
    ("dropout: \u{FF10}.5", "1:10: error: a full-width 0 (U+FF10) cannot stand here: write 0"),
    ("norm: \u{201C}rmsnorm\u{201D}", "1:7: error: a typographic quote (U+201C)"),
    ("norm: rmsnorm\u{200B}", "1:14: error: a zero-width space (U+200B)"),
    ("norm: {type: rmsnorm, epsilon: 1e\u{2212}5}", "1:34: error: a minus sign (U+2212)"),
    ("attention: {window: [8, \u{2212}8]}", "1:25: error: a minus sign (U+2212)"),
    ("attention: {bias: \u{2018}true\u{2019}}", "1:19: error: a typographic quote (U+2018)"),
    // In a key.
    ("\u{A0}layers: 4", "1:1: error: a no-break space (U+00A0)"),
    ("la\u{200B}yers: 4", "1:3: error: a zero-width space (U+200B)"),
    ("attention: {kv\u{2010}heads: 4}", "1:15: error: a hyphen (U+2010)"),
    ("norm:\n  type: none\n\u{A0}\u{A0}epsilon: 1", "3:1: error: a no-break space (U+00A0)"),
    ("layers: 4\n\u{3000}width: 8", "2:1: error: an ideographic space (U+3000)"),
    // In YAML's own signs.
    ("norm:\u{A0}{type: none}", "1:6: error: a no-break space (U+00A0)"),
    (
      "norm\u{FF1A} none\nlayers: 1",
      "1:5: error: a full-width : (U+FF1A) cannot stand here: write :"
    ),
    ("norm:\n  type:\u{A0}none\nlayers: 2", "2:8: error: a no-break space (U+00A0)"),
    ("attention: {window: [8\u{FF0C} 8]}", "1:23: error: a full-width , (U+FF0C)"),
    ("layers: 4\n\u{FEFF}width: 8", "2:1: error: a zero-width no-break space (U+FEFF)"),
  ])
  func `every one is named at its column`(text: String, expected: String) {
    let found = faultText("\(text)\n")
    #expect(found.hasPrefix("x.yaml:\(expected)"), "\(found)")
  }

  @Test func `a text may have them`() throws {
    let prompt = "\u{201C}O\u{F9} \u{2013} l\u{E0}\u{A0}?\u{201D}"
    let read: (Section) -> Void = { _ = $0.read("prompt", .string, default: "", "what is said") }
    #expect(faultText("prompt: \(prompt)\n", read: read) == "")
    // Nor are they to blame for what is wrong elsewhere.
    let other = faultText("prompt: \(prompt)\nwidht: 1\n", read: read)
    #expect(other.hasPrefix("x.yaml:2:1: error: unknown key 'widht'"))
    let broken = faultText("prompt: \(prompt)\n  a: b\n", read: read)
    #expect(broken.hasPrefix("x.yaml:2:4: error: not valid YAML"))
    #expect(faultText("layers: x # \u{2013}\n").hasPrefix("x.yaml:1:9: error: layers must be"))
  }
}
