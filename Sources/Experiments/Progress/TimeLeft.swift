// TimeLeft: how long the work that is left will take, by how long that which is done has taken.

/// Some work, and what is done of it.
///
/// It is counted in steps, as what they take is known best: whatever else is to be done counts as
/// many of them as have its work.
struct TimeLeft {
  private let work: Double
  private let start: Double
  private var done = 0.0
  /// The last step that was counted.
  private var step: Int

  /// - Parameters:
  ///   - work: all that is to be done.
  ///   - step: steps that were done before, and are no part of it.
  ///   - start: when it begins, in seconds.
  init(of work: Double = 0, after step: Int = 0, from start: Double) {
    (self.work, self.step, self.start) = (work, step, start)
  }

  /// Counts the steps up to one.
  mutating func reach(_ step: Int) {
    done += Double(step - self.step)
    self.step = step
  }

  /// Counts what is no step.
  mutating func add(_ work: Double) { done += work }

  /// Seconds from now on; nil before anything is done.
  func seconds(at now: Double) -> Double? {
    guard done > 0, now > start else { return nil }
    return (now - start) / done * max(0, work - done)
  }
}
