// PlanTable: the cells of an experiment with what each will take, for `runexp plan`.
// How it is shown is in PlanTable+Text.swift.

import Config
import Models
package import Records
import Tensors
import Workloads

/// The cells of an experiment, each with its prediction.
package struct PlanTable {
  struct Line {
    let cell: PlannedCell
    /// Nil for excluded cells.
    let prediction: PlanPrediction?
    /// The seconds below which no cell of so many operations can end; nil where the device or the work is not known.
    let seconds: Double?
    /// Whether it fits into the memory that a cell may take; nil where that is not known.
    let fits: Bool?
  }

  let lines: [Line]
  /// The most bytes that a cell may take, and who says so; nil where nobody does.
  let memoryCap: (bytes: Int, isAsked: Bool)?
  /// What the figures rest on.
  package let notes: [String]

  package init(
    _ experiment: PlannedExperiment, _ options: RunOptions, environment: [String: String]
  ) {
    var sources = Sources(options, environment: environment)
    let usual = ProcessLimits.read().usableMemory.map { ($0, false) }
    let cap: (bytes: Int, isAsked: Bool)? = options.memoryCap.map { ($0, true) } ?? usual
    // Cells of one document share the section that was read for all its seeds.
    var shared: (model: Section, prediction: PlanPrediction, seconds: Double?)?
    lines = experiment.cells.map { cell in
      guard let workload = cell.workload, let model = cell.model else {
        return Line(cell: cell, prediction: nil, seconds: nil, fits: nil)
      }
      let device = sources.device(cell.device)
      if shared?.model !== model {
        let prediction = PlanPrediction(
          workload, model, cell.precision, vocabulary: sources.vocabulary(of: workload),
          threads: device?.threads ?? options.threads)
        let seconds = prediction.flops.flatMap { flops in
          device.map { flops / sources.peak(of: $0, cell.precision) }
        }
        shared = (model, prediction, seconds)
      }
      let prediction = shared?.prediction
      var fits: Bool?
      if let bytes = prediction?.peakBytes, let cap, device?.name == "cpu" {
        fits = bytes <= Double(cap.bytes)
      }
      return Line(cell: cell, prediction: prediction, seconds: shared?.seconds, fits: fits)
    }
    memoryCap = cap
    notes = experiment.warnings + sources.notes
  }

  /// Texts and devices that predictions rest on, each looked at once.
  private struct Sources {
    private let loader: DatasetLoader
    private let finder: DeviceFinder
    private var vocabularies: [(DatasetDeclaration, Int)] = []
    private var devices: [DeviceChoice: Device?] = [:]
    private var peaks: HostPeaks
    private(set) var notes: [String] = []

    init(_ options: RunOptions, environment: [String: String]) {
      var loader = DatasetLoader(options, environment: environment)
      // Listing must not download; without the text its vocabulary is assumed.
      loader.isOnlyPlanning = true
      self.loader = loader
      finder = DeviceFinder(options, environment: environment)
      peaks = HostPeaks(
        cache: DataLocations(environment: environment, baseDirectory: "/").cache,
        host: HostRecord.read(isa: ""))
    }

    mutating func vocabulary(of workload: any Workload) -> Int {
      guard let declaration = workload.dataset else { return workload.vocabulary }
      if let known = vocabularies.first(where: { $0.0 == declaration }) { return known.1 }
      var vocabulary = workload.vocabulary
      do throws(DataError) {
        let text = try loader.load(declaration)
        vocabulary = CharacterVocabulary(utf8: text.bytes).count
        if let note = text.note { notes.append(note) }
      } catch {
        notes.append("sizes assume \(vocabulary) distinct characters: \(error.summary)")
      }
      vocabularies.append((declaration, vocabulary))
      return vocabulary
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
      let peak = peaks.peak(of: device, precision)
      if !notes.contains(peak.note) { notes.append(peak.note) }
      return peak.flopsPerSecond
    }
  }
}
