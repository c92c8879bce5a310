// PlanTable: the cells of an experiment with what each will take, for `runexp plan`.
// How it is shown is in PlanTable+Text.swift.

package import Config
import Models
package import Records
package import Statistics
import Tensors
import Workloads

/// The cells of an experiment, each with its prediction.
package struct PlanTable {
  struct Line {
    let cell: PlannedCell
    /// Nil for excluded cells.
    let prediction: PlanPrediction?
    /// The seconds below which no cell of so many operations can end; nil where the device or the
    /// work is not known.
    let seconds: Double?
    /// Whether it fits into the memory that a cell may take; nil where that is not known.
    let fits: Bool?
  }

  let lines: [Line]
  /// The most bytes that a cell may take, and who says so; nil where nobody does.
  let memoryCap: (bytes: Int, isAsked: Bool)?
  /// Whether all texts and images were here, so that a run that is prepared has the same.
  package let knowsData: Bool
  let experiment: PlannedExperiment
  private let sourceNotes: [String]

  /// What the figures rest on.
  package var notes: [String] { experiment.warnings + sourceNotes }

  /// - Parameter processors: those that a cell will have, where they may be fewer than its threads.
  /// - Throws: `Faults` where a cell's options do not go together with its text.
  package init(
    _ experiment: PlannedExperiment, _ options: RunOptions, processors: Int = .max,
    environment: [String: String]
  ) throws(Faults) {
    var sources = Sources(
      options, processors: processors, environment: environment,
      for: experiment.cells.map(\.device))
    try experiment.check(&sources.texts)
    let usual = ProcessLimits.read().usableMemory.map { ($0, false) }
    let cap: (bytes: Int, isAsked: Bool)? = options.memoryCap.map { ($0, true) } ?? usual
    // One for all, as those that share it share their predictions.
    let absent = Device.meta(threads: options.threads)
    let cells = experiment.cells
    var lines: [Line] = []
    // Some thousand at a time: what predictions need besides is not in memory for all of them.
    for first in stride(from: 0, to: cells.count, by: 4096) {
      let part = cells[first...].prefix(4096)
      var shared = PlannedCell.PerDocument<Int>()
      var models = PlannedCell.Content.PerModel<ModelOptions>()
      var subjects: [PlanSubject] = []
      var devices: [Device?] = []
      let places: [Int?] = part.map { cell in
        guard let workload = cell.workload, let model = cell.model else { return nil }
        return shared.value(of: cell) {
          let device = sources.device(cell.device)
          devices.append(device)
          let options = models.value(of: cell.content) {
            ModelOptions(cell.resolved["model"] ?? .null)
          }
          subjects.append(
            PlanSubject(
              workload, model, options: options, cell.precision,
              of: sources.read(by: workload, for: model.base), on: device ?? absent))
          return devices.count - 1
        }
      }
      let predictions = zip(subjects.predictions, zip(subjects, devices)).map {
        prediction, planned in
        let (subject, device) = planned
        let seconds = prediction.flops.flatMap { flops in
          device.map { flops / sources.peak(of: $0, subject.precision) }
        }
        var fits: Bool?
        if let bytes = prediction.peakBytes, let device,
          let room = device.name == "cpu" ? cap?.bytes : device.memoryNow.free
        {
          fits = bytes <= Double(room)
        }
        return (prediction: prediction, seconds: seconds, fits: fits)
      }
      lines += zip(part, places).map { cell, place in
        let known = place.map { predictions[$0] }
        return Line(
          cell: cell, prediction: known?.prediction, seconds: known?.seconds, fits: known?.fits)
      }
    }
    self.lines = lines
    memoryCap = cap
    knowsData = sources.texts.areAllHere
    self.experiment = experiment
    sourceNotes = sources.notes
  }

  /// Texts and devices that predictions rest on, each looked at once.
  private struct Sources {
    var texts: LocalTexts
    private let finder: DeviceFinder
    private var devices: [DeviceChoice: Device?] = [:]
    private var peaks: HostPeaks
    /// A CPU with fewer threads, where all of a cell's cannot compute at once.
    private let narrow: Device?
    private(set) var notes: [String] = []

    init(
      _ options: RunOptions, processors: Int, environment: [String: String],
      for choices: [DeviceChoice]
    ) {
      narrow = options.threads > processors ? Device.cpu(threads: processors) : nil
      texts = LocalTexts(options, environment: environment)
      finder = DeviceFinder(options, environment: environment)
      peaks = HostPeaks(
        cache: DataLocations(environment: environment, baseDirectory: "/").cache,
        host: HostRecord.read(isa: ""))
      do throws(PluginError) { try finder.check(for: choices) } catch {
        notes.append("nothing would run: \(error.description)")
      }
      if let warning = finder.warning(for: choices) { notes.append(warning) }
    }

    /// What a workload reads.
    mutating func read(by workload: any Workload, for base: ModelBase?) -> PlanSubject.Read {
      guard let declaration = workload.images else {
        return text(of: workload, for: base)
      }
      switch texts.find(declaration) {
      case .success(let images):
        if let note = images.note { add(note) }
        let facts = images.facts
        return .init(vocabulary: facts.classes, image: facts.size, heldOut: facts.test)
      case .failure(let error):
        let usual = ImageFacts.usual
        let heldOut = ImageFacts.usualHeldOut
        add(
          "sizes assume images of \(usual.size) in \(usual.classes) classes, \(heldOut) of them held "
            + "out: \(error.summary)")
        return .init(vocabulary: usual.classes, image: usual.size, heldOut: heldOut)
      }
    }

    private mutating func text(
      of workload: any Workload, for base: ModelBase?
    ) -> PlanSubject.Read {
      guard let declaration = workload.dataset else {
        return .init(vocabulary: workload.vocabulary, image: workload.image)
      }
      switch texts.find(declaration, for: base) {
      case .success(let text):
        for note in [text.text.note, text.note].compactMap(\.self) { add(note) }
        return .init(
          vocabulary: text.vocabulary.count, image: workload.image, heldOut: text.size.validation)
      case .failure(let error):
        let vocabulary = workload.vocabulary
        add("sizes assume \(vocabulary) distinct characters: \(error.summary)")
        return .init(vocabulary: vocabulary, image: workload.image)
      }
    }

    private mutating func add(_ note: String) {
      if !notes.contains(note) { notes.append(note) }
    }

    /// The device that a cell will run on; nil where it is not there.
    mutating func device(_ choice: DeviceChoice) -> Device? {
      if let known = devices[choice] { return known }
      do throws(PluginError) {
        devices[choice] = try finder.open(choice).device
      } catch {
        devices[choice] = .some(nil)
        notes.append("\(choice.rawValue): no time is predicted: \(error.description)")
      }
      return devices[choice] ?? nil
    }

    mutating func peak(of device: Device, _ precision: PrecisionChoice) -> Double {
      let peak = peaks.peak(of: device.name == "cpu" ? narrow ?? device : device, precision)
      add(peak.note)
      return peak.flopsPerSecond
    }
  }
}

// How a plan is shown: a table with totals for people, one object per cell for programs.

extension PlanTable {
  /// The table for people.
  package var table: Table {
    var shared = PlannedCell.PerDocument<[String]>()
    return Table(
      header: ["cell", "parameters", "FLOPs", "peak memory", "KV cache", "time, at least", ""],
      rows: lines.map { line in [line.cell.label] + shared.value(of: line.cell) { line.figures } },
      left: [0, 6])
  }

  /// What all cells come to, in a few lines.
  package var totals: String {
    let runnable = lines.filter { $0.prediction != nil }
    let excluded = lines.count - runnable.count
    var text = "\(runnable.count) \(runnable.count == 1 ? "cell" : "cells") to run"
    if excluded > 0 { text += ", \(excluded) excluded" }
    let flops = runnable.compactMap { $0.prediction?.flops }
    if !flops.isEmpty { text += "; \(Metric.modelFLOPsPerToken.text(flops.reduce(0, +))) FLOPs" }
    let seconds = runnable.compactMap(\.seconds)
    if !seconds.isEmpty {
      text += ", at least \(Self.duration(seconds.reduce(0, +))) one after another"
    }
    text += "\n"
    if let largest = runnable.compactMap({ $0.prediction?.peakBytes }).max(), let memoryCap {
      text += "largest peak: \(Metric.peakBytes.text(largest)); a cell may take "
      text += Metric.peakBytes.text(Double(memoryCap.bytes))
      text += memoryCap.isAsked ? "\n" : ", nine tenths of what this process may use\n"
    }
    let large = runnable.filter { $0.fits == false }
    if let first = large.first {
      text += "\(large.count) would not fit, the first of them \(first.cell.label)\n"
    }
    return text
  }

  /// One object per cell.
  package var objects: [JSON] {
    var shared = PlannedCell.PerDocument<JSON>()
    return lines.map { line in
      let prediction = line.prediction
      return [
        "index": .integer(line.cell.index), "cell": .string(line.cell.label),
        "variant": .string(line.cell.variant), "seed": .integer(line.cell.seed),
        "axes": .object(line.cell.axes.map { JSON.Member($0.path, $0.value) }),
        "excluded": .string(line.cell.exclusion),
        "parameters": .integer(prediction?.parameters),
        "model_flops_per_token": .real(prediction?.trainingFLOPsPerToken),
        "steps": .integer(prediction?.steps), "tokens": Metric.tokens.json(prediction?.tokens),
        "flops": .real(prediction?.flops),
        "peak_bytes": Metric.peakBytes.json(prediction?.peakBytes),
        "kv_cache_bytes": Metric.cacheBytes.json(prediction?.cacheBytes),
        "kv_cache_bytes_per_token": .integer(prediction?.cacheBytesPerToken),
        "least_seconds": .real(line.seconds), "fits": line.fits.map(JSON.bool) ?? .null,
        "memory_cap_bytes": .integer(memoryCap?.bytes),
        "derived": shared.value(of: line.cell) { .object(derived(of: line.cell)) },
      ]
    }
  }

  /// The options that followed from others, with their values.
  private func derived(of cell: PlannedCell) -> [JSON.Member] {
    let resolved = cell.resolved
    return cell.derived.map { JSON.Member($0.path, resolved.option(at: $0.path) ?? .null) }
  }

  /// Seconds, minutes, hours, days or years; of a time that something takes at least.
  fileprivate static func duration(_ seconds: Double) -> String {
    let units = [(31_557_600.0, "years"), (86400.0, "d"), (3600.0, "h"), (60.0, "min")]
    for (size, unit) in units where seconds >= 2 * size {
      let count = seconds / size
      return count < 1e6 ? "\((count * 10).rounded() / 10) \(unit)" : "a million years"
    }
    return Metric.seconds.text(seconds)
  }
}

extension PlanTable.Line {
  /// What stands beside the cell's label in the table.
  fileprivate var figures: [String] {
    guard let prediction else { return ["", "", "", "", "", cell.exclusion ?? ""] }
    func bytes(_ count: Double?) -> String { count.map(Metric.peakBytes.text) ?? "-" }
    return [
      Metric.parameters.text(Double(prediction.parameters)),
      prediction.flops.map(Metric.modelFLOPsPerToken.text) ?? "-", bytes(prediction.peakBytes),
      bytes(prediction.cacheBytes), seconds.map(PlanTable.duration) ?? "-",
      fits == false ? "would not fit" : "",
    ]
  }
}
