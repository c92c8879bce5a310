// What one cell gets of the threads and the memory that a run may use.

import Experiments
import Records
import Tensors
import Testing

@Suite struct CellResourcesTests {
  private let limits = ProcessLimits(
    cpus: .init(6.5, "cgroup quota of /a"), memory: .init(1000, nil))

  private func share(
    parallel: Int, runsAlone: Bool = false, _ change: (inout RunOptions) -> Void = { _ in }
  ) -> (threads: Int, memory: Int?) {
    var options = RunOptions()
    options.parallel = parallel
    change(&options)
    let share = CellResources(options, isShared: !runsAlone, of: limits)
    return (share.threads, share.memoryCap)
  }

  @Test func `cells side by side share both`() {
    #expect(share(parallel: 1) == (6, 900))
    #expect(share(parallel: 2) == (3, 450))
    #expect(share(parallel: 4) == (1, 225))
    #expect(share(parallel: 100).threads == 1)
  }

  @Test func `one that runs alone has all, whatever runs at other times`() {
    for parallel in [1, 2, 100] { #expect(share(parallel: parallel, runsAlone: true) == (6, 900)) }
    #expect(share(parallel: 2, runsAlone: true) { $0.threads = 16 } == (16, 900))
  }

  @Test func `threads that were asked for are shared, a memory cap is each cell's`() {
    #expect(share(parallel: 2) { $0.threads = 8 } == (4, 450))
    #expect(share(parallel: 2) { $0.memoryCap = 777 } == (3, 777))
  }
}
