// Times of runs, there and back.

import Records
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [0.0, 1_794_000_000, 951_827_696, 4_102_444_799])
  func `a time that was written is read back`(seconds: Double) {
    #expect(Timestamp.seconds(Timestamp(secondsSince1970: seconds).description) == seconds)
  }

  @Test(arguments: [
    "", "2026-11-22", "2026-11-22T22:48:37", "2026-11-22T22:48:37+00", "2026-11-22T22:48:3xZ",
    "٢026-11-22T22:48:37Z",
  ])
  func `what is no time is not read as one`(text: String) {
    #expect(Timestamp.seconds(text) == nil)
    #expect(Timestamp.short(text) == text)
  }

  @Test func `times are shortened for people`() throws {
    #expect(Timestamp.short("2026-11-22T22:48:37Z") == "2026-11-22 22:48")
    let id = try #require(RunID("r-20261122-224837-kqzt"))
    #expect(Timestamp.text(ofRun: id) == "2026-11-22T22:48:37Z")
    let ages = [-5, 5, 600, 7200, 864_000].map { Timestamp.age($0) }
    #expect(ages == ["0 s", "5 s", "10 min", "2 h", "10 d"])
  }
}
