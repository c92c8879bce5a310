// A device: a table of kernels, its context, and the blocks of memory it keeps for reuse.
// Nothing here knows whether the table is the CPU's, the reference's or a plugin's.

package import CKernels
import Glibc

/// Where tensors live and kernels run.
///
/// Not thread-safe: one device belongs to one training run. Its kernels use as many threads as they
/// were given.
package final class Device {
  let table: UnsafePointer<CKernels.kernels>
  /// The table, where it was made for this device alone; and the device that this one stands for.
  private var madeTable: UnsafeMutablePointer<CKernels.kernels>?
  private var original: Device?
  package let context: OpaquePointer
  package private(set) var memory = MemoryLedger()
  /// The operations that the device was asked for so far.
  package internal(set) var work = WorkCount()
  private var kept: [Int: [UnsafeMutableRawPointer]] = [:]
  /// Storages so far.
  private var storages = 0
  /// The memory of each graph that can be replayed.
  private var graphs: [GraphBlocks] = []
  private var isCapturing = false
  /// The largest rates that were measured so far.
  private var peaks: [ElementType: Double] = [:]
  private var bandwidth = 0.0
  /// How often blocks that were kept went back to the device.
  package private(set) var trims = 0
  /// Set while calls are recorded.
  var profiler: Profiler?
  /// Whether activations may end a product, where the device has such: else they come after it, and
  /// what is between them is rounded.
  package var mayFuse = true
  /// Called with each matrix product that is asked for.
  package var whenMultiplying: ((CKernels.gemm) -> Void)?
  /// Called when the device has no more memory; it must end the process.
  package var whenOutOfMemory: (MemoryShortage) -> Never
  /// Called with a sentence when work on the device has failed; it must end the process.
  package var whenFailed: (String) -> Never = Device.endProcess

  /// A device of this machine's own processor.
  ///
  /// - Parameters:
  ///   - table: the kernels to run.
  ///   - threads: CPU threads; 0 means as many as this process may use.
  ///   - whenOutOfMemory: called when the device has no more memory; it must end the process.
  package convenience init(
    _ table: UnsafePointer<CKernels.kernels>, threads: Int = 0,
    whenOutOfMemory: @escaping (MemoryShortage) -> Never = MemoryShortage.endProcess
  ) {
    do throws(PluginError) {
      try self.init(
        opening: table, threads: threads, ordinal: 0, whenOutOfMemory: whenOutOfMemory)
    } catch {
      Device.endProcess(error.description)
    }
  }

  /// A device that may not be there, such as a GPU.
  ///
  /// - Parameters:
  ///   - table: the kernels to run.
  ///   - threads: CPU threads; 0 means as many as this process may use.
  ///   - ordinal: which of the devices of this kind, from 0.
  ///   - whenOutOfMemory: called when the device has no more memory; it must end the process.
  /// - Throws: `PluginError` with the device's own sentence.
  package init(
    opening table: UnsafePointer<CKernels.kernels>, threads: Int = 0, ordinal: Int = 0,
    whenOutOfMemory: @escaping (MemoryShortage) -> Never = MemoryShortage.endProcess
  ) throws(PluginError) {
    precondition(
      table.pointee.abi == Int64(RUNEXP_KERNELS_ABI)
        && table.pointee.size == Int64(MemoryLayout<CKernels.kernels>.size),
      "kernel table \(String(cString: table.pointee.name)) has another ABI")
    self.table = table
    self.whenOutOfMemory = whenOutOfMemory
    var options = device_options(
      threads: Int64(threads > 0 ? threads : ProcessLimits.read().threads),
      ordinal: Int64(ordinal))
    var reason = [CChar](repeating: 0, count: 256)
    guard let context = table.pointee.create(&options, &reason, Int64(reason.count)) else {
      let text = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      let name = String(cString: table.pointee.name)
      throw PluginError(
        "the device '\(name)' cannot be used: \(text.isEmpty ? "it does not say why" : text)")
    }
    self.context = context
  }

  /// Says what failed on standard error and exits.
  private static func endProcess(_ failure: String) -> Never {
    let line = "error: \(failure)\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
    exit(failureCode)
  }

  /// The exit code of a process that ended because its device failed.
  package static let failureCode: Int32 = 70

  /// The fast kernels for this processor.
  package static func cpu(threads: Int = 0) -> Device {
    Device(runexp_cpu_kernels(), threads: threads)
  }

  /// A device that computes nothing and whose memory is only counted; downloads give zeros.
  ///
  /// It has the algorithms of `original`, and asks for the scratch memory that this would ask for.
  package static func meta(of original: Device) -> Device {
    let meta = meta(of: original.table, threads: original.threads)
    runexp_meta_stand_for(meta.context, original.table, original.context)
    meta.original = original
    meta.whenFailed = original.whenFailed
    return meta
  }

  /// The same of a CPU with so many threads.
  package static func meta(threads: Int = 0) -> Device {
    let table = runexp_cpu_kernels()
    let meta = meta(of: table, threads: threads)
    // Its own context has so many threads, which is all that the CPU's answers depend on.
    runexp_meta_stand_for(meta.context, table, meta.context)
    return meta
  }

  private static func meta(of table: UnsafePointer<CKernels.kernels>, threads: Int) -> Device {
    guard let made = runexp_create_meta_kernels(table) else {
      endProcess("there is no memory for a table of kernels")
    }
    let meta = Device(UnsafePointer(made), threads: threads)
    meta.madeTable = made
    return meta
  }

  /// Naive kernels that round every intermediate: the yardstick of an error.
  package static func rounded() -> Device { Device(runexp_rounded_kernels()) }

  /// The naive kernels that the others are checked against.
  package static func reference() -> Device { Device(runexp_reference_kernels()) }

  /// How many devices a table has.
  package static func count(in table: UnsafePointer<KernelTable>) -> Int {
    Int(table.pointee.count())
  }

  /// The table: what this device can do.
  package var kernels: CKernels.kernels { table.pointee }

  /// Whether nothing is computed here.
  package var isMeta: Bool { madeTable != nil }

  deinit {
    trim()
    kernels.destroy(context)
    free(madeTable)
  }

  /// The table's name, such as `cpu`.
  package var name: String { String(cString: kernels.name) }

  /// One line on what runs: instruction set and threads, or the GPU.
  package var summary: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
      guard let start = text.baseAddress else { return name }
      kernels.describe(context, start, 256)
      return String(cString: start)
    }
  }

  package var threads: Int { Int(kernels.threads(context)) }

  /// The multiply-add peak in FLOP/s, the largest that was measured so far; takes about a tenth of a
  /// second.
  ///
  /// Another program may be busy at one moment: who holds times against it measures before and after
  /// them.
  @discardableResult
  package func measurePeak(_ type: ElementType) -> Double {
    let rate = max(peaks[type] ?? 0, measured(kernels.measure_peak(context, type)))
    peaks[type] = rate
    return rate
  }

  /// The bandwidth of reading memory in bytes/s, likewise.
  @discardableResult
  package func measureBandwidth() -> Double {
    bandwidth = max(bandwidth, measured(kernels.measure_bandwidth(context)))
    return bandwidth
  }

  private func measured(_ rate: Double) -> Double {
    check(failure == nil)
    return rate
  }

  /// Waits until all work is done.
  package func synchronise() {
    requireNoCapture("synchronise")
    check(kernels.synchronise(context))
  }

  /// Ends the process where a call has failed, with what the device says went wrong first.
  func check(_ succeeded: Bool) { if !succeeded { fail() } }

  private func fail() -> Never {
    let text = failure ?? "it does not say why"
    if text.hasPrefix(RUNEXP_OUT_OF_MEMORY) { whenOutOfMemory(MemoryShortage(message: text)) }
    whenFailed("the device '\(name)' failed: \(text)")
  }

  /// Starts the memory peaks afresh.
  package func resetPeaks() { memory.resetPeaks() }

  /// Takes in the memory peaks of an earlier process that did the first part of the same work.
  package func absorb(_ peaks: MemoryLedger.Peaks) { memory.absorb(peaks) }

  // Blocks are kept by exact rounded size: a training step asks for the same sizes in the same
  // order, so from its second run on each request is met by a kept block.

  /// A block of `room` bytes, of which `bytes` count as used, and the number of the storage that it
  /// is for.
  func allocate(
    _ bytes: Int, _ kind: MemoryKind, room: Int
  ) -> (UnsafeMutableRawPointer, storage: Int) {
    memory.take(bytes, kind)
    guard let block = block(of: blockSize(room)) else {
      // After a failure nothing more is to be had, which is no shortage.
      if failure != nil { fail() }
      whenOutOfMemory(
        MemoryShortage(bytes: bytes, kind: kind, inUse: Int(memory.current.total) - bytes))
    }
    storages += 1
    for graph in graphs { graph.take(block) }
    return (block, storages)
  }

  private func block(of size: Int) -> UnsafeMutableRawPointer? {
    if let block = kept[size]?.popLast() { return block }
    memory.countAllocation()
    if let block = kernels.allocate(context, Int64(size)) { return block }
    // What is captured may not be released before it has run.
    if isCapturing { return nil }
    trim()
    return kernels.allocate(context, Int64(size))
  }

  /// A block of the host's memory for transfers.
  func allocateHost(_ bytes: Int) -> UnsafeMutableRawPointer {
    if let block = kernels.allocate_host(context, Int64(bytes)) { return block }
    if failure != nil { fail() }
    whenOutOfMemory(
      MemoryShortage(
        message: "\(RUNEXP_OUT_OF_MEMORY): no room for \(bytes) bytes of the host's memory that "
          + "'\(name)' can reach"))
  }

  func releaseHost(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    kernels.release_host(context, block, Int64(bytes))
  }

  func giveBack(
    _ block: UnsafeMutableRawPointer, _ bytes: Int, _ kind: MemoryKind, room: Int, storage: Int
  ) {
    memory.giveBack(bytes, kind)
    kept[blockSize(room), default: []].append(block)
    for graph in graphs { graph.giveBack(block, storage: storage) }
  }

  // Capture: see Graph.swift.

  /// Captures what `body` asks for, without running it.
  func capture(_ body: () -> Void) -> (OpaquePointer, GraphBlocks, WorkCount) {
    requireNoCapture("capture")
    precondition(profiler == nil, "capture while calls are recorded")
    let (blocks, before) = (GraphBlocks(after: storages), work)
    graphs.append(blocks)
    isCapturing = true
    check(kernels.begin_capture(context))
    body()
    guard let graph = kernels.end_capture(context) else { fail() }
    isCapturing = false
    blocks.endCapture(after: storages)
    defer { work = before }
    return (graph, blocks, work - before)
  }

  func release(_ graph: OpaquePointer, _ blocks: GraphBlocks) {
    graphs.removeAll { $0 === blocks }
    kernels.release_graph(context, graph)
  }

  /// Ends the program where something is asked for that cannot be captured.
  func requireNoCapture(_ what: String) {
    precondition(!isCapturing, "\(what) while work is captured")
  }

  /// Returns the blocks kept for reuse to the device.
  package func trim() {
    trims += 1
    for graph in graphs { graph.invalidate() }
    for (size, blocks) in kept {
      for block in blocks { kernels.release(context, block, Int64(size)) }
    }
    kept = [:]
  }

  private func blockSize(_ bytes: Int) -> Int {
    let unit = Int(RUNEXP_ALIGNMENT)
    return max(unit, (bytes + unit - 1) / unit * unit)
  }
}

/// A table of kernels, for modules that only hand it on.
package typealias KernelTable = CKernels.kernels
