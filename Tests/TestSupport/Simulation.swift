// Random numbers for simulations of experiments: normal ones, skewed ones, and ones with heavy
// tails.

import Foundation

/// Random numbers for simulations, the same every time.
package struct Simulation {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return (Double((z ^ (z >> 31)) >> 11) + 0.5) / 9_007_199_254_740_992
  }

  /// Standard normal (Box and Muller 1958).
  package mutating func normal() -> Double {
    (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
  }

  /// Skewed to the right, with mean 0 and variance 1: an exponential less its mean.
  package mutating func skewed() -> Double { -log(uniform()) - 1 }

  /// Student's t of 3 degrees of freedom over its standard deviation: a value far off now and then.
  package mutating func heavyTailed() -> Double {
    let chi = (0..<3).reduce(0.0) { sum, _ in
      let normal = normal()
      return sum + normal * normal
    }
    return normal() / (chi / 3).squareRoot() / 3.0.squareRoot()
  }
}
