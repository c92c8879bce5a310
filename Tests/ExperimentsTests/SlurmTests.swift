// What is made of what Slurm says of its nodes and of itself.

import Experiments
import Testing

@Suite struct SlurmTests {
  @Test(arguments: [
    ("long*|zen4,avx512\nlong*|zen4,avx512\nlong*|zen3", "zen4&avx512"),
    ("long*|zen4\nlong*|zen3", "zen3"), ("long*|zen4", "zen4"),
    // Another partition's nodes do not count.
    ("long*|zen4\nshort|zen3\nshort|zen3", "zen4"),
    ("long*|a\nlong*|b\nlong*|c", nil), ("long*|(null)\nlong*|(null)\nlong*|zen4", nil),
    ("long*|$(rm -r)", nil), ("", nil), ("no such thing", nil),
  ]) func `half the nodes of a partition are of one kind, or there is no constraint`(
    nodes: String, constraint: String?
  ) {
    #expect(Slurm.constraint(from: nodes, isDefault: true) == constraint)
  }

  @Test func `of a partition that is named all nodes count`() {
    #expect(Slurm.constraint(from: "short|zen3\nshort|zen3", isDefault: false) == "zen3")
  }

  @Test func `limits are read of what Slurm says of its configuration`() {
    let limits = Slurm.Limits(
      configuration: """
        Configuration data as of 2026-11-27T22:00:00
        DefMemPerNode           = UNLIMITED
        MaxArraySize            = 1001
        MaxBatchRequeue         = 5
        MaxJobCount             = 10000
        MaxJobId                = 67043328

        """)
    #expect(limits.array == 1001 && limits.jobs == 10000)
    let unknown = Slurm.Limits(configuration: "")
    #expect(unknown.array == nil && unknown.jobs == nil)
    #expect(unknown.problem(ofCells: 100_000, pack: 1) == nil)
  }

  @Test func `an array has as many tasks as two limits allow, and where there are none none`() {
    func limits(_ size: Int, _ tasks: String) -> Slurm.Limits {
      Slurm.Limits(
        configuration: """
          MaxArraySize            = \(size)
          SchedulerParameters     = bf_interval=2\(tasks)

          """)
    }
    #expect(limits(1001, "").largestArray == 1001)
    #expect(limits(100_001, ",max_array_tasks=500").largestArray == 500)
    #expect(limits(400, ",max_array_tasks=500,bf_max_time=9").largestArray == 400)
    #expect(Slurm.Limits(configuration: "").largestArray == 1001)
    // Scripts are written all the same, which another Slurm may take.
    let off = limits(0, "")
    #expect(off.largestArray == 1001)
    #expect(off.problem(ofCells: 1, pack: 1)?.contains("MaxArraySize is 0") == true)
  }

  @Test func `more tasks than Slurm keeps are a problem that packs solve`() throws {
    let limits = Slurm.Limits(configuration: "MaxJobCount = 10000")
    #expect(limits.problem(ofCells: 9998, pack: 1) == nil)
    #expect(limits.problem(ofCells: 9999, pack: 1) != nil)
    let problem = try #require(limits.problem(ofCells: 100_000, pack: 10))
    #expect(problem.contains("10000 tasks"), "\(problem)")
    #expect(problem.contains("--pack 20 makes 5000"), "\(problem)")
    #expect(limits.problem(ofCells: 100_000, pack: 20) == nil)
    // Where not even two jobs are kept, no pack helps, and none is advised.
    let none = Slurm.Limits(configuration: "MaxJobCount = 2").problem(ofCells: 8, pack: 1)
    #expect(none?.contains("--pack") == false)
  }
}
