// Tables that are laid out in parts.

import Statistics
import Testing

@Suite struct TableLayoutTests {
  @Test func `a ratio stays beside its metric`() {
    let table = Table(
      header: ["variant", "loss", "/ base", "bytes", "/ base"],
      rows: [["modern", "1.7", "0.8 x", "70 MiB", "1.0 x"]], joined: [2, 4])
    #expect(table.parts([10, 10, 10, 10, 10], room: 20).count == 4)
    for room in [30, 40, 50] {
      let parts = table.parts([10, 10, 10, 10, 10], room: room)
      #expect(parts.allSatisfy { $0.header[0] == "variant" && $0.header[1] != "/ base" })
      #expect(
        parts.map { $0.header.dropFirst() }.flatMap(\.self) == Array(table.header.dropFirst()))
    }
    #expect(table.parts([10, 10, 10, 10, 10], room: 30).count == 2)
  }
}
