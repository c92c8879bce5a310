// TaskNeeds: the processors, the memory and the time that a scheduler is asked for, by what is
// predicted of the cells or by what a person says.

import Config
package import Records
import Workloads

/// What a person says of the tasks; nil is left to the prediction.
package struct TaskRequest: Sendable {
  package var cpus: Int?
  /// Bytes.
  package var memory: Int?
  /// Seconds.
  package var time: Double?
  /// Whether a task is stopped when its time is over, so that it must be known.
  package var stops = true
  package var gpus: Int?
  /// Cells of a task.
  package var pack: Int?

  package init() {}
}

/// What each task of an array is given: the same for all, so the needs of the largest cell.
package struct TaskNeeds: Equatable, Sendable {
  package let cpus: Int
  /// Bytes.
  package let memory: Int
  /// Seconds.
  package let time: Double
  package let gpus: Int
  /// Cells of a task, which run one after another.
  package let pack: Int
  /// Where a person asks for more of them than the time of a task holds.
  package let overfull: OverfullTask?
  /// Where a person asks for less memory than is predicted.
  package let shortMemory: ShortMemory?
  /// Where cells that are compared are not one task's.
  package let dividedBlocks: DividedBlocks?
  /// Whether the answer of a cell is a time, which a neighbour on its node would disturb.
  package let measuresTime: Bool
  /// Bytes of the job that makes the tables and the report of the whole run.
  package let collectionMemory: Int

  /// Processors where nobody says how many: more would help few models, and wait longer.
  private static let usualCPUs = 8
  /// Beside the tensors, times how much of what is predicted of them is asked for.
  private static let memoryFactor = 1.5
  private static let memoryReserve = 256 << 20
  /// Of a collection, beside so much for each cell of the run.
  private static let collectionReserve = 1 << 30
  private static let collectionCell = 16 << 10
  /// What CUDA takes of the host's memory.
  private static let gpuReserve = 4 << 30
  /// The prediction is a floor, at the processor's peak.
  private static let timeFactor = 3.0
  /// To start, to read the text, and to be warned before the end.
  private static let timeReserve = 300.0
  /// Seconds that a task of short cells is to last.
  private static let usualTask = 300.0

  /// What cannot be predicted and was not said.
  package struct Unknown: Error, CustomStringConvertible {
    /// Each option that must say it, with a cell of which it is not known.
    var missing: [(option: String, noun: String, cell: String)] = []

    /// That of an error of usage.
    package var exitCode: Int32 { 64 }

    package var description: String {
      missing.map { "the \($0.noun) of \($0.cell)" }.joined(separator: " and ")
        + " cannot be predicted; " + missing.map(\.option).joined(separator: " and ")
        + " must say how much a task is to have"
    }

    fileprivate mutating func add(_ option: String, _ noun: String, of cell: String) {
      if !missing.contains(where: { $0.option == option }) { missing.append((option, noun, cell)) }
    }
  }

  /// - Parameters:
  ///   - cells: those that are to run.
  ///   - predicted: all cells of the run.
  /// - Throws: `Unknown`.
  package init(
    _ cells: [CellList.Entry], _ predicted: PredictedCells, _ options: RunOptions,
    _ request: TaskRequest
  ) throws(Unknown) {
    let planned = cells.lazy.map { predicted.cells[$0.index] }
    collectionMemory = Self.wholeMebibytes(
      Self.collectionReserve + predicted.cells.count * Self.collectionCell)
    gpus = request.gpus ?? (planned.contains { $0.device == .cuda } ? 1 : 0)
    cpus = Self.cpus(options, request)
    measuresTime = planned.contains { cell in
      cell.workload.map { type(of: $0).measuresTime } ?? false
    }
    var largest = (cell: "", bytes: 0.0)
    var seconds: [Double] = []
    var unknown = Unknown()
    for cell in cells {
      let figures = predicted.figures[cell.index]
      if let bytes = figures.peak {
        if bytes > largest.bytes { largest = (cell.label, bytes) }
      } else if request.memory == nil, options.memoryCap == nil {
        unknown.add("--mem", "memory", of: cell.label)
      }
      if let cap = options.timeCap {
        seconds.append(cap)
      } else if let floor = figures.seconds, floor.isFinite {
        seconds.append(Self.timeFactor * floor)
      } else if request.time == nil, request.stops {
        unknown.add("--time", "time", of: cell.label)
      }
    }
    if !unknown.missing.isEmpty { throw unknown }
    let enough = Int(min(Self.memoryFactor * largest.bytes, 0x1p60)) + Self.memoryReserve
    memory = Self.wholeMebibytes(
      request.memory
        ?? (options.memoryCap.map { $0 + Self.memoryReserve } ?? enough)
        + (gpus > 0 ? Self.gpuReserve : 0))
    // What is predicted for a GPU is its own memory, of which a task is not asked.
    shortMemory = gpus > 0 ? nil : request.memory.flatMap { ShortMemory($0, for: largest) }
    let longest = seconds.max() ?? 0
    let isKnown = seconds.count == cells.count && longest > 0
    // Half of a short time is to start, and to be warned before the end.
    let room = min(Self.usualTask, (request.time ?? .infinity) / 2)
    pack = min(
      request.pack ?? (isKnown ? max(1, Int(min(room / longest, 1e6))) : 1),
      max(1, cells.count))
    time = request.time ?? Self.timeReserve + Double(pack) * longest
    overfull =
      request.pack == nil || !isKnown
      ? nil : OverfullTask(pack: pack, longest: longest, time: time)
    dividedBlocks = measuresTime ? DividedBlocks(Self.blocks(planned), pack: pack) : nil
  }

  /// The sizes of the blocks that cells make whose times are measured in turn.
  private static func blocks(_ cells: some Sequence<PlannedCell>) -> [Int] {
    var sizes: [Int] = []
    var last: String?
    for cell in cells {
      let block = (cell.workload?.rounds ?? 1) > 1 ? ExecutionOrder.block(cell) : nil
      if let block, block == last { sizes[sizes.count - 1] += 1 } else { sizes.append(1) }
      last = block
    }
    return sizes
  }

  /// Schedulers are asked for no less.
  private static func wholeMebibytes(_ bytes: Int) -> Int {
    ((min(bytes, 1 << 60) + (1 << 20) - 1) >> 20) << 20
  }

  /// The processors of a task: where a person does not say it the threads that were asked for, or as
  /// many as this process may use, but no more than usual.
  static func cpus(_ options: RunOptions, _ request: TaskRequest) -> Int {
    if let cpus = request.cpus { return cpus }
    return options.threads > 0
      ? options.threads : min(Self.usualCPUs, CellResources(options, among: 1).threads)
  }

  /// What a task has, for programs.
  ///
  /// - Parameter stops: whether its time is a limit.
  func json(stops: Bool) -> JSON {
    [
      "cells": .integer(pack), "cpus": .integer(cpus), "memory_bytes": .integer(memory),
      "gpus": .integer(gpus), "minutes": .integer(stops ? minutes : nil),
    ]
  }

  /// The time in whole minutes.
  package var minutes: Int { max(1, Int((time / 60).rounded(.up))) }

  /// Such as "4 CPUs, 1.2 GiB, 1 GPU": what a task has wherever it runs.
  package var amounts: String {
    var parts = ["\(cpus) \(cpus == 1 ? "CPU" : "CPUs")", Metric.peakBytes.text(Double(memory))]
    if gpus > 0 { parts.append("\(gpus) \(gpus == 1 ? "GPU" : "GPUs")") }
    return parts.joined(separator: ", ")
  }
}
