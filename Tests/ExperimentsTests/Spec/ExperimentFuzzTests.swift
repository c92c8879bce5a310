// Mutated experiment files never crash or hang the expansion, and what is accepted runs again.

import Config
import Experiments
import Testing

@Suite struct ExperimentFuzzTests {
  @Test(.timeLimit(.minutes(2)), arguments: 0..<4)
  func mutationsOfTheSampleNeverCrashTheExpansion(seed: Int) throws {
    let lines = specSample.split(separator: "\n", omittingEmptySubsequences: false)
    var state = UInt64(seed + 1)
    func random(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
    let words = ["gqa", "mha", "0", "[]", "{}", "~", "x", "-1", "type", "1e9", "model", "[1, 1]"]
    var accepted = 0
    for _ in 0..<500 {
      var mutated = lines.map(String.init)
      for _ in 0...random(3) {
        let place = random(mutated.count)
        var parts = mutated[place].split(separator: " ", omittingEmptySubsequences: false)
          .map(String.init)
        switch random(5) {
        case 0: mutated.remove(at: place)
        case 1: mutated.insert(mutated[random(mutated.count)], at: place)
        case 2:
          parts[random(parts.count)] = words[random(words.count)]
          mutated[place] = parts.joined(separator: " ")
        case 3: mutated[place] = "  " + mutated[place]
        default: mutated[place] += " " + words[random(words.count)]
        }
        if mutated.isEmpty { mutated = [""] }
      }
      let text = mutated.joined(separator: "\n")
      let faults = specFaults(text)
      if !faults.isEmpty {
        #expect(faults.hasPrefix("x.yaml:"))
        continue
      }
      accepted += 1
      let experiment = try loadSpec(text)
      let again = try loadSpec(experiment.resolvedYAML)
      #expect(again.cells.map(\.label) == experiment.cells.map(\.label))
      let pairs = zip(again.cells, experiment.cells).filter { $0.1.exclusion == nil }
      for (left, right) in pairs { #expect(left.canonical == right.canonical, "\(text)") }
    }
    #expect(accepted > 10)
  }
}
