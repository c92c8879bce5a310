// A document in its three forms: text of a width, Markdown, LaTeX.

import Statistics
import Testing

@Suite struct PageTests {
  private static let page = Page([
    .heading("A run: is it better?", level: 1),
    .list([
      ListItem(
        lead: "Better?", "yes, by a good deal more than could be noise", below: ["loss: -0.1 nats"]),
      ListItem("50 % of a_b"),
    ]),
    .table(Table(header: ["name", "± of it"], rows: [["x^2 & y", "1 µs"]])),
  ])

  @Test func `text goes on in the next line, indented, and words stay whole`() {
    #expect(
      Self.page.text(width: 24) == """
        A run: is it better?

        Better? yes, by a good
          deal more than could
          be noise
          loss: -0.1 nats
        - 50 % of a_b

        name     ± of it
        ───────  ───────
        x^2 & y     1 µs

        """)
    #expect(DisplayWidth.wrapped("unbreakable", to: 4) == ["unbreakable"])
    #expect(DisplayWidth.wrapped("  a bc", to: 5, hanging: 4) == ["  a", "    bc"])
    #expect(DisplayWidth.wrapped("", to: 5) == [""])
  }

  @Test func `LaTeX reads no character of a name as a command`() {
    #expect(
      Self.page.latex == """
        \\section*{A run: is it better?}

        \\begin{itemize}
        \\item \\textbf{Better?} yes, by a good deal more than could be noise
        \\begin{itemize}
        \\item loss: -0.1 nats
        \\end{itemize}

        \\item 50 \\% of a\\_b
        \\end{itemize}

        \\begin{tabular}{lr}
        \\hline
        name & $\\pm$ of it \\\\
        \\hline
        x\\textasciicircum{}2 \\& y & 1 $\\mu$s \\\\
        \\hline
        \\end{tabular}

        """)
  }
}
