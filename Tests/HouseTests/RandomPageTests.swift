// docs/random.md: its example numbers are the program's.

import Tensors
import Testing

@Suite struct RandomPageTests {
  @Test func exampleNumbersAreWhatTheProgramDraws() throws {
    let page = try Repository.text("docs/random.md")
    let row = #/\| (\d+) \| `([a-z]+)` \| (?:`([^`]*)`)? ?\| (\w+)\((\d+)\) \| (\S+) \|/#
    var count = 0
    for match in page.matches(of: row) {
      let (_, seed, purpose, name, function, index, value) = match.output
      let random = Random(
        seed: try #require(UInt64(seed)), purpose: String(purpose), name: String(name ?? ""))
      let i = try #require(Int(index))
      switch function {
      case "bits": #expect(UInt64(value.dropFirst(2), radix: 16) == random.bits(i), "\(value)")
      case "uniform": #expect(Double(value) == random.uniform(i), "\(value)")
      default:
        let found = try #require(Double(value))
        #expect(abs(found - random.normal(i)) < 1e-15, "\(value)")
      }
      count += 1
    }
    #expect(count == page.split(separator: "\n").count { $0.hasPrefix("| ") } - 1)
    #expect(count > 10)
  }
}
