// Names from experiment files must not become markup.

import Analysis
import Testing

@Suite struct HTMLTests {
  @Test func `text and attributes are escaped`() {
    let element = HTML.element(
      "p", ["title": "\"a\" & 'b'"], HTML("<script>alert(1)</script>"))
    #expect(
      element.source
        == "<p title=\"&quot;a&quot; &amp; &#39;b&#39;\">&lt;script&gt;alert(1)&lt;/script&gt;</p>")
  }

  @Test func `what XML forbids is replaced`() {
    #expect(HTML("a\u{0}b\u{1B}c\nd").source == "a\u{FFFD}b\u{FFFD}c\nd")
  }

  @Test func `an empty attribute is left out`() {
    #expect(HTML.leaf("path", ["class": "", "d": "M0 0"]).source == "<path d=\"M0 0\"/>")
  }
}
