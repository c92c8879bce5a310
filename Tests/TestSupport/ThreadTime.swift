// The time that a thread was on a processor: what else the machine does meanwhile is not in it.

import Foundation

/// Processor seconds of the calling thread so far.
package func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The fewest processor seconds that three runs of `body` took.
package func threadSeconds(of body: () throws -> Void) rethrows -> Double {
  var fewest = Double.infinity
  for _ in 0..<3 {
    let start = threadSeconds()
    try body()
    fewest = min(fewest, threadSeconds() - start)
  }
  return fewest
}
