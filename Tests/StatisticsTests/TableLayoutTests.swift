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

  @Test func `every part names its rows by all that names them`() {
    let table = Table(
      header: ["run", "sequence", "variant", "time", "bytes"],
      rows: [["a", "512", "flash1", "3 ms", "8 B"]], left: [0, 2])
    for part in table.parts([8, 8, 8, 8, 8], room: 32) {
      #expect(part.header.prefix(3) == ["run", "sequence", "variant"])
    }
    // Where nothing else would find room, some give way.
    #expect(table.parts([8, 8, 8, 8, 8], room: 24).allSatisfy { $0.header.count == 3 })
  }
}
