// What one cell gets of the threads and the memory that a run may use.

import Experiments
import Records
import Tensors
import Testing

@Suite struct CellResourcesTests {
  private let limits = ProcessLimits(
    cpus: .init(6.5, "cgroup quota of /a"), memory: .init(1000, nil))

  private func share(
    among cells: Int, _ change: (inout RunOptions) -> Void = { _ in }
  ) -> (threads: Int, memory: Int?) {
    var options = RunOptions()
    change(&options)
    let share = CellResources(options, among: cells, of: limits)
    return (share.threads, share.memoryCap)
  }

  @Test func `cells side by side share both`() {
    #expect(share(among: 1) == (6, 900))
    #expect(share(among: 2) == (3, 450))
    #expect(share(among: 4) == (1, 225))
    #expect(share(among: 100).threads == 1)
  }

  @Test func `one that runs alone has all, however many may run at once`() {
    #expect(share(among: 1) { $0.parallel = 100 } == (6, 900))
    #expect(share(among: 1) { ($0.parallel, $0.threads) = (2, 16) } == (16, 900))
  }

  @Test func `no more run at once than there are cells, nor than there are threads`() {
    func width(_ parallel: Int, cells: Int, threads: Int = 0) -> Int {
      var options = RunOptions()
      (options.parallel, options.threads) = (parallel, threads)
      return CellResources.width(options, cells: cells, of: limits)
    }
    #expect(width(4, cells: 100) == 4)
    #expect(width(100, cells: 100) == 6)
    #expect(width(4, cells: 3) == 3)
    #expect(width(4, cells: 0) == 1)
    #expect(width(4, cells: 100, threads: 2) == 2)
  }

  @Test func `threads that were asked for are shared, a memory cap is each cell's`() {
    #expect(share(among: 2) { $0.threads = 8 } == (4, 450))
    #expect(share(among: 2) { $0.memoryCap = 777 } == (3, 777))
  }
}
