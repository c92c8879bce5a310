// Tables and documents: alignment by display width, and Markdown that stays as it was meant.

import Statistics
import Testing

@Suite struct TableTests {
  @Test func `columns are aligned by what a terminal shows and not by bytes`() {
    let table = Table(
      header: ["name", "value"], rows: [["変種", "1"], ["é", "22"], ["e\u{301}", "3"]])
    #expect(
      table.text == """
        name  value
        ────  ─────
        変種      1
        é        22
        e\u{301}         3

        """)
  }

  @Test func `markdown tables escape what would break a cell`() {
    let table = Table(header: ["a"], rows: [["x|y"], ["*b*"], ["_c_"], ["d_e"]])
    #expect(
      table.markdown == """
        | a     |
        | :---- |
        | x\\|y  |
        | \\*b\\* |
        | \\_c\\_ |
        | d_e   |

        """)
  }

  @Test func `a text of several lines stays within its cell and its item`() {
    let table = Table(header: ["a", "b"], rows: [["one\ntwo\r\n\nthree", "x"]])
    #expect(table.text.split(separator: "\n").count == 3)
    #expect(table.markdown.split(separator: "\n").last == "| one two three |   x |")
    let page = Page([.list([ListItem("one\n\ntwo"), ListItem("three")])])
    #expect(page.markdown == "- one two\n- three\n")
  }

  private static let wide = Table(
    header: ["sequence", "variant", "val_loss", "tokens_per_s", "verdict"],
    rows: [
      ["128", "modern", "2.3117 ± 0.0008", "13.8 ± 3.0 k", "no difference larger than 0.0486"],
      ["256", "classic", "2.4890 ± 0.0052", "9.71 ± 0.82 k", "worse"],
    ], left: [1, 4])

  @Test func `words wrap before a table is parted`() {
    #expect(
      Self.wide.text(width: 72) == """
        sequence  variant         val_loss   tokens_per_s  verdict
        ────────  ───────  ───────────────  ─────────────  ─────────────────────
             128  modern   2.3117 ± 0.0008   13.8 ± 3.0 k  no difference larger
                                                           than 0.0486
             256  classic  2.4890 ± 0.0052  9.71 ± 0.82 k  worse

        """)
  }

  @Test func `what finds no room goes on below, under the same names`() {
    #expect(
      Self.wide.text(width: 40) == """
        sequence  variant         val_loss
        ────────  ───────  ───────────────
             128  modern   2.3117 ± 0.0008
             256  classic  2.4890 ± 0.0052

        sequence  variant   tokens_per_s
        ────────  ───────  ─────────────
             128  modern    13.8 ± 3.0 k
             256  classic  9.71 ± 0.82 k

        sequence  variant  verdict
        ────────  ───────  ─────────────────────
             128  modern   no difference larger
                           than 0.0486
             256  classic  worse

        """)
  }

  @Test(arguments: 20...140) func `no width loses a field or has a longer line`(width: Int) {
    let words = String(repeating: "wrapped words, ", count: 9)
    let path = String(repeating: "/unbroken", count: 12)
    let table = Table(
      header: ["key", "base", "new"], rows: [["a.path", words, path], ["b", "1", "変種変種"]],
      left: [0, 1, 2])
    for table in [table, Self.wide] {
      let text = table.text(width: width)
      if width >= 36 {
        #expect(text.split(separator: "\n").allSatisfy { DisplayWidth.of(String($0)) <= width })
      }
      func letters(_ text: String) -> [Character: Int] {
        text.filter { !$0.isWhitespace && $0 != "─" }.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
      let shown = letters(text)
      let whole = letters(table.text)
      #expect(whole.allSatisfy { shown[$0.key, default: 0] >= $0.value }, "\(text)")
    }
    #expect(Self.wide.text(width: .max) == Self.wide.text)
  }

  @Test(arguments: [
    ("", 0), ("abc", 3), ("中文", 4), ("e\u{301}", 1), ("😀", 2), ("ａ", 2), ("±", 1), ("█", 1),
    ("한글", 4),
  ]) func `a text is as wide as a terminal shows it`(text: String, width: Int) {
    #expect(DisplayWidth.of(text) == width)
  }

  @Test func `cutting never splits a wide character`() {
    #expect(DisplayWidth.cut("中文字", to: 5) == "中文")
    #expect(DisplayWidth.cut("abc", to: 2) == "ab")
    #expect(DisplayWidth.cut("abc", to: 9) == "abc")
  }
}
