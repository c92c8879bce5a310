// A profile in words and tables.

import Analysis
import Records
import Statistics
import Testing

@Suite struct ProfileTextTests {
  private static let profile: StepProfile = {
    func operation(
      _ name: String, _ kind: StepProfile.Kind, _ phase: String, _ seconds: Double,
      flops: Double = 0, bytes: Double, threads: Double?
    ) -> StepProfile.Operation {
      var one = StepProfile.Operation()
      (one.operation, one.size, one.kind, one.phase) = (name, "4 x 4", kind, phase)
      (one.calls, one.seconds, one.flops, one.bytes) = (3, seconds, flops, bytes)
      one.threadSeconds = threads
      return one
    }
    var profile = StepProfile()
    (profile.step, profile.precision, profile.threads) = ("training step", "f32", 2)
    (profile.steps, profile.seconds, profile.unrecordedSeconds) = (10, 0.1, 0.098)
    (profile.hostSeconds, profile.peak, profile.bandwidth) = (0.002, 100e9, 10e9)
    profile.operations = [
      operation("gemm", .product, "backward", 0.04, flops: 3e9, bytes: 1e6, threads: 0.06),
      operation("gemm", .product, "forward", 0.02, flops: 1.5e9, bytes: 1e6, threads: 0.04),
      operation("add", .elementwise, "forward", 0.02, bytes: 1e8, threads: 0.02),
      operation("adamw", .optimizer, "optimizer", 0.018, bytes: 1.8e8, threads: 0.036),
    ]
    return profile
  }()

  @Test func `the answers say where time goes, who waits, and what recording costs`() {
    let answers = ProfileText(Self.profile).answers
    #expect(
      answers == [
        "Products 60 % of a training step of 100.0 ms at 75 % of peak; element-wise 20 % at 50 % of "
          + "bandwidth; optimizer 18 % at 100 % of bandwidth; the host, between kernels, 2.0 %",
        "2 threads wait 20 % of the time that kernels run; most of it, 10.0 ms of the step, in gemm "
          + "4 x 4",
        "recorded: 100.0 ms, the middle half of 10 steps; unrecorded, in turn with these: 98.0 ms",
      ])
  }

  @Test func `kinds and operations stand against the limit that they are nearer to`() {
    let text = ProfileText(Self.profile)
    #expect(
      text.totals.rows[0] == [
        "products", "20.000", "40.000", "60.000", "60 %", "75.0 GFLOP/s", "75 % of peak",
      ])
    #expect(text.totals.rows.last?[3] == "2.000")
    #expect(
      text.operations.rows[0] == [
        "gemm", "4 x 4", "backward", "3", "40.000", "40 %", "3.00 G", "977 KiB", "75.0 GFLOP/s",
        "75 % of peak", "75 %",
      ])
    // What is not counted in FLOPs has bytes alone.
    #expect(Array(text.operations.rows[2][6...7]) == ["", "95.4 MiB"])
    #expect(text.operations.rows[2].suffix(2) == ["50 % of bandwidth", "50 %"])
  }

  @Test(arguments: [(1, "1 step"), (3, "the mean of 3 steps"), (4, "the middle half of 4 steps")])
  func `of few steps none is left out`(steps: Int, words: String) throws {
    var profile = Self.profile
    profile.steps = steps
    let last = try #require(ProfileText(profile).answers.last)
    #expect(last.contains(": 100.0 ms, \(words); unrecorded"), "\(last)")
  }

  @Test func `a device without threads of the host says nothing of waiting`() {
    var profile = Self.profile
    for place in profile.operations.indices { profile.operations[place].threadSeconds = nil }
    let text = ProfileText(profile)
    #expect(text.answers.count == 2 && text.operations.rows.allSatisfy { $0.last == "" })
  }

  @Test func `a profile is read as it was written`() throws {
    var record = CellProfile()
    (record.cell, record.profiles) = ("modern", [Self.profile])
    #expect(CellProfile(json: record.json) == record)
  }
}
