// ExecutionOrder: in which order cells run. Variants that are compared run one after the other, in an order that is
// drawn for each group, so that a machine that grows slower during a run favours none of them.

import Config
package import Records
import Workloads

/// The order in which a plan's cells run.
package enum ExecutionOrder {
  /// Positions in the plan, in the order of execution: blocks of one seed and point of the axes, shuffled, and the
  /// variants within each block shuffled (a randomised complete block design; Fisher 1935).
  ///
  /// - Parameters:
  ///   - cells: seed, point and position of each cell that is to run.
  ///   - seed: the same seed gives the same order, on every machine.
  package static func interleaved(
    _ cells: [(position: Int, seed: Int, point: [CellRow.Entry])], seed: UInt64
  ) -> [Int] {
    var blocks: [[Int]] = []
    var places: [String: Int] = [:]
    for cell in cells {
      let key =
        "\(cell.seed) "
        + cell.point.map { "\($0.key)=\($0.value.canonical.line)" }.joined(separator: " ")
      if let place = places[key] {
        blocks[place].append(cell.position)
      } else {
        places[key] = blocks.count
        blocks.append([cell.position])
      }
    }
    let key = SplitMix64.mix(seed)
    var drawn: UInt64 = 0
    func shuffle<Element>(_ elements: [Element]) -> [Element] {
      var elements = elements
      for last in stride(from: elements.count - 1, to: 0, by: -1) {
        let other = SplitMix64.scale(SplitMix64.element(drawn, of: key), below: last + 1)
        drawn += 1
        elements.swapAt(last, other)
      }
      return elements
    }
    return shuffle(blocks).flatMap { shuffle($0) }
  }
}
