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
