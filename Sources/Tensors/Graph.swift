// Graph: work that was captured once and can be replayed, as a CUDA graph: the calls stay as they
// are, and what another run has others of lies in memory that they read.

import CKernels

/// Captured work of one device.
///
/// Its calls point to blocks of memory. Tensors that were made and dropped while it was captured
/// are its scratch memory: other work may use their blocks between two replays, not during one.
/// Whatever lives longer must go on living. `isCurrent` says whether both hold.
package final class Graph {
  private let device: Device
  private let handle: OpaquePointer
  private let blocks: GraphBlocks
  private let work: WorkCount

  /// Captures what `body` asks for, then runs it, once.
  ///
  /// - Parameter body: asks for work on the device and neither uploads nor downloads.
  package init(on device: Device, capturing body: () -> Void) {
    self.device = device
    (handle, blocks, work) = device.capture(body)
    runOnce()
  }

  deinit { device.release(handle, blocks) }

  /// Whether its memory is as it was, so that it can be replayed.
  package var isCurrent: Bool { blocks.areUntouched }

  /// Runs the work once more.
  package func replay() {
    precondition(isCurrent, "a graph is replayed whose memory is in use or gone")
    runOnce()
  }

  private func runOnce() {
    precondition(device.profiler == nil, "a graph is replayed while calls are recorded")
    device.work += work
    device.check(device.kernels.replay(device.context, handle))
  }
}

/// What becomes of the blocks of memory that a graph's calls point to.
final class GraphBlocks {
  /// Given back when the capture ended.
  private var scratch: Set<UnsafeMutableRawPointer> = []
  /// Of the scratch, those that somebody has now; during the capture, all that were taken in it.
  private var taken: Set<UnsafeMutableRawPointer> = []
  /// The newest storage that the calls may point to beside the scratch.
  private var horizon: Int
  private var isCapturing = true
  private var isBroken = false

  /// - Parameter storages: how many storages the device has had so far.
  init(after storages: Int) { horizon = storages }

  var areUntouched: Bool { !isBroken && taken.isEmpty }

  func take(_ block: UnsafeMutableRawPointer) {
    if isCapturing || scratch.contains(block) { taken.insert(block) }
  }

  /// - Parameter storage: the number of the storage that had the block.
  func giveBack(_ block: UnsafeMutableRawPointer, storage: Int) {
    if storage <= horizon {
      isBroken = true
    } else if taken.remove(block) != nil, isCapturing {
      scratch.insert(block)
    }
  }

  /// The capture has ended: what it has not given back by now lives on.
  func endCapture(after storages: Int) {
    scratch.subtract(taken)
    taken = []
    horizon = storages
    isCapturing = false
  }

  /// The device took its blocks back.
  func invalidate() { isBroken = true }
}
